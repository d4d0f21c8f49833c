#include "gate/gate_api.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "gate/acks.h"
#include "gate/gate_metrics.h"
#include "gate/gathering.h"
#include "gate/registration.h"
#include "gate/rollback_request.h"
#include "gate/source.h"
#include "task/group.h"
#include "topo/routing_upgrade.h"
#include "topo/topo.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	MAIL_MAX = 65536, /* news of all workers: acknowledgements and refreshes, taken at once */
};

#define LEASE_TTL          (3 * SECOND) /* docs/architecture.md, gates and leases */
#define RETRY_PAUSE        (200 * MSEC) /* the store did not answer */
#define READ_TIMEOUT       (2 * SECOND)
#define WATCH_WITHIN       (50 * MSEC) /* a watch brings it in a few */
/* A post has been answered by then, and a hold is over: to write while clients wait would keep the store,
 * and its disk, from the next step of the switch. */
#define ACKS_WRITTEN_AFTER (250 * MSEC)

struct watched {
	struct gate *gate;
	const char *prefix;
};

static const char *const WATCHED[] = { "/keyspaces/", "/tablets/", ROUTING_PREFIX, "/vtctlds/",
	SOURCE_HEALTH };

enum { WATCHES = sizeof WATCHED / sizeof WATCHED[0] };

struct gate {
	struct gate_params params;
	struct topo *topo;
	struct topo_lease *lease;
	struct lease_view view;
	struct http_server *http;
	struct group tasks;
	struct watched watches[WATCHES];
	struct mailbox *mail;
	struct worker *workers[WORKERS_MAX];
	struct acks acks;
	int workers_count, ready, ended;
	_Atomic size_t clients; /* of all workers */
	char mysql_address[300];
	char id[REGISTRATION_ID_MAX];

	struct source source;
	struct known_rules rules;
	struct route *route; /* the latest; one reference */
	uint64_t routes;     /* so far */
	uint64_t loaded_epoch;
	bool stale; /* read again as soon as possible */
	bool stopping;
	struct waitlist news; /* of any of these */
	struct gathering gathering;
	struct err failure;
};

static struct ctx
task_ctx(struct err *err, struct arena *arena)
{
	return (struct ctx){ .deadline = NEVER, .err = err, .arena = arena };
}

/* ---- routes ---- */

/* A new route for all workers, of what is known now. */
static int
publish(struct gate *g, struct err *err)
{
	const struct route_stamp stamp = { .number = ++g->routes, .epoch = g->loaded_epoch };
	struct route *route;

	TRY(source_route(&g->source, &g->rules, &stamp, &route, err));
	route_unref(g->route);
	g->route = route;
	for (int i = 0; i < g->workers_count; i++)
		worker_route(g->workers[i], route_ref(route));
	waitlist_wake_all(&g->news);
	return 0;
}

/* To the workers, once what they route by was read under this lease. */
static void
publish_lease(struct gate *g)
{
	uint64_t epoch = topo_lease_epoch(g->lease);

	if (epoch != g->loaded_epoch)
		waitlist_wake_all(&g->news);
	else
		lease_view_publish(&g->view, epoch, topo_lease_until(g->lease));
}

/* Reads everything anew, under the present lease, and tells the workers. */
static int
load(struct ctx *cx, struct gate *g)
{
	uint64_t epoch = topo_lease_epoch(g->lease);
	struct ctx within = ctx_within(cx, READ_TIMEOUT);

	g->stale = false;
	if (source_renew(&within, g->topo, &g->source, &g->rules) != 0) {
		g->stale = true;
		return -1;
	}
	g->loaded_epoch = epoch;
	publish_lease(g);
	return publish(g, cx->err);
}

/* ---- tasks ---- */

