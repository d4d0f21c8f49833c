/* Names that get another place: nobody's table is hidden by it, whoever dies (ctl/reroute.h). */
#include "unit/ctl/fakes.h"

#include "base/fault.h"

static const struct routing_rule *
rule_now(struct ctx *cx, struct world *w, struct rules_record *rules)
{
	struct routing routing;

	expect_ok(routing_load(cx, w->topo, &routing), cx->err);
	*rules = routing.view;
	return rules_find(rules, "customer", "x");
}

static int
ask(struct ctx *cx, struct world *w, int n, const char *method)
{
	struct ctl_request q = { .keyspace = "customer",
		.table = "x",
		.target_keyspace = "new_customer",
		.target_table = "x",
		.workflow = "",
		.action = "" };
	struct slice answer;

	return world_call(cx, &w->ctlds[n], method, &q, &answer);
}

static void
expect_home(struct ctx *cx, struct world *w)
{
	struct rules_record rules;

	expect(rule_now(cx, w, &rules) == NULL);
}

static void
expect_away(struct ctx *cx, struct world *w)
{
	struct rules_record rules;
	const struct routing_rule *rule = rule_now(cx, w, &rules);

	expect(rule != NULL && rule->phase == RULE_OPEN);
	expect_str(rule->to_keyspace, "new_customer");
	expect_str(rule->maker, MAKER_DDL);
	for (int i = 0; i < GATES; i++) {
		const struct routing_rule *seen = rules_find(&w->gates[i].rules, "customer", "x");

		expect(w->gates[i].dead ||
		    (seen != NULL && strcmp(seen->to_keyspace, "new_customer") == 0));
	}
}

static void
expect_refused(struct ctx *cx, int rc, int number)
{
	expect(rc == -1);
	expect_eq(cx->err->mysql_errno, number);
	err_clear(cx->err);
}

static void
goes_and_comes_home(struct ctx *cx, struct world *w)
{
	expect_ok(ask(cx, w, 0, "route_name"), cx->err);
	expect_away(cx, w);
	expect_ok(ask(cx, w, 0, "route_name"), cx->err); /* it is there */
	w->there[0] = "new_customer.x";                  /* the client's statement */
	expect_refused(cx, ask(cx, w, 0, "route_home"), 1050);
	expect_away(cx, w);
	w->there[0] = NULL;
	expect_ok(ask(cx, w, 0, "route_home"), cx->err);
	expect_home(cx, w);
}

TEST(a_name_goes_beside_a_table_and_home_again)
{
	world_tell(goes_and_comes_home, (struct plan){ .method = NULL });
}

static void
is_taken(struct ctx *cx, struct world *w)
{
	static const char *const places[] = { "customer.x", "new_customer.x" };

	for (size_t i = 0; i < 2; i++) {
		w->there[0] = places[i];
		expect_refused(cx, ask(cx, w, 0, "route_name"), 1050);
		expect_home(cx, w);
	}
}

TEST(a_name_that_a_table_has_stays)
{
	world_tell(is_taken, (struct plan){ .method = NULL });
}

/* By a client of another gate, after the first look and before every gate has had the name held: a look takes
 * one question for each place. */
static void
is_taken_meanwhile(struct ctx *cx, struct world *w)
{
	w->there[0] = "customer.x";
	w->there_after = 2;
	expect_refused(cx, ask(cx, w, 0, "route_name"), 1050);
	expect_home(cx, w);
}

TEST(a_table_that_is_made_meanwhile_is_found)
{
	world_tell(is_taken_meanwhile, (struct plan){ .method = NULL });
}

/* What one gate has under way there is waited for: the last look comes after its word. */
static void
waits_for_gates(struct ctx *cx, struct world *w)
{
	w->naming_us = SECOND;
	expect_ok(ask(cx, w, 0, "route_name"), cx->err);
	expect_eq(w->looks, 2); /* at home, and beside the table */
	expect_away(cx, w);
}

TEST(the_last_look_is_when_every_gate_has_said_so)
{
	world_tell(waits_for_gates, (struct plan){ .method = NULL });
}

/* Longer than anybody waits: nothing has changed. */
static void
gives_up(struct ctx *cx, struct world *w)
{
	w->naming_us = 60 * SECOND;
	expect_refused(cx, ask(cx, w, 0, "route_name"), 1205);
	expect_home(cx, w);
	w->naming_until = task_now(); /* it is over */
	expect_ok(ask(cx, w, 0, "route_name"), cx->err);
	expect_away(cx, w);
}

TEST(a_name_that_is_in_use_too_long_is_opened_again)
{
	world_tell(gives_up, (struct plan){ .method = NULL });
}

static void
gate_gone(struct ctx *cx, struct world *w)
{
	world_kill_gate(w, 1);
	expect_ok(ask(cx, w, 0, "route_name"), cx->err);
	expect_away(cx, w);
}

