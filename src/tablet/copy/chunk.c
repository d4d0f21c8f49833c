#include "tablet/copy/chunk.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/copy/source_view.h"

#include <stdlib.h>

enum {
	READ_AIM_MS = 500, /* a window of about this length keeps few keys waiting */
	/* from one chunk to the next: the first rows may be unlike the others */
	GROWTH_MAX = 4,
	/* Of one that gave no row in CHUNK_VIEW_MS: a few such tries, and it is a single one. */
	FRUITLESS = 8,
	/* seconds, for a table that DDL has: less than CHUNK_VIEW_MS, so that it is not taken for slow */
	LOCK_WAIT_S = 2,
};

/* ---- Connections */

static int
bound_time(struct ctx *cx, struct mysql_client *source, int ms)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	mysql_dialect(source)->bound_time(&sql, ms);
	return mysql_exec(cx, source, buf_slice(&sql), NULL);
}

int
chunk_connect(struct ctx *cx, const struct mysql_params *source, struct mysql_client **out)
{
	TRY(mysql_connect(cx, source, out));
	if (mutant("copy_views_last"))
		return 0;
	TRY(mysql_execf(cx, *out, "SET lock_wait_timeout=%d", LOCK_WAIT_S));
	return bound_time(cx, *out, CHUNK_VIEW_MS);
}

struct chunk *
chunk_new(void)
{
	struct chunk *c = mem_new(struct chunk);

	table_rows_init(&c->rows);
	return c;
}

void
chunk_close_window(struct chunk *c)
{
	if (c->window != NULL)
		window_close(c->window);
	c->window = NULL;
}

void
chunk_free(struct chunk *c)
{
	if (c == NULL)
		return;
	chunk_close_window(c);
	table_rows_done(&c->rows);
	if (c->room != NULL)
		rows_room_change(c->room, &c->room_taken, 0);
	free(c);
}

/* ---- Reading */

/* The window first: a change between a view and a later window would be in neither (rule 7). */
static int
open_window_and_view(struct ctx *cx, struct mysql_client *source, const struct chunk_source *of,
    const struct chunk_span *span, struct chunk *c)
{
	/* the tail goes on; what it hands on from here touches the window. What it passes over, up to where
	 * the copy begins, touches none, and has to be in the view. */
	SCOPED(position) struct position tail = { 0 };
	bool late = mutant("copy_window_first") || mutant("sim_window_first");
	const struct view_least least = { &tail, span->settling };

	position_copy(&tail, span->tail);
	if (of->table->def->copied_from != NULL && !mutant("ddl_view_of_before") &&
	    position_cmp(&tail, of->table->def->copied_from) < 0)
		position_copy(&tail, of->table->def->copied_from);
	if (!late)
		c->window = window_open(of->windows, of->table->index, of->table->def->key_binary);
	if (of->table->def->engine != NULL)
		TRY(source_view_of_table(cx, source, of->table->def, &tail, &c->view));
	else
		TRY(source_view_open(cx, source, &least, &c->view));
	if (late)
		c->window = window_open(of->windows, of->table->index, of->table->def->key_binary);
	return 0;
}

/* A chunk with fewer rows than its limit ends its range. So the same view is asked whether a row of the span
 * lies behind the chunk: an answer that was cut short, for whatever reason, would leave rows out. Where there
 * are no views, a client may have written one since, and the chunk is not the last. */
static int
check_end(struct ctx *cx, struct mysql_client *source, const struct chunk_source *of,
    const struct chunk_span *span, struct chunk *c)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct row_span rest = span->rows;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	rest.limit = 1;
	if (c->rows.count > 0)
		rest.after = buf_slice(&c->rows.last);
	buf_add_str(&sql, "SELECT COUNT(*) FROM (SELECT 1");
	TRY(table_rows_from(&sql, of->table, MOVE_FROM, &rest, cx->err));
	buf_add_str(&sql, ") AS rest");
	TRY(mysql_select(&inner, source, buf_slice(&sql), &rows));
	if (rows.rows == 1 && slice_eq_str(rows.values[0], "0"))
		return 0;
	c->ends = false;
	if (of->table->def->engine != NULL)
		return 0;
	return err_set(cx->err, ERR_CORRUPT,
	    "table '%s.%s': the answer of a chunk of %zu rows is not whole",
	    of->table->def->database, of->table->def->name, c->rows.count);
}