/* Reads again when something changed, when a worker asks, and when the lease is a new one. */
static void
load_task(void *arg)
{
	struct gate *g = arg;
	struct err err = { 0 };
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct ctx cx = task_ctx(&err, &arena);

	while (!task_cancelled()) {
		if (!g->stale && g->loaded_epoch == topo_lease_epoch(g->lease)) {
			if (waitlist_wait(&cx, &g->news) != 0)
				return;
			continue;
		}
		if (load(&cx, g) == 0)
			continue;
		log_warn("%s", err.text);
		err_clear(&err);
		if (task_sleep(&cx, RETRY_PAUSE) != 0)
			return;
	}
}

static void
lease_task(void *arg)
{
	struct gate *g = arg;
	struct err err = { 0 };
	struct ctx cx = task_ctx(&err, NULL);

	do
		publish_lease(g);
	while (topo_lease_wait(&cx, g->lease) == 0);
	lease_view_publish(&g->view, g->loaded_epoch, 0);
}

/* A change of rules or of a switch key says all there is to know; of others it is read by load(). */
static int
follow(struct ctx *cx, struct gate *g, const char *prefix, const struct topo_events *events)
{
	if (!events->compacted && strcmp(prefix, ROUTING_PREFIX) == 0) {
		TRY(known_rules_follow(&g->rules, events, cx->err));
		return publish(g, cx->err);
	}
	if (events->compacted || source_is_old(cx, &g->source, g->topo, prefix)) {
		g->stale = true;
		waitlist_wake_all(&g->news);
	}
	return 0;
}

static int64_t
read_until(const struct gate *g, const char *prefix)
{
	return strcmp(prefix, ROUTING_PREFIX) == 0 ? g->rules.revision : g->source.revision;
}

static void
watch(struct ctx *cx, struct gate *g, const char *prefix)
{
	int64_t revision = read_until(g, prefix);

	while (!task_cancelled()) {
		struct topo_events events;

		arena_reset(cx->arena);
		if (topo_watch(cx, g->topo, prefix, revision, &events) == 0) {
			if (follow(cx, g, prefix, &events) != 0) {
				log_warn("following %s: %s", prefix, cx->err->text);
				g->stale = true;
				waitlist_wake_all(&g->news);
			}
			revision = events.compacted ? read_until(g, prefix) : events.revision;
		} else if (task_sleep(cx, RETRY_PAUSE) != 0) {
			return;
		}
	}
}

static void
watch_task(void *arg)
{
	const struct watched *w = arg;
	struct err err = { 0 };
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct ctx cx = task_ctx(&err, &arena);

	watch(&cx, w->gate, w->prefix);
}

static void
ack_task(void *arg)
{
	struct gate *g = arg;
	struct err err = { 0 };
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct ctx cx = task_ctx(&err, &arena);

	while (!task_cancelled()) {
		if (!acks_unwritten(&g->acks)) {
			if (waitlist_wait(&cx, &g->news) != 0)
				return;
		} else if (task_sleep(&cx, ACKS_WRITTEN_AFTER) != 0) {
			return;
		} else if (acks_write(&cx, &g->acks, g->topo, g->id, topo_lease_id(g->lease)) != 0 ||
		    acks_sweep(&cx, &g->acks, g->route, g->topo, g->id) != 0) {
			log_warn("writing the acknowledgement: %s", err.text);
			if (task_sleep(&cx, RETRY_PAUSE) != 0)
				return;
		}
		arena_reset(&arena);
	}
}

/* ---- the lease's keys ---- */

static struct gate_record
record_of(const struct gate *g, int64_t lease)
{
	return (struct gate_record){
		.id = g->id, .http = http_address(g->http), .mysql = g->mysql_address, .lease = lease
	};
}

static void
attach(struct ctx *cx, void *arg, int64_t lease)
{
	struct gate *g = arg;
	struct gate_record record = record_of(g, lease);

	acks_forget_written(&g->acks); /* those of the lease before */
	if (registration_put(cx, g->topo, &record) == 0)
		(void)(acks_write(cx, &g->acks, g->topo, g->id, lease) !=
		    0); /* cx->err tells the lease's task */
}

