/* A move is cancelled in each of its states x { vtctld killed at each step, a tablet fails, hangs, answers
 * late }; then it begins anew. */
#include "unit/ctl/world.h"

#include "base/fault.h"

#include <stdio.h>

/* clang-format off */
static const char *const cancel_points[] = {
	"workflow.cancel.stream.before", "workflow.cancel.stream.after",
	"workflow.cancel.fence.before", "workflow.cancel.fence.after",
	"workflow.cancel.rules.before", "workflow.cancel.rules.after",
};
/* clang-format on */
enum { CANCEL_POINTS = sizeof(cancel_points) / sizeof(cancel_points[0]) };

static void
arm(const char *point, const char *action)
{
	char spec[100];
	struct err err = { 0 };

	snprintf(spec, sizeof(spec), "%s=%s", point, action);
	expect_ok(fault_arm(spec, &err), &err);
}

/* Whichever vtctld lives. */
static int
living(const struct world *w)
{
	return w->ctlds[0].topo != NULL && !w->ctlds[0].dead ? 0 : 1;
}

static struct workflow_record
record(struct ctx *cx, struct world *w)
{
	struct workflow_record r;

	world_record(cx, w, &r);
	return r;
}

static void
ends_cancelled(struct ctx *cx, struct world *w)
{
	expect_eq(world_wait_end(cx, w), WORKFLOW_CANCELLED);
	world_expect_nothing(cx, w);
	expect_ok(world_cancel(cx, w, living(w)), cx->err); /* again: it is done */
	expect_eq(record(cx, w).state, WORKFLOW_CANCELLED);
	w->plan.times = 0;
	expect_ok(world_move(cx, w, living(w), world_options()), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

static void
move_without_switch(struct ctx *cx, struct world *w)
{
	struct workflow_options o = world_options();

	o.no_switch = true;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	while (record(cx, w).state != WORKFLOW_RUNNING)
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
}

static void
cancelled_while_running(struct ctx *cx, struct world *w)
{
	move_without_switch(cx, w);
	expect_ok(world_cancel(cx, w, 0), cx->err);
	ends_cancelled(cx, w);
}

TEST(a_move_that_runs_is_cancelled_and_begins_anew)
{
	world_tell(cancelled_while_running, (struct plan){ .method = NULL });
}

TEST(a_vtctld_killed_while_it_cancels_is_taken_over)
{
	for (int i = 0; i < CANCEL_POINTS; i++) {
		printf("# %s\n", cancel_points[i]);
		arm(cancel_points[i], "error");
		world_tell(cancelled_while_running, (struct plan){ .method = NULL });
	}
}

TEST(a_tablet_in_trouble_is_waited_for_and_asked_again)
{
	static const char *const methods[] = { "stream_delete at target", "fence_remove at target",
		"disarm at source", "fence_remove at source" };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		for (enum trouble t = FAILS; t <= SLOW; t++)
			world_tell(cancelled_while_running,
			    (struct plan){ .method = methods[i], .trouble = t, .times = 2 });
	}
}

/* Each write of the record while it is cancelled: three steps, the rules, the end. */
enum { WRITES = 5 };

static int write_no;

static void
cancelled_with_a_write_in_trouble(struct ctx *cx, struct world *w)
{
	enum trouble t = w->plan.trouble;

	w->plan = (struct plan){ .method = NULL };
	move_without_switch(cx, w);
	/* The first is the command's own: it is answered. */
	w->plan = (struct plan){ .method = "record", .trouble = t, .times = 1, .after = write_no };
	expect_ok(world_cancel(cx, w, 0), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_CANCELLED);
	expect_eq(w->troubles, 1);
	ends_cancelled(cx, w);
}

TEST(a_write_of_the_record_that_fails_or_is_lost_or_refused_does_not_end_it)
{
	static const enum trouble troubles[] = { FAILS, LATE, REFUSES };

	for (write_no = 1; write_no <= WRITES; write_no++) {
		for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
			printf("# write %d, trouble %d\n", write_no, (int)troubles[i]);
			world_tell(cancelled_with_a_write_in_trouble,
			    (struct plan){ .trouble = troubles[i] });
		}
	}
}

/* ---- In other states */

static void
cancelled_while_created(struct ctx *cx, struct world *w)
{
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	expect_eq(record(cx, w).state, WORKFLOW_CREATING);
	expect_ok(world_cancel(cx, w, 0), cx->err);
	ends_cancelled(cx, w);
}

TEST(a_move_that_is_being_created_is_cancelled)
{
	world_tell(cancelled_while_created, (struct plan){ .method = NULL });
	arm("movetables.create.before", "sleep:1500");
	world_tell(cancelled_while_created, (struct plan){ .method = NULL });
}

/* Of the vtctld whose call still travels. */
static void
take_over(struct ctx *cx, struct world *w)
{
	while (!w->ctlds[0].dead && w->troubles == 0)
		expect_ok(task_sleep(cx, 5 * MSEC), cx->err);
	world_kill_ctld(w, 0);
	w->ctlds[0].topo = NULL;
	world_start_ctld(w, 1);
}

