#include "tablet/server/write_lock.h"

enum {
	CLOCK_MS = 21, /* two hundredths of a second and a little: see run_locked() */
	ER_LOCK_WAIT_TIMEOUT = 1205,
};

static int
lock_table(struct ctx *cx, struct ddl *d, struct slice table)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_addf(&sql, "LOCK TABLES %.*s WRITE", SLICE_ARG(table));
	return ddl_run(cx, d, buf_slice(&sql));
}

/*
 * The session's clock is set to the next hundredth of a second that no statement
 * prepared before the lock can bear, and the lock is kept until it has come.
 */
static int
run_locked(struct ctx *cx, struct ddl *d, write_lock_fn *work, void *arg)
{
	usec until = task_now() + CLOCK_MS * MSEC;

	TRY(mysql_execf(cx, d->session,
	    "EXECUTE IMMEDIATE CONCAT('SET timestamp=', "
	    "(CEIL(UNIX_TIMESTAMP(SYSDATE(6))*100)+1)/100)"));
	TRY(work(cx, d->session, arg));
	return task_now() < until ? task_sleep(cx, until - task_now()) : 0;
}

static int
work_once(struct ctx *cx, struct ddl *d, struct slice table, write_lock_fn *work, void *arg)
{
	struct err first;

	TRY(lock_table(cx, d, table));
	int rc = run_locked(cx, d, work, arg);
	first = *cx->err;
	if (mysql_broken(d->session)) /* the lock went with it */
		return -1;
	TRY(mysql_exec(cx, d->session, slice_str("UNLOCK TABLES"), NULL));
	TRY(mysql_exec(cx, d->session, slice_str("SET timestamp=DEFAULT"), NULL));
	return rc == 0 ? 0 : err_copy(cx->err, &first);
}

/* What looks at the definition only (SHOW COLUMNS, an open HANDLER) is let in beside the WRITE lock, and
 * is in a trigger's way for that moment. */
int
write_lock_run(struct ctx *cx, struct ddl *d, struct slice table, write_lock_fn *work, void *arg)
{
	while (work_once(cx, d, table, work, arg) != 0) {
		if (cx->err->mysql_errno != ER_LOCK_WAIT_TIMEOUT || cx->err->kind != ERR_SERVER)
			return -1;
		TRY(task_sleep(cx, DDL_AGAIN_MS * MSEC));
	}
	return 0;
}
