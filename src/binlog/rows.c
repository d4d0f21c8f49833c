#include "binlog/rows.h"

#include "base/check.h"
#include "base/mutant.h"

bool
event_is_rows(uint8_t type)
{
	return (type >= EVENT_WRITE_ROWS_V1 && type <= EVENT_DELETE_ROWS_V1) ||
	    (type >= EVENT_WRITE_ROWS_V2 && type <= EVENT_DELETE_ROWS_V2) ||
	    type == EVENT_PARTIAL_UPDATE;
}

static bool
has_bit(struct slice bitmap, size_t i)
{
	return (bitmap.ptr[i / 8] >> (i % 8) & 1) != 0;
}

static size_t
count_bits(struct slice bitmap, size_t columns)
{
	size_t n = 0;

	for (size_t i = 0; i < columns; i++)
		n += has_bit(bitmap, i);
	return n;
}

static bool
is_needed(const struct row_columns *columns, size_t i)
{
	return columns == NULL || (i < columns->count && !columns->types[i].generated);
}

/* Rows of images that have nothing would never end. */
static bool
is_full(struct slice present, size_t count, const struct row_columns *columns)
{
	for (size_t i = 0; i < count; i++)
		if (is_needed(columns, i) && !has_bit(present, i))
			return false;
	return count_bits(present, count) > 0;
}

/* With a bitmap of present columns each. */
static int
images(const struct rows *r)
{
	return r->kind == ROW_UPDATE ? 2 : 1;
}

int
rows_read_head(const struct event *e, struct rows *out, struct err *err)
{
	bool v2 = e->type >= EVENT_WRITE_ROWS_V2;

	check(event_is_rows(e->type) && e->type != EVENT_PARTIAL_UPDATE);
	*out = (struct rows){
		.kind = (enum row_kind)(e->type - (v2 ? EVENT_WRITE_ROWS_V2 : EVENT_WRITE_ROWS_V1)),
		.data = cursor_of(e->body),
	};
	out->table_id = cursor_le(&out->data, 6);
	out->flags = (uint16_t)cursor_le(&out->data, 2);
	if (v2) {
		uint64_t extra = cursor_le(&out->data, 2); /* counts itself */
		cursor_take(&out->data, extra < 2 ? SIZE_MAX : (size_t)extra - 2);
	}
	out->columns = cursor_count(&out->data);
	if (out->columns == 0 && out->data.left > 0)
		/* rows of nothing would never end */
		out->data.failed = true;
	for (int i = 0; i < images(out); i++)
		out->present[i] = cursor_bytes(&out->data, (out->columns + 7) / 8);
	if (out->data.failed || out->columns > TABLEMAP_COLUMNS_MAX)
		return err_set(err, ERR_CORRUPT, "%s event with a body of %zu bytes cannot be read",
		    event_name(e->type), e->body.len);
	return 0;
}

int
rows_read(
    const struct event *e, const struct row_columns *columns, struct rows *out, struct err *err)
{
	check(event_is_rows(e->type));
	if (e->type == EVENT_PARTIAL_UPDATE)
		return err_set(err, ERR_REFUSED, "%s events are not supported", event_name(e->type));
	TRY(rows_read_head(e, out, err));
	for (int i = 0; i < images(out); i++) {
		if (is_full(out->present[i], out->columns, columns) || mutant("binlog_full_images"))
			continue;
		err_set(err, ERR_REFUSED, "a row event has an incomplete image");
		return err_hint(
		    err, "set binlog_row_image=FULL on the source, globally and in every session");
	}
	return 0;
}

static int
wrap_column(const struct tablemap *map, size_t i, struct err *err)
{
	return err_wrap(err, "table '%.*s.%.*s', column %zu", SLICE_ARG(map->database),
	    SLICE_ARG(map->table), i + 1);
}

static int
match_columns(const struct tablemap *map, const struct row_columns *columns, struct err *err)
{
	for (size_t i = 0; i < map->count; i++) {
		bool hidden = i >= columns->count;

		if (!hidden && coltype_match(&columns->types[i], &map->columns[i], err) != 0)
			return wrap_column(map, i, err);
		if (hidden && map->columns[i].type != BINLOG_LONGLONG) {
			err_set(err, ERR_CONFLICT, "the binlog has a %s where a hash was expected",
			    binlog_type_name(map->columns[i].type));
			return wrap_column(map, i, err);
		}
	}
	return 0;
}

int
row_shape_init(struct row_shape *s, const struct tablemap *map, const struct row_columns *columns,
    struct err *err)
{
	if (map->count != columns->count + columns->hidden)
		return err_set(err, ERR_CONFLICT,
		    "table '%.*s.%.*s' has %zu columns in the binlog, %zu in its definition: "
		    "it was altered after these rows were written",
		    SLICE_ARG(map->database), SLICE_ARG(map->table), map->count,
		    columns->count + columns->hidden);
	TRY(match_columns(map, columns, err));
	*s = (struct row_shape){ map, *columns };
	return 0;
}

/* NULL bits, then the values that are not NULL. */
static bool
read_value(struct rows *r, const struct row_shape *s, size_t i, struct arena *a, struct slice *value)
{
	const struct wire_column *w = &s->map->columns[i];

	if (is_needed(&s->columns, i))
		return coltype_decode(&s->columns.types[i], w, &r->data, a, value);
	wire_column_skip(w, &r->data);
	return !r->data.failed;
}

static int
read_image(
    struct rows *r, const struct row_shape *s, struct arena *a, struct slice **out, struct err *err)
{
	struct slice present = r->present[r->second];
	struct slice nulls = cursor_bytes(&r->data, (count_bits(present, r->columns) + 7) / 8);
	struct slice *values = arena_array(a, struct slice, r->columns);
	size_t bit = 0;

	for (size_t i = 0; i < r->columns && !r->data.failed; i++) {
		if (!has_bit(present, i) || has_bit(nulls, bit++))
			continue; /* all zero is SLICE_NULL */
		if (!read_value(r, s, i, a, &values[i])) {
			err_set(err, ERR_CORRUPT, "a value in a row event cannot be read");
			return wrap_column(s->map, i, err);
		}
	}
	if (r->data.failed)
		return err_set(err, ERR_CORRUPT, "a row event of '%.*s.%.*s' is cut off",
		    SLICE_ARG(s->map->database), SLICE_ARG(s->map->table));
	*out = values;
	return 0;
}

int
rows_next(struct rows *r, const struct row_shape *s, struct arena *a, struct row_change *out,
    struct err *err)
{
	if (r->columns != s->map->count)
		return err_set(err, ERR_CORRUPT,
		    "a row event of '%.*s.%.*s' has %zu columns, its table map %zu",
		    SLICE_ARG(s->map->database), SLICE_ARG(s->map->table), r->columns,
		    s->map->count);
	if (r->data.left == 0)
		return 0;
	*out = (struct row_change){ .kind = r->kind };
	r->second = false;
	if (r->kind != ROW_INSERT)
		TRY(read_image(r, s, a, &out->before, err));
	r->second = r->kind == ROW_UPDATE;
	if (r->kind != ROW_DELETE)
		TRY(read_image(r, s, a, &out->after, err));
	return 1;
}
