#include "tablet/server/server_lock.h"

#include "base/log.h"
#include "base/mutant.h"

/* As release 0.1 called it: no two work at one server, of whatever release. */
#define LOCK_NAME "_vt vttablet"

enum {
	/* for a program that was killed: its connection ends within milliseconds, on a host that
	 * swaps within seconds */
	TAKE_S = 5,
	PING_MS = 1000, /* a lost connection mostly tells at once; this is for those that do not */
	PING_DEADLINE_MS = 10000, /* a server that is that slow still holds the lock for us */
	AGAIN_MS = 200,
};

/* ---- Taking it */

/* "connection 7 from 127.0.0.1:50112", as SHOW PROCESSLIST names it. */
static const char *
holder(struct ctx *cx, struct mysql_client *c)
{
	struct mysql_rows rows;

	if (mysql_selectf(cx, c, &rows,
		"SELECT id, host FROM %s WHERE id = IS_USED_LOCK('" LOCK_NAME "')",
		mysql_dialect(c)->processes) != 0 ||
	    rows.rows != 1)
		return "a connection that has just ended";
	SCOPED(buf) struct buf text = BUF_INIT;

	buf_addf(&text, "connection %.*s from %.*s", SLICE_ARG(rows.values[0]),
	    SLICE_ARG(rows.values[1]));
	return arena_slice_str(cx->arena, buf_slice(&text));
}

static int
get_lock(struct ctx *cx, const struct server_lock *l, struct mysql_client *c)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &a;
	TRY(mysql_selectf(&inner, c, &rows, "SELECT GET_LOCK('" LOCK_NAME "', %d)", TAKE_S));
	if (rows.rows == 1 && (slice_eq_str(rows.values[0], "1") || mutant("tablet_server_lock")))
		return 0;
	return err_set(cx->err, ERR_REFUSED,
	    "another vttablet is at work beside server '%s' (%s holds its lock): stop that one, or name "
	    "another server with --server",
	    l->env->server, holder(&inner, c));
}

static int
take(struct ctx *cx, struct server_lock *l)
{
	struct mysql_client *c;

	TRY(env_dba(cx, l->env, &c));
	if (get_lock(cx, l, c) != 0) {
		client_done(&c);
		return -1;
	}
	l->session = c;
	l->term++;
	waitlist_wake_all(&l->changed);
	return 0;
}

/* ---- Keeping it */

static int
ping(struct ctx *cx, struct server_lock *l)
{
	struct ctx within = ctx_within(cx, PING_DEADLINE_MS * MSEC);

	/* A server's own error leaves the connection, and with it the lock. */
	if (mysql_exec(&within, l->session, slice_str("DO 1"), NULL) != 0 && mysql_broken(l->session))
		return -1;
	return 0;
}

/* Until the connection is lost, or we are cancelled. */
static int
watch(struct ctx *cx, struct server_lock *l)
{
	for (;;) {
		struct ctx within = ctx_within(cx, PING_MS * MSEC);

		if (packets_wait(&within, mysql_packets(l->session)) == 0)
			return err_set(cx->err, ERR_RETRY, "the server has closed its connection");
		if (cx->err->kind != ERR_TIMEOUT)
			return -1;
		TRY(ping(cx, l));
	}
}

static void
lose(struct server_lock *l)
{
	client_done(&l->session);
	waitlist_wake_all(&l->changed);
}

static int
take_again(struct ctx *cx, struct server_lock *l)
{
	for (bool told = false; take(cx, l) != 0; told = true) {
		if (cx->err->kind == ERR_CANCELLED)
			return -1;
		if (!told)
			log_warn("streams wait: %s", cx->err->text);
		TRY(task_sleep(cx, AGAIN_MS * MSEC));
	}
	return 0;
}

static void
keeper_main(void *arg)
{
	struct server_lock *l = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	do {
		(void)watch(&cx, l);
		if (err.kind == ERR_CANCELLED)
			return;
		log_warn("the lock of server '%s' is lost: %s", l->env->server, err.text);
		lose(l);
	} while (take_again(&cx, l) == 0);
}

/* ---- Birth, death and questions */

void
server_lock_init(struct server_lock *l, const struct tablet_env *env)
{
	*l = (struct server_lock){ .env = env };
	group_init(&l->keeper);
}

int
server_lock_held(const struct server_lock *l, uint64_t *term, struct err *err)
{
	*term = l == NULL ? 0 : l->term;
	if (l != NULL && l->session == NULL)
		return err_set(err, ERR_RETRY, "the lock of server '%s' is lost", l->env->server);
	return 0;
}

int
server_lock_take(struct ctx *cx, struct server_lock *l)
{
	uint64_t term;

	if (l->term > 0)
		return server_lock_held(l, &term, cx->err);
	TRY(take(cx, l));
	return group_spawn(&l->keeper, "server lock", keeper_main, l, cx->err);
}

void
server_lock_done(struct server_lock *l)
{
	group_done(&l->keeper);
	client_done(&l->session);
}

int
server_lock_wait_lost(struct ctx *cx, struct server_lock *l, uint64_t term)
{
	struct waitlist never = { 0 };

	while (l == NULL || (l->session != NULL && l->term == term))
		TRY(waitlist_wait(cx, l == NULL ? &never : &l->changed));
	return err_set(cx->err, ERR_RETRY, "the lock of server '%s' is lost", l->env->server);
}
