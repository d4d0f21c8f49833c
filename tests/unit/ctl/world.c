#include "unit/ctl/fakes.h"

#include "base/fault.h"
#include "base/mem.h"
#include "topo/json.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	LOST_S = 120, /* beyond every deadline of a call */
	SLOW_MS =
	    5700, /* beyond the call's deadline, before the next attempt begins a second later */
	STORY_S = 1500, /* virtual: ten attempts with a minute between them */
};

#define WORKFLOW "new_customer/users"

/* ---- What must always hold */

static bool
accepts(const struct fake_server *s)
{
	return !s->gone && s->lock_no == 0 && !s->to_locked && (s->has_fence ? !s->armed : !s->bare);
}

bool
gate_routes_to(const struct fake_gate *g, const char *keyspace)
{
	const struct routing_rule *r = rules_find(&g->rules, "customer", "users");

	return r == NULL ? strcmp(keyspace, "customer") == 0 : strcmp(r->to_keyspace, keyspace) == 0;
}

bool
gate_serves_both_from(const struct fake_gate *g, const char *keyspace)
{
	const struct routing_rule *r = rules_find(&g->rules, "new_customer", "users");

	return gate_routes_to(g, keyspace) && r != NULL && strcmp(r->to_keyspace, keyspace) == 0;
}

bool
gate_is_paused(const struct fake_gate *g)
{
	const struct routing_rule *r = rules_find(&g->rules, "customer", "users");

	return r != NULL && r->phase == RULE_PAUSE && task_now() < g->paused_at + r->grace;
}

bool
gate_is_left(const struct world *w, const struct fake_gate *g)
{
	return gate_is_paused(g) && task_now() >= g->paused_at + w->crowded_for;
}

bool
gate_is_open(const struct fake_gate *g)
{
	const struct routing_rule *r = rules_find(&g->rules, "customer", "users");

	return r == NULL || r->phase == RULE_OPEN || (r->phase == RULE_PAUSE && !gate_is_paused(g));
}

void
world_check(const struct world *w)
{
	bool old = false, new = false;

	expect(!(accepts(&w->source) && accepts(&w->target)));
	for (int i = 0; i < GATES; i++) {
		const struct fake_gate *g = &w->gates[i];

		if (g->dead)
			continue;
		old |= gate_is_open(g) && gate_routes_to(g, "customer");
		new |= gate_is_open(g) && gate_routes_to(g, "new_customer");
	}
	expect(!(old && new));
	/* No client of a gate meets the fence or the lock. */
	expect(!old || accepts(&w->source));
	expect(!new || accepts(&w->target));
	expect(!(old || new) || (new ? &w->target : &w->source)->rows >= w->acknowledged);
}

/* ---- Trouble */

enum trouble
world_trouble(struct world *w, const char *method)
{
	if (w->plan.method == NULL || w->plan.times == 0 || strcmp(w->plan.method, method) != 0)
		return NO_TROUBLE;
	if (w->plan.after > 0) {
		w->plan.after--;
		return NO_TROUBLE;
	}
	w->plan.times--;
	w->troubles++;
	return w->plan.trouble;
}

int
world_lost(struct ctx *cx)
{
	struct ctx patient = { .deadline = NEVER, .err = cx->err };

	TRY(task_sleep(&patient, LOST_S * SECOND));
	return err_set(cx->err, ERR_RETRY, "lost");
}

int
world_before_act(struct ctx *cx, enum trouble t)
{
	struct ctx patient = { .deadline = NEVER, .err = cx->err };

	if (t == FAILS)
		return err_set(cx->err, ERR_RETRY, "it fails as planned");
	if (t == HANGS)
		return world_lost(cx);
	return t == SLOW ? task_sleep(&patient, SLOW_MS * MSEC) : 0;
}

/* ---- Setting up */

static void
put(struct ctx *cx, struct world *w, const char *key, struct buf *json)
{
	expect_ok(topo_set(cx, w->topo, key, buf_slice(json), 0), cx->err);
	buf_reset(json);
}

/* Its vttablet answers there from now on. */
static void
start_tablet(struct ctx *cx, struct world *w, int uid, const char *http)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	char *alias = arena_printf(cx->arena, "zone1-%d", uid);

	tablet_write(&json,
	    &(struct tablet_record){ .alias = alias,
		.cell = "zone1",
		.uid = uid,
		.keyspace = uid == 1 ? "customer" : "new_customer",
		.shard = "0",
		.type = TABLET_PRIMARY,
		.server = arena_printf(cx->arena, "server%d:1", uid),
		.http = http });
	put(cx, w, arena_printf(cx->arena, "/tablets/%s", alias), &json);
	expect_ok(http_serve(http, fake_tablet_handle, w, &w->tablets[uid - 1], cx->err), cx->err);
}

void
world_move_tablet(struct ctx *cx, struct world *w, int uid, const char *http)
{
	http_stop(w->tablets[uid - 1]);
	start_tablet(cx, w, uid, http);
}

