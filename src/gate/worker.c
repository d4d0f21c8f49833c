#include "gate/worker.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "gate/client_connection.h"
#include "gate/kill.h"
#include "gate/kill_ask.h"
#include "gate/plan_kept.h"
#include "task/group.h"
#include "task/loop.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	MAIL_MAX = 4096, /* routes under way: one for each change of the topology */
	INDEX_BITS = 5,  /* of a client's number: which worker it is at */
};

#define AGE_EVERY   (5 * SECOND)
#define RETRY_PAUSE (100 * MSEC) /* after accept() failed: out of descriptors, most likely */

enum order { ORDER_ROUTE, ORDER_SHUT, ORDER_DRAIN, ORDER_KILL, ORDER_KILLED, ORDER_STATEMENTS };

struct order_message {
	enum order kind;
	struct route *route;
	struct switch_ack shut;
	struct kill_order kill;
	struct statements_order statements;
};

struct worker {
	struct worker_params params;
	pthread_t thread;
	sem_t started; /* mail exists, or starting has failed */
	struct err err;
	struct mailbox *mail;
	struct loop *loop;
	struct gate_loop gate_loop;
	struct listener *listener;
	_Atomic int port;
	uint32_t clients; /* so far */
	struct group tasks, sessions;
};

/* ---- to the control ---- */

static void
tell(struct worker *w, const struct worker_message *m)
{
	struct worker_message *copy = mem_new(struct worker_message);

	*copy = *m;
	copy->worker = w;
	if (!mailbox_post(w->params.control, copy)) {
		log_error("the control's mailbox is full");
		free(copy);
	}
}

static void
ask_refresh(void *arg)
{
	struct worker *w = arg;

	tell(w,
	    &(struct worker_message){
		.kind = WORKER_REFRESH, .route_number = w->gate_loop.in_flight.route->number });
}

static void
pass_kill(void *arg, const struct kill_order *order)
{
	tell(arg, &(struct worker_message){ .kind = WORKER_KILL, .kill = *order });
}

/* ---- clients ---- */

struct arrival {
	struct worker *worker;
	struct conn *conn;
};

static uint32_t
next_id(struct worker *w)
{
	uint32_t id;

	do {
		id = ++w->clients << INDEX_BITS | (uint32_t)w->params.index;
	} while (id >> INDEX_BITS == 0);
	return id;
}

static void
client_task(void *arg)
{
	struct arrival *a = arg;
	struct worker *w = a->worker;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	struct client_connection_params params = { .loop = &w->gate_loop, .id = next_id(w) };

	task_rename("client %u from %s", params.id, conn_peer(a->conn));
	client_connection_serve(&cx, &params, a->conn);
	if (err.kind != ERR_NONE)
		log_debug("client gone: %s", err.text);
	atomic_fetch_sub(w->params.clients, 1);
	free(a);
}

static void
arrive(struct ctx *cx, struct worker *w, struct conn *conn)
{
	struct arrival *a = mem_new(struct arrival);

	*a = (struct arrival){ w, conn };
	count(&w->gate_loop.counts.connections, 1);
	if (atomic_fetch_add(w->params.clients, 1) < w->params.clients_max &&
	    group_spawn(&w->sessions, "client", client_task, a, cx->err) == 0)
		return;
	free(a);
	atomic_fetch_sub(w->params.clients, 1);
	count(&w->gate_loop.counts.refused, 1);
	client_connection_refuse(cx, conn);
}

static void
accept_task(void *arg)
{
	struct worker *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	while (!w->gate_loop.draining) {
		struct conn *conn;

		if (net_accept(&cx, w->listener, &conn) == 0) {
			arrive(&cx, w, conn);
		} else if (task_cancelled() || w->gate_loop.draining) {
			return;
		} else {
			log_warn("accepting a client: %s", err.text);
			if (task_sleep(&cx, RETRY_PAUSE) != 0)
				return;
		}
	}
}

/* ---- holds ---- */

static struct switch_ack
word_of(const struct barrier *b)
{
	struct switch_ack word = { .revision = b->revision, .number = b->attempt, .phase = b->phase };

	(void)snprintf(word.workflow, sizeof word.workflow, "%s", b->workflow);
	return word;
}