TEST(a_gate_that_is_gone_is_waited_out)
{
	world_tell(gate_gone, (struct plan){ .method = NULL });
}

/* Of a table that is being moved the name stays, and so does any that the move uses. */
static void
is_being_moved(struct ctx *cx, struct world *w)
{
	struct ctl_request q = { .keyspace = "customer",
		.table = "users",
		.target_keyspace = "new_customer",
		.target_table = "x",
		.workflow = "",
		.action = "" };
	struct workflow_options o = world_options();
	struct slice answer;

	o.no_switch = true;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	expect_refused(cx, world_call(cx, &w->ctlds[0], "at_rest", &q, &answer), 1235);
	expect_refused(cx, world_call(cx, &w->ctlds[0], "route_name", &q, &answer), 1235);
	q.table = "x";
	q.target_table = "users";
	expect_refused(cx, world_call(cx, &w->ctlds[0], "route_name", &q, &answer), 1235);
	expect_home(cx, w);
	world_moves(cx, w);
	expect_ok(world_call(cx, &w->ctlds[0], "at_rest", &q, &answer), cx->err);
}

TEST(names_of_a_move_stay)
{
	world_tell(is_being_moved, (struct plan){ .method = NULL });
}

/* ---- Deaths */

static const char *point;

/* The next vtctld opens what was left, and the same request goes through there. */
static void
dies(struct ctx *cx, struct world *w)
{
	struct rules_record rules;
	const struct routing_rule *rule;

	expect_ok(fault_arm(point, cx->err), cx->err);
	expect(ask(cx, w, 0, "route_name") == -1);
	err_clear(cx->err);
	world_kill_ctld(w, 0);
	w->ctlds[0].topo = NULL;
	world_start_ctld(w, 1);
	expect_ok(task_sleep(cx, 10 * SECOND), cx->err);
	rule = rule_now(cx, w, &rules);
	expect(rule == NULL || rule->phase == RULE_OPEN);
	expect((rule != NULL) == (strncmp(point, "naming.routed", 13) == 0));
	expect_ok(ask(cx, w, 1, "route_name"), cx->err);
	expect_away(cx, w);
}

TEST(a_vtctld_that_dies_leaves_a_name_that_is_open)
{
	static const char *const points[] = { "naming.begun=error", "naming.checked=error",
		"naming.routed=error" };

	for (size_t i = 0; i < 3; i++) {
		point = points[i];
		world_tell(dies, (struct plan){ .method = NULL });
	}
}

/* The rule is there, and no gate was told: whoever asks again, at once, is answered when all have it. */
static void
dies_untold(struct ctx *cx, struct world *w)
{
	expect_ok(fault_arm("naming.routed=error", cx->err), cx->err);
	expect(ask(cx, w, 0, "route_name") == -1);
	err_clear(cx->err);
	world_kill_ctld(w, 0);
	w->ctlds[0].topo = NULL;
	world_start_ctld(w, 1);
	expect_ok(ask(cx, w, 1, "route_name"), cx->err);
	expect_away(cx, w);
}

TEST(a_name_that_is_there_is_known_to_every_gate)
{
	world_tell(dies_untold, (struct plan){ .method = NULL });
}

struct second {
	struct world *world;
	bool done;
};

/* One that sleeps while its lock goes to another one finds, when it wakes, that its naming is over. */
static void
sleeper(void *arg)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct second *s = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };

	expect(ask(&cx, s->world, 0, "route_home") == -1);
	s->done = true;
}

static void
oversleeps(struct ctx *cx, struct world *w)
{
	static struct second s;

	s = (struct second){ .world = w };
	expect_ok(ask(cx, w, 0, "route_name"), cx->err);
	expect_ok(fault_arm("naming.checked=sleep:20000", cx->err), cx->err);
	expect_ok(group_spawn(&w->tasks, "sleeper", sleeper, &s, cx->err), cx->err);
	expect_ok(task_sleep(cx, SECOND), cx->err);
	/* as the end of its lease does, and whoever comes next then takes the lock */
	expect_ok(
	    topo_delete(cx, w->topo,
		&(struct topo_compare){ "/locks/naming", world_revision(cx, w, "/locks/naming") }),
	    cx->err);
	world_start_ctld(w, 1);
	expect_ok(task_sleep(cx, 5 * SECOND), cx->err);
	expect_away(
	    cx, w); /* the second one has opened it, and a client makes the table there again */
	w->there[0] = "new_customer.x";
	expect_ok(task_sleep(cx, 30 * SECOND), cx->err);
	expect(s.done);
	expect_away(cx, w);
}

TEST(a_vtctld_that_wakes_late_changes_nothing)
{
	world_tell(oversleeps, (struct plan){ .method = NULL });
}
