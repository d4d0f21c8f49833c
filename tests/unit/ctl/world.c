#include "world.h"

#include "base/fault.h"
#include "base/mem.h"
#include "topo/json.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	LOST_S = 120, /* beyond every deadline of a call */
	SLOW_S = 15,  /* beyond the call's deadline, inside the next attempts */
	WRITE_US = 2000,
	BETWEEN_WRITES_US = 7000,
	LEASE_S = 3,
	STORY_S = 1500, /* virtual: ten attempts with a minute between them */
};

#define WORKFLOW "new_customer/users"

/* ---- What must always hold */

static bool
source_accepts(const struct world *w)
{
	return !w->source.armed && w->source.lock_no == 0;
}

static bool
target_accepts(const struct world *w)
{
	return w->target.has_fence ? !w->target.armed : w->target.finished;
}

static bool
routes_to(const struct fake_gate *g, const char *keyspace)
{
	const struct routing_rule *r = rules_find(&g->rules, "customer", "users");

	return r == NULL ? strcmp(keyspace, "customer") == 0
	                 : strcmp(r->to_keyspace, keyspace) == 0;
}

static bool
is_open(const struct fake_gate *g)
{
	const struct routing_rule *r = rules_find(&g->rules, "customer", "users");

	return r == NULL || r->phase == RULE_OPEN;
}

void
world_check(const struct world *w)
{
	bool old = false, new = false;

	expect(!(source_accepts(w) && target_accepts(w)));
	for (int i = 0; i < GATES; i++) {
		const struct fake_gate *g = &w->gates[i];

		if (g->dead)
			continue;
		old |= is_open(g) && routes_to(g, "customer");
		new |= is_open(g) && routes_to(g, "new_customer");
	}
	expect(!(old && new));
	if (new)
		expect(w->target.rows >= w->acknowledged);
}

/* ---- Servers */

static void
stream(struct world *w)
{
	if (!w->target.stream || w->target.frozen)
		return;
	w->target.rows += w->source.rows - w->target.applied;
	w->target.applied = w->source.rows;
}

/* One write at a server; false: its fence refuses. Waits for the lock. */
static bool
write_row(struct ctx *cx, struct world *w, struct fake_server *s)
{
	while (s->lock_no != 0)
		if (task_sleep(cx, MSEC) != 0)
			return false;
	if (s->armed)
		return false;
	s->rows++;
	stream(w);
	return true;
}

/* ---- Tablets */

typedef int method_fn(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r);

static int
outdated(struct ctx *cx, int attempt, int seen)
{
	return err_set(cx->err, ERR_CONFLICT, "attempt %d is outdated: %d was seen", attempt, seen);
}

static int
do_nothing(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	return 0;
}

static int
do_check_source(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	r->tables = arena_new(cx->arena, struct tablet_table_status);
	r->tables_count = 1;
	r->tables[0] = (struct tablet_table_status){ .table = "users",
		.state = "",
		.definition = "CREATE TABLE users",
		.rows_estimate = 5 };
	return 0;
}

static int
do_stream_create(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	for (int i = 0; i < GATES; i++) /* the rule is known before the table exists */
		expect(w->gates[i].dead ||
		    rules_find(&w->gates[i].rules, "new_customer", "users") != NULL);
	w->target.stream = true;
	stream(w);
	return 0;
}

static int
do_stream_status(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	if (!w->target.stream)
		return err_set(cx->err, ERR_NOT_FOUND, "no stream");
	r->state = w->target.finished ? "stopped" : w->target.frozen ? "frozen" : "running";
	r->exact = true;
	r->lag_ms = 0;
	return 0;
}

static int
do_stream_delete(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	w->target.stream = false;
	return 0;
}

static struct fake_server *
side(struct world *w, const struct tablet_request *q)
{
	return strcmp(q->on_side, "target") == 0 ? &w->target : &w->source;
}

static int
do_fence_install(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	struct fake_server *s = side(w, q);

	if (!s->has_fence)
		s->armed = s == &w->target;
	s->has_fence = true;
	return 0;
}

static int
do_fence_remove(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	struct fake_server *s = side(w, q);

	s->has_fence = s->armed = false;
	return 0;
}

