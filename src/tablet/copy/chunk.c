#include "tablet/copy/chunk.h"

#include "base/check.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "base/parse.h"
#include "sql/quote.h"
#include "tablet/server/undo.h"
#include "tablet/table/bounds.h"
#include "tablet/table/table_row.h"

#include <stdlib.h>

enum {
	/* a group commit's tail becomes visible within a millisecond or two */
	VIEW_WAIT_FIRST_MS = 1,
	VIEW_WAIT_MAX_MS = 50,
	/* the same where the server does the waiting; then it is asked again, so that nothing of ours waits
	 * in a server for longer than that once its task has ended */
	VISIBLE_ASK_S = 1,
};

struct chunk *
chunk_new(void)
{
	struct chunk *c = mem_new(struct chunk);

	buf_init(&c->values);
	buf_init(&c->keys);
	buf_init(&c->last);
	return c;
}

static void
close_window(struct chunk *c)
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
	close_window(c);
	buf_done(&c->values);
	buf_done(&c->keys);
	buf_done(&c->last);
	free(c->rows);
	free(c);
}

/* ---- Reading */

static int
view_position(
    struct ctx *cx, const struct dialect *d, const struct mysql_rows *rows, struct position *out)
{
	struct slice file = SLICE_NULL, offset = SLICE_NULL;

	*out = (struct position){ 0 };
	d->snapshot_place(rows->values, rows->columns == 2 ? 2 * rows->rows : 0, &file, &offset);
	if (file.len > 0 && file.len < sizeof(out->file))
		memcpy(out->file, file.ptr, file.len);
	if (offset.len > 0)
		TRY(parse_u64(offset, &out->offset, cx->err));
	if (!position_is_set(out))
		return err_set(
		    cx->err, ERR_REFUSED, "the source does not tell the position of a snapshot");
	return 0;
}

/* 0, or 1 after the time that it was given; anything else must not be taken for either. */
static int
read_visible(const struct mysql_rows *rows, bool *visible, struct err *err)
{
	struct slice answer = rows->rows == 1 && rows->columns == 1 ? rows->values[0] : SLICE_NULL;

	*visible = slice_eq_str(answer, "0");
	if (*visible || slice_eq_str(answer, "1"))
		return 0;
	return err_set(err, ERR_RETRY,
	    "the source does not tell whether what its binlog says can be seen: '%.*s'",
	    SLICE_ARG(answer));
}

/* Where a view does not tell what it shows: it is opened once all that it is to contain can be seen. */
static int
open_view_behind(struct ctx *cx, struct mysql_client *source, const struct position *tail)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	const struct dialect *d = mysql_dialect(source);
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	buf_add_str(&sql, d->wait_visible_sql);
	quote_string(&sql, slice_str(position_gtid(tail)));
	buf_addf(&sql, ", %d)", VISIBLE_ASK_S);
	for (bool visible = false; !visible; arena_reset(&arena)) {
		TRY(mysql_select(&inner, source, buf_slice(&sql), &rows));
		TRY(read_visible(&rows, &visible, cx->err));
		visible = visible || mutant("copy_visible_unread");
	}
	return mysql_exec(cx, source, slice_str(d->snapshot_sql), NULL);
}

/*
 * A transaction with one read view that contains all the tail has handed on (rule 8). In a group
 * commit the binlog can be sent before its transactions are visible: such a view is given up and
 * another one opened. view: what it shows, or, where that is not told, the least that it does.
 */
static int
open_view(
    struct ctx *cx, struct mysql_client *source, const struct position *tail, struct position *view)
{
	const struct dialect *d = mysql_dialect(source);
	int wait_ms = VIEW_WAIT_FIRST_MS;

	if (d->wait_visible_sql != NULL) {
		memcpy(view->file, tail->file, sizeof(view->file));
		view->offset = tail->offset;
		return open_view_behind(cx, source, tail);
	}
	for (;;) {
		SCOPED(arena) struct arena arena = ARENA_INIT;
		struct ctx inner = *cx;
		struct mysql_rows rows;

		inner.arena = &arena;
		TRY(mysql_exec(cx, source, slice_str(d->snapshot_sql), NULL));
		TRY(mysql_select(&inner, source, slice_str(d->snapshot_position_sql), &rows));
		TRY(view_position(cx, d, &rows, view));
		if (position_cmp(view, tail) >= 0 || mutant("copy_view_contains_tail") ||
		    mutant("sim_view_contains_tail"))
			return 0;
		TRY(mysql_exec(cx, source, slice_str("ROLLBACK"), NULL));
		TRY(task_sleep(cx, wait_ms * MSEC));
		wait_ms = wait_ms * 2 < VIEW_WAIT_MAX_MS ? wait_ms * 2 : VIEW_WAIT_MAX_MS;
	}
}

