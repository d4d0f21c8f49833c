/* There and back: ReverseTraffic and SwitchTraffic, each step of them x { fails, times out, is lost, comes
 * late, vtctld killed before, after }; a way back that is closed, or that there never was. */
#include "unit/ctl/fakes.h"

#include "base/fault.h"
#include "ctl/steps.h"

#include <stdio.h>

static struct workflow_record
record(struct ctx *cx, struct world *w)
{
	struct workflow_record r;

	world_record(cx, w, &r);
	return r;
}

static int
living(const struct world *w)
{
	return w->ctlds[1].topo != NULL;
}

static void
goes_back(struct ctx *cx, struct world *w)
{
	expect_ok(world_ask(cx, w, living(w), "workflow_reverse", ""), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_RUNNING);
	world_expect_source(cx, w);
}

static void
goes_there_again(struct ctx *cx, struct world *w)
{
	expect_ok(world_ask(cx, w, living(w), "workflow_switch", ""), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

/* ---- As often as wanted */

static void
there_and_back(struct ctx *cx, struct world *w)
{
	world_moves(cx, w);
	for (int i = 0; i < 10; i++) {
		expect_eq(record(cx, w).round, 2 + 2 * i);
		goes_back(cx, w);
		expect_eq(record(cx, w).round, 3 + 2 * i);
		expect(record(cx, w).start[0] != '\0' && record(cx, w).next_start[0] == '\0');
		goes_there_again(cx, w);
	}
	expect(w->source.has_fence && w->target.has_fence); /* no round has made or dropped them */
}

TEST(a_table_goes_there_and_back_ten_times)
{
	world_tell(there_and_back, (struct plan){ .method = NULL });
}

/* ---- Trouble on the way back */

static const struct {
	const char *step, *method;
} weak_points[] = {
	{ "preflight", "fence_install at target" },
	{ "hold", "hold" },
	{ "fence", "lock at target" },
	{ "catch-up", "freeze at source" },
	{ "catch-up", "arm at target" },
	{ "reverse", "lock at source" },
	{ "reverse", "stream_prepare at target" },
	{ "commit", "lock_status at target" },
	{ "acknowledge", "switched" },
	{ "release", "disarm at source" },
	{ "finish", "finish at source" },
	{ "finish", "stream_start at target" },
};
enum { WEAK_POINTS = sizeof(weak_points) / sizeof(weak_points[0]) };

static struct plan on_the_way_back;

static void
disturbed(struct ctx *cx, struct world *w)
{
	world_moves(cx, w);
	w->plan = on_the_way_back;
	goes_back(cx, w);
	expect(w->troubles > 0);
	goes_there_again(cx, w);
}

static void
disturb_all(enum trouble trouble, int times)
{
	for (int i = 0; i < WEAK_POINTS; i++) {
		printf("# %s\n", weak_points[i].method);
		on_the_way_back = (struct plan){
			.method = weak_points[i].method, .trouble = trouble, .times = times
		};
		world_tell(disturbed, (struct plan){ .method = NULL });
	}
}

TEST(on_the_way_back_a_step_that_fails_is_undone_and_tried_again)
{
	disturb_all(FAILS, 2);
}

TEST(on_the_way_back_a_step_that_times_out_is_undone_and_tried_again)
{
	disturb_all(HANGS, 2);
}

TEST(on_the_way_back_a_step_whose_answer_is_lost_is_undone_and_tried_again)
{
	disturb_all(LATE, 2);
}

TEST(on_the_way_back_a_step_that_happens_after_it_was_given_up_does_nothing)
{
	disturb_all(SLOW, 1);
}

static void
gives_up(struct ctx *cx, struct world *w)
{
	struct workflow_record r;

	world_moves(cx, w);
	w->plan = on_the_way_back;
	expect_ok(world_ask(cx, w, 0, "workflow_reverse", ""), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	expect(w->troubles > 0);
	r = record(cx, w);
	expect(!r.reversing && strstr(r.state_text, "gave up switching after 4 attempts") != NULL);
	expect(r.direction == DIRECTION_REVERSE && r.round == 2);
	world_expect_target(cx, w);
	expect(w->source.stream && !w->source.frozen); /* there is a way back still */
	w->plan.times = 0;
	goes_back(cx, w);
}

TEST(before_the_commit_a_way_back_that_always_fails_leaves_everything_as_it_was)
{
	for (int i = 1; i < WEAK_POINTS; i++) {
		if (step_find(weak_points[i].step) > step_commit())
			continue;
		printf("# %s\n", weak_points[i].method);
		on_the_way_back = (struct plan){
			.method = weak_points[i].method, .trouble = FAILS, .times = FOR_EVER
		};
		world_tell(gives_up, (struct plan){ .method = NULL });
	}
}

/* ---- vtctld dies */

static const char *kill_at;

static void
killed(struct ctx *cx, struct world *w)
{
	world_moves(cx, w);
	expect_ok(fault_arm(kill_at, cx->err), cx->err);
	goes_back(cx, w);
	expect(w->ctlds[0].dead || w->ctlds[0].topo == NULL);
	goes_there_again(cx, w);
}

static void
kill_each(bool after)
{
	for (int i = 0; i < cutover_steps_count; i++) {
		const struct step *s = &cutover_steps[i];
		char spec[100];

		printf("# %s\n", after ? s->after : s->before);
		snprintf(spec, sizeof(spec), "%s=error", after ? s->after : s->before);
		kill_at = spec;
		world_tell(killed, (struct plan){ .method = NULL });
	}
}

TEST(on_the_way_back_a_vtctld_killed_before_a_step_is_taken_over)
{
	kill_each(false);
}

TEST(on_the_way_back_a_vtctld_killed_after_a_step_is_taken_over)
{
	kill_each(true);
}

/* ---- Asked again, or for the other way */

static void
asks_again(struct ctx *cx, struct world *w)
{
	int attempt;

	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	expect_eq(world_ask(cx, w, 0, "workflow_switch", ""), -1); /* it copies */
	expect(strstr(cx->err->text, "copy is still in progress") != NULL);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	attempt = record(cx, w).attempt;
	goes_there_again(cx, w); /* it is there already */
	expect_eq(record(cx, w).attempt, attempt);
	goes_back(cx, w);
	attempt = record(cx, w).attempt;
	goes_back(cx, w);
	expect_eq(record(cx, w).attempt, attempt);
}

TEST(asked_to_go_where_it_is_already_there_is_nothing_to_do)
{
	world_tell(asks_again, (struct plan){ .method = NULL });
}

static void
asks_while_it_goes(struct ctx *cx, struct world *w)
{
	world_moves(cx, w);
	expect_ok(fault_arm("movetables.commit.before=sleep:1500", cx->err), cx->err);
	expect_ok(world_ask(cx, w, 0, "workflow_reverse", ""), cx->err);
	while (!w->source.frozen)
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
	expect_ok(world_ask(cx, w, 0, "workflow_reverse", ""), cx->err); /* follows */
	expect_eq(world_ask(cx, w, 0, "workflow_switch", ""), -1);
	expect(strstr(cx->err->text, "is being switched back to its source") != NULL);
	expect_eq(world_move(cx, w, 0, world_options()), -1);
	expect_eq(world_ask(cx, w, 0, "workflow_complete", "keep"), -1);
	expect_eq(world_cancel(cx, w, 0), -1);
	expect(strstr(cx->err->text, "you have already switched") != NULL);
	expect_eq(world_wait_end(cx, w), WORKFLOW_RUNNING);
	world_expect_source(cx, w);
}

TEST(what_is_asked_while_it_goes_back_follows_or_is_refused)
{
	world_tell(asks_while_it_goes, (struct plan){ .method = NULL });
}

static void
thinks_better_of_it(struct ctx *cx, struct world *w)
{
	world_moves(cx, w);
	w->plan = (struct plan){ .method = "lock at target", .trouble = FAILS, .times = FOR_EVER };
	expect_ok(world_ask(cx, w, 0, "workflow_reverse", ""), cx->err);
	while (w->troubles < 2 || record(cx, w).state != WORKFLOW_SWITCHED)
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
	expect_ok(world_ask(cx, w, 0, "workflow_switch", ""), cx->err);
	expect(!record(cx, w).reversing);
	w->plan.times = 0;
	expect_ok(task_sleep(cx, 60 * SECOND), cx->err);
	expect_eq(record(cx, w).state, WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

TEST(between_two_attempts_the_other_way_is_a_withdrawal)
{
	world_tell(thinks_better_of_it, (struct plan){ .method = NULL });
}

/* MoveTables new_customer.users customer.users. */
static int
moves_back(struct ctx *cx, struct world *w)
{
	struct ctl_request q = { .keyspace = "new_customer",
		.table = "users",
		.target_keyspace = "customer",
		.target_table = "users",
		.workflow = "",
		.action = "" };
	struct slice answer;

	return world_call(cx, &w->ctlds[0], "move_tables", &q, &answer);
}

static void
says_it_as_a_move(struct ctx *cx, struct world *w)
{
	struct topo_kv kv;

	world_moves(cx, w);
	expect_ok(moves_back(cx, w), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_RUNNING);
	world_expect_source(cx, w);
	expect_ok(moves_back(cx, w), cx->err); /* it is there */
	expect_eq(topo_get(cx, w->topo, "/workflows/customer/users", &kv), -1);
	world_moves(cx, w); /* and there again, by its own command */
	expect_eq(record(cx, w).round, 4);
}

TEST(a_move_the_other_way_is_the_way_back)
{
	world_tell(says_it_as_a_move, (struct plan){ .method = NULL });
}

/* ---- No way back */

static void
has_none(struct ctx *cx, struct world *w)
{
	struct workflow_options o = world_options();

	o.reverse = false;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
	expect(!w->target.has_fence && !w->source.stream);
	expect_eq(world_ask(cx, w, 0, "workflow_reverse", ""), -1);
	expect(strstr(cx->err->text, "without a reverse stream") != NULL);
	expect(strstr(cx->err->hint, "MoveTables new_customer.users customer.users") != NULL);
	expect_eq(record(cx, w).state, WORKFLOW_SWITCHED);
}

TEST(without_a_reverse_stream_there_is_no_way_back_and_no_fence_at_the_new_side)
{
	world_tell(has_none, (struct plan){ .method = NULL });
}

static void
expect_closed(struct ctx *cx, struct world *w)
{
	struct workflow_record r = record(cx, w);

	expect(strstr(r.closed, "TRUNCATE TABLE users was found") != NULL);
	expect(r.state == WORKFLOW_SWITCHED && !r.reversing);
	expect_eq(world_ask(cx, w, 0, "workflow_reverse", ""), -1);
	expect(strstr(cx->err->text, "is closed: ") != NULL &&
	    strstr(cx->err->text, "TRUNCATE TABLE users was found") != NULL);
	world_expect_target(cx, w);
}

static void
is_closed(struct ctx *cx, struct world *w)
{
	world_moves(cx, w);
	w->source.closed = true;
	expect_eq(world_ask(cx, w, 0, "workflow_reverse", ""), -1);
	expect_eq(cx->err->kind, ERR_REFUSED);
	expect_eq(record(cx, w).attempt, 1); /* none was made */
	expect_closed(cx, w);
}

TEST(a_way_back_that_is_closed_is_refused_with_the_sentence)
{
	world_tell(is_closed, (struct plan){ .method = NULL });
}

static void
is_closed_meanwhile(struct ctx *cx, struct world *w)
{
	world_moves(cx, w);
	expect_ok(fault_arm("movetables.fence.after=sleep:500", cx->err), cx->err);
	expect_ok(world_ask(cx, w, 0, "workflow_reverse", ""), cx->err);
	while (w->target.lock_no == 0)
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
	w->source.closed = true;
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	expect_closed(cx, w);
}

TEST(a_way_back_that_is_closed_while_it_is_gone_is_not_committed)
{
	world_tell(is_closed_meanwhile, (struct plan){ .method = NULL });
}

static void
loses_the_lock_at_the_old_side(struct ctx *cx, struct world *w)
{
	int attempt;

	world_moves(cx, w);
	expect_ok(fault_arm("movetables.commit.before=sleep:500", cx->err), cx->err);
	expect_ok(world_ask(cx, w, 0, "workflow_reverse", ""), cx->err);
	while (!w->source.to_locked)
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
	attempt = record(cx, w).attempt;
	w->source.to_locked = false; /* its tablet was restarted */
	expect_eq(world_wait_end(cx, w), WORKFLOW_RUNNING);
	expect(record(cx, w).attempt > attempt); /* that one was not committed */
	world_expect_source(cx, w);
}

TEST(a_way_back_whose_old_side_is_not_locked_any_more_is_not_committed)
{
	world_tell(loses_the_lock_at_the_old_side, (struct plan){ .method = NULL });
}

/* ---- The last step */

static void
waits_for_its_last_step(struct ctx *cx, struct world *w)
{
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	while (record(cx, w).state != WORKFLOW_SWITCHED)
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
	expect_ok(task_sleep(cx, 20 * SECOND), cx->err);
	expect(record(cx, w).finishing); /* and clients write at the new side meanwhile */
	expect(w->acknowledged > 0 && w->target.rows > w->source.rows);
	expect_ok(world_ask(cx, w, 0, "workflow_reverse", ""), cx->err); /* after that */
	expect_ok(task_sleep(cx, 20 * SECOND), cx->err);
	expect_eq(record(cx, w).state, WORKFLOW_SWITCHED);
	w->plan.times = 0;
	expect_eq(world_wait_end(cx, w), WORKFLOW_RUNNING);
	world_expect_source(cx, w);
}

TEST(a_switch_whose_last_step_waits_serves_and_its_way_back_is_pending)
{
	world_tell(waits_for_its_last_step,
	    (struct plan){ .method = "stream_start at source", .trouble = FAILS, .times = FOR_EVER });
}

/* ---- Taken back after all */

static void
cancelled_after_a_round(struct ctx *cx, struct world *w)
{
	world_moves(cx, w);
	goes_back(cx, w);
	expect_eq(world_ask(cx, w, 0, "workflow_complete", "drop"), -1);
	expect(strstr(cx->err->text, "you have not yet switched") != NULL &&
	    strstr(cx->err->hint, "Cancel") != NULL);
	expect_ok(world_cancel(cx, w, 0), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_CANCELLED);
	expect_ok(task_sleep(cx, 5 * SECOND), cx->err);
	expect(w->target.gone && !w->target.stream && !w->source.has_fence && !w->source.gone);
	expect(w->source.rows >= w->acknowledged);
	expect_eq(world_ask(cx, w, 0, "workflow_switch", ""), -1);
	world_moves(cx, w); /* a new one */
	expect_eq(record(cx, w).round, 2);
}

TEST(a_move_that_came_back_is_cancelled_and_begins_anew)
{
	world_tell(cancelled_after_a_round, (struct plan){ .method = NULL });
}