static int
do_lock(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	struct fake_server *s = &w->source;

	if (!s->has_fence || q->attempt < s->fence_no)
		return outdated(cx, q->attempt, s->fence_no);
	s->fence_no = s->lock_no = q->attempt;
	s->armed = true;
	r->position = arena_printf(cx->arena, "0-1-%d", s->rows);
	r->held = true;
	return 0;
}

static int
do_lock_status(
    struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	r->held =
	    w->source.lock_no == q->attempt && w->source.armed && w->source.fence_no == q->attempt;
	return 0;
}

static int
do_unlock(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	if (w->source.lock_no <= q->attempt)
		w->source.lock_no = 0;
	return 0;
}

static int
do_disarm(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	struct fake_server *s = side(w, q);

	if (q->attempt < s->fence_no)
		return 0;
	s->fence_no = q->attempt;
	s->armed = false;
	return 0;
}

static int
do_freeze(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	int p;

	expect(sscanf(q->position, "0-1-%d", &p) == 1);
	if (q->attempt < w->target.freeze_no)
		return outdated(cx, q->attempt, w->target.freeze_no);
	stream(w);
	expect(w->target.applied <= p); /* never beyond P */
	w->target.freeze_no = q->attempt;
	w->target.frozen = true;
	r->position = q->position;
	return 0;
}

static int
do_thaw(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	if (q->attempt < w->target.freeze_no)
		return outdated(cx, q->attempt, w->target.freeze_no);
	w->target.freeze_no = q->attempt;
	w->target.frozen = false;
	stream(w);
	return 0;
}

static int
do_finish(struct ctx *cx, struct world *w, const struct tablet_request *q, struct tablet_reply *r)
{
	expect(w->target.frozen);
	w->target.finished = true;
	return 0;
}

static const struct {
	const char *name;
	method_fn *run;
} methods[] = {
	{ "status", do_nothing },
	{ "check_source", do_check_source },
	{ "check_target", do_nothing },
	{ "stream_create", do_stream_create },
	{ "stream_status", do_stream_status },
	{ "stream_delete", do_stream_delete },
	{ "fence_install", do_fence_install },
	{ "fence_remove", do_fence_remove },
	{ "auto_increment", do_nothing },
	{ "lock", do_lock },
	{ "lock_status", do_lock_status },
	{ "unlock", do_unlock },
	{ "disarm", do_disarm },
	{ "freeze", do_freeze },
	{ "thaw", do_thaw },
	{ "finish", do_finish },
	{ NULL, NULL },
};

/* ---- Trouble */

static enum trouble
trouble_with(struct world *w, const char *method)
{
	if (w->plan.method == NULL || w->plan.times == 0 || strcmp(w->plan.method, method) != 0)
		return NO_TROUBLE;
	w->plan.times--;
	w->troubles++;
	return w->plan.trouble;
}

static int
lost(struct ctx *cx)
{
	struct ctx patient = { .deadline = NEVER, .err = cx->err };

	TRY(task_sleep(&patient, LOST_S * SECOND));
	return err_set(cx->err, ERR_RETRY, "lost");
}

static int
before_act(struct ctx *cx, enum trouble t)
{
	struct ctx patient = { .deadline = NEVER, .err = cx->err };

	if (t == FAILS)
		return err_set(cx->err, ERR_RETRY, "it fails as planned");
	if (t == HANGS)
		return lost(cx);
	return t == SLOW ? task_sleep(&patient, SLOW_S * SECOND) : 0;
}

static int
run_method(struct ctx *cx, struct world *w, const struct http_request *req, struct tablet_reply *r)
{
	const char *name = req->path + strlen("/tablet/");
	struct tablet_request q;
	enum trouble t;
	int i = 0;

	TRY(tablet_request_read(cx->arena, req->body, &q, cx->err));
	t = trouble_with(w, arena_printf(cx->arena, "%s at %s", name, q.on_side));
	TRY(before_act(cx, t));
	while (methods[i].name != NULL && strcmp(methods[i].name, name) != 0)
		i++;
	expect(methods[i].name != NULL);
	TRY(methods[i].run(cx, w, &q, r));
	world_check(w);
	return t == LATE ? lost(cx) : 0;
}

