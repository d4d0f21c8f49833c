/* Each step of the cutover x { fails, times out, is lost, comes late, vtctld killed before, after
 * }. */
#include "unit/ctl/fakes.h"

#include "base/fault.h"
#include "ctl/steps.h"

#include <stdio.h>

/* What to disturb so that a step fails. */
static const struct {
	const char *step, *method;
} weak_points[] = {
	{ "preflight", "fence_install at source" },
	{ "hold", "hold" },
	{ "fence", "lock at source" },
	{ "catch-up", "freeze at target" },
	{ "catch-up", "arm at source" },
	{ "reverse", "stream_prepare at source" },
	{ "commit", "lock_status at source" },
	{ "acknowledge", "switched" },
	{ "release", "disarm at target" },
	{ "finish", "finish at target" },
	{ "finish", "stream_start at source" },
};
enum { WEAK_POINTS = sizeof(weak_points) / sizeof(weak_points[0]) };

static void
gives_up(struct ctx *cx, struct world *w)
{
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_ERROR);
	expect(w->troubles > 0);
	world_expect_source(cx, w);
	/* The same command goes on where it stopped, once the trouble is over. */
	w->plan.times = 0;
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

static void
disturbed(struct ctx *cx, struct world *w)
{
	world_moves(cx, w);
	expect(w->troubles > 0);
}

TEST(a_table_moves)
{
	world_tell(world_moves, (struct plan){ .method = NULL });
}

static void
told(struct ctx *cx, struct world *w)
{
	world_moves(cx, w);
	for (int i = 0; i < GATES; i++)
		expect_eq(w->gates[i].told, 1);
}

TEST(every_gate_is_told_of_the_release_before_it_is_written)
{
	world_tell(told, (struct plan){ .method = NULL });
}

TEST(the_table_of_steps_is_as_designed)
{
	int commits = 0;

	for (int i = 0; i < cutover_steps_count; i++) {
		const struct step *s = &cutover_steps[i];

		commits += s->point_of_no_return;
		expect(s->run != NULL);
		expect(s->undo == NULL || i < step_commit());
		expect_eq(step_find(s->name), i);
	}
	expect_eq(commits, 1);
}

static void
disturb_all(enum trouble trouble, int times)
{
	for (int i = 0; i < WEAK_POINTS; i++) {
		printf("# %s\n", weak_points[i].step);
		world_tell(disturbed,
		    (struct plan){
			.method = weak_points[i].method, .trouble = trouble, .times = times });
	}
}

TEST(a_step_that_fails_is_undone_and_tried_again)
{
	disturb_all(FAILS, 2);
}

TEST(a_step_that_times_out_is_undone_and_tried_again)
{
	disturb_all(HANGS, 2);
}

TEST(a_step_whose_answer_is_lost_is_undone_and_tried_again)
{
	disturb_all(LATE, 2);
}

TEST(a_step_that_happens_after_it_was_given_up_does_nothing)
{
	disturb_all(SLOW, 1);
}

TEST(before_the_commit_a_step_that_always_fails_leaves_everything_as_it_was)
{
	for (int i = 0; i < WEAK_POINTS; i++) {
		if (step_find(weak_points[i].step) > step_commit() || i == 0)
			continue;
		printf("# %s\n", weak_points[i].step);
		world_tell(gives_up,
		    (struct plan){
			.method = weak_points[i].method, .trouble = FAILS, .times = FOR_EVER });
	}
}

static void
kill_at(const char *point)
{
	char spec[100];
	struct err err = { 0 };

	printf("# %s\n", point);
	snprintf(spec, sizeof(spec), "%s=error", point);
	expect_ok(fault_arm(spec, &err), &err);
	world_tell(world_moves, (struct plan){ .method = NULL });
}

TEST(a_vtctld_killed_before_a_step_is_taken_over)
{
	for (int i = 0; i < cutover_steps_count; i++)
		kill_at(cutover_steps[i].before);
	kill_at("movetables.create.before");
}

TEST(a_vtctld_killed_after_a_step_is_taken_over)
{
	for (int i = 0; i < cutover_steps_count; i++)
		kill_at(cutover_steps[i].after);
	kill_at("movetables.create.after");
}

/* ---- Gates */

