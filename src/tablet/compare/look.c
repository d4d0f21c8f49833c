#include "tablet/compare/look.h"

#include "base/fault.h"
#include "base/mutant.h"
#include "tablet/copy/throttle.h"

enum {
	/* rows that the target may have more than the source in a span, before the span is made smaller */
	MORE_AT_TARGET = 1000,
	CONNECT_MS = 60000,
};

/* ---- Connections */

int
looker_open_source(struct ctx *cx, struct looker *l)
{
	struct ctx within = ctx_within(cx, CONNECT_MS * MSEC);

	return chunk_connect(&within, &l->params->source, &l->source);
}

int
looker_open(struct ctx *cx, const struct compare_params *params, const struct moved_table *table,
    struct looker *l)
{
	struct ctx within = ctx_within(cx, CONNECT_MS * MSEC);

	*l = (struct looker){ .params = params, .table = table };
	TRY(looker_open_source(cx, l));
	return mysql_connect(&within, &params->target, &l->target);
}

void
looker_close(struct looker *l)
{
	mysql_close(l->source);
	mysql_close(l->target);
	l->source = l->target = NULL;
}

/* Each is in the middle of an answer that nobody wants. */
static int
connect_source_anew(struct ctx *cx, struct looker *l)
{
	mysql_close(l->source);
	l->source = NULL;
	return looker_open_source(cx, l);
}

static int
connect_target_anew(struct ctx *cx, struct looker *l)
{
	struct ctx within = ctx_within(cx, CONNECT_MS * MSEC);

	mysql_close(l->target);
	l->target = NULL;
	return mysql_connect(&within, &l->params->target, &l->target);
}

/* ---- Looking */

static int
wait_applied(struct ctx *cx, const struct looker *l, const struct position *p)
{
	while (!applier_exact(l->params->applier) || position_cmp(&l->params->state->applied, p) < 0)
		TRY(applier_wait_change(cx, l->params->applier));
	return 0;
}

int
look_wait_abreast(struct ctx *cx, const struct looker *l)
{
	SCOPED(position) struct position now = { 0 };

	position_copy(&now, tail_position(l->params->tail));
	return wait_applied(cx, l, &now);
}

/* Tests have something happen here. */
static int
linger(struct ctx *cx, const char *point)
{
	int ms = fault_sleep_ms(point);

	return ms == 0 ? 0 : task_sleep(cx, ms * MSEC);
}

static struct chunk_source
source_of(const struct looker *l)
{
	return (struct chunk_source){ l->table, l->params->windows, true };
}

static int
read_source(struct ctx *cx, struct looker *l, const struct row_span *span, struct look *k)
{
	const struct chunk_source of = source_of(l);
	const struct chunk_span what = { *span, tail_position(l->params->tail),
		tail_settling(l->params->tail) };

	TRY(linger(cx, "vdiff.source.before"));
	k->chunk = chunk_new();
	int rc = chunk_read(cx, l->source, &of, &what, k->chunk);

	throttle_took(l->params->throttle, k->chunk->rows.count, k->chunk->rows.values.len);
	TRY(rc);
	k->again = k->chunk->overflowed;
	if (k->again)
		return connect_source_anew(cx, l);
	if (!k->chunk->ends)
		buf_add_slice(&k->upper, buf_slice(&k->chunk->rows.last));
	else if (!slice_is_null(span->upper))
		buf_add_slice(&k->upper, span->upper);
	return 0;
}

static int
wait_beyond_view(struct ctx *cx, struct looker *l, const struct look *k)
{
	SCOPED(position) struct position behind = { 0 };
	const struct chunk_source of = source_of(l);

	TRY(chunk_place_behind(cx, l->source, &of, k->chunk, &behind));
	return mutant("tablet_vdiff_beyond_view") ? 0 : wait_applied(cx, l, &behind);
}

/* A server gives as many rows as it has: so those are bounded too, and what is beyond is the next look's. */
static void
take_less(const struct looker *l, size_t most, struct look *k)
{
	size_t last = k->target.cut ? (k->target.count - 1) / 2 : most - 1;

	k->again = true;
	buf_reset(&k->upper);
	table_rows_bound(&k->upper, l->table->def, &k->target, last);
}

static int
read_target(struct ctx *cx, struct looker *l, const struct row_span *span, struct look *k)
{
	SCOPED(buf) struct buf from = BUF_INIT;
	size_t most = span->limit + MORE_AT_TARGET;
	struct row_span same = *span;

	same.upper = k->upper.len > 0 ? buf_slice(&k->upper) : SLICE_NULL;
	same.limit = most + 1;
	TRY(table_rows_from(&from, l->table, MOVE_TO, &same, cx->err));
	const struct rows_wanted wanted = { l->table, buf_slice(&from), NULL, true };
	TRY(table_rows_read(cx, l->target, &wanted, &k->target));
	if (k->target.count > most || k->target.cut)
		take_less(l, most, k);
	return k->target.cut ? connect_target_anew(cx, l) : 0;
}

int
look_at_source(struct ctx *cx, struct looker *l, const struct row_span *span, struct look *k)
{
	table_rows_init(&k->target);
	buf_init(&k->upper);
	return read_source(cx, l, span, k);
}

int
look_at_target(struct ctx *cx, struct looker *l, const struct row_span *span, struct look *k)
{
	TRY(wait_beyond_view(cx, l, k));
	TRY(linger(cx, "vdiff.source.read"));
	TRY(read_target(cx, l, span, k));
	if (k->chunk->window->overflowed && !mutant("tablet_vdiff_overflow")) {
		/* whatever was read: nobody knows any more what was touched */
		k->again = true;
		buf_reset(&k->upper);
	}
	if (!k->again)
		differences_find(l->table->def, &k->chunk->rows, &k->target, &k->found);
	return 0;
}

int
look_at(struct ctx *cx, struct looker *l, const struct row_span *span, struct look *k)
{
	TRY(look_wait_abreast(cx, l));
	TRY(look_at_source(cx, l, span, k));
	return k->again ? 0 : look_at_target(cx, l, span, k);
}

void
look_done(struct look *k)
{
	chunk_free(k->chunk);
	k->chunk = NULL;
	table_rows_done(&k->target);
	buf_done(&k->upper);
	differences_done(&k->found);
}

bool
look_touched(const struct look *k, const struct difference *d)
{
	struct slice key = d->kind == DIFFERENCE_TARGET_ONLY
	    ? table_rows_key(&k->target, d->target)
	    : table_rows_key(&k->chunk->rows, d->source);

	return window_touched(k->chunk->window, key) && !mutant("tablet_vdiff_touched");
}

int
look_other_spelling(struct ctx *cx, struct looker *l, struct slice bound, struct buf *key)
{
	SCOPED(buf) struct buf from = BUF_INIT;
	struct table_rows rows;
	const struct row_span one = { SLICE_NULL, SLICE_NULL, 1, &bound, 1 };

	TRY(table_rows_from(&from, l->table, MOVE_TO, &one, cx->err));
	const struct rows_wanted wanted = { l->table, buf_slice(&from), NULL, true };
	table_rows_init(&rows);
	int rc = table_rows_read(cx, l->target, &wanted, &rows);
	if (rc == 0 && rows.count > 0)
		buf_add_slice(key, table_rows_key(&rows, 0));
	table_rows_done(&rows);
	return rc;
}
