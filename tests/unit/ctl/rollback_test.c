/* An attempt that somebody else ends: its waits end at once, and the reason is his. */
#include "unit/ctl/world.h"

static void
wait_step(struct ctx *cx, struct world *w, const char *step)
{
	struct workflow_record r;

	do {
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
		world_record(cx, w, &r);
	} while (strcmp(r.step, step) != 0);
}

static struct workflow_options
patient(void)
{
	struct workflow_options o = world_options();

	o.grace_period = o.timeout = 60 * SECOND;
	return o;
}

/* In a step that would wait for a minute. */
static void
asked_in(struct ctx *cx, struct world *w, const char *step)
{
	struct workflow_record r;

	expect_ok(world_move(cx, w, 0, patient()), cx->err);
	wait_step(cx, w, step);
	usec asked = task_now();
	world_ask_to_roll_back(cx, w, "the hold buffer of gate 'g' is full");
	w->plan.times = 0; /* what does not answer does so again */
	wait_step(cx, w, "");
	expect(task_now() - asked < SECOND); /* on virtual time */
	do { /* the job says what has become of it a moment later */
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
		world_record(cx, w, &r);
	} while (r.state_text[0] == '\0');
	expect(strstr(r.state_text, "(the hold buffer of gate 'g' is full)") != NULL);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

static void
asked_in_hold(struct ctx *cx, struct world *w)
{
	asked_in(cx, w, "hold");
}

static void
asked_in_fence(struct ctx *cx, struct world *w)
{
	asked_in(cx, w, "fence");
}

static void
asked_in_catch_up(struct ctx *cx, struct world *w)
{
	asked_in(cx, w, "catch-up");
}

TEST(a_gate_that_asks_for_it_has_an_attempt_rolled_back_at_once)
{
	world_tell(asked_in_hold,
	    (struct plan){ .method = "hold", .trouble = HANGS, .times = FOR_EVER });
	world_tell(asked_in_fence,
	    (struct plan){ .method = "lock at source", .trouble = HANGS, .times = FOR_EVER });
	world_tell(asked_in_catch_up,
	    (struct plan){ .method = "freeze at target", .trouble = HANGS, .times = FOR_EVER });
}