static void
gate_dies_in_the_hold(struct ctx *cx, struct world *w)
{
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	while (w->troubles == 0)
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
	world_kill_gate(w, 1);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

TEST(a_gate_that_dies_in_the_hold_is_waited_out)
{
	world_tell(
	    gate_dies_in_the_hold, (struct plan){ .method = "hold", .trouble = HANGS, .times = 1 });
}

TEST(a_gate_that_dies_before_it_reads_the_switched_rules_is_waited_out)
{
	world_tell(gate_dies_in_the_hold,
	    (struct plan){ .method = "switched", .trouble = HANGS, .times = 1 });
}

/* ---- Two at once */

static void
two_vtctlds(struct ctx *cx, struct world *w)
{
	struct workflow_record r;

	world_start_ctld(w, 1);
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	expect_ok(world_move(cx, w, 1, world_options()), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
	world_record(cx, w, &r);
	expect_eq(r.attempt, 5); /* two failed as planned, and none was rolled back by the other */
}

TEST(two_vtctlds_do_not_disturb_each_other)
{
	world_tell(
	    two_vtctlds, (struct plan){ .method = "lock at source", .trouble = FAILS, .times = 2 });
}

/* ---- The commit */

TEST(a_commit_whose_answer_is_lost_has_happened)
{
	world_tell(disturbed, (struct plan){ .method = "txn", .trouble = LATE, .times = 1 });
}

TEST(a_commit_that_does_not_reach_the_topology_is_tried_again)
{
	world_tell(disturbed, (struct plan){ .method = "txn", .trouble = FAILS, .times = 2 });
}

/* While the vtctld sleeps before its commit. */
static void
sleep_before_commit(struct ctx *cx, struct world *w, struct workflow_options options)
{
	struct err err = { 0 };

	expect_ok(fault_arm("movetables.commit.before=sleep:1500", &err), &err);
	expect_ok(world_move(cx, w, 0, options), cx->err);
	while (!w->target.frozen)
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
	expect_ok(task_sleep(cx, 100 * MSEC), cx->err);
}

static void
lock_is_lost(struct ctx *cx, struct world *w)
{
	struct workflow_record r;

	sleep_before_commit(cx, w, world_options());
	w->source.lock_no = 0; /* its tablet was restarted */
	expect_ok(task_sleep(cx, 1450 * MSEC), cx->err);
	world_record(cx, w, &r);
	expect(r.state != WORKFLOW_SWITCHED); /* it was not committed without the lock */
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

TEST(a_lost_lock_rolls_back)
{
	world_tell(lock_is_lost, (struct plan){ .method = NULL });
}

/* ---- The only attempt there is ends where nobody may leave it */

static struct workflow_options
one_attempt(void)
{
	struct workflow_options o = world_options();

	o.switch_attempts = 1;
	return o;
}

static void
cannot_write_rolling_back(struct ctx *cx, struct world *w)
{
	sleep_before_commit(cx, w, one_attempt());
	w->source.lock_no = 0; /* so that it is not committed */
	expect_eq(world_wait_end(cx, w), WORKFLOW_ERROR);
	expect_eq(w->troubles, 1);
	world_expect_source(cx, w);
	world_moves(cx, w);
}

TEST(a_last_attempt_is_rolled_back_when_the_topology_was_away_for_a_moment)
{
	world_tell(cannot_write_rolling_back,
	    (struct plan){ .method = "rolling back", .trouble = FAILS, .times = 1 });
	world_tell(cannot_write_rolling_back,
	    (struct plan){ .method = "rolling back", .trouble = LATE, .times = 1 });
}

static void
cannot_write_the_end(struct ctx *cx, struct world *w)
{
	expect_ok(world_move(cx, w, 0, one_attempt()), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	expect_eq(w->troubles, 1);
	world_expect_target(cx, w);
}

TEST(a_last_attempt_that_was_committed_is_no_failure)
{
	world_tell(
	    cannot_write_the_end, (struct plan){ .method = "end", .trouble = FAILS, .times = 1 });
	world_tell(
	    cannot_write_the_end, (struct plan){ .method = "end", .trouble = LATE, .times = 1 });
}

TEST(an_undo_that_fails_is_repeated_and_the_hold_goes_on)
{
	struct err err = { 0 };

	expect_ok(fault_arm("movetables.catch-up.after=error", &err), &err);
	world_tell(
	    disturbed, (struct plan){ .method = "unlock at source", .trouble = FAILS, .times = 8 });
}

static void
gate_rolls_back(struct ctx *cx, struct world *w)
{
	sleep_before_commit(cx, w, world_options());
	expect_eq(w->source.fence_no, 1);
	world_ask_to_roll_back(cx, w, "somebody says so");
	while (w->source.fence_no == 1)
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
	expect_eq(w->source.fence_no, 2); /* what still travels of attempt 1 finds it outdated */
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

TEST(an_attempt_that_a_gate_rolls_back_is_undone_under_a_number_of_its_own)
{
	world_tell(gate_rolls_back, (struct plan){ .method = NULL });
}

static void
wakes_late(struct ctx *cx, struct world *w)
{
	sleep_before_commit(cx, w, world_options());
	/* Its lock has run out: another one takes over, rolls back and switches. */
	const struct topo_op drop = { .key = "/locks/workflow/new_customer/users" };
	const struct topo_txn txn = { .ops = &drop, .ops_count = 1 };
	struct topo_result dropped;

	expect_ok(topo_txn(cx, w->topo, &txn, &dropped), cx->err);
	expect(dropped.succeeded);
	world_start_ctld(w, 1);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

TEST(a_vtctld_that_wakes_late_does_nothing)
{
	world_tell(wakes_late, (struct plan){ .method = NULL });
}

/* ---- Tablets */

/* Its vttablet is started again at another port, between the commit and the end of the hold. */
static void
tablet_moves_house(struct ctx *cx, struct world *w)
{
	struct err err = { 0 };

	expect_ok(fault_arm("movetables.acknowledge.before=sleep:1000", &err), &err);
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	while (!gate_routes_to(&w->gates[0], "new_customer"))
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
	world_move_tablet(cx, w, 2, "127.0.0.1:15999");
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

TEST(a_tablet_that_is_elsewhere_past_the_commit_is_found)
{
	world_tell(tablet_moves_house, (struct plan){ .method = NULL });
}