/* The window first: a change between a view and a later window would be in neither (rule 7). */
static int
open_window_and_view(struct ctx *cx, struct mysql_client *source, const struct chunk_job *job,
    const struct chunk_span *span, struct chunk *c)
{
	/* the tail goes on; what it hands on from here touches the window */
	SCOPED(position) struct position tail = { 0 };
	bool late = mutant("copy_window_first") || mutant("sim_window_first");

	position_copy(&tail, span->tail);
	if (!late)
		c->window =
		    window_open(job->windows, job->table->index, job->table->def->key_binary);
	TRY(open_view(cx, source, &tail, &c->view));
	if (late)
		c->window =
		    window_open(job->windows, job->table->index, job->table->def->key_binary);
	return 0;
}

/* " FROM ... LIMIT n" */
static int
from_sql(
    struct buf *out, const struct chunk_job *job, const struct chunk_span *span, struct err *err)
{
	const char *word = " WHERE ";

	buf_add_str(out, " FROM ");
	quote_table(out, slice_str(job->table->def->database), slice_str(job->table->def->name));
	buf_add_str(out, " FORCE INDEX (");
	quote_ident(out, slice_str(job->table->def->key_name));
	buf_add_char(out, ')');
	if (!slice_is_null(span->after)) {
		buf_add_str(out, word);
		TRY(bound_after(out, job->table->def, span->after, err));
		word = " AND ";
	}
	if (!slice_is_null(span->upper)) {
		buf_add_str(out, word);
		TRY(bound_upto(out, job->table->def, span->upper, err));
	}
	bound_order(out, job->table->def);
	buf_addf(out, " LIMIT %zu", span->limit);
	return 0;
}

static void
add_row(struct chunk *c, const struct table_def *def, const struct slice *row)
{
	c->rows = mem_grow(c->rows, &c->cap, c->count + 1, sizeof(*c->rows));
	load_add_row(&c->values, def, row);
	table_row_key(&c->keys, def, row);
	c->rows[c->count++] =
	    (struct chunk_row){ c->values.len, c->keys.len, table_row_unsayable(def, row) };
	buf_reset(&c->last);
	bound_of_row(&c->last, def, row);
}

static bool
too_large(const struct chunk *c)
{
	return c->window->overflowed ||
	    (c->count > 1 && c->values.len + c->keys.len > CHUNK_BYTES_MAX);
}

static int
read_rows(struct ctx *cx, struct mysql_client *source, const struct table_def *def, struct chunk *c)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct slice *row = arena_array(&arena, struct slice, def->columns_count);
	int rc;

	while ((rc = mysql_stream_next(cx, source, row)) == 1) {
		for (int i = 0; i < def->key_count; i++) {
			if (slice_is_null(row[def->key[i]]))
				return err_set(cx->err, ERR_CORRUPT,
				    "table '%s': a NULL in the key", def->name);
		}
		TRY(table_row_check(def, row, cx->err));
		add_row(c, def, row);
		if (too_large(c)) {
			c->overflowed = true;
			return 0;
		}
	}
	return rc;
}

/* A chunk with fewer rows than its limit ends its range. So the same view is asked whether a row of the span
 * lies behind the chunk: an answer that was cut short, for whatever reason, would leave rows out. */
static int
check_end(struct ctx *cx, struct mysql_client *source, const struct chunk_job *job,
    const struct chunk_span *span, const struct chunk *c)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct chunk_span rest = *span;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	rest.limit = 1;
	if (c->count > 0)
		rest.after = buf_slice(&c->last);
	buf_add_str(&sql, "SELECT COUNT(*) FROM (SELECT 1");
	TRY(from_sql(&sql, job, &rest, cx->err));
	buf_add_str(&sql, ") AS rest");
	TRY(mysql_select(&inner, source, buf_slice(&sql), &rows));
	if (rows.rows == 1 && slice_eq_str(rows.values[0], "0"))
		return 0;
	return err_set(cx->err, ERR_CORRUPT,
	    "table '%s.%s': the answer of a chunk of %zu rows is not whole",
	    job->table->def->database, job->table->def->name, c->count);
}

int
chunk_read(struct ctx *cx, struct mysql_client *source, const struct chunk_job *job,
    const struct chunk_span *span, struct chunk *c)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	size_t columns;

	TRY(open_window_and_view(cx, source, job, span, c));
	buf_add_str(&sql, "SELECT ");
	buf_add_str(&sql, job->table->plan.columns);
	TRY(from_sql(&sql, job, span, cx->err));
	TRY(mysql_stream_start(cx, source, buf_slice(&sql), &columns));
	if (columns != (size_t)job->table->def->columns_count)
		return err_set(cx->err, ERR_CONFLICT, "table '%s' gave %zu columns",
		    job->table->def->name, columns);
	TRY(read_rows(cx, source, job->table->def, c));
	if (c->overflowed)
		return 0;
	/*
	 * The view's transaction has read the table, so its definition stays until the end of it
	 * (rule 9).
	 */
	if (!mutant("copy_same_definition"))
		TRY(schema_same(cx, source, job->table->def));
	c->ends = c->count < span->limit;
	if (c->ends && !mutant("tablet_end_is_checked"))
		TRY(check_end(cx, source, job, span, c));
	return mysql_exec(cx, source, slice_str("COMMIT"), NULL);
}

