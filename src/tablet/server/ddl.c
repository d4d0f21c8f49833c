#include "tablet/server/ddl.h"

#include "base/check.h"
#include "base/mutant.h"
#include "tablet/server/watched.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ER_LOCK_WAIT_TIMEOUT = 1205, ER_LOCK_DEADLOCK = 1213 };

int
ddl_open(struct ctx *cx, const struct tablet_env *env, struct ddl *out)
{
	*out = (struct ddl){ 0 };
	TRY(env_ddl(cx, env, &out->session));
	if (mysql_dialect(out->session)->lock_at_once_sql != NULL)
		return 0;
	if (env_dba(cx, env, &out->killer) == 0)
		return 0;
	client_done(&out->session);
	return -1;
}

static void
tell(const struct ddl *d, bool waits)
{
	if (d->room != NULL)
		d->room->waits = waits;
}

void
ddl_done(struct ddl *d)
{
	client_done(&d->session);
	client_done(&d->killer);
	tell(d, false);
	if (d->room != NULL)
		d->room->asks = false;
}

/*
 * The server does not tell who holds a metadata lock. Whoever has the oldest transaction is the
 * likeliest, and the one to look at.
 */
static int
name_user(struct ctx *cx, struct ddl *d)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct err ignored = { 0 };
	struct ctx own = ctx_shielded(cx, DDL_LATER_MS * MSEC, &ignored);
	struct mysql_rows rows = { 0 };

	own.arena = &arena;
	if (mysql_selectf(&own, d->session, &rows,
		"SELECT p.id, p.user, IF(p.command='Sleep', 'idle', 'at work') "
		"FROM information_schema.innodb_trx t JOIN %s p "
		"ON p.id=t.trx_mysql_thread_id WHERE p.id<>CONNECTION_ID() "
		"ORDER BY t.trx_started LIMIT 1",
		mysql_dialect(d->session)->processes) != 0 ||
	    rows.rows == 0)
		return err_set(cx->err, ERR_TIMEOUT,
		    "it is in use all the time, or a lock on all tables keeps DDL away");
	return err_set(cx->err, ERR_TIMEOUT,
	    "transactions use it all the time; the oldest at the server is that of connection %.*s of "
	    "'%.*s', which is %.*s",
	    SLICE_ARG(rows.values[0]), SLICE_ARG(rows.values[1]), SLICE_ARG(rows.values[2]));
}

/* *refused: the table is in use. */
static int
run(struct ctx *cx, struct ddl *d, struct slice sql, struct mysql_ok *ok, bool *refused)
{
	struct watched w = { d->session, d->killer, DDL_WAIT_MS * MSEC, .at_work = true };

	if (d->killer != NULL)
		return watched_exec(cx, &w, sql, ok, refused);
	int rc = mysql_exec(cx, d->session, sql, ok);
	*refused = rc != 0 && cx->err->kind == ERR_SERVER &&
	    (cx->err->mysql_errno == ER_LOCK_WAIT_TIMEOUT ||
		cx->err->mysql_errno == ER_LOCK_DEADLOCK);
	return rc;
}

int
ddl_try(struct ctx *cx, struct ddl *d, struct slice sql, struct mysql_ok *ok, bool *busy)
{
	struct ctx later = *cx;

	check(d->session != NULL);
	*busy = false;
	if (cx->deadline != NEVER)
		later.deadline = cx->deadline + DDL_LATER_MS * MSEC;
	int rc = run(&later, d, sql, ok, busy);
	tell(d, *busy);
	return rc;
}

bool
ddl_has_room(struct ddl *d)
{
	bool has = d->killer == NULL || !d->needs_room || task_now() < d->room->until ||
	    mutant("tablet_room_unasked");

	if (!has) {
		tell(d, true);
		d->room->asks = true;
	}
	return has;
}

int
ddl_again(struct ctx *cx, struct ddl *d)
{
	if (task_sleep(cx, DDL_AGAIN_MS * MSEC) == 0)
		return 0;
	return cx->err->kind == ERR_TIMEOUT ? name_user(cx, d) : -1;
}

int
ddl_exec(struct ctx *cx, struct ddl *d, struct slice sql, struct mysql_ok *ok)
{
	bool busy;

	while (ddl_try(cx, d, sql, ok, &busy) != 0) {
		if (!busy)
			return -1;
		TRY(ddl_again(cx, d));
	}
	return 0;
}

int
ddl_run(struct ctx *cx, struct ddl *d, struct slice sql)
{
	return ddl_exec(cx, d, sql, NULL);
}

int
ddl_runf(struct ctx *cx, struct ddl *d, const char *fmt, ...)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	char *text;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	check(n >= 0);
	buf_add(&sql, text, (size_t)n);
	free(text);
	return ddl_run(cx, d, buf_slice(&sql));
}
