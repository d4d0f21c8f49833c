/* What a move meets before and after its cutover: refusals, other moves, the same command again. */
#include "unit/ctl/fakes.h"

#include "base/fault.h"

/* ---- Creating */

static void
asks_to_switch_later(struct ctx *cx, struct world *w)
{
	struct workflow_options o = world_options();

	o.no_switch = true;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	expect_ok(task_sleep(cx, 20 * SECOND), cx->err);
	expect(w->source.has_fence && !w->source.armed && w->target.armed && w->target.stream);
	world_moves(cx, w);
	world_moves(cx, w); /* and again: it is done */
}

TEST(no_switch_waits_for_the_same_command_without_it)
{
	world_tell(asks_to_switch_later, (struct plan){ .method = NULL });
}

static void
meets_another_move(struct ctx *cx, struct world *w)
{
	world_put_other(cx, w, WORKFLOW_COPYING, 0);
	expect(world_move(cx, w, 0, world_options()) == -1);
	expect_eq(cx->err->kind, ERR_REFUSED);
	expect(strstr(cx->err->text, "'other/users'") != NULL);
	expect(!w->target.stream && !w->source.has_fence);
	world_put_other(cx, w, WORKFLOW_SWITCHED, 0);
	world_moves(cx, w);
}

TEST(a_table_of_an_unfinished_move_is_refused)
{
	world_tell(meets_another_move, (struct plan){ .method = NULL });
}

/* Both have passed their preflights when they write their records. */
static void
meets_another_late(struct ctx *cx, struct world *w)
{
	struct err err = { 0 };

	expect_ok(fault_arm("movetables.create.before=sleep:1500", &err), &err);
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	world_put_other(cx, w, WORKFLOW_CREATING, 0);
	expect_eq(world_wait_end(cx, w), WORKFLOW_ERROR);
	expect(!w->target.stream && w->gates[0].rules.count == 0);
	world_put_other(cx, w, WORKFLOW_SWITCHED, 0);
	world_moves(cx, w); /* begins anew */
}

TEST(of_two_moves_of_a_table_that_are_created_at_once_one_gives_way)
{
	world_tell(meets_another_late, (struct plan){ .method = NULL });
}

/* Another move switches between this one's preflight and its rules. */
static void
is_served_elsewhere_by_then(struct ctx *cx, struct world *w, const char *keyspace)
{
	const struct rule_record rule = { .name = { keyspace, "users" },
		.places = { { "other", "users" }, { "other", "users" } },
		.workflow = "",
		.maker = "" };
	SCOPED(buf) struct buf json = BUF_INIT;
	struct err err = { 0 };
	struct routing after;

	rule_write(&json, &rule);
	expect_ok(fault_arm("movetables.create.before=sleep:1500", &err), &err);
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	expect_ok(topo_set(cx, w->topo, rule_key(cx->arena, keyspace, "users"), buf_slice(&json), 0),
	    cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_ERROR);
	expect_ok(routing_load(cx, w->topo, &after), cx->err);
	expect_eq(after.view.count, 1);
	expect_str(after.view.rules[0].to_keyspace, "other");
	expect(!w->target.stream);
}

static void
source_is_served_elsewhere(struct ctx *cx, struct world *w)
{
	is_served_elsewhere_by_then(cx, w, "customer");
}

static void
target_is_served_elsewhere(struct ctx *cx, struct world *w)
{
	is_served_elsewhere_by_then(cx, w, "new_customer");
}

TEST(a_move_whose_table_has_just_moved_makes_no_rules)
{
	world_tell(source_is_served_elsewhere, (struct plan){ .method = NULL });
	world_tell(target_is_served_elsewhere, (struct plan){ .method = NULL });
}

/* As vtctlclient asks when only this much was typed. */
static void
ask_with(struct ctx *cx, struct world *w, struct workflow_options options, unsigned given)
{
	struct ctl_request q = { .keyspace = "customer",
		.table = "users",
		.target_keyspace = "new_customer",
		.target_table = "users",
		.options = options,
		.given = given };
	struct slice answer;

	expect_ok(world_call(cx, &w->ctlds[0], "move_tables", &q, &answer), cx->err);
}

static struct workflow_options
options_now(struct ctx *cx, struct world *w)
{
	struct workflow_record r;

	expect_ok(workflow_whole(cx, w->topo, "new_customer/users", &r), cx->err);
	return r.options;
}