static void
make_side(struct ctx *cx, struct world *w, int uid, const char *keyspace)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	char *alias = arena_printf(cx->arena, "zone1-%d", uid);

	keyspace_write(&json, &(struct keyspace_record){ .name = keyspace, .database = keyspace });
	put(cx, w, arena_printf(cx->arena, "/keyspaces/%s", keyspace), &json);
	health_write(&json,
	    &(struct health_record){
		.healthy = true, .state = "SERVING", .reason = "", .version = "" });
	put(cx, w, arena_printf(cx->arena, "/health/%s", alias), &json);
	start_tablet(cx, w, uid, arena_printf(cx->arena, "tablet%d:1", uid));
}

static void
make_gate(struct ctx *cx, struct world *w, int number)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	struct fake_gate *g = &w->gates[number];

	*g = (struct fake_gate){ .world = w, .number = number };
	snprintf(g->id, sizeof(g->id), "gate%d", number);
	snprintf(g->address, sizeof(g->address), "gate%d:1", number);
	expect_ok(http_serve(g->address, fake_gate_handle, g, &g->http, cx->err), cx->err);
	expect_ok(w->topo->ops->lease_grant(cx, w->topo, FAKE_LEASE_S * SECOND, &g->lease), cx->err);
	gate_write(&json,
	    &(struct gate_record){ .id = g->id, .http = g->address, .mysql = "", .lease = g->lease });
	expect_ok(topo_set(cx, w->topo, arena_printf(cx->arena, "/gates/%s", g->id),
		      buf_slice(&json), g->lease),
	    cx->err);
	expect_ok(group_spawn(&w->tasks, "renews", fake_gate_renews, g, cx->err), cx->err);
	expect_ok(group_spawn(&w->tasks, "watches", fake_gate_watches, g, cx->err), cx->err);
	expect_ok(group_spawn(&w->tasks, "client", fake_client, g, cx->err), cx->err);
	expect_ok(group_spawn(&w->tasks, "client", fake_client, g, cx->err), cx->err);
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

	flaky_open(&w->flaky[n], w);
	w->ctlds[n] = (struct ctl){ .topo = &w->flaky[n].base, .name = n == 0 ? "first" : "second" };
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
	w->target.gone = true;
	w->source.trigger = true;
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
		.reverse = true,
	};
}

int
world_call(struct ctx *cx, struct ctl *c, const char *method, const struct ctl_request *q,
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
	ctl_api_handle(cx, c, &req, &reply);
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
		.options = options,
		.given = GIVEN_ALL };
	bool checking;

	do {
		struct slice answer;
		struct json_doc doc;

		TRY(world_call(cx, &w->ctlds[n], "move_tables", &q, &answer));
		TRY(json_open(&doc, "answer", answer, cx->arena, cx->err));
		struct json root = json_root(&doc);
		checking = json_get_bool(&root, "checking");
		q.after_revision = json_get_i64(&root, "revision");
		TRY(json_close(&doc));
	} while (checking);
	return 0;
}

int
world_cancel(struct ctx *cx, struct world *w, int n)
{
	struct ctl_request q = { .keyspace = "new_customer",
		.table = "",
		.target_keyspace = "",
		.target_table = "",
		.workflow = "users",
		.action = "" };
	struct slice answer;

	return world_call(cx, &w->ctlds[n], "workflow_delete", &q, &answer);
}

int
world_ask(struct ctx *cx, struct world *w, int n, const char *method, const char *action)
{
	struct ctl_request q = { .keyspace = "new_customer",
		.table = "",
		.target_keyspace = "",
		.target_table = "",
		.workflow = "users",
		.action = action };
	struct slice answer;

	return world_call(cx, &w->ctlds[n], method, &q, &answer);
}

int64_t
world_revision(struct ctx *cx, struct world *w, const char *key)
{
	struct topo_kv kv;

	expect_ok(topo_get(cx, w->topo, key, &kv), cx->err);
	return kv.modified;
}

void
world_record(struct ctx *cx, struct world *w, struct workflow_record *r)
{
	expect_ok(workflow_whole(cx, w->topo, WORKFLOW, r), cx->err);
}

void
world_put_other(struct ctx *cx, struct world *w, enum workflow_state state, int64_t created_us)
{
	static struct workflow_table table = { "users", "users", "init", 0, 0 };
	static struct workflow_stream stream = { "customer", "0", "zone1-1", "other", "0",
		"zone1-3" };
	struct workflow_record r = {
		.name = "users",
		.state = state,
		.state_text = "",
		.hint = "",
		.source_keyspace = "customer",
		.target_keyspace = "other",
		.tables = &table,
		.tables_count = 1,
		.streams = &stream,
		.streams_count = 1,
		.step = "",
		.position = "",
		.before = BEFORE_NOTHING,
		.created_us = created_us,
	};
	SCOPED(buf) struct buf json = BUF_INIT;

	workflow_write(&json, &r);
	put(cx, w, "/workflows/other/users", &json);
	buf_add_str(&json, "test");
	put(cx, w, "/locks/workflow/other/users", &json);
}