static void
report_overflows(struct worker *w)
{
	struct slice key;
	void *value;

	for (size_t i = 0; map_next(&w->gate_loop.in_flight.barriers, &i, &key, &value);) {
		struct barrier *b = value;
		struct worker_message m = { .kind = WORKER_OVERFLOW, .of = word_of(b) };

		if (!b->overflowed || b->reported)
			continue;
		b->reported = true;
		tell(w, &m);
	}
}

/* Again and again as long as it lasts: the other half may come later. True while there is a hold. */
static bool
report_standstills(struct worker *w)
{
	struct slice key;
	void *value;
	bool held = false;

	for (size_t i = 0; map_next(&w->gate_loop.in_flight.barriers, &i, &key, &value);) {
		struct barrier *b = value;
		struct worker_message m = { .kind = WORKER_STANDSTILL, .of = word_of(b) };

		held = held || b->phase == RULE_HOLD;
		m.standstill = in_flight_standstill(&w->gate_loop.in_flight, b);
		if (!m.standstill.stalled && !m.standstill.keeps)
			continue;
		tell(w, &m);
	}
	return held;
}

static void
standstill_task(void *arg)
{
	struct worker *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	for (;;) {
		bool held = report_standstills(w);

		if (held ? task_sleep(&cx, STANDSTILL_MS * MSEC) != 0
			 : waitlist_wait(&cx, &w->gate_loop.in_flight.changed) != 0)
			return;
	}
}

/* Once in a hold or pause: the gate says when all loops are. */
static void
report_quiet(struct worker *w)
{
	struct slice key;
	void *value;

	for (size_t i = 0; map_next(&w->gate_loop.in_flight.barriers, &i, &key, &value);) {
		struct barrier *b = value;

		if (!b->quiet || b->quiet_told)
			continue;
		b->quiet_told = true;
		tell(w, &(struct worker_message){ .kind = WORKER_QUIET, .of = word_of(b) });
	}
}

/* Each workflow for itself, once for each change of its switch key. */
static void
acknowledge_drained(struct worker *w)
{
	struct slice key;
	void *value;

	for (size_t i = 0; map_next(&w->gate_loop.in_flight.barriers, &i, &key, &value);) {
		struct barrier *b = value;

		if (!b->ruled || !b->drained || b->told == b->revision)
			continue;
		b->told = b->revision;
		tell(w, &(struct worker_message){ .kind = WORKER_ACKNOWLEDGED, .of = word_of(b) });
	}
}

static void
acknowledge_task(void *arg)
{
	struct worker *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	for (;;) {
		struct in_flight *in_flight = &w->gate_loop.in_flight;
		usec again = NEVER;

		report_overflows(w);
		(void)in_flight_drained(in_flight, task_now(), &again);
		report_quiet(w);
		acknowledge_drained(w);
		struct ctx until = ctx_until(&cx, again);

		if (waitlist_wait(&until, &in_flight->changed) != 0 && err.kind != ERR_TIMEOUT)
			return;
		err_clear(&err);
	}
}

static void
age_task(void *arg)
{
	struct worker *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	while (task_sleep(&cx, AGE_EVERY) == 0) {
		pool_age(&w->gate_loop.pool);
		atomic_store(&w->gate_loop.counts.backends, w->gate_loop.pool.count);
	}
}

/* ---- life ---- */

static int
start_serving(struct worker *w)
{
	w->listener = net_listen(w->params.address, true, &w->err);
	if (w->listener == NULL)
		return -1;
	atomic_store(&w->port, listener_port(w->listener));
	TRY(group_spawn(&w->tasks, "accept", accept_task, w, &w->err));
	TRY(group_spawn(&w->tasks, "acknowledge", acknowledge_task, w, &w->err));
	TRY(group_spawn(&w->tasks, "standstill", standstill_task, w, &w->err));
	TRY(group_spawn(&w->tasks, "age", age_task, w, &w->err));
	tell(w, &(struct worker_message){ .kind = WORKER_READY });
	return 0;
}