static int
read_view(struct ctx *cx, struct mysql_client *source, const struct chunk_source *of,
    const struct chunk_span *span, struct chunk *c)
{
	SCOPED(buf) struct buf from = BUF_INIT;

	TRY(open_window_and_view(cx, source, of, span, c));
	TRY(table_rows_from(&from, of->table, MOVE_FROM, &span->rows, cx->err));
	const struct rows_wanted wanted = { of->table, buf_slice(&from), &c->window->overflowed,
		of->as_is };
	TRY(table_rows_read(cx, source, &wanted, &c->rows));
	c->overflowed = c->rows.cut;
	if (c->overflowed)
		return 0;
	/*
	 * The view's transaction has read the table, so its definition stays until the end of it
	 * (rule 9).
	 */
	if (!mutant("copy_same_definition"))
		TRY(schema_same(cx, source, of->table->def));
	c->ends = c->rows.count < span->rows.limit;
	if (c->ends && !mutant("tablet_end_is_checked"))
		TRY(check_end(cx, source, of, span, c));
	return mysql_exec(cx, source, slice_str("COMMIT"), NULL);
}

int
chunk_read(struct ctx *cx, struct mysql_client *source, const struct chunk_source *of,
    const struct chunk_span *span, struct chunk *c)
{
	/* A single row is read however long it takes: else nobody would get on. */
	bool single = span->rows.limit == 1;

	if (single)
		TRY(bound_time(cx, source, 0));
	if (read_view(cx, source, of, span, c) != 0) {
		c->late = cx->err->kind == ERR_SERVER &&
		    cx->err->mysql_errno == mysql_dialect(source)->time_is_over;
		if (!c->late)
			return -1;
		err_clear(cx->err);
		c->overflowed = true;
	}
	return single && !c->overflowed ? bound_time(cx, source, CHUNK_VIEW_MS) : 0;
}

/*
 * In a group commit a transaction is in the binlog before it can be seen, so the binlog's present end is
 * behind all that the view has. (The set of executed GTIDs is not: it grows later.)
 */
int
chunk_place_behind(struct ctx *cx, struct mysql_client *source, const struct chunk_source *of,
    const struct chunk *c, struct position *out)
{
	if (mysql_dialect(source)->wait_visible_sql != NULL || of->table->def->engine != NULL)
		return position_place(cx, source, out);
	position_copy(out, &c->view);
	return 0;
}

/* ---- How large */

size_t
chunk_next_limit(const struct chunk *c, size_t limit, size_t bytes, usec took)
{
	size_t row_bytes = c->rows.values.len / (c->rows.count > 0 ? c->rows.count : 1) + 1;
	size_t next = bytes / row_bytes;
	size_t by_time =
	    took > 0 ? (size_t)((double)c->rows.count * READ_AIM_MS * MSEC / (double)took) : next;

	if (c->rows.count == 0)
		return limit;
	if (next > by_time)
		next = by_time;
	if (next > limit * GROWTH_MAX)
		next = limit * GROWTH_MAX;
	return next > 0 ? next : 1;
}

/* If the text was too large, or came too slowly, the part that fitted says how many rows to try next. If the
 * window overflowed, nothing says so, and half as many are tried. */
static size_t
count_fitting(const struct chunk *c, size_t limit)
{
	if (c->late)
		return c->rows.count > 0 ? c->rows.count * READ_AIM_MS / CHUNK_VIEW_MS
					 : limit / FRUITLESS;
	if (c->rows.values.len > CHUNK_BYTES)
		return c->rows.count * CHUNK_BYTES / c->rows.values.len;
	return c->rows.full ? c->rows.count : limit / 2;
}

size_t
chunk_smaller(const struct chunk *c, size_t limit)
{
	size_t fitted = count_fitting(c, limit);
	size_t next = fitted < limit / 2 ? fitted : limit / 2;

	return next > 0 ? next : 1;
}

/* ---- Its end */

void
chunk_seal(struct chunk *c)
{
	struct buf *values = &c->rows.values;
	size_t kept = 0;

	for (size_t i = 0; i < c->rows.count; i++) {
		struct slice key = table_rows_key(&c->rows, i);
		struct slice row = table_rows_values(&c->rows, i);

		if (window_touched(c->window, key) && !mutant("copy_touched") &&
		    !mutant("sim_touched_dropped")) {
			c->dropped++;
			continue;
		}
		window_add(c->window, key);
		c->unsayable += c->rows.ends[i].unsayable;
		if (c->dropped > 0)
			memmove(values->data + kept, row.ptr, row.len);
		kept += row.len;
	}
	/* table_rows_values() is of no use from here on. */
	buf_truncate(values, kept);
	if (!mutant("copy_sealed") && !mutant("sim_seal_after_load"))
		window_seal(c->window);
}
