#include "tablet/server/watched.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/mutant.h"
#include "task/group.h"

enum {
	ER_LOCK_WAIT_TIMEOUT = 1205,
	ER_LOCK_DEADLOCK = 1213,
	ER_QUERY_INTERRUPTED = 1317,
	KILL_DEADLINE_MS =
	    5000, /* KILL itself takes microseconds; a server that needs longer is gone */
};

struct watch {
	const struct watched *of;
	bool finished, fired;
};

/* Does the session's statement wait for a lock on a table? */
static int
look_at(struct ctx *cx, const struct watched *of, bool *waits)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	buf_addf(&sql, "SELECT 1 FROM %s WHERE id=%u AND state LIKE 'Waiting for %%lock%%'",
	    mysql_dialect(of->killer)->processes, mysql_thread_id(of->session));
	TRY(mysql_select(&inner, of->killer, buf_slice(&sql), &rows));
	*waits = rows.rows > 0;
	return 0;
}

static void
watch_main(void *arg)
{
	struct watch *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	while (task_sleep(&cx, w->of->within) == 0 && !w->finished) {
		struct ctx within = ctx_within(&cx, KILL_DEADLINE_MS * MSEC);
		bool again = w->fired, waits = true;

		if (w->of->at_work && (look_at(&within, w->of, &waits) != 0 || !waits)) {
			err_clear(&err);
			continue;
		}
		w->fired = true;
		if (again && mutant("tablet_killed_once"))
			return;
		if (fault("share.kill.lost"))
			continue;
		/* A KILL that fails leaves the statement to the caller's deadline. */
		if (mysql_execf(&within, w->of->killer, "KILL QUERY %u",
			mysql_thread_id(w->of->session)) != 0) {
			log_debug("killing a waiting statement: %s", err.text);
			return;
		}
	}
}

/* A KILL QUERY that arrives after its statement has ended interrupts the next statement of the connection.
 * So one that does nothing is run in between. */
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

int
watched_exec(
    struct ctx *cx, const struct watched *of, struct slice sql, struct mysql_ok *ok, bool *again)
{
	struct group g;
	struct watch w = { .of = of };
	struct err result = { 0 };

	*again = false;
	group_init(&g);
	if (group_spawn(&g, "lock watch", watch_main, &w, cx->err) != 0)
		return -1;
	int rc = mysql_exec(cx, of->session, sql, ok);
	w.finished = true;
	if (rc != 0)
		err_copy(&result, cx->err);
	if (w.fired && group_wait(cx, &g) != 0)
		rc = -1;
	group_done(&g);
	if (rc == 0)
		return w.fired ? absorb_kill(cx, of->session) : 0;
	if (result.mysql_errno == ER_QUERY_INTERRUPTED ||
	    result.mysql_errno == ER_LOCK_WAIT_TIMEOUT || result.mysql_errno == ER_LOCK_DEADLOCK) {
		/* At the deadline it is this that ends it, and no error of the server's. */
		TRY(absorb_kill(cx, of->session));
		*again = true;
	}
	return result.kind != ERR_NONE ? err_copy(cx->err, &result) : -1;
}