static void
take_route(struct worker *w, struct route *route)
{
	bool first = w->gate_loop.in_flight.route == NULL;

	in_flight_set_route(&w->gate_loop.in_flight, route);
	tell(w, &(struct worker_message){ .kind = WORKER_ROUTED, .version = route->rules.version });
	if (first && start_serving(w) != 0)
		tell(w, &(struct worker_message){ .kind = WORKER_FAILED, .err = w->err });
}

/* Clients at rest go at once, others when their transaction ends, all at the timeout. */
static void
drain(struct ctx *cx, struct worker *w)
{
	struct ctx within = ctx_within(cx, w->params.drain_timeout);

	w->gate_loop.draining = true;
	w->gate_loop.in_flight.one_of_many = false; /* it takes no more orders */
	waitlist_wake_all(&w->gate_loop.in_flight.changed);
	listener_close(w->listener);
	w->listener = NULL;
	list_each(&w->gate_loop.sessions, n) {
		struct session *s = list_item(n, struct session, node);

		if (s->idle && session_at_rest(s))
			task_cancel(s->task);
	}
	while (
	    !list_empty(&w->gate_loop.sessions) && waitlist_wait(&within, &w->gate_loop.left) == 0)
		;
	if (!list_empty(&w->gate_loop.sessions))
		log_warn(
		    "closing %zu clients that did not end in time", w->gate_loop.sessions.count);
}

static void
take_kill(struct worker *w, struct kill_order *order)
{
	kill_here(&w->gate_loop, order);
	tell(w, &(struct worker_message){ .kind = WORKER_KILLED, .kill = *order });
}

static void
copy_statements(struct worker *w, const struct statements_order *order)
{
	struct statements_copy *copy = mem_new(struct statements_copy);
	struct statements_request what = { order->keyspace };

	digests_copy(w->gate_loop.digests, &copy->arena, &what, &copy->record);
	tell(w,
	    &(struct worker_message){
		.kind = WORKER_STATEMENTS, .statements = copy, .ticket = order->ticket });
}

static void
serve(struct ctx *cx, struct worker *w)
{
	void *message;

	while (mailbox_take(cx, w->mail, &message) == 0) {
		struct order_message order = *(struct order_message *)message;

		free(message);
		if (order.kind == ORDER_DRAIN)
			break;
		if (order.kind == ORDER_ROUTE)
			take_route(w, order.route);
		else if (order.kind == ORDER_SHUT)
			in_flight_shut(
			    &w->gate_loop.in_flight, order.shut.workflow, order.shut.number);
		else if (order.kind == ORDER_KILL)
			take_kill(w, &order.kill);
		else if (order.kind == ORDER_STATEMENTS)
			copy_statements(w, &order.statements);
		else
			kill_answered(&w->gate_loop, &order.kill);
	}
	drain(cx, w);
}

static void
main_task(void *arg)
{
	struct worker *w = arg;
	struct ctx cx = { .deadline = NEVER, .err = &w->err };

	serve(&cx, w);
	group_done(&w->sessions);
	group_done(&w->tasks);
	listener_close(w->listener);
	pool_done(&w->gate_loop.pool);
	in_flight_done(&w->gate_loop.in_flight);
	loop_stop(w->loop);
}

static void *
thread_main(void *arg)
{
	struct worker *w = arg;
	struct task *t = NULL;

	w->loop = loop_new(&w->err);
	if (w->loop != NULL) {
		loop_count_slow(w->loop, &w->gate_loop.counts.slow_turns);
		w->mail = mailbox_new(MAIL_MAX, &w->err);
	}
	if (w->mail != NULL)
		t = task_spawn("worker", main_task, w);
	sem_post(&w->started);
	if (t != NULL) {
		task_detach(t);
		loop_run(w->loop);
	}
	mailbox_free(w->mail);
	if (w->loop != NULL)
		loop_free(w->loop);
	tell(w, &(struct worker_message){ .kind = WORKER_ENDED });
	return NULL;
}