static void
tablet_handle(struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct ctx inner = { .deadline = NEVER, .err = &err, .arena = &arena };
	struct tablet_reply r = {
		.state = "", .error = "", .hint = "", .position = "", .lag_ms = -1
	};

	if (run_method(&inner, arg, req, &r) != 0) {
		rpc_reply_error(reply, &err);
		return;
	}
	reply->status = 200;
	tablet_reply_write(&reply->body, &r);
}

/* ---- Gates */

static int
adopt(struct fake_gate *g, struct slice json, struct err *err)
{
	struct arena arena = ARENA_INIT;
	struct rules_record r;

	TRY(rules_read(&arena, json, &r, err));
	if (r.version <= g->rules.version) {
		arena_done(&arena);
		return 0;
	}
	arena_done(&g->arena);
	g->arena = arena;
	g->rules = r;
	waitlist_wake_all(&g->changed);
	world_check(g->world);
	return 0;
}

static int
take_post(
    struct ctx *cx, struct fake_gate *g, const struct http_request *req, struct http_reply *reply)
{
	struct rules_record posted;
	const struct routing_rule *rule;
	enum trouble t = NO_TROUBLE;

	TRY(rules_read(cx->arena, req->body, &posted, cx->err));
	rule = rules_find(&posted, "customer", "users");
	if (g->number == 1 && rule != NULL && rule->phase != RULE_OPEN)
		t = trouble_with(g->world, rule_phase_name(rule->phase));
	TRY(before_act(cx, t));
	TRY(adopt(g, req->body, cx->err));
	while (!is_open(g) && routes_to(g, "customer") && g->inside > 0)
		TRY(waitlist_wait(cx, &g->changed));
	if (t == LATE)
		TRY(lost(cx));
	struct ack_record ack = { .id = g->id, .version = g->rules.version };
	reply->status = 200;
	ack_write(&reply->body, &ack);
	return 0;
}

static void
gate_handle(struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct fake_gate *g = arg;
	struct err err = { 0 };
	struct ctx inner = { .deadline = NEVER, .err = &err, .arena = &arena };

	if (g->dead)
		err_set(&err, ERR_RETRY, "dead");
	else if (take_post(&inner, g, req, reply) == 0)
		return;
	rpc_reply_error(reply, &err);
}

static void
gate_renews(void *arg)
{
	struct fake_gate *g = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	while (task_sleep(&cx, LEASE_S * SECOND / 4) == 0) {
		if (!g->dead)
			expect_ok(
			    g->world->topo->ops->lease_renew(&cx, g->world->topo, g->lease), &err);
	}
}

/* The fallback: a gate that was not posted sees the rules in the topology. */
static void
gate_watches(void *arg)
{
	struct fake_gate *g = arg;
	struct err err = { 0 };

	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &scratch };
		struct topo_kv kv;

		if (task_sleep(&cx, SECOND / 2) != 0)
			return;
		if (!g->dead && topo_get(&cx, g->world->topo, "/routing_rules", &kv) == 0)
			expect_ok(adopt(g, kv.value, &err), &err);
	}
}

/* A client of the gate: adds a row, again and again. A refusal by the fence is tried again. */
static void
client(void *arg)
{
	struct fake_gate *g = arg;
	struct world *w = g->world;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	while (task_sleep(&cx, BETWEEN_WRITES_US) == 0) {
		while (!is_open(g))
			if (waitlist_wait(&cx, &g->changed) != 0)
				return;
		if (g->dead || w->over)
			return;
		struct fake_server *s = routes_to(g, "customer") ? &w->source : &w->target;
		g->inside++;
		if (task_sleep(&cx, WRITE_US) == 0 && write_row(&cx, w, s) && !g->dead)
			w->acknowledged++;
		g->inside--;
		waitlist_wake_all(&g->changed);
		world_check(w);
	}
}

/* ---- Setting up */

static void
put(struct ctx *cx, struct world *w, const char *key, struct buf *json)
{
	expect_ok(topo_set(cx, w->topo, key, buf_slice(json), 0), cx->err);
	buf_reset(json);
}

