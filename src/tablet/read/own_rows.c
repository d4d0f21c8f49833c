#include "tablet/read/own_rows.h"

#include "binlog/coltype.h"
#include "tablet/server/sidecar.h"

/* One image of a row, column after column. */
struct image {
	struct cursor *c;
	const struct tablemap *map;
	struct slice nulls;
	size_t at; /* the next column */
};

static struct image
image_begin(struct cursor *c, const struct tablemap *map)
{
	return (struct image){ c, map, cursor_bytes(c, (map->count + 7) / 8), 0 };
}

static bool
next_is_null(const struct image *m)
{
	return (m->nulls.ptr[m->at / 8] >> (m->at % 8) & 1) != 0;
}

static void
skip_to(struct image *m, size_t column)
{
	for (; m->at < column && !m->c->failed; m->at++)
		if (!next_is_null(m))
			wire_column_skip(&m->map->columns[m->at], m->c);
}

static bool
is_bytes(const struct wire_column *w)
{
	return w->type == BINLOG_VARCHAR || w->type == BINLOG_STRING || w->type == BINLOG_BLOB;
}

/* Of whatever length. */
static bool
take_bytes(struct image *m, struct arena *a, struct slice *out)
{
	const struct wire_column *w = &m->map->columns[m->at];
	struct column_type t = { .kind = COLUMN_BYTES, .length = w->length };

	if (m->c->failed || next_is_null(m) || !is_bytes(w))
		return false;
	m->at++;
	return coltype_decode(&t, w, m->c, a, out) && !m->c->failed;
}

static bool
take_int(struct image *m, uint64_t *out)
{
	if (m->c->failed || next_is_null(m) || m->map->columns[m->at].type != BINLOG_LONG)
		return false;
	m->at++;
	*out = cursor_le(m->c, 4);
	return !m->c->failed;
}

/* The image behind the change. */
static bool
last_image(struct rows *rows, const struct tablemap *map, size_t columns, struct image *out)
{
	if (rows->kind == ROW_DELETE || rows->columns != map->count || map->count < columns)
		return false;
	if (rows->kind == ROW_UPDATE) {
		struct image before = image_begin(&rows->data, map);

		skip_to(&before, map->count);
	}
	*out = image_begin(&rows->data, map);
	return !rows->data.failed;
}

/* Workflow and token are the first two columns of heartbeat. */
bool
own_heartbeat_read(
    struct rows *rows, const struct tablemap *map, struct arena *a, struct own_heartbeat *out)
{
	struct image m;

	return last_image(rows, map, 2, &m) && take_bytes(&m, a, &out->workflow) &&
	    take_bytes(&m, a, &out->token);
}

/* Workflow, round and phase are the first columns of stream. */
bool
own_stream_read(
    struct rows *rows, const struct tablemap *map, struct arena *a, struct own_stream *out)
{
	size_t deltas = (size_t)sidecar_column_no(SIDECAR_STREAM, "deltas");
	struct image m;

	out->deltas = SLICE_NULL;
	if (!last_image(rows, map, 3, &m) || !take_bytes(&m, a, &out->workflow) ||
	    !take_int(&m, &out->round) || !take_bytes(&m, a, &out->phase))
		return false;
	if (map->count <= deltas)
		return true;
	skip_to(&m, deltas);
	return m.c->failed || next_is_null(&m) || take_bytes(&m, a, &out->deltas);
}

/* Workflow and round are the first two columns of run_part. */
bool
own_run_part_read(
    struct rows *rows, const struct tablemap *map, struct arena *a, struct own_run_part *out)
{
	struct image m;

	return last_image(rows, map, 2, &m) && take_bytes(&m, a, &out->workflow) &&
	    take_int(&m, &out->round);
}
