/* What a person says to a move that is there: stop, start, switch; and when it may switch by itself. */
#include "unit/ctl/fakes.h"

#include "ctl/switch_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct workflow_options
by_command(void)
{
	struct workflow_options o = world_options();

	o.no_switch = o.manual = true;
	return o;
}

static int
say(struct ctx *cx, struct world *w, const char *method, struct workflow_options o, unsigned given)
{
	struct ctl_request q = {
		.keyspace = "new_customer", .workflow = "users", .options = o, .given = given
	};
	struct slice answer;

	return world_call(cx, &w->ctlds[0], method, &q, &answer);
}

static int
tell(struct ctx *cx, struct world *w, const char *method)
{
	return say(cx, w, method, world_options(), 0);
}

static void
wait_state(struct ctx *cx, struct world *w, enum workflow_state wanted)
{
	struct workflow_record r;

	for (int i = 0; i < 1000; i++) {
		world_record(cx, w, &r);
		if (r.state == wanted)
			return;
		expect_ok(task_sleep(cx, 100 * MSEC), cx->err);
	}
	expect_eq(r.state, wanted);
}

static void
refused(struct ctx *cx, struct world *w, const char *method, const char *why)
{
	expect(tell(cx, w, method) == -1);
	expect_eq(cx->err->kind, ERR_REFUSED);
	expect(strstr(cx->err->text, why) != NULL);
	err_clear(cx->err);
}

