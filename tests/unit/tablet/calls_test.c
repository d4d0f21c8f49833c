/* Calls about one workflow: one at a time, never a late one. */
#include "tablet/guard/calls.h"

#include "task/sim.h"
#include "test.h"

static struct calls calls_here;

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
	c->rc = call_begin(&cx, &calls_here, c->workflow, c->attempt);
	c->waited += task_now();
	if (c->rc != 0)
		return;
	expect_ok(task_sleep(&cx, SECOND), &c->err);
	call_end(&calls_here, c->workflow);
}

static void
tell(struct call *calls, int count)
{
	sim_start(test_seed());
	calls_init(&calls_here);
	for (int i = 0; i < count; i++) {
		struct task *t = task_spawn("call", call_task, &calls[i]);

		expect(t != NULL);
		task_detach(t);
	}
	sim_run();
	calls_done(&calls_here);
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