static void
make_side(struct ctx *cx, struct world *w, int uid, const char *keyspace)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	char *alias = arena_printf(cx->arena, "zone1-%d", uid);
	char *http = arena_printf(cx->arena, "tablet%d:1", uid);

	keyspace_write(&json, &(struct keyspace_record){ .name = keyspace, .database = keyspace });
	put(cx, w, arena_printf(cx->arena, "/keyspaces/%s", keyspace), &json);
	tablet_write(&json,
	    &(struct tablet_record){ .alias = alias,
	        .cell = "zone1",
	        .uid = uid,
	        .keyspace = keyspace,
	        .shard = "0",
	        .type = TABLET_PRIMARY,
	        .server = "server:1",
	        .http = http });
	put(cx, w, arena_printf(cx->arena, "/tablets/%s", alias), &json);
	health_write(&json,
	    &(struct health_record){
	        .healthy = true, .state = "SERVING", .reason = "", .version = "" });
	put(cx, w, arena_printf(cx->arena, "/health/%s", alias), &json);
	expect_ok(http_serve(http, tablet_handle, w, &w->tablets[uid - 1], cx->err), cx->err);
}

static void
make_gate(struct ctx *cx, struct world *w, int number)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	struct fake_gate *g = &w->gates[number];

	*g = (struct fake_gate){ .world = w, .number = number };
	snprintf(g->id, sizeof(g->id), "gate%d", number);
	snprintf(g->address, sizeof(g->address), "gate%d:1", number);
	expect_ok(http_serve(g->address, gate_handle, g, &g->http, cx->err), cx->err);
	expect_ok(w->topo->ops->lease_grant(cx, w->topo, LEASE_S * SECOND, &g->lease), cx->err);
	gate_write(&json,
	    &(struct gate_record){
	        .id = g->id, .http = g->address, .mysql = "", .lease = g->lease });
	expect_ok(topo_set(cx, w->topo, arena_printf(cx->arena, "/gates/%s", g->id),
	              buf_slice(&json), g->lease),
	    cx->err);
	expect_ok(group_spawn(&w->tasks, "renews", gate_renews, g, cx->err), cx->err);
	expect_ok(group_spawn(&w->tasks, "watches", gate_watches, g, cx->err), cx->err);
	expect_ok(group_spawn(&w->tasks, "client", client, g, cx->err), cx->err);
	expect_ok(group_spawn(&w->tasks, "client", client, g, cx->err), cx->err);
}

static void
orchestrate(void *arg)
{
	struct err err = { 0 };
	struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };

	if (jobs_run(&cx, arg) != 0)
		expect(err.kind == ERR_CANCELLED);
	arena_done(&arena);
}

void
world_start_ctld(struct world *w, int n)
{
	struct err err = { 0 };

	w->ctlds[n] =
	    (struct ctl){ .topo = w->topo, .cell = "zone1", .name = n == 0 ? "first" : "second" };
	jobs_init(&w->ctlds[n]);
	group_init(&w->orchestrators[n]);
	expect_ok(
	    group_spawn(&w->orchestrators[n], "vtctld", orchestrate, &w->ctlds[n], &err), &err);
}

void
world_kill_ctld(struct world *w, int n)
{
	w->ctlds[n].dead = true;
	group_done(&w->orchestrators[n]);
	jobs_done(&w->ctlds[n]);
}

void
world_kill_gate(struct world *w, int n)
{
	w->gates[n].dead = true;
}

struct tale {
	story_fn *story;
	struct plan plan;
};

static void
end_world(struct world *w)
{
	w->over = true;
	for (int i = 0; i < CTLDS; i++) {
		if (w->ctlds[i].topo != NULL)
			world_kill_ctld(w, i);
	}
	group_done(&w->tasks);
	for (int i = 0; i < GATES; i++) {
		http_stop(w->gates[i].http);
		arena_done(&w->gates[i].arena);
	}
	http_stop(w->tablets[0]);
	http_stop(w->tablets[1]);
	topo_close(w->topo);
}

static void
tell(void *arg)
{
	struct tale *tale = arg;
	struct world *w = mem_new(struct world);
	struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct ctx cx = { .deadline = task_now() + STORY_S * SECOND, .err = &err, .arena = &arena };

	w->plan = tale->plan;
	expect_ok(topo_memory_open(&w->topo, &err), &err);
	group_init(&w->tasks);
	make_side(&cx, w, 1, "customer");
	make_side(&cx, w, 2, "new_customer");
	for (int i = 0; i < GATES; i++)
		make_gate(&cx, w, i);
	world_start_ctld(w, 0);
	expect_ok(task_sleep(&cx, SECOND), &err);
	tale->story(&cx, w);
	end_world(w);
	free(w);
	arena_done(&arena);
}