static void
stops_and_starts(struct ctx *cx, struct world *w)
{
	struct workflow_record r;

	expect_ok(world_move(cx, w, 0, by_command()), cx->err);
	wait_state(cx, w, WORKFLOW_RUNNING);
	refused(cx, w, "workflow_update", "no option is given");
	expect_ok(tell(cx, w, "workflow_stop"), cx->err);
	expect(w->target.suspended);
	world_record(cx, w, &r);
	expect_eq(r.state, WORKFLOW_STOPPED);
	expect_str(r.step, "");
	expect_ok(tell(cx, w, "workflow_stop"), cx->err); /* and again: it is so */
	refused(cx, w, "workflow_switch", "at this time: workflow is stopped");
	expect_ok(task_sleep(cx, 10 * SECOND), cx->err);
	expect(w->target.suspended);
	expect_ok(tell(cx, w, "workflow_start"), cx->err);
	expect_ok(tell(cx, w, "workflow_start"), cx->err);
	wait_state(cx, w, WORKFLOW_RUNNING);
	expect(!w->target.suspended);
	world_record(cx, w, &r);
	expect_eq((r.attempt - r.attempts_from + 1) / 2, 0); /* none of these was an attempt */
	expect_ok(tell(cx, w, "workflow_switch"), cx->err);
	wait_state(cx, w, WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
	expect_ok(tell(cx, w, "workflow_switch"), cx->err);
	refused(cx, w, "workflow_stop", "frozen");
	refused(cx, w, "workflow_start", "frozen");
}

TEST(a_move_is_stopped_and_started_and_switched_by_command)
{
	world_tell(stops_and_starts, (struct plan){ .method = NULL });
}

/* The vtctld that was told dies before the tablet is asked; the next one has it stopped. */
static void
stop_outlives_a_vtctld(struct ctx *cx, struct world *w)
{
	expect_ok(world_move(cx, w, 0, by_command()), cx->err);
	wait_state(cx, w, WORKFLOW_RUNNING);
	w->plan =
	    (struct plan){ .method = "stream_suspend at target", .trouble = HANGS, .times = 1 };
	expect(tell(cx, w, "workflow_stop") == -1 || w->target.suspended);
	err_clear(cx->err);
	world_kill_ctld(w, 0);
	world_start_ctld(w, 1);
	for (int i = 0; i < 300 && !w->target.suspended; i++)
		expect_ok(task_sleep(cx, 100 * MSEC), cx->err);
	expect(w->target.suspended);
}

TEST(a_stop_is_done_by_the_next_vtctld)
{
	world_tell(stop_outlives_a_vtctld, (struct plan){ .method = NULL });
}

static void
is_cancelled_when_stopped(struct ctx *cx, struct world *w)
{
	struct workflow_options o = by_command();

	o.no_start = true;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	wait_state(cx, w, WORKFLOW_STOPPED);
	expect(!w->target.stream); /* nothing is made yet but the rules */
	expect_ok(world_cancel(cx, w, 0), cx->err);
	wait_state(cx, w, WORKFLOW_CANCELLED);
	world_expect_nothing(cx, w);
}

TEST(a_move_that_was_not_started_is_cancelled)
{
	world_tell(is_cancelled_when_stopped, (struct plan){ .method = NULL });
}

static void
stops_after_its_copy(struct ctx *cx, struct world *w)
{
	struct workflow_options o = world_options();

	o.stop_after_copy = true;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	wait_state(cx, w, WORKFLOW_STOPPED);
	for (int i = 0; i < 100 && !w->target.suspended; i++)
		expect_ok(task_sleep(cx, 100 * MSEC), cx->err);
	expect(w->target.suspended);
	expect_ok(tell(cx, w, "workflow_start"), cx->err);
	wait_state(cx, w, WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

TEST(stop_after_copy_stops_and_start_goes_on_to_the_end)
{
	world_tell(stops_after_its_copy, (struct plan){ .method = NULL });
}

static void
gives_up_by_command(struct ctx *cx, struct world *w)
{
	struct workflow_record r;
	struct workflow_options o = by_command();

	o.switch_attempts = 2;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	wait_state(cx, w, WORKFLOW_RUNNING);
	w->plan = (struct plan){ .method = "lock at source", .trouble = FAILS, .times = 2 };
	expect_ok(tell(cx, w, "workflow_switch"), cx->err);
	expect_ok(task_sleep(cx, 60 * SECOND), cx->err);
	world_record(cx, w, &r);
	expect_eq(r.state, WORKFLOW_RUNNING);
	expect(r.options.no_switch && strstr(r.state_text, "gave up switching after 2") != NULL);
	world_expect_source(cx, w);
	expect_ok(tell(cx, w, "workflow_switch"), cx->err);
	wait_state(cx, w, WORKFLOW_SWITCHED);
}

TEST(a_switch_by_command_that_fails_waits_for_the_next_command)
{
	world_tell(gives_up_by_command, (struct plan){ .method = NULL });
}

/* ---- When it may switch by itself */

TEST(a_window_of_the_day_is_open_from_its_first_minute_to_before_its_last)
{
	static const struct {
		int from, to, minute;
		bool open;
	} cases[] = {
		{ 0, 0, 700, true }, /* there is none */
		{ 120, 240, 119, false },
		{ 120, 240, 120, true },
		{ 120, 240, 239, true },
		{ 120, 240, 240, false },
		{ 1320, 240, 1319, false }, /* 22:00 to 04:00 */
		{ 1320, 240, 1320, true },
		{ 1320, 240, 0, true },
		{ 1320, 240, 239, true },
		{ 1320, 240, 240, false },
		{ 1320, 0, 1439, true }, /* to midnight */
		{ 1320, 0, 0, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_eq(
		    switch_window_open(cases[i].from, cases[i].to, cases[i].minute), cases[i].open);
}

static void
is_postponed(struct ctx *cx, struct world *w)
{
	char path[] = "/tmp/switchyard-postpone-XXXXXX";
	int fd = mkstemp(path);
	struct workflow_options o = world_options();
	struct workflow_record r;

	expect(fd >= 0);
	close(fd);
	o.postpone_file = path;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	wait_state(cx, w, WORKFLOW_RUNNING);
	expect_ok(task_sleep(cx, 20 * SECOND), cx->err);
	world_record(cx, w, &r);
	expect_eq(r.state, WORKFLOW_RUNNING);
	expect(strstr(r.state_text, "postponed: the file '") != NULL);
	expect(strstr(r.state_text, path) != NULL);
	expect_eq(unlink(path), 0);
	wait_state(cx, w, WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

TEST(no_switch_while_the_file_that_postpones_it_is_there)
{
	world_tell(is_postponed, (struct plan){ .method = NULL });
}

static void
is_switched_by_command_all_the_same(struct ctx *cx, struct world *w)
{
	struct workflow_options o = world_options();

	o.postpone_file = "/dev/null"; /* is there */
	expect_ok(world_move(cx, w, 0, o), cx->err);
	wait_state(cx, w, WORKFLOW_RUNNING);
	o.postpone_file = "relative";
	expect(say(cx, w, "workflow_update", o, GIVEN_POSTPONE_FILE) == -1);
	expect(strstr(cx->err->hint, "from / on") != NULL);
	err_clear(cx->err);
	expect_ok(tell(cx, w, "workflow_switch"), cx->err);
	wait_state(cx, w, WORKFLOW_SWITCHED);
}

TEST(a_switch_on_command_comes_before_the_file)
{
	world_tell(is_switched_by_command_all_the_same, (struct plan){ .method = NULL });
}
