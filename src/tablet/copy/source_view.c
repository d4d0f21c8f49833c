#include "tablet/copy/source_view.h"

#include "base/mutant.h"
#include "base/parse.h"
#include "sql/quote.h"

enum {
	/* a group commit's tail becomes visible within a millisecond or two */
	VIEW_WAIT_FIRST_MS = 1,
	VIEW_WAIT_MAX_MS = 50,
	/* the same where the server does the waiting; then it is asked again, so that nothing of ours waits
	 * in a server for longer than that once its task has ended */
	VISIBLE_ASK_S = 1,
	/* for a table that is locked, before it is tried again: others wait behind this one */
	TABLE_LOCK_S = 2,
};

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

/* A view that tells what it shows: all up to that place, but what settles still, and nothing behind it. */
static int
open_told(struct ctx *cx, struct mysql_client *source, struct position *view)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	const struct dialect *d = mysql_dialect(source);
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	TRY(mysql_exec(cx, source, slice_str(d->snapshot_sql), NULL));
	TRY(mysql_select(&inner, source, slice_str(d->snapshot_position_sql), &rows));
	return view_position(cx, d, &rows, view);
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

/* Where a view does not tell its place it has this one at least. */
static void
take_place(struct position *view, const struct position *tail)
{
	memcpy(view->file, tail->file, sizeof(view->file));
	view->offset = tail->offset;
}

int
source_view_open(struct ctx *cx, struct mysql_client *source, const struct view_least *least,
    struct position *view)
{
	const struct dialect *d = mysql_dialect(source);
	const struct position *tail = least->tail;
	int wait_ms = VIEW_WAIT_FIRST_MS;

	if (d->wait_visible_sql != NULL) {
		take_place(view, tail);
		return open_view_behind(cx, source, tail);
	}
	if (least->settling != NULL && !mutant("copy_settling_unasked"))
		TRY(settling_wait(cx, source, least->settling));
	for (;;) {
		TRY(open_told(cx, source, view));
		if (position_cmp(view, tail) >= 0 || mutant("copy_view_contains_tail") ||
		    mutant("sim_view_contains_tail"))
			return 0;
		TRY(mysql_exec(cx, source, slice_str("ROLLBACK"), NULL));
		TRY(task_sleep(cx, wait_ms * MSEC));
		wait_ms = wait_ms * 2 < VIEW_WAIT_MAX_MS ? wait_ms * 2 : VIEW_WAIT_MAX_MS;
	}
}

/* FOR UPDATE asks for the table as a whole, for itself: Aria lets several insert at once. */
static int
wait_for_writers(struct ctx *cx, struct mysql_client *source, const struct table_def *def)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf name = BUF_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	quote_table(&name, slice_str(def->database), slice_str(def->name));
	TRY(mysql_execf(cx, source, "SET lock_wait_timeout=%d", TABLE_LOCK_S));
	return mysql_selectf(
	    &inner, source, &rows, "SELECT 1 FROM %s LIMIT 0 FOR UPDATE", name.data);
}

int
source_view_of_table(struct ctx *cx, struct mysql_client *source, const struct table_def *def,
    const struct position *tail, struct position *view)
{
	take_place(view, tail);
	if (!mutant("copy_waits_for_writers"))
		TRY(wait_for_writers(cx, source, def));
	return mysql_exec(cx, source, slice_str("START TRANSACTION"), NULL);
}

bool
source_view_is_told(const struct dialect *d)
{
	return d->snapshot_position_sql != NULL;
}
