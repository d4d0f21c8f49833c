#include "tablet/server/share.h"

#include "base/check.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/server/spare.h"
#include "task/group.h"

#include <stdlib.h>

enum {
	ER_LOCK_WAIT_TIMEOUT = 1205,
	ER_QUERY_INTERRUPTED = 1317,
	KILL_DEADLINE_MS =
	    5000, /* KILL itself takes microseconds; a server that needs longer is gone */
};

/* The watchman: kills a statement when its time is over, and again until it has ended. A KILL QUERY that
 * comes before the server has begun with the statement is lost, and on a busy machine that takes longer
 * than SHARE_WAIT_MS; the statement would wait on, and so would writers of the tables locked by now. */
struct watch {
	struct mysql_client *session, *killer;
	bool finished, fired;
};

static void
watch_main(void *arg)
{
	struct watch *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	while (task_sleep(&cx, SHARE_WAIT_MS * MSEC) == 0 && !w->finished) {
		struct ctx within = ctx_within(&cx, KILL_DEADLINE_MS * MSEC);
		bool again = w->fired;

		w->fired = true;
		if (again && mutant("tablet_killed_once"))
			return;
		if (fault("share.kill.lost"))
			continue;
		/* A KILL that fails leaves the statement to the caller's deadline. */
		if (mysql_execf(&within, w->killer, "KILL QUERY %u", mysql_thread_id(w->session)) !=
		    0) {
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

/* *again: the wait was bounded, nothing is wrong. */
static int
lock_within(struct ctx *cx, struct watch *w, struct slice sql, bool *again)
{
	struct group g;
	struct err result = { 0 };

	*again = false;
	group_init(&g);
	if (group_spawn(&g, "lock watch", watch_main, w, cx->err) != 0)
		return -1;
	int rc = mysql_exec(cx, w->session, sql, NULL);
	w->finished = true;
	if (rc != 0)
		err_copy(&result, cx->err);
	if (w->fired && group_wait(cx, &g) != 0)
		rc = -1;
	group_done(&g);
	if (rc == 0)
		return w->fired ? absorb_kill(cx, w->session) : 0;
	if (result.mysql_errno == ER_QUERY_INTERRUPTED ||
	    result.mysql_errno == ER_LOCK_WAIT_TIMEOUT) {
		/* At the deadline it is this that ends it, and no error of the server's. */
		TRY(absorb_kill(cx, w->session));
		*again = true;
	}
	return result.kind != ERR_NONE ? err_copy(cx->err, &result) : -1;
}

/* "LOCK TABLES a READ, b READ" */
static void
add_lock(struct buf *out, const struct share_tables *tables)
{
	for (int i = 0; i < tables->count; i++) {
		buf_add_str(out, i == 0 ? "LOCK TABLES " : ", ");
		quote_table(out, slice_str(tables->database), slice_str(tables->names[i]));
		buf_add_str(out, " READ");
	}
}

static int
let_go(struct ctx *cx, const struct share *s, int held)
{
	for (int i = 0; i < held; i++)
		TRY(mysql_exec(cx, s->holders[i], slice_str("UNLOCK TABLES"), NULL));
	return 0;
}

/* Each by its own connection, waiting for a moment: all of them, or none and *again. */
static int
lock_singly(struct ctx *cx, const struct share *s, struct mysql_client *killer,
    const struct share_tables *tables, bool *again)
{
	for (int i = 0; i < tables->count; i++) {
		SCOPED(buf) struct buf sql = BUF_INIT;
		struct share_tables one = { tables->database, &tables->names[i], 1 };
		struct watch w = { .session = s->holders[i], .killer = killer };
		struct err why;

		add_lock(&sql, &one);
		if (lock_within(cx, &w, buf_slice(&sql), again) == 0)
			continue;
		why = *cx->err;
		if (*again)
			TRY(let_go(cx, s, i));
		return err_copy(cx->err, &why);
	}
	return 0;
}

static int
open_holder(struct ctx *cx, const struct tablet_env *env, struct share *s)
{
	struct spare spare;

	TRY(spare_take(cx, env, ROLE_DBA, &spare));
	struct mysql_client *c = s->holders[s->count++] = spare_keep(&spare);
	/* a day: never by idling */
	return mysql_exec(cx, c, slice_str("SET autocommit=0, wait_timeout=86400"), NULL);
}

/* All of them by one connection, or none: it waits for nobody, so it makes no victim. */
static int
lock_at_once(struct ctx *cx, const struct share *s, const struct share_tables *tables, bool *again)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	add_lock(&sql, tables);
	if (!mutant("tablet_share_waits"))
		buf_add_str(&sql, mysql_dialect(s->holders[0])->lock_at_once_sql);
	if (mysql_exec(cx, s->holders[0], buf_slice(&sql), NULL) == 0)
		return 0;
	*again = cx->err->mysql_errno == ER_LOCK_WAIT_TIMEOUT;
	return -1;
}

struct taking {
	const struct tablet_env *env;
	const struct share_tables *tables;
	struct share *s;
	int tries;
};

static int
wait_for_them(struct ctx *cx, const struct taking *t, bool *again)
{
	SCOPED(client) struct mysql_client *killer = NULL;

	while (t->s->count < t->tables->count)
		TRY(open_holder(cx, t->env, t->s));
	TRY(env_dba(cx, t->env, &killer));
	return lock_singly(cx, t->s, killer, t->tables, again);
}

static int
try_once(struct ctx *cx, struct taking *t, bool *again)
{
	bool patient = ++t->tries >= SHARE_AT_ONCE_TRIES && t->tables->count <= SHARE_SINGLY_MAX;

	*again = false;
	if (lock_at_once(cx, t->s, t->tables, again) == 0)
		return 0;
	if (!*again || !patient)
		return -1;
	*again = false;
	return wait_for_them(cx, t, again);
}

static int
take(struct ctx *cx, struct taking *t)
{
	bool again;

	TRY(open_holder(cx, t->env, t->s));
	while (try_once(cx, t, &again) != 0) {
		if (again)
			again = task_sleep(cx, SHARE_AGAIN_MS * MSEC) == 0;
		if (again)
			continue;
		return cx->err->kind != ERR_TIMEOUT || t->tries == 1
		    ? -1
		    : err_set(cx->err, ERR_TIMEOUT, "writes to it are open all the time");
	}
	return 0;
}

int
share_take(struct ctx *cx, const struct tablet_env *env, const struct share_tables *tables,
    struct share *out)
{
	size_t most = (size_t)tables->count;
	struct taking t = { .env = env, .tables = tables, .s = out };

	*out = (struct share){ .holders = mem_zalloc(most * sizeof(struct mysql_client *)) };
	if (take(cx, &t) == 0)
		return 0;
	share_done(out);
	return -1;
}

bool
share_alive(struct ctx *cx, struct share *s)
{
	for (int i = 0; i < s->count; i++) {
		if (mysql_exec(cx, s->holders[i], slice_str("DO 0"), NULL) != 0)
			return false;
	}
	return true;
}

bool
share_broken(const struct share *s)
{
	for (int i = 0; i < s->count; i++) {
		if (mysql_broken(s->holders[i]))
			return true;
	}
	return false;
}

void
share_done(struct share *s)
{
	for (int i = 0; i < s->count; i++)
		client_done(&s->holders[i]);
	free(s->holders);
	*s = (struct share){ 0 };
}
