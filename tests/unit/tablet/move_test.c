/* Calls about one move: one at a time, never a late one. */
#include "tablet/guard/move.h"

#include "task/sim.h"
#include "test.h"

static struct moves moves_here;

/* A call that comes after so many milliseconds and takes a second. */
struct call {
	const char *workflow;
	int attempt, at_ms;
	int rc;
	usec waited;
	struct err err;
};

#define CALL(name, number, ms)                                                                     \
	{                                                                                          \
		.workflow = name, .attempt = number, .at_ms = ms                                   \
	}

static void
call_task(void *arg)
{
	struct call *c = arg;
	struct ctx cx = { .deadline = NEVER, .err = &c->err };

	expect_ok(task_sleep(&cx, c->at_ms * MSEC), &c->err);
	c->waited = -task_now();
	c->rc = move_begin(&cx, move_of(&moves_here, c->workflow), c->attempt);
	c->waited += task_now();
	if (c->rc != 0)
		return;
	expect_ok(task_sleep(&cx, SECOND), &c->err);
	move_end(move_of(&moves_here, c->workflow));
}

static void
tell(struct call *calls, int count)
{
	sim_start(test_seed());
	moves_init(&moves_here);
	for (int i = 0; i < count; i++) {
		struct task *t = task_spawn("call", call_task, &calls[i]);

		expect(t != NULL);
		task_detach(t);
	}
	sim_run();
	moves_done(&moves_here);
	sim_stop();
}

TEST(calls_about_a_workflow_take_turns)
{
	struct call calls[] = { CALL("a/b", 2, 0), CALL("a/b", 2, 10), CALL("a/c", 2, 20) };

	tell(calls, 3);
	for (int i = 0; i < 3; i++)
		expect_eq(calls[i].rc, 0);
	expect(calls[0].waited == 0 && calls[2].waited == 0);
	expect(calls[1].waited >= SECOND - 10 * MSEC);
}

TEST(a_call_with_a_lower_number_is_refused_also_when_it_has_waited)
{
	struct call calls[] = { CALL("a/b", 2, 0), CALL("a/b", 2, 10), CALL("a/b", 4, 20),
		CALL("a/b", 3, 30) };

	tell(calls, 4);
	expect(calls[0].rc == 0 && calls[2].rc == 0);
	expect_eq(calls[1].err.kind, ERR_CONFLICT);
	expect_eq(calls[3].err.kind, ERR_CONFLICT);
	expect(calls[2].waited > 0 && calls[3].waited == 0);
}

TEST(a_move_outdates_what_is_lower_and_asks_no_more_of_what_is_the_same)
{
	struct err err = { 0 };
	struct move *m;

	moves_init(&moves_here);
	m = move_of(&moves_here, "a/b");
	expect(move_of(&moves_here, "a/b") == m && move_of(&moves_here, "a/c") != m);
	expect_ok(move_admit(m, 0, &err), &err);
	expect_ok(move_admit(m, 5, &err), &err);
	expect_ok(move_admit(m, 5, &err), &err);
	move_saw(m, 6); /* on disk, say */
	expect(move_admit(m, 5, &err) != 0 && err.kind == ERR_CONFLICT);
	expect_str(err.text, "attempt 5 of 'a/b' is outdated: attempt 6 was seen");
	expect(move_outdates(m, 5) && !move_outdates(m, 6));
	move_saw(m, 2);
	expect(move_outdates(m, 5));
	expect(move_admit(m, -1, &err) != 0); /* no number of ours */
	moves_done(&moves_here);
}

static void
act_unseen(void)
{
	struct move m = { .seen = 4, .acting = 5 };

	move_check(&m);
}

static void
end_without_a_turn(void)
{
	moves_init(&moves_here);
	move_end(move_of(&moves_here, "a/b"));
}

TEST(nobody_acts_whom_its_move_has_not_seen)
{
	expect_check_fails(act_unseen, "m->acting <= m->seen");
	expect_check_fails(end_without_a_turn, "m->acting != NOBODY");
}
