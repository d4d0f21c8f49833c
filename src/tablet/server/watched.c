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

/* What waits in a way that a server has no such name for is ended too. To open a table takes far less. */
#define BLINDLY_AFTER SECOND

struct watch {
	const struct watched *of;
	usec began;
	bool finished, fired;
};

/* "FROM processlist WHERE id=7 AND ...": the session's statement waits for a lock on a table. */
static void
add_waits(struct buf *out, const struct watched *of)
{
	buf_addf(out, "FROM %s WHERE id=%u AND (state LIKE 'Waiting for %%lock%%'",
	    mysql_dialect(of->killer)->processes, mysql_thread_id(of->session));
	buf_add_str(out, of->at_work ? ")" : " OR state='System lock')");
}

static int
look_at(struct ctx *cx, const struct watched *of, bool *waits)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	buf_add_str(&sql, "SELECT 1 ");
	add_waits(&sql, of);
	TRY(mysql_select(&inner, of->killer, buf_slice(&sql), &rows));
	*waits = rows.rows > 0;
	return 0;
}

static int
kill_it(struct ctx *cx, const struct watched *of)
{
	return mysql_execf(cx, of->killer, "KILL QUERY %u", mysql_thread_id(of->session));
}

static int
kill_if_it_waits(struct ctx *cx, const struct watched *of)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "BEGIN NOT ATOMIC IF EXISTS (SELECT 1 ");
	add_waits(&sql, of);
	buf_addf(&sql, ") THEN KILL QUERY %u; END IF; END", mysql_thread_id(of->session));
	return mysql_exec(cx, of->killer, buf_slice(&sql), NULL);
}

/* Once; where it is not killed it is looked at again. */
static int
kill_once(struct ctx *cx, struct watch *w)
{
	bool blindly = !w->of->at_work && task_now() - w->began > BLINDLY_AFTER, waits = true;

	if (mysql_dialect(w->of->killer)->kills_triggers && !blindly &&
	    !mutant("tablet_kills_blindly"))
		return kill_if_it_waits(cx, w->of);
	if (w->of->at_work)
		TRY(look_at(cx, w->of, &waits));
	return waits ? kill_it(cx, w->of) : 0;
}

static void
watch_main(void *arg)
{
	struct watch *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	while (task_sleep(&cx, w->of->within) == 0 && !w->finished) {
		struct ctx within = ctx_within(&cx, KILL_DEADLINE_MS * MSEC);
		bool again = w->fired;

		w->fired = true;
		if (again && mutant("tablet_killed_once"))
			return;
		if (fault("share.kill.lost"))
			continue;
		if (kill_once(&within, w) == 0)
			continue;
		log_debug("killing a waiting statement: %s", err.text);
		if (mysql_broken(w->of->killer)) /* it is left to the caller's deadline */
			return;
		err_clear(&err);
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
	struct watch w = { .of = of, .began = task_now() };
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
