#include "tablet/ddl.h"

#include "base/check.h"
#include "base/log.h"
#include "task/group.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	ER_LOCK_WAIT_TIMEOUT = 1205,
	ER_QUERY_INTERRUPTED = 1317,
	KILL_DEADLINE_MS =
	    5000, /* KILL itself takes microseconds; a server that needs longer is gone */
};

int
ddl_open(struct ctx *cx, const struct tablet_env *env, struct ddl *out)
{
	*out = (struct ddl){ 0 };
	if (env_dba(cx, env, &out->session) != 0 || env_dba(cx, env, &out->killer) != 0) {
		ddl_done(out);
		return -1;
	}
	return 0;
}

void
ddl_done(struct ddl *d)
{
	client_done(&d->session);
	client_done(&d->killer);
}

/* The watchman: kills the statement when its time is over. */
struct watch {
	struct ddl *ddl;
	usec        wait;
	bool        finished, fired;
};

static void
watch_main(void *arg)
{
	struct watch *w = arg;
	struct err    err = { 0 };
	struct ctx cx = { .deadline = task_now() + w->wait + KILL_DEADLINE_MS * MSEC, .err = &err };

	if (task_sleep(&cx, w->wait) != 0 || w->finished)
		return;
	w->fired = true;
	/* A KILL that fails leaves the statement to the caller's deadline. */
	if (mysql_execf(&cx, w->ddl->killer, "KILL QUERY %u", mysql_thread_id(w->ddl->session)) !=
	    0)
		log_debug("killing a waiting statement: %s", err.text);
}

/* A KILL that came too late for its statement would hit the next one: let it hit this. */
static int
absorb_kill(struct ctx *cx, struct mysql_client *c)
{
	for (int i = 0; i < 2; i++) { /* one flag, so the second try is clean */
		if (mysql_exec(cx, c, slice_str("DO 0"), NULL) == 0)
			return 0;
		if (cx->err->mysql_errno != ER_QUERY_INTERRUPTED)
			return -1;
	}
	return 0;
}

/* *again: the wait was bounded, nothing is wrong. */
static int
try_once(struct ctx *cx, struct ddl *d, struct slice sql, int wait_ms, bool *again)
{
	struct watch w = { .ddl = d, .wait = wait_ms * MSEC };
	struct group g;
	struct err   result = { 0 };

	*again = false;
	group_init(&g);
	if (group_spawn(&g, "ddl watch", watch_main, &w, cx->err) != 0)
		return -1;
	int rc = mysql_exec(cx, d->session, sql, NULL);
	w.finished = true;
	if (rc != 0)
		err_copy(&result, cx->err);
	if (w.fired && group_wait(cx, &g) != 0)
		rc = -1;
	group_done(&g);
	if (rc == 0)
		return w.fired ? absorb_kill(cx, d->session) : 0;
	if (result.mysql_errno == ER_QUERY_INTERRUPTED ||
	    result.mysql_errno == ER_LOCK_WAIT_TIMEOUT)
		*again = absorb_kill(cx, d->session) == 0;
	return result.kind != ERR_NONE ? err_copy(cx->err, &result) : -1;
}

int
ddl_run(struct ctx *cx, struct ddl *d, struct slice sql, int wait_ms)
{
	bool again;

	check(d->session != NULL && d->killer != NULL);
	while (try_once(cx, d, sql, wait_ms, &again) != 0) {
		struct err last = *cx->err;

		if (!again)
			return -1;
		if (task_sleep(cx, DDL_PAUSE_MS * MSEC) != 0) {
			if (cx->err->kind != ERR_TIMEOUT)
				return -1;
			return err_set(cx->err, ERR_TIMEOUT,
			    "waiting for a lock on the table: %.300s", last.text);
		}
	}
	return 0;
}

int
ddl_runf(struct ctx *cx, struct ddl *d, const char *fmt, ...)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	char                  *text;
	va_list                ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	check(n >= 0);
	buf_add(&sql, text, (size_t)n);
	free(text);
	return ddl_run(cx, d, buf_slice(&sql), DDL_WAIT_MS);
}