static void
comes_back(struct ctx *cx, struct world *w)
{
	const struct workflow_options first = { .grace_period = 7 * SECOND, .no_switch = true };
	const struct workflow_options next = { .on_grace = ON_GRACE_KILL, .no_switch = true };
	struct workflow_options now;

	ask_with(cx, w, first, GIVEN_GRACE_PERIOD | GIVEN_NO_SWITCH);
	now = options_now(cx, w);
	expect(now.grace_period == 7 * SECOND && now.no_switch);
	expect(now.timeout == 30 * SECOND && now.switch_attempts == 10); /* the defaults */
	ask_with(cx, w, next, GIVEN_ON_GRACE | GIVEN_NO_SWITCH);
	now = options_now(cx, w);
	expect(now.grace_period == 7 * SECOND && now.on_grace == ON_GRACE_KILL && now.no_switch);
	ask_with(cx, w, (struct workflow_options){ .no_switch = false }, GIVEN_NO_SWITCH);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	now = options_now(cx, w);
	expect(now.grace_period == 7 * SECOND && now.on_grace == ON_GRACE_KILL && !now.no_switch);
}

TEST(coming_back_changes_the_options_that_were_given)
{
	world_tell(comes_back, (struct plan){ .method = NULL });
}

static void
is_refused(struct ctx *cx, struct world *w)
{
	struct topo_list before, after;

	expect_ok(topo_list(cx, w->topo, "/", &before), cx->err);
	expect(world_move(cx, w, 0, world_options()) == -1);
	expect_ok(task_sleep(cx, SECOND), cx->err); /* its job gives its lock back */
	expect_ok(topo_list(cx, w->topo, "/", &after), cx->err);
	expect_eq(after.count, before.count);
	for (size_t i = 0; i < after.count; i++) {
		expect_slice(after.items[i].key, before.items[i].key);
		expect_slice(after.items[i].value, before.items[i].value);
	}
	expect(!w->target.stream && !w->source.has_fence);
}

TEST(a_refusal_writes_nothing)
{
	world_tell(is_refused,
	    (struct plan){ .method = "check_from at source", .trouble = FAILS, .times = FOR_EVER });
	world_tell(is_refused,
	    (struct plan){ .method = "check_to at target", .trouble = FAILS, .times = FOR_EVER });
	world_tell(is_refused,
	    (struct plan){ .method = "check_to at target", .trouble = HANGS, .times = FOR_EVER });
}

/* ---- Done, and moved on, or back */

/* As another move does it that ends there, in two halves. */
static void
route_to(struct ctx *cx, struct world *w, const char *keyspace, enum rule_phase phase)
{
	const char *workflow = arena_printf(cx->arena, "%s/users", keyspace);
	struct topo_op op = { .key = "/routing/switches/new_customer/users", .value = SLICE_NULL };
	struct topo_txn txn = { .ops = &op, .ops_count = 1 };
	struct topo_result result;

	world_route(cx, w, &(struct world_route){ workflow, keyspace, phase, false });
	expect_ok(topo_txn(cx, w->topo, &txn, &result), cx->err); /* it has no rule any more */
	expect_ok(task_sleep(cx, SECOND), cx->err);               /* every gate has seen it */
}

static void
is_served_from(struct ctx *cx, struct world *w, const char *keyspace)
{
	route_to(cx, w, keyspace, RULE_SWITCHED);
	route_to(cx, w, keyspace, RULE_OPEN);
}

static void
moved_on(struct ctx *cx, struct world *w)
{
	struct workflow_record r;

	world_moves(cx, w);
	expect_ok(world_move(cx, w, 0, world_options()), cx->err); /* again: it is done */
	is_served_from(cx, w, "third");
	expect_eq(world_move(cx, w, 0, world_options()), -1);
	expect_eq(cx->err->kind, ERR_REFUSED);
	expect(strstr(cx->err->text, "is served from 'third.users'") != NULL);
	world_record(cx, w, &r);
	expect_eq(r.state, WORKFLOW_COMPLETE); /* as it was, but for its way back */
}

TEST(a_move_that_is_done_does_not_say_so_when_its_table_has_moved_on)
{
	world_tell(moved_on, (struct plan){ .method = NULL });
}

