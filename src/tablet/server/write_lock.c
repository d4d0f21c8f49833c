#include "tablet/server/write_lock.h"

#include "base/mem.h"
#include "sql/quote.h"
#include "tablet/server/undo.h"

#include <stdlib.h>

enum {
	CLOCK_MS = 21, /* two hundredths of a second and a little: see run_locked() */
	ER_LOCK_WAIT_TIMEOUT = 1205,
	ER_LOCK_DEADLOCK = 1213,
};

/* Of those of a set that are to be done. */
struct batch {
	struct ddl *d;
	struct write_lock_set *set;
	bool *done; /* of each table */
	bool busy;  /* the last try met a table in use */
	bool mixed; /* it asked for tables that the server locks in no one statement */
};

static int
work_on(struct ctx *cx, struct batch *b, int from, int to)
{
	for (int i = from; i < to; i++) {
		b->set->at = i;
		if (!b->done[i])
			TRY(b->set->work(cx, b->d->session, b->set->tables[i], b->set->arg));
	}
	return 0;
}

/*
 * The session's clock is set to a time that no statement prepared before the lock can
 * bear, and the lock is kept until it has come.
 */
static int
run_locked(struct ctx *cx, struct batch *b, int from, int to)
{
	usec until = task_now() + CLOCK_MS * MSEC;

	TRY(mysql_exec(
	    cx, b->d->session, slice_str(mysql_dialect(b->d->session)->clock_ahead_sql), NULL));
	TRY(work_on(cx, b, from, to));
	return task_now() < until ? task_sleep(cx, until - task_now()) : 0;
}

/*
 * Where a request waits it harms clients that come while it does: one that has the first of two tables and
 * goes to the second, which we have by then, is the victim of a deadlock. So it is made only while the gates
 * keep clients off the tables, and while nobody else has one of them. Who comes past the gates between this
 * look and the request is let by after DDL_WAIT_MS.
 */
static int
look_for_users(struct ctx *cx, struct batch *b, int from, int to)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	b->busy = !ddl_has_room(b->d);
	if (b->busy)
		return err_set(cx->err, ERR_RETRY, "the gates have not made room for it");
	buf_add_str(&sql, mysql_dialect(b->d->session)->users_sql);
	quote_string(&sql, slice_str(b->set->database));
	buf_add_str(&sql, " AND object_name IN (");
	for (int i = from; i < to; i++) {
		buf_add_str(&sql, i > from ? "," : "");
		quote_string(&sql, slice_str(b->set->tables[i]));
	}
	buf_add_char(&sql, ')');
	TRY(mysql_select(&inner, b->d->session, buf_slice(&sql), &rows));
	b->busy = rows.rows == 1 && !slice_eq_str(rows.values[0], "0");
	return b->busy ? err_set(cx->err, ERR_RETRY, "it is in use") : 0;
}

static int
lock(struct ctx *cx, struct batch *b, int from, int to)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	if (mysql_dialect(b->d->session)->users_sql != NULL)
		TRY(look_for_users(cx, b, from, to));
	for (int i = from; i < to; i++) {
		if (b->done[i])
			continue;
		buf_add_str(&sql, sql.len == 0 ? "LOCK TABLES " : ", ");
		quote_table(&sql, slice_str(b->set->database), slice_str(b->set->tables[i]));
		buf_add_str(&sql, " WRITE");
	}
	if (ddl_try(cx, b->d, buf_slice(&sql), NULL, &b->busy) == 0)
		return 0;
	b->mixed = cx->err->kind == ERR_SERVER &&
	    cx->err->mysql_errno == mysql_dialect(b->d->session)->lock_mixed;
	return -1;
}

/* Those of them that are left, at once. busy: one was in use. What looks at the definition only (SHOW
 * COLUMNS, an open HANDLER) is let in beside the WRITE lock, and is in a trigger's way for that moment. */
static int
try_some(struct ctx *cx, struct batch *b, int from, int to)
{
	struct ctx later = *cx;

	b->set->at = from;
	b->mixed = false;
	TRY(lock(cx, b, from, to));
	/* It has the tables: cut off now it would have to get them again. */
	if (cx->deadline != NEVER)
		later.deadline = cx->deadline + DDL_LATER_MS * MSEC;
	int rc = run_locked(&later, b, from, to);
	b->busy = rc != 0 && cx->err->kind == ERR_SERVER &&
	    (cx->err->mysql_errno == ER_LOCK_WAIT_TIMEOUT ||
		cx->err->mysql_errno == ER_LOCK_DEADLOCK);
	rc = undo_exec(&later, b->d->session, "UNLOCK TABLES", rc);
	TRY(undo_exec(&later, b->d->session, "SET timestamp=DEFAULT", rc));
	for (int i = from; i < to; i++)
		b->done[i] = true;
	return 0;
}

static int
left(const struct batch *b, int from, int to)
{
	int n = 0;

	for (int i = from; i < to; i++)
		n += !b->done[i];
	return n;
}

/* At once, else one by one. */
static int
try_group(struct ctx *cx, struct batch *b, int from, int to)
{
	if (left(b, from, to) == 0 || try_some(cx, b, from, to) == 0)
		return 0;
	if (!b->busy && !b->mixed)
		return -1;
	for (int i = from; i < to && left(b, from, to) > 1; i++) {
		if (!b->done[i] && try_some(cx, b, i, i + 1) != 0 && !b->busy)
			return -1;
	}
	err_clear(cx->err);
	return 0;
}

static int
try_all(struct ctx *cx, struct batch *b)
{
	int count = b->set->count;

	while (left(b, 0, count) > 0) {
		for (int i = 0; i < count; i += WRITE_LOCK_AT_ONCE)
			TRY(try_group(cx, b, i,
			    i + WRITE_LOCK_AT_ONCE < count ? i + WRITE_LOCK_AT_ONCE : count));
		if (left(b, 0, count) == 0)
			break;
		for (b->set->at = 0; b->done[b->set->at];)
			b->set->at++;
		TRY(ddl_again(cx, b->d));
	}
	return 0;
}

int
write_lock_run(struct ctx *cx, struct ddl *d, struct write_lock_set *set)
{
	struct batch b = { .d = d, .set = set };

	b.done = mem_zalloc((size_t)set->count * sizeof(bool));
	int rc = try_all(cx, &b);
	free(b.done);
	return rc;
}