static int
start_lease(struct ctx *cx, struct gate *g)
{
	struct gate_record record = record_of(g, 0);

	TRY(topo_lease_start(cx, g->topo, LEASE_TTL, &g->lease));
	TRY(registration_start(cx, g->topo, g->lease, &record));
	return acks_write(cx, &g->acks, g->topo, g->id, topo_lease_id(g->lease));
}

/* ---- what workers tell ---- */

static struct rollback_request
rollback_request_of(const struct gate *g, const struct worker_message *m)
{
	return (struct rollback_request){ g->topo, topo_lease_id(g->lease), g->id, m->of.workflow,
		(int)m->of.number };
}

static void
take(struct ctx *cx, struct gate *g, const struct worker_message *m)
{
	struct rollback_request s = rollback_request_of(g, m);

	switch (m->kind) {
	case WORKER_READY: g->ready++; break;
	case WORKER_FAILED:
		err_copy(&g->failure, &m->err);
		g->stopping = true;
		break;
	case WORKER_ROUTED: acks_routed(&g->acks, worker_index(m->worker), m->version); break;
	case WORKER_ACKNOWLEDGED: acks_drained(&g->acks, worker_index(m->worker), &m->of); break;
	case WORKER_QUIET:
		if (acks_quiet(&g->acks, worker_index(m->worker), &m->of) && !g->stopping)
			worker_shut(g->workers, g->workers_count, &m->of);
		break;
	case WORKER_REFRESH: g->stale = g->stale || m->route_number >= g->route->number; break;
	case WORKER_OVERFLOW: rollback_request_overflow(cx, &s); break;
	case WORKER_STANDSTILL: rollback_request_standstill(cx, &s, &m->standstill); break;
	case WORKER_KILL:
	case WORKER_KILLED:
		if (!g->stopping) /* workers that drain take no more orders */
			worker_pass_kill(g->workers, g->workers_count, m);
		break;
	case WORKER_STATEMENTS: gathering_take(&g->gathering, m); break;
	case WORKER_ENDED: g->ended++; break;
	}
	waitlist_wake_all(&g->news);
}

static void
mail_task(void *arg)
{
	struct gate *g = arg;
	struct err err = { 0 };
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct ctx cx = task_ctx(&err, &arena);
	void *message;

	while (mailbox_take(&cx, g->mail, &message) == 0) {
		take(&cx, g, message);
		free(message);
		arena_reset(&arena);
	}
}

/* ---- HTTP ---- */

/* By the watch, which is on its way; where that does not come they are read. */
static int
until_known(struct ctx *cx, struct gate *g, int64_t version)
{
	struct ctx soon = ctx_within(cx, WATCH_WITHIN);

	while (g->rules.version < version) {
		if (waitlist_wait(&soon, &g->news) == 0)
			continue;
		if (cx->err->kind != ERR_TIMEOUT || task_now() >= cx->deadline)
			return err_wrap(cx->err, "reading the routing rules");
		err_clear(cx->err);
		g->stale = true;
		waitlist_wake_all(&g->news);
		soon = ctx_within(cx, READ_TIMEOUT);
	}
	return 0;
}

static int
post_rules(struct ctx *cx, struct gate *g, struct slice body, struct http_reply *reply)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct rules_post post;
	struct ack_record ack;

	TRY(rules_post_read(&arena, body, &post, cx->err));
	while (g->route == NULL) /* the caller knows the address from a gate that ran here before */
		TRY(waitlist_wait(cx, &g->news));
	if (post.has_switch && known_rules_post(&g->rules, &post.sw, post.revision))
		TRY(publish(g, cx->err));
	TRY(until_known(cx, g, post.version));
	while (!acks_answer(&g->acks, g->route, &post, &ack)) {
		if (waitlist_wait(cx, &g->news) != 0)
			return err_wrap(cx->err, "waiting for transactions to end");
	}
	ack.id = g->id;
	reply->status = 200;
	ack_write(&reply->body, &ack);
	return 0;
}