static void
cancelled_before_its_stream_is_made(struct ctx *cx, struct world *w)
{
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	take_over(cx, w);
	expect_ok(world_cancel(cx, w, 1), cx->err);
	ends_cancelled(cx, w);
}

TEST(what_makes_a_stream_after_its_move_was_cancelled_is_refused)
{
	world_tell(cancelled_before_its_stream_is_made,
	    (struct plan){ .method = "stream_create at target", .trouble = SLOW, .times = 1 });
}

static void
cancelled_after_an_error(struct ctx *cx, struct world *w)
{
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_ERROR);
	expect(strstr(record(cx, w).hint, "vtctlclient Workflow delete new_customer.users") != NULL);
	expect_ok(world_cancel(cx, w, 0), cx->err);
	ends_cancelled(cx, w);
}

TEST(a_move_that_gave_up_is_cancelled)
{
	world_tell(cancelled_after_an_error,
	    (struct plan){ .method = "lock at source", .trouble = FAILS, .times = FOR_EVER });
}

/* What the job learns then would end in an error. */
static void
cancelled_while_it_stops(struct ctx *cx, struct world *w)
{
	move_without_switch(cx, w);
	w->plan = (struct plan){ .method = "stream_status at target", .trouble = SLOW, .times = 1 };
	w->target.broken = true;
	while (w->troubles == 0)
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
	expect_ok(world_cancel(cx, w, 0), cx->err);
	ends_cancelled(cx, w);
}

TEST(a_move_whose_stream_stops_meanwhile_is_cancelled_all_the_same)
{
	world_tell(cancelled_while_it_stops, (struct plan){ .method = NULL });
}

/* The next attempt is a minute away. */
static void
cancelled_between_attempts(struct ctx *cx, struct world *w)
{
	struct workflow_options o = world_options();
	usec asked;

	o.switch_attempts = 100;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	while (record(cx, w).attempt < 16)
		expect_ok(task_sleep(cx, SECOND), cx->err);
	asked = task_now();
	expect_ok(world_cancel(cx, w, 0), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_CANCELLED);
	expect(task_now() - asked < 5 * SECOND);
	ends_cancelled(cx, w);
}

TEST(a_move_that_waits_for_its_next_attempt_is_cancelled_at_once)
{
	world_tell(cancelled_between_attempts,
	    (struct plan){ .method = "lock at source", .trouble = FAILS, .times = FOR_EVER });
}

/* ---- While it switches */

static const char *cancel_at; /* a step of the cutover */

/* In the hold the record does not say how far it is: the servers do. */
static bool
is_at(struct ctx *cx, struct world *w)
{
	if (strcmp(cancel_at, "fence") == 0)
		return w->source.lock_no > 0;
	if (strcmp(cancel_at, "catch-up") == 0)
		return w->target.frozen;
	if (strcmp(cancel_at, "reverse") == 0)
		return w->source.prepared;
	return strcmp(record(cx, w).step, cancel_at) == 0;
}

static void
cancelled_while_switching(struct ctx *cx, struct world *w)
{
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	while (!is_at(cx, w))
		expect_ok(task_sleep(cx, 5 * MSEC), cx->err);
	expect_ok(world_cancel(cx, w, living(w)), cx->err);
	expect(record(cx, w).cancel && record(cx, w).rolling_back);
	expect_eq(world_move(cx, w, living(w), world_options()), -1);
	expect(strstr(cx->err->text, "is being cancelled") != NULL);
	ends_cancelled(cx, w);
}

static void
cancel_in(const char *step, const char *point, const char *action)
{
	printf("# %s\n", step);
	cancel_at = step;
	arm(point, action);
	world_tell(cancelled_while_switching, (struct plan){ .method = NULL });
}

TEST(an_attempt_is_rolled_back_before_its_move_is_cancelled)
{
	cancel_in("preflight", "movetables.preflight.after", "sleep:1500");
	cancel_in("hold", "movetables.hold.after", "sleep:1500");
	cancel_in("fence", "movetables.fence.after", "sleep:1500");
	cancel_in("catch-up", "movetables.catch-up.after", "sleep:1500");
	cancel_in("reverse", "movetables.commit.before", "sleep:1500");
}

static void
taken_over_then_cancelled(struct ctx *cx, struct world *w)
{
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	take_over(cx, w);
	expect_ok(world_cancel(cx, w, 1), cx->err);
	ends_cancelled(cx, w);
}

TEST(an_attempt_left_behind_is_rolled_back_before_its_move_is_cancelled)
{
	arm("movetables.catch-up.after", "error");
	world_tell(taken_over_then_cancelled, (struct plan){ .method = NULL });
}

/* Its writes of the record from then on until one is refused. */
static int writes_before;