void
world_tell(story_fn *story, struct plan plan)
{
	struct tale tale = { .story = story, .plan = plan };

	sim_start(test_seed());
	struct task *t = task_spawn("story", tell, &tale);
	expect(t != NULL);
	sim_run();
	task_detach(t);
	sim_stop();
	fault_disarm_all();
}

/* ---- Verbs */

struct workflow_options
world_options(void)
{
	return (struct workflow_options){
		.grace_period = 2 * SECOND,
		.timeout = 5 * SECOND,
		.reader_wait = SECOND,
		.max_lag = 30 * SECOND,
		.switch_attempts = 4,
	};
}

int
world_call(struct ctx *cx, struct world *w, int n, const char *method, const struct ctl_request *q,
    struct slice *answer)
{
	SCOPED(buf) struct buf body = BUF_INIT;
	struct http_reply reply = { .body = BUF_INIT };
	int rc = 0;

	ctl_request_write(&body, q);
	struct http_request req = { .method = "POST",
		.path = arena_printf(cx->arena, "/api/%s", method),
		.query = "",
		.body = buf_slice(&body) };
	ctl_api_handle(cx, &w->ctlds[n], &req, &reply);
	if (reply.status == 200)
		*answer = arena_dup(cx->arena, buf_slice(&reply.body));
	else
		rc = rpc_read_error(&reply, cx->err);
	buf_done(&reply.body);
	return rc;
}

int
world_move(struct ctx *cx, struct world *w, int n, struct workflow_options options)
{
	struct ctl_request q = { .keyspace = "customer",
		.table = "users",
		.target_keyspace = "new_customer",
		.target_table = "users",
		.workflow = "",
		.action = "",
		.options = options };
	struct slice answer;

	return world_call(cx, w, n, "move_tables", &q, &answer);
}

static int
read_state(struct ctx *cx, struct world *w, struct workflow_record *r)
{
	struct topo_kv kv;

	TRY(topo_get(cx, w->topo, "/workflows/" WORKFLOW, &kv));
	return workflow_read(cx->arena, kv.value, r, cx->err);
}

enum workflow_state
world_wait_end(struct ctx *cx, struct world *w)
{
	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		struct workflow_record r;

		inner.arena = &scratch;
		expect_ok(read_state(&inner, w, &r), cx->err);
		if (workflow_ended(&r))
			return r.state;
		if (w->ctlds[0].dead && w->ctlds[1].topo == NULL) {
			world_kill_ctld(w, 0);
			w->ctlds[0].topo = NULL;
			world_start_ctld(w, 1);
		}
		expect_ok(task_sleep(cx, SECOND / 4), cx->err);
	}
}

/* A last while, so that clients have written where they are served now and what is late has come. */
static void
settle(struct ctx *cx, struct world *w)
{
	expect_ok(task_sleep(cx, 30 * SECOND), cx->err);
	world_check(w);
	for (int i = 0; i < GATES; i++)
		expect(
		    w->gates[i].dead || (is_open(&w->gates[i]) && w->gates[i].rules.version > 0));
}

void
world_expect_source(struct ctx *cx, struct world *w)
{
	settle(cx, w);
	expect(source_accepts(w) && !target_accepts(w));
	expect(!w->target.frozen);
	expect_eq(w->target.applied, w->source.rows);
	for (int i = 0; i < GATES; i++)
		expect(w->gates[i].dead || routes_to(&w->gates[i], "customer"));
	expect(w->source.rows >= w->acknowledged);
}

void
world_expect_target(struct ctx *cx, struct world *w)
{
	int before = w->acknowledged;

	settle(cx, w);
	expect(w->source.armed && target_accepts(w));
	expect(w->source.lock_no == 0);
	for (int i = 0; i < GATES; i++)
		expect(w->gates[i].dead || routes_to(&w->gates[i], "new_customer"));
	expect(w->target.rows >= w->acknowledged && w->acknowledged > before);
}