static void
get_metrics(struct gate *g, struct http_reply *reply)
{
	const struct gate_counts *counts[WORKERS_MAX];

	for (int i = 0; i < g->workers_count; i++)
		counts[i] = worker_counts(g->workers[i]);
	reply->status = 200;
	reply->content_type = "text/plain; version=0.0.4";
	gate_metrics_print(&reply->body, counts, g->workers_count, acks_version(&g->acks),
	    lease_view_held(&g->view, g->loaded_epoch));
}

/* A GET, by hand, is for all. */
static int
statements(struct ctx *cx, struct gate *g, const struct http_request *req, struct http_reply *reply)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct statements_request what = { .keyspace = "" };

	if (strcmp(req->method, "POST") == 0)
		TRY(message_read(&arena, &statements_request_message, req->body, &what, cx->err));
	if (g->gathering.workers_count < g->params.workers || g->stopping)
		return err_set(cx->err, ERR_RETRY, "vtgate is starting or stopping");
	TRY(gathering_run(cx, &g->gathering, &what, &reply->body));
	reply->status = 200;
	return 0;
}

static void
handle(struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply)
{
	struct gate *g = arg;

	if (strcmp(req->path, "/gate/rules") == 0 && strcmp(req->method, "POST") == 0) {
		if (post_rules(cx, g, req->body, reply) != 0)
			rpc_reply_error(reply, cx->err);
	} else if (strcmp(req->path, "/gate/statements") == 0) {
		if (statements(cx, g, req, reply) != 0)
			rpc_reply_error(reply, cx->err);
	} else if (strcmp(req->path, "/metrics") == 0) {
		get_metrics(g, reply);
	} else if (strcmp(req->path, "/healthz") == 0) {
		reply->status = g->ready == g->params.workers && !g->stopping ? 200 : 503;
		buf_addf(&reply->body, "{\"ok\":%s,\"version\":%lld}",
		    reply->status == 200 ? "true" : "false", (long long)acks_version(&g->acks));
	} else {
		err_set(cx->err, ERR_NOT_FOUND, "no such path '%s'", req->path);
		rpc_reply_error(reply, cx->err);
	}
}

/* ---- life ---- */

static int
until_ready(struct ctx *cx, struct gate *g, int ready)
{
	while (g->ready < ready && !g->stopping)
		TRY(waitlist_wait(cx, &g->news));
	return g->stopping ? err_set(cx->err, ERR_CANCELLED, "stopping") : 0;
}

/* A worker's part of a limit, rounded up. */
static size_t
share(const struct gate *g, size_t limit)
{
	size_t workers = (size_t)g->params.workers;

	return (limit + workers - 1) / workers;
}

static int
start_worker(struct gate *g, struct err *err)
{
	struct worker_params params = { .index = g->workers_count,
		.address = g->mysql_address,
		.clients_max = g->params.clients_max,
		.clients = &g->clients,
		.backends_max = share(g, g->params.backends_max),
		.packet_max = g->params.packet_max,
		.hold_bytes_max = share(g, g->params.hold_bytes_max),
		.drain_timeout = g->params.drain_timeout,
		.credentials = g->params.credentials,
		.links = g->params.links,
		.lease = &g->view,
		.control = g->mail };
	struct worker *w = worker_start(&params, err);

	if (w == NULL)
		return -1;
	g->workers[g->workers_count++] = w;
	worker_route(w, route_ref(g->route));
	return 0;
}

/* The first one finds the port when it is 0. */
static int
start_workers(struct ctx *cx, struct gate *g)
{
	TRY(start_worker(g, cx->err));
	TRY(until_ready(cx, g, 1));
	print_hostport(
	    g->mysql_address, sizeof g->mysql_address, g->params.mysql, worker_port(g->workers[0]));
	while (g->workers_count < g->params.workers)
		TRY(start_worker(g, cx->err));
	return until_ready(cx, g, g->params.workers);
}

