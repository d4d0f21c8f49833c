/* Tables that clients never leave alone: what needs one for itself comes through in a pause, only there. */
#include "unit/ctl/world.h"

#include "base/fault.h"

static void
crowd_it(struct world *w, int pauses)
{
	w->crowded = true;
	w->crowded_pauses = w->pauses + pauses;
}

static void
crowded_move(struct ctx *cx, struct world *w)
{
	crowd_it(w, 3);
	world_moves(cx, w);
	expect(w->pauses > w->crowded_pauses);
}

TEST(a_crowded_table_moves)
{
	world_tell(crowded_move, (struct plan){ .method = NULL });
}

/* A pause of 100 ms finds somebody in it, always. */
static void
move_among_long_transactions(struct ctx *cx, struct world *w)
{
	w->crowded_for = 350 * MSEC;
	crowded_move(cx, w);
}

TEST(a_table_that_transactions_longer_than_a_pause_crowd_moves)
{
	world_tell(move_among_long_transactions, (struct plan){ .method = NULL });
}

TEST(a_gate_that_hangs_in_a_pause_holds_nothing_up)
{
	world_tell(crowded_move, (struct plan){ .method = "pause", .trouble = HANGS, .times = 2 });
	world_tell(crowded_move, (struct plan){ .method = "pause", .trouble = FAILS, .times = 2 });
}

/* The move, from its command on, waits for nothing but the fence at the source. */
static void
move_where_room_is_asked_for(struct ctx *cx, struct world *w)
{
	struct workflow_options o = world_options();
	struct workflow_record r;
	struct routing routing;
	usec begun = task_now();

	o.no_switch = true;
	w->asks = true;
	crowd_it(w, 0);
	expect_ok(world_move(cx, w, 0, o), cx->err);
	do
		expect_ok(task_sleep(cx, MSEC), cx->err);
	while (world_record(cx, w, &r), r.state != WORKFLOW_RUNNING);
	expect(task_now() - begun < SECOND / 2);
	expect(w->pauses > w->crowded_pauses);
	expect_ok(routing_load(cx, w->topo, &routing), cx->err);
	expect_eq(routing.view.count, 2);
	expect_eq(routing.view.rules[0].phase, RULE_OPEN); /* what was paused is not so any more */
}

TEST(a_tablet_that_needs_room_for_any_request_gets_it_at_once)
{
	world_tell(move_where_room_is_asked_for, (struct plan){ .method = NULL });
}

/* With a thousand tables: seconds before the first of them is asked for. */
static void
slow_move(struct ctx *cx, struct world *w)
{
	w->source.fence_takes = 1900 * MSEC;
	world_moves(cx, w);
	expect_eq(w->pauses, 0);
}

TEST(nobody_is_held_up_while_a_tablet_is_at_work)
{
	world_tell(slow_move, (struct plan){ .method = NULL });
}

static void
cancelled(struct ctx *cx, struct world *w)
{
	struct workflow_options o = world_options();
	struct workflow_record r;

	o.no_switch = true;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	for (r.state = WORKFLOW_CREATING; r.state != WORKFLOW_RUNNING; world_record(cx, w, &r))
		expect_ok(task_sleep(cx, SECOND / 4), cx->err);
	crowd_it(w, 3);
	expect_ok(world_cancel(cx, w, 0), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_CANCELLED);
	expect(w->pauses > w->crowded_pauses);
	world_expect_nothing(cx, w);
}

TEST(a_crowded_table_loses_its_fence_when_its_move_is_cancelled)
{
	world_tell(cancelled, (struct plan){ .method = NULL });
}

/* Rules of a move that is over are paused by the next one, which is cancelled; its vtctld dies in a pause. */
static void
cancelled_in_a_chain(struct ctx *cx, struct world *w)
{
	struct workflow_options o = world_options();
	struct workflow_record r;
	struct routing routing;
	struct err err = { 0 };

	o.no_switch = true;
	world_has_moved_before(cx, w);
	expect_ok(world_move(cx, w, 0, o), cx->err);
	for (r.state = WORKFLOW_CREATING; r.state != WORKFLOW_RUNNING; world_record(cx, w, &r))
		expect_ok(task_sleep(cx, SECOND / 4), cx->err);
	crowd_it(w, 5);
	expect_ok(fault_arm("workflow.pause=error", &err), &err);
	expect_ok(world_cancel(cx, w, 0), cx->err);
	while (!w->ctlds[0].dead)
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
	fault_disarm_all();
	expect_ok(routing_load(cx, w->topo, &routing), cx->err);
	expect_eq(routing.view.count, 2);
	expect_eq(routing.view.rules[0].phase, RULE_PAUSE);
	expect_str(routing.view.rules[0].workflow, "new_customer/users");
	expect_eq(world_wait_end(cx, w), WORKFLOW_CANCELLED);
	expect(w->pauses > w->crowded_pauses);
	expect_ok(task_sleep(cx, SECOND), cx->err);
	world_expect_moved_before(w);
}

TEST(a_move_of_a_chain_that_is_cancelled_in_a_pause_leaves_the_rules_of_the_one_before)
{
	world_tell(cancelled_in_a_chain, (struct plan){ .method = NULL });
}

/* While it waits it says for what, and Workflow delete need not wait for it. */
static void
cancelled_while_it_waits(struct ctx *cx, struct world *w)
{
	struct workflow_record r = { .state_text = "" };

	crowd_it(w, FOR_EVER);
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	while (strstr(r.state_text,
		   "waiting: tablet 'zone1-1': transactions use it all the time") == NULL) {
		expect_ok(task_sleep(cx, SECOND / 4), cx->err);
		world_record(cx, w, &r);
	}
	expect_eq(r.state, WORKFLOW_COPYING);
	usec paused = w->paused;
	expect_ok(task_sleep(cx, 100 * SECOND), cx->err); /* for as long as it takes */
	expect(w->paused > paused && w->paused - paused <= 10 * SECOND);
	world_record(cx, w, &r);
	expect_eq(r.state, WORKFLOW_COPYING);
	expect_ok(world_cancel(cx, w, 0), cx->err);
	w->crowded = false;
	expect_eq(world_wait_end(cx, w), WORKFLOW_CANCELLED);
	world_expect_nothing(cx, w);
}

TEST(a_move_that_waits_for_its_fence_says_so_and_can_be_cancelled)
{
	world_tell(cancelled_while_it_waits, (struct plan){ .method = NULL });
}

/* No table stays held, and whoever goes on takes the pause out of the rules. */
static void
killed_in_a_pause(struct ctx *cx, struct world *w)
{
	struct err err = { 0 };
	int acknowledged;

	crowd_it(w, 3);
	expect_ok(fault_arm("workflow.pause=error", &err), &err);
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	while (!w->ctlds[0].dead)
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
	fault_disarm_all();
	expect_ok(task_sleep(cx, 200 * MSEC), cx->err);
	acknowledged = w->acknowledged;
	expect_ok(task_sleep(cx, SECOND), cx->err);
	expect(w->acknowledged > acknowledged); /* and nobody is there to end it */
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

TEST(a_vtctld_killed_in_a_pause_leaves_no_table_held)
{
	world_tell(killed_in_a_pause, (struct plan){ .method = NULL });
}