static void
gate_loop_init(struct worker *w)
{
	struct gate_loop *l = &w->gate_loop;

	l->lease = w->params.lease;
	l->credentials = w->params.credentials;
	l->links = w->params.links;
	l->packet_max = w->params.packet_max;
	l->refresh = ask_refresh;
	l->kill = pass_kill;
	l->tasks = &w->tasks;
	l->arg = w;
	list_init(&l->sessions);
	l->statements = statement_cache_new();
	l->plans = mem_new(struct plans_kept);
	l->digests = digests_new(clock_mono());
	in_flight_init(&l->in_flight, w->params.hold_bytes_max);
	l->in_flight.one_of_many = true;
	pool_init(&l->pool, w->params.credentials->app.user, &w->params.credentials->app.password,
	    w->params.backends_max);
	l->pool.link = &w->params.links->servers;
	group_init(&w->tasks);
	group_init(&w->sessions);
}

static void
free_loop(struct worker *w)
{
	statement_cache_free(w->gate_loop.statements);
	free(w->gate_loop.plans);
	digests_free(w->gate_loop.digests);
	free(w);
}

void
worker_free(struct worker *w)
{
	(void)pthread_join(w->thread, NULL);
	(void)sem_destroy(&w->started);
	free_loop(w);
}

struct worker *
worker_start(const struct worker_params *params, struct err *err)
{
	struct worker *w = mem_new(struct worker);
	int rc;

	w->params = *params;
	gate_loop_init(w);
	check(sem_init(&w->started, 0, 0) == 0);
	rc = pthread_create(&w->thread, NULL, thread_main, w);
	if (rc != 0) {
		free_loop(w);
		err_errno(err, rc, "starting a thread");
		return NULL;
	}
	while (sem_wait(&w->started) != 0)
		;
	if (w->mail != NULL)
		return w;
	err_copy(err, &w->err);
	worker_free(w);
	return NULL;
}

static void
post(struct worker *w, const struct order_message *m)
{
	struct order_message *copy = mem_new(struct order_message);

	*copy = *m;
	/* A worker that takes nothing for so long hangs; its lease view still protects its clients. */
	check(mailbox_post(w->mail, copy));
}

void
worker_route(struct worker *w, struct route *route)
{
	post(w, &(struct order_message){ .kind = ORDER_ROUTE, .route = route });
}

void
worker_shut(struct worker *const *workers, int count, const struct switch_ack *of)
{
	for (int i = 0; i < count; i++)
		post(workers[i], &(struct order_message){ .kind = ORDER_SHUT, .shut = *of });
}

void
worker_drain(struct worker *w)
{
	post(w, &(struct order_message){ .kind = ORDER_DRAIN });
}

void
worker_ask_statements(struct worker *w, const struct statements_order *order)
{
	post(w, &(struct order_message){ .kind = ORDER_STATEMENTS, .statements = *order });
}

void
statements_copy_free(struct statements_copy *copy)
{
	if (copy == NULL)
		return;
	arena_done(&copy->arena);
	free(copy);
}

static int
index_of(uint32_t client)
{
	return (int)(client & ((1U << INDEX_BITS) - 1));
}

void
worker_pass_kill(struct worker *const *workers, int count, const struct worker_message *m)
{
	struct order_message order = { .kind = m->kind == WORKER_KILL ? ORDER_KILL : ORDER_KILLED,
		.kill = m->kill };
	int to = index_of(m->kind == WORKER_KILL ? m->kill.id : m->kill.asker);

	if (m->kind == WORKER_KILL && m->kill.id == 0) {
		order.kill.answers = count;
		for (int i = 0; i < count; i++)
			post(workers[i], &order);
		return;
	}
	if (m->kind == WORKER_KILL) {
		order.kill.answers = 1;
		if (to >= count) { /* never given to a client */
			order.kind = ORDER_KILLED;
			to = index_of(m->kill.asker);
		}
	}
	if (to < count)
		post(workers[to], &order);
}

int
worker_port(const struct worker *w)
{
	return atomic_load(&w->port);
}

int
worker_index(const struct worker *w)
{
	return w->params.index;
}

const struct gate_counts *
worker_counts(const struct worker *w)
{
	return &w->gate_loop.counts;
}