static int
spawn_tasks(struct gate *g, struct err *err)
{
	TRY(group_spawn(&g->tasks, "mail", mail_task, g, err));
	TRY(group_spawn(&g->tasks, "lease view", lease_task, g, err));
	TRY(group_spawn(&g->tasks, "load", load_task, g, err));
	for (size_t i = 0; i < WATCHES; i++) {
		g->watches[i] = (struct watched){ g, WATCHED[i] };
		TRY(group_spawn(&g->tasks, WATCHED[i], watch_task, &g->watches[i], err));
	}
	return 0;
}

static int
serve(struct ctx *cx, struct gate *g)
{
	TRY(topo_open(cx, g->params.topo, &g->topo));
	TRY(routing_upgrade(cx, g->topo));
	g->mail = mailbox_new(MAIL_MAX, cx->err);
	if (g->mail == NULL)
		return -1;
	TRY(http_serve(g->params.http, handle, g, &g->http, cx->err));
	if (g->params.id != NULL)
		(void)snprintf(g->id, sizeof g->id, "%s", g->params.id);
	else
		registration_default_id(g->id, http_address(g->http));
	(void)snprintf(g->mysql_address, sizeof g->mysql_address, "%s", g->params.mysql);
	/* Registered first, the rules read after; the workers' port is written again below. */
	TRY(start_lease(cx, g));
	TRY(load(cx, g));
	TRY(spawn_tasks(g, cx->err));
	TRY(start_workers(cx, g));
	g->gathering.workers = g->workers;
	g->gathering.workers_count = g->workers_count;
	topo_lease_on_grant(g->lease, attach, g);
	attach(cx, g, topo_lease_id(g->lease));
	if (cx->err->kind != ERR_NONE)
		return -1;
	TRY(group_spawn(&g->tasks, "acknowledge", ack_task, g, cx->err));
	printf("vtgate ready http=%s mysql=%s\n", http_address(g->http), g->mysql_address);
	fflush(stdout);
	while (!g->stopping)
		TRY(waitlist_wait(cx, &g->news));
	return 0;
}

/* Clients first: they need the lease and the routes to the end. */
static void
drain(struct ctx *cx, struct gate *g)
{
	struct err err = { 0 };
	struct ctx within = ctx_shielded(cx, g->params.drain_timeout + 5 * SECOND, &err);

	for (int i = 0; i < g->workers_count; i++)
		worker_drain(g->workers[i]);
	while (g->ended < g->workers_count && waitlist_wait(&within, &g->news) == 0)
		;
	check(g->ended == g->workers_count);
	for (int i = 0; i < g->workers_count; i++)
		worker_free(g->workers[i]);
	g->workers_count = 0;
}

int
gate_run(struct ctx *cx, struct gate *g)
{
	int rc = serve(cx, g);

	g->stopping = true;
	if (g->failure.kind != ERR_NONE)
		rc = err_copy(cx->err, &g->failure);
	drain(cx, g);
	if (g->http != NULL)
		http_stop(g->http);
	group_done(&g->tasks);
	if (g->lease != NULL)
		topo_lease_stop(g->lease);
	mailbox_free(g->mail);
	topo_close(g->topo);
	return rc;
}

void
gate_stop(struct gate *g)
{
	g->stopping = true;
	waitlist_wake_all(&g->news);
}

struct gate *
gate_new(const struct gate_params *params)
{
	struct gate *g = mem_new(struct gate);

	check(params->workers >= 1 && params->workers <= WORKERS_MAX);
	g->params = *params;
	arena_init(&g->source.arena);
	known_rules_init(&g->rules);
	acks_init(&g->acks, params->workers);
	group_init(&g->tasks);
	return g;
}

void
gate_free(struct gate *g)
{
	if (g == NULL)
		return;
	route_unref(g->route);
	known_rules_done(&g->rules);
	acks_done(&g->acks);
	arena_done(&g->source.arena);
	free(g);
}