void
world_ask_to_roll_back(struct ctx *cx, struct world *w, const char *why)
{
	struct workflow_texts x;
	struct workflow_record r;

	expect_ok(workflow_fetch(cx, w->topo, WORKFLOW, &x), cx->err);
	expect_ok(workflow_assemble(cx->arena, &x, &r, cx->err), cx->err);
	r.rolling_back = true;
	workflow_add_event(cx->arena, &r,
	    &(struct workflow_event){
		.attempt = r.attempt, .step = r.step, .what = "failed", .text = why });
	expect_ok(workflow_replace(cx, w->topo, &x, &r, NULL), cx->err);
}

/* Nobody works on it, or whoever does waits for leave. */
static bool
at_rest(const struct workflow_record *r)
{
	if (r->state == WORKFLOW_RUNNING)
		return r->round > 1 && r->options.no_switch && !r->finishing;
	return workflow_ended(r) && !workflow_has_work(r);
}

enum workflow_state
world_wait_end(struct ctx *cx, struct world *w)
{
	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		struct workflow_record r;

		inner.arena = &scratch;
		world_record(&inner, w, &r);
		if (at_rest(&r))
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
	for (int i = 0; i < GATES; i++) {
		const struct fake_gate *g = &w->gates[i];
		const struct routing_rule *r = rules_find(&g->rules, "customer", "users");

		expect(g->dead || (g->revision > 0 && (r == NULL || r->phase == RULE_OPEN)));
	}
}

void
world_expect_source(struct ctx *cx, struct world *w)
{
	settle(cx, w);
	expect(accepts(&w->source) && !accepts(&w->target));
	expect(!w->target.frozen);
	expect_eq(w->target.applied, w->source.rows);
	for (int i = 0; i < GATES; i++)
		expect(w->gates[i].dead || gate_routes_to(&w->gates[i], "customer"));
	expect(w->source.rows >= w->acknowledged);
}

void
world_expect_target(struct ctx *cx, struct world *w)
{
	int before = w->acknowledged;

	settle(cx, w);
	expect(accepts(&w->target) && (w->source.armed || w->source.gone));
	expect(w->source.lock_no == 0 && w->source.counted_no == 0);
	/* The old side follows, if it is to. */
	if (w->source.stream)
		expect_eq(w->source.rows, w->target.rows);
	for (int i = 0; i < GATES; i++)
		expect(w->gates[i].dead || gate_routes_to(&w->gates[i], "new_customer"));
	expect(w->target.rows >= w->acknowledged && w->acknowledged > before);
}

void
world_moves(struct ctx *cx, struct world *w)
{
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

void
world_expect_nothing(struct ctx *cx, struct world *w)
{
	settle(cx, w);
	expect(!w->source.has_fence && !w->source.armed && w->source.lock_no == 0);
	expect_eq(w->source.counted_no, 0);
	expect(!w->target.has_fence && !w->target.stream);
	for (int i = 0; i < GATES; i++)
		expect(w->gates[i].dead || w->gates[i].rules.count == 0);
	expect(w->source.rows >= w->acknowledged);
}

static void
set_record(struct ctx *cx, struct world *w, const char *key, const struct buf *json)
{
	expect_ok(topo_set(cx, w->topo, key, buf_slice(json), 0), cx->err);
}

static void
route_name(struct ctx *cx, struct world *w, const struct world_route *r, const char *keyspace)
{
	const struct rule_record rule = { .name = { keyspace, "users" },
		.places = { { r->keyspace, "users" }, { r->keyspace, "users" } },
		.workflow = r->workflow,
		.maker = "" };
	SCOPED(buf) struct buf json = BUF_INIT;

	rule_write(&json, &rule);
	set_record(cx, w, rule_key(cx->arena, keyspace, "users"), &json);
}

void
world_route(struct ctx *cx, struct world *w, const struct world_route *r)
{
	struct routing now;
	struct switch_record sw = { .workflow = r->workflow, .phase = r->phase, .committed = true };
	SCOPED(buf) struct buf json = BUF_INIT, version = BUF_INIT;

	expect_ok(routing_load(cx, w->topo, &now), cx->err);
	sw.version = now.version + 1;
	switch_write(&json, &sw);
	set_record(cx, w, switch_key(cx->arena, r->workflow), &json);
	route_name(cx, w, r, r->one_name ? r->keyspace : "customer");
	if (!r->one_name)
		route_name(cx, w, r, "new_customer");
	routing_version_write(&version, sw.version);
	set_record(cx, w, ROUTING_VERSION_KEY, &version);
}

void
world_has_moved_before(struct ctx *cx, struct world *w)
{
	world_route(cx, w, &(struct world_route){ "customer/users", "customer", RULE_OPEN, false });
}

void
world_expect_moved_before(const struct world *w)
{
	for (int i = 0; i < GATES; i++) {
		const struct rules_record *r = &w->gates[i].rules;

		expect_eq(r->count, 2);
		expect(gate_serves_both_from(&w->gates[i], "customer"));
		for (size_t n = 0; n < r->count; n++) {
			expect_eq(r->rules[n].phase, RULE_OPEN);
			expect_str(r->rules[n].maker, "");
		}
	}
}
