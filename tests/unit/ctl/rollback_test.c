/* An attempt that somebody else ends: its waits end at once, and the reason is his. One that was left. */
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

static void
wait_trouble(struct ctx *cx, const struct world *w)
{
	while (w->troubles == 0)
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
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
asked_in(struct ctx *cx, struct world *w)
{
	struct workflow_record r;

	expect_ok(world_move(cx, w, 0, patient()), cx->err);
	wait_trouble(cx, w);
	usec asked = task_now();
	world_ask_to_roll_back(cx, w, "the hold buffer of gate 'g' is full");
	w->plan.times = 0; /* what does not answer does so again */
	wait_step(cx, w, "");
	expect(task_now() - asked < SECOND); /* on virtual time */
	do {                                 /* the job says what has become of it a moment later */
		expect_ok(task_sleep(cx, 10 * MSEC), cx->err);
		world_record(cx, w, &r);
	} while (r.state_text[0] == '\0');
	expect(strstr(r.state_text, "(the hold buffer of gate 'g' is full)") != NULL);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

TEST(a_gate_that_asks_for_it_has_an_attempt_rolled_back_at_once)
{
	world_tell(asked_in, (struct plan){ .method = "hold", .trouble = HANGS, .times = FOR_EVER });
	world_tell(asked_in,
	    (struct plan){ .method = "lock at source", .trouble = HANGS, .times = FOR_EVER });
	world_tell(asked_in,
	    (struct plan){ .method = "freeze at target", .trouble = HANGS, .times = FOR_EVER });
}

/* As vtctlds before 0.1.0 could leave it, and people who write records by hand. */
static void
left_in_error(struct ctx *cx, struct world *w)
{
	static const char key[] = "/workflows/new_customer/users";
	SCOPED(buf) struct buf json = BUF_INIT;
	struct topo_kv kv;
	struct workflow_record r;

	expect_ok(world_move(cx, w, 0, patient()), cx->err);
	wait_trouble(cx, w);
	world_kill_ctld(w, 0);
	w->ctlds[0].topo = NULL;
	w->plan.times = 0;
	expect_ok(topo_get(cx, w->topo, key, &kv), cx->err);
	world_record(cx, w, &r);
	r.state = WORKFLOW_ERROR;
	r.rolling_back = true;
	workflow_write(&json, &r);
	const struct topo_compare old = { key, kv.modified };
	expect_ok(topo_put(cx, w->topo, &old, buf_slice(&json), kv.lease, NULL), cx->err);
	world_start_ctld(w, 1);
	expect_ok(task_sleep(cx, SECOND), cx->err);
	expect_ok(world_move(cx, w, 1, world_options()), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

TEST(an_attempt_that_was_left_in_error_is_rolled_back_by_the_same_command)
{
	world_tell(left_in_error,
	    (struct plan){ .method = "lock at source", .trouble = HANGS, .times = FOR_EVER });
}
