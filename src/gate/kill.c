#include "gate/kill.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "gate/kill_ask.h"
#include "gate/processes.h"
#include "gate/refuse.h"
#include "mysql/server.h"
#include "sql/kill.h"
#include "task/group.h"

#include <stdio.h>
#include <stdlib.h>

#define CONNECT_WAIT (5 * SECOND)
#define KILL_WAIT    (5 * SECOND) /* a server answers at once */

/* ---- at the server ---- */

struct killer {
	struct session *s; /* does not end before its killers (1) */
	char *server, *sql;
	bool query;
};

static int
say_kill(struct ctx *cx, const struct killer *k)
{
	const struct pool *pool = &k->s->loop->pool;
	struct mysql_params params = {
		.address = k->server,
		.user = pool->user,
		.password = pool->password,
		.link = pool->link,
	};
	struct ctx connecting = ctx_within(cx, CONNECT_WAIT), asking;
	struct mysql_client *c = NULL;
	int rc;

	TRY(mysql_connect(&connecting, &params, &c));
	asking = ctx_within(cx, KILL_WAIT);
	rc = mysql_exec(&asking, c, slice_str(k->sql), NULL);
	mysql_close(c);
	return rc;
}

static void
killer_task(void *arg)
{
	struct killer *k = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	if (say_kill(&cx, k) != 0)
		log_info("%s at %s: %s", k->sql, k->server, err.text);
	if (!k->query && k->s->task != NULL)
		task_cancel(k->s->task);
	k->s->killers--;
	waitlist_wake_all(&k->s->killers_gone);
	free(k->server);
	free(k->sql);
	free(k);
}

/* false: no task could be had. */
static bool
kill_at_server(struct session *s, const struct kill_order *order)
{
	const struct backend *b = s->slots[s->running];
	const struct dialect *d = mysql_dialect(b->client);
	struct killer *k = mem_new(struct killer);
	struct err err = { 0 };
	char sql[64];

	(void)snprintf(sql, sizeof sql, "KILL %s%s %u", order->soft ? d->kill_soft : d->kill_hard,
	    order->query ? "QUERY" : "CONNECTION", mysql_thread_id(b->client));
	*k = (struct killer){ s, mem_strdup(b->server), mem_strdup(sql), order->query };
	s->killers++;
	if (s->loop->tasks != NULL && group_spawn(s->loop->tasks, "kill", killer_task, k, &err) == 0)
		return true;
	s->killers--;
	free(k->server);
	free(k->sql);
	free(k);
	return false;
}

void
kill_wait(struct ctx *cx, struct session *s)
{
	struct err err;
	struct ctx last = ctx_shielded(cx, 2 * (CONNECT_WAIT + KILL_WAIT), &err);

	while (s->killers > 0)
		check(waitlist_wait(&last, &s->killers_gone) ==
		    0); /* they have deadlines of their own */
}

/* ---- at the worker ---- */

static void
kill_session(struct session *s, const struct kill_order *order)
{
	s->killed = s->killed || !order->query;
	if (s->running >= 0 && kill_at_server(s, order))
		return;
	if (!order->query) {
		task_cancel(s->task);
	} else if (!s->idle && s->running < 0) {
		s->interrupted = true;
		waitlist_wake_all(&s->loop->in_flight.opened); /* held statements look again */
	}
}

void
kill_here(struct gate_loop *loop, struct kill_order *order)
{
	order->result = order->id == 0 ? KILL_DONE : KILL_UNKNOWN;
	if (order->list) {
		processes_here(loop, order);
		return;
	}
	list_each(&loop->sessions, n) {
		struct session *s = list_item(n, struct session, node);
		bool same = s->user != NULL && strcmp(s->user, order->user) == 0;

		if (order->id != 0 ? s->id != order->id : (!same || s->id == order->asker))
			continue;
		order->result = same ? KILL_DONE : KILL_DENIED;
		if (!same)
			return;
		order->count++;
		kill_session(s, order);
	}
}

/* ---- at the client that asks ---- */

static int
unknown_thread(struct err *err, uint64_t id)
{
	return refuse(err, ER_NO_SUCH_THREAD, "Unknown thread id: %ju", (uintmax_t)id);
}

/* The client kills itself. */
static int
kill_self(struct ctx *cx, struct session *s, bool query)
{
	if (!query) {
		s->killed = true;
		return -1; /* and is told so */
	}
	(void)refuse(cx->err, ER_QUERY_INTERRUPTED, "Query execution was interrupted");
	return session_send_err(cx, s, cx->err);
}

static int
kill_one(struct ctx *cx, struct session *s, uint64_t id, const struct kill *k)
{
	struct kill_order order = { .id = (uint32_t)id, .query = k->query, .soft = k->soft };

	if (k->own || id == s->id)
		return kill_self(cx, s, k->query);
	if (id == 0 || id > UINT32_MAX)
		(void)unknown_thread(cx->err, id);
	else if (kill_ask(cx, s, &order, NULL) == 0 && order.result == KILL_UNKNOWN)
		(void)unknown_thread(cx->err, id);
	else if (cx->err->kind == ERR_NONE && order.result == KILL_DENIED)
		(void)refuse(
		    cx->err, ER_KILL_DENIED_ERROR, "You are not owner of thread %u", order.id);
	if (cx->err->kind == ERR_CANCELLED)
		return -1;
	return cx->err->kind == ERR_NONE ? session_send_ok(cx, s) : session_send_err(cx, s, cx->err);
}

/* A client may kill connections of its own user; others are treated as if there were none. */
static int
kill_user(struct ctx *cx, struct session *s, const struct kill *k)
{
	struct kill_order order = { .query = k->query, .soft = k->soft };
	struct ok_packet ok = { .status = session_status(s) };
	bool own = k->own || slice_eq_str(k->user, s->user);

	if (own && kill_ask(cx, s, &order, NULL) != 0)
		return cx->err->kind == ERR_CANCELLED ? -1 : session_send_err(cx, s, cx->err);
	if (own && !k->query)
		return kill_self(cx, s, false);
	ok.affected_rows =
	    own ? order.count + 1 : 0; /* its own query too, which has nothing left to do */
	return server_send_ok(cx, &s->client, s->caps, &ok);
}

int
kill_run(struct ctx *cx, struct session *s, const struct request *q)
{
	struct kill k;

	if (kill_read(&s->arena, q->sql, session_modes(s), &k, cx->err) != 0) {
		err_clear(cx->err);
		(void)refuse(cx->err, ER_NOT_SUPPORTED_YET,
		    "KILL of anything but a number, CONNECTION_ID() or a user");
		return session_send_err(cx, s, cx->err);
	}
	if (k.target == KILL_USER)
		return kill_user(cx, s, &k);
	if (k.target == KILL_CONNECTION_OF)
		return kill_one(cx, s, k.id, &k);
	/* Only servers know query ids, and clients know none of theirs. */
	(void)refuse(cx->err, ER_NO_SUCH_QUERY, "Unknown query id: %ju", (uintmax_t)k.id);
	return session_send_err(cx, s, cx->err);
}

int
kill_id(struct ctx *cx, struct session *s, uint32_t id)
{
	return kill_one(cx, s, id, &(struct kill){ .id = id });
}
