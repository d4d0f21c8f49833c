#include "unit/ctl/fakes.h"

enum {
	WRITE_US = 2000,
	BETWEEN_WRITES_US = 7000,
	LOOK_AGAIN_MS = 10, /* a pause ends by the clock */
};

/* ---- Gates */

static void
note_pause(struct fake_gate *g)
{
	const struct routing_rule *r = rules_find(&g->rules, "customer", "users");

	if (r == NULL || r->phase != RULE_PAUSE || r->attempt == g->pause)
		return;
	expect(r->attempt > g->pause); /* each has a number of its own */
	expect(r->grace <= 800 * MSEC);
	g->pause = r->attempt;
	g->paused_at = task_now();
	if (g->number == 0) {
		g->world->pauses++;
		g->world->paused += r->grace;
	}
}

/* A release is told before it is written (gate/known_rules.h). */
static void
open_released(struct fake_gate *g, const struct routing *r)
{
	for (size_t s = 0; s < r->switches_count; s++) {
		if (r->switches_modified[s] != g->released)
			continue;
		for (size_t i = 0; i < g->rules.count; i++) {
			struct routing_rule *rule = &g->rules.rules[i];

			if (rule->phase == RULE_SWITCHED &&
			    strcmp(rule->workflow, r->switches[s].workflow) == 0)
				rule->phase = RULE_OPEN;
		}
	}
}

static void
note_release(struct fake_gate *g, const struct rules_post *p)
{
	const struct routing_rule *r = rules_find(&g->rules, "customer", "users");

	if (!p->has_switch || p->sw.phase != RULE_OPEN || p->revision > g->revision || r == NULL ||
	    r->phase != RULE_SWITCHED)
		return;
	g->released = p->revision;
	g->told++;
}

/* All that is in the topology now. A gate that was posted something has that, too. */
static int
adopt(struct fake_gate *g, struct err *err)
{
	struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = err, .arena = &arena };
	struct routing r;

	if (routing_load(&cx, g->world->topo, &r) != 0 || r.revision < g->revision) {
		arena_done(&arena);
		return err->kind == ERR_NONE ? 0 : -1;
	}
	arena_done(&g->arena);
	g->arena = arena;
	g->rules = r.view;
	g->revision = r.revision;
	open_released(g, &r);
	note_pause(g);
	waitlist_wake_all(&g->changed);
	world_check(g->world);
	return 0;
}

static bool
is_naming(const struct fake_gate *g)
{
	const struct routing_rule *r = rules_find(&g->rules, "customer", "x");

	return r != NULL && r->phase == RULE_NAMING;
}

static bool
waits_for_drain(const struct fake_gate *g)
{
	const struct routing_rule *r = rules_find(&g->rules, "customer", "users");

	return r != NULL && (r->phase == RULE_HOLD || gate_is_paused(g));
}

static int
take_post(
    struct ctx *cx, struct fake_gate *g, const struct http_request *req, struct http_reply *reply)
{
	struct rules_post posted;
	enum trouble t = NO_TROUBLE;

	TRY(rules_post_read(cx->arena, req->body, &posted, cx->err));
	if (g->number == 1 && posted.has_switch && posted.sw.phase != RULE_OPEN)
		t = world_trouble(g->world, rule_phase_name(posted.sw.phase));
	TRY(world_before_act(cx, t));
	note_release(g, &posted);
	TRY(adopt(g, cx->err));
	while (posted.has_switch && posted.sw.phase != RULE_NAMING && waits_for_drain(g) &&
	    g->inside > 0)
		TRY(waitlist_wait(cx, &g->changed));
	if (g->number == 1 && posted.has_switch && is_naming(g)) {
		if (g->world->naming_until == 0)
			g->world->naming_until = task_now() + g->world->naming_us;
		if (task_now() < g->world->naming_until)
			TRY(task_sleep(cx, g->world->naming_until - task_now()));
	}
	if (t == LATE)
		TRY(world_lost(cx));
	struct ack_record ack = { .id = g->id, .version = g->rules.version, .workflow = "" };
	if (posted.has_switch) {
		ack.workflow = posted.sw.workflow;
		ack.revision = posted.revision;
	}
	reply->status = 200;
	ack_write(&reply->body, &ack);
	return 0;
}

/* Both have seen the same. */
static void
tell_statements(const struct fake_gate *g, struct http_reply *reply)
{
	static const struct statements_record nothing = { .gates = 1 };

	reply->status = 200;
	message_write(&reply->body, &statements_record_message,
	    g->world->seen != NULL ? g->world->seen : &nothing);
}

void
fake_gate_handle(struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct fake_gate *g = arg;
	struct err err = { 0 };
	struct ctx inner = { .deadline = NEVER, .err = &err, .arena = &arena };

	if (g->dead)
		err_set(&err, ERR_RETRY, "dead");
	else if (strcmp(req->path, "/gate/statements") == 0)
		return tell_statements(g, reply);
	else if (take_post(&inner, g, req, reply) == 0)
		return;
	rpc_reply_error(reply, &err);
}

void
fake_gate_renews(void *arg)
{
	struct fake_gate *g = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	while (task_sleep(&cx, FAKE_LEASE_S * SECOND / 4) == 0) {
		if (!g->dead)
			expect_ok(
			    g->world->topo->ops->lease_renew(&cx, g->world->topo, g->lease), &err);
	}
}

/* The fallback: a gate that was not posted sees the rules in the topology. */
void
fake_gate_watches(void *arg)
{
	struct fake_gate *g = arg;
	struct err err = { 0 };

	for (;;) {
		struct ctx cx = { .deadline = NEVER, .err = &err };

		if (task_sleep(&cx, SECOND / 2) != 0)
			return;
		if (!g->dead)
			expect_ok(adopt(g, &err), &err);
	}
}

/* A client of the gate: adds a row, again and again. A refusal by the fence is tried again. */
void
fake_client(void *arg)
{
	struct fake_gate *g = arg;
	struct world *w = g->world;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	while (task_sleep(&cx, BETWEEN_WRITES_US) == 0) {
		while (!gate_is_open(g)) {
			struct ctx within = ctx_within(&cx, LOOK_AGAIN_MS * MSEC);

			if (waitlist_wait(&within, &g->changed) != 0 && err.kind != ERR_TIMEOUT)
				return;
		}
		if (g->dead || w->over)
			return;
		struct fake_server *s = gate_routes_to(g, "customer") ? &w->source : &w->target;
		g->inside++;
		if (task_sleep(&cx, WRITE_US) == 0 && world_write_row(&cx, w, s) && !g->dead)
			w->acknowledged++;
		g->inside--;
		waitlist_wake_all(&g->changed);
		world_check(w);
	}
}