static void
cancelled_and_a_write_refused(struct ctx *cx, struct world *w)
{
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	while (strcmp(record(cx, w).step, "hold") != 0)
		expect_ok(task_sleep(cx, 5 * MSEC), cx->err);
	expect_ok(world_cancel(cx, w, 0), cx->err);
	w->plan = (struct plan){
		.method = "record", .trouble = REFUSES, .times = 1, .after = writes_before
	};
	ends_cancelled(cx, w);
}

/* In an error it would be nobody's: the command that asks again finds it asked for. */
TEST(a_move_that_is_being_cancelled_does_not_end_in_an_error)
{
	for (writes_before = 0; writes_before < 6; writes_before++) {
		printf("# write %d\n", writes_before);
		arm("movetables.hold.after", "sleep:1500");
		world_tell(cancelled_and_a_write_refused, (struct plan){ .method = NULL });
	}
}

/* As an earlier vtctld could leave it, beside a hold. */
static void
left_in_error_then_cancelled(struct ctx *cx, struct world *w)
{
	struct workflow_record r;
	SCOPED(buf) struct buf json = BUF_INIT;

	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	while (!w->ctlds[0].dead)
		expect_ok(task_sleep(cx, 5 * MSEC), cx->err);
	r = record(cx, w);
	r.state = WORKFLOW_ERROR;
	r.rolling_back = true;
	workflow_write(&json, &r);
	expect_ok(
	    topo_set(cx, w->topo, "/workflows/new_customer/users", buf_slice(&json), 0), cx->err);
	take_over(cx, w);
	expect_ok(world_cancel(cx, w, 1), cx->err);
	ends_cancelled(cx, w);
}

TEST(an_attempt_left_in_error_is_rolled_back_before_its_move_is_cancelled)
{
	arm("movetables.catch-up.after", "error");
	world_tell(left_in_error_then_cancelled, (struct plan){ .method = NULL });
}

static void
refused_past_the_commit(struct ctx *cx, struct world *w)
{
	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	while (strcmp(record(cx, w).step, "commit") != 0)
		expect_ok(task_sleep(cx, 5 * MSEC), cx->err);
	for (int i = 0; i < 2; i++) {
		expect_eq(world_cancel(cx, w, 0), -1);
		expect_eq(cx->err->kind, ERR_REFUSED);
		expect_str(cx->err->text,
		    "cannot cancel workflow because you have already "
		    "switched some or all read and write traffic");
		expect(cx->err->hint[0] != '\0');
		expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	}
	world_expect_target(cx, w);
}

TEST(past_the_commit_cancelling_is_refused)
{
	arm("movetables.commit.after", "sleep:1500");
	world_tell(refused_past_the_commit, (struct plan){ .method = NULL });
}

static void
refused_without_one(struct ctx *cx, struct world *w)
{
	expect_eq(world_cancel(cx, w, 0), -1);
	expect_eq(cx->err->kind, ERR_NOT_FOUND);
	expect_str(cx->err->text, "workflow 'new_customer/users' does not exist");
}

TEST(a_workflow_that_is_not_there_is_not_found)
{
	world_tell(refused_without_one, (struct plan){ .method = NULL });
}

/* ---- Beside another move of the same table */

/* As its creation did. */
static void
take_rules(struct ctx *cx, struct world *w)
{
	const struct switch_record sw = { .workflow = "other/users", .version = 100 };
	SCOPED(buf) struct buf json = BUF_INIT, version = BUF_INIT;

	switch_write(&json, &sw);
	expect_ok(
	    topo_set(cx, w->topo, "/routing/switches/other/users", buf_slice(&json), 0), cx->err);
	for (int i = 0; i < 2; i++) {
		const struct rule_record r = { .name = { i == 0 ? "customer" : "new_customer",
						   "users" },
			.places = { { "customer", "users" }, { "other", "users" } },
			.workflow = "other/users",
			.maker = "new_customer/users" };
		SCOPED(buf) struct buf rule = BUF_INIT;

		rule_write(&rule, &r);
		expect_ok(topo_set(cx, w->topo, rule_key(cx->arena, r.name.keyspace, "users"),
			      buf_slice(&rule), 0),
		    cx->err);
	}
	routing_version_write(&version, 100);
	expect_ok(topo_set(cx, w->topo, ROUTING_VERSION_KEY, buf_slice(&version), 0), cx->err);
}

static void
cancelled_beside_another(struct ctx *cx, struct world *w)
{
	const struct routing_rule *r;

	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_ERROR);
	world_put_other(cx, w, WORKFLOW_RUNNING, 0); /* nobody was at work on the table any more */
	take_rules(cx, w);
	expect_ok(world_cancel(cx, w, 0), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_CANCELLED);
	expect_eq(w->gates[0].rules.count, 1);
	r = rules_find(&w->gates[0].rules, "customer", "users");
	expect(r != NULL);
	expect_str(r->workflow, "other/users");
	expect_str(r->maker, "other/users");
	expect_str(r->to_keyspace, "customer");
}

TEST(a_rule_that_another_move_of_the_table_counts_on_stays)
{
	world_tell(cancelled_beside_another,
	    (struct plan){ .method = "lock at source", .trouble = FAILS, .times = FOR_EVER });
}