/* The other way, by another move: its target was made anew, its source is fenced by it. What this one left at
 * its source, a row of a fence that is armed, was not seen by the other. */
static void
moves_back(struct ctx *cx, struct world *w)
{
	route_to(cx, w, "customer", RULE_SWITCHED);
	w->source.rows = w->target.rows;
	w->source.has_fence = false;
	w->target.has_fence = w->target.armed = true;
	w->source.armed = false;
	route_to(cx, w, "customer", RULE_OPEN);
	w->source.row_left = true;
	/* Dropped, with its table. */
	w->target.has_fence = w->target.armed = w->target.finished = false;
	w->target.gone = true;
}

static void
there_and_back(struct ctx *cx, struct world *w)
{
	struct workflow_options o = world_options();

	o.reverse = false; /* the other move would have ended it */
	for (int i = 0; i < 3; i++) {
		expect_ok(world_move(cx, w, 0, o), cx->err);
		expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
		world_expect_target(cx, w);
		moves_back(cx, w);
	}
	world_moves(cx, w);
}

TEST(a_move_that_is_done_begins_anew_when_its_table_has_moved_back)
{
	world_tell(there_and_back, (struct plan){ .method = NULL });
}

/* A rule that an earlier move left is held by this one, which is rolled back and cancelled. */
static void
cancelled_on_the_way_back(struct ctx *cx, struct world *w)
{
	world_has_moved_before(cx, w);
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_ERROR);
	expect(w->troubles > 0);
	expect_ok(world_cancel(cx, w, 0), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_CANCELLED);
	expect_ok(task_sleep(cx, SECOND), cx->err);
	world_expect_moved_before(w);
}

TEST(a_cancelled_move_leaves_the_rules_of_the_moves_before)
{
	world_tell(cancelled_on_the_way_back,
	    (struct plan){ .method = "lock at source", .trouble = FAILS, .times = FOR_EVER });
}

/* ---- What it waits for */

static void
waits_for_the_fence(struct ctx *cx, struct world *w)
{
	struct workflow_record r;

	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	while (w->troubles == 0)
		expect_ok(task_sleep(cx, SECOND / 10), cx->err);
	expect_ok(task_sleep(cx, SECOND), cx->err); /* of the five that it may take */
	expect_ok(workflow_whole(cx, w->topo, "new_customer/users", &r), cx->err);
	expect(strstr(r.state_text, "installing the fence") != NULL);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
}

TEST(a_move_behind_an_open_reader_says_so_while_it_waits)
{
	world_tell(waits_for_the_fence,
	    (struct plan){ .method = "fence_install at source", .trouble = HANGS, .times = 1 });
}

/* ---- All that a keyspace serves, where that is more than a move may have */

static int
ask_for_all(struct ctx *cx, struct world *w)
{
	struct ctl_request q = { .keyspace = "customer",
		.target_keyspace = "new_customer",
		.workflow = "users",
		.all = true };
	struct slice answer;

	w->listed = WORKFLOW_TABLES_MAX + 1;
	return world_call(cx, &w->ctlds[0], "move_tables", &q, &answer);
}

static void
finds_too_many(struct ctx *cx, struct world *w)
{
	struct workflow_record r;

	world_moves(cx, w);
	expect_eq(ask_for_all(cx, w), -1);
	expect_str(cx->err->text, "1001 tables in one move, at most 1000");
	expect_ok(task_sleep(cx, 5 * SECOND), cx->err);
	world_record(cx, w, &r);
	expect_eq(r.state, WORKFLOW_SWITCHED);
	expect(w->source.stream && !w->source.finished); /* the way back has not ended for it */
}

TEST(a_pattern_that_finds_too_many_is_refused_and_ends_no_way_back)
{
	world_tell(finds_too_many, (struct plan){ .method = NULL });
}

static void
finds_the_move_that_is_there(struct ctx *cx, struct world *w)
{
	struct workflow_options o = world_options();
	struct workflow_record r;

	o.no_switch = true;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	expect_ok(ask_for_all(cx, w), cx->err);
	world_record(cx, w, &r);
	expect_eq(r.tables_count, 1);
	expect_str(r.tables[0].source_table, "users");
}

TEST(a_pattern_that_finds_too_many_means_the_move_that_is_there)
{
	world_tell(finds_the_move_that_is_there, (struct plan){ .method = NULL });
}