/* ---- Loading */

static struct slice
row_key(const struct chunk *c, size_t i)
{
	return slice_cut(
	    buf_slice(&c->keys), i > 0 ? c->rows[i - 1].key_end : 0, c->rows[i].key_end);
}

static struct slice
row_values(const struct chunk *c, size_t i)
{
	return slice_cut(
	    buf_slice(&c->values), i > 0 ? c->rows[i - 1].values_end : 0, c->rows[i].values_end);
}

/*
 * Takes the touched rows out of the values and seals the window (rule 7). The tail cannot come
 * between: nothing waits here.
 */
static void
drop_and_seal(struct chunk *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->count; i++) {
		struct slice key = row_key(c, i), values = row_values(c, i);

		if (window_touched(c->window, key) && !mutant("copy_touched") &&
		    !mutant("sim_touched_dropped")) {
			c->dropped++;
			continue;
		}
		window_add(c->window, key);
		c->unsayable += c->rows[i].unsayable;
		if (c->dropped > 0)
			memmove(c->values.data + kept, values.ptr, values.len);
		kept += values.len;
	}
	/* row_values() is of no use from here on. */
	buf_truncate(&c->values, kept);
	if (!mutant("copy_sealed") && !mutant("sim_seal_after_load"))
		window_seal(c->window);
}

static int
refuse_load(struct ctx *cx, struct mysql_client *target, const struct chunk_job *job,
    const struct load_counts *counts)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	TRY(mysql_select(&inner, target, slice_str("SHOW WARNINGS LIMIT 1"), &rows));
	err_set(cx->err, ERR_REFUSED,
	    "loading '%s.%s': %.*s (%ju records, %ju skipped, %ju warnings)", job->table->database,
	    job->table->name,
	    SLICE_ARG(rows.rows == 1 && rows.columns == 3 ? slice_cut(rows.values[2], 0, 200)
							  : slice_str("the counts differ")),
	    (uintmax_t)counts->records, (uintmax_t)counts->skipped, (uintmax_t)counts->warnings);
	return -1;
}

static int
load_kept(struct ctx *cx, struct mysql_client *target, const struct chunk_job *job,
    const struct load *load, const struct chunk *c)
{
	struct load_counts counts;

	TRY(load_rows(cx, target, load, buf_slice(&c->values), &counts));
	if ((counts.warnings != c->unsayable && !mutant("copy_no_warnings")) ||
	    counts.skipped != 0 || counts.records != c->count - c->dropped)
		return refuse_load(cx, target, job, &counts);
	return 0;
}

/* With the mode that takes what strict mode refuses, where there is anything of that kind. */
static int
load_in_mode(struct ctx *cx, struct mysql_client *target, const struct chunk_job *job,
    const struct load *load, const struct chunk *c)
{
	if (c->dropped == c->count)
		return 0;
	if (c->unsayable == 0)
		return load_kept(cx, target, job, load, c);
	TRY(mysql_exec(cx, target, slice_str("SET sql_mode='" LENIENT_MODE "'"), NULL));
	return undo_exec(
	    cx, target, "SET sql_mode='" STRICT_MODE "'", load_kept(cx, target, job, load, c));
}

static int
commit_with_progress(
    struct ctx *cx, struct mysql_client *target, const struct chunk_job *job, const struct chunk *c)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_ok ok;

	copy_state_step_sql(&sql, job->id, job->table->full_name, job->range_no,
	    &(struct copy_step){ .done = buf_slice(&c->last),
		.rows = c->count,
		.finished = c->ends,
		.view = &c->view });
	TRY(mysql_exec(cx, target, buf_slice(&sql), &ok));
	if (ok.affected_rows != 1 && !mutant("copy_progress_row"))
		return err_set(cx->err, ERR_CONFLICT,
		    "range %d of '%s' is gone from '%s.copy_state'", job->range_no,
		    job->table->full_name, job->id.sidecar);
	if (fault("copy.commit.before"))
		return err_set(cx->err, ERR_RETRY, "fault copy.commit.before");
	TRY(mysql_exec(cx, target, slice_str("COMMIT"), NULL));
	if (fault("copy.commit.after"))
		return err_set(cx->err, ERR_RETRY, "fault copy.commit.after");
	return 0;
}

int
chunk_load(struct ctx *cx, struct mysql_client *target, const struct chunk_job *job,
    const struct load *load, struct chunk *c)
{
	check(c->window != NULL && !c->overflowed);
	if (c->window->overflowed) {
		c->overflowed = true;
		return 0;
	}
	drop_and_seal(c);
	TRY(mysql_exec(cx, target, slice_str("START TRANSACTION"), NULL));
	if (load_in_mode(cx, target, job, load, c) != 0 ||
	    commit_with_progress(cx, target, job, c) != 0)
		return err_wrap(cx->err, "copying table '%s'", job->table->def->name);
	if (mutant("sim_seal_after_load"))
		window_seal(c->window);
	close_window(c);
	return 0;
}
