/* The two halves of a standstill: barrier.h (9). */
#include "unit/gate/barriers.h"

#include "task/sim.h"
#include "test.h"

static struct work first, second;

static void
expect_standstill(bool stalled, bool keeps)
{
	struct standstill s = in_flight_standstill(&in_flight, users());

	expect_eq(s.stalled, stalled);
	expect_eq(s.keeps, keeps);
}

static void
statement_that_does_not_come_back(void *arg)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	run(&first, &WRITE_IN_TXN, true);
	work_send(&in_flight, &first, &WRITE_IN_TXN, NULL, 0);
	expect_ok(task_sleep(&cx, SECOND), &err);
	expect_standstill(false, false); /* nobody holds anything */
	work_answered(&in_flight, &first, true);
	hold(2);
	expect_ok(task_sleep(&cx, SECOND), &err);
	expect_standstill(false, false); /* a client that thinks */
	work_send(&in_flight, &first, &WRITE_IN_TXN, NULL, 0);
	expect_ok(task_sleep(&cx, STANDSTILL_MS * MSEC - MSEC), &err);
	expect_standstill(false, false);
	expect_ok(task_sleep(&cx, MSEC), &err);
	expect_standstill(true, false);
	work_answered(&in_flight, &first, true);
	expect_standstill(false, false);
	work_leave(&in_flight, &first);
}

static void
waits_with_rows(void *arg)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = task_now() + SECOND, .err = &err };

	expect_eq(barrier_wait(&cx, &in_flight, users(), arg, 10), -1);
}

static void
keepers(void *arg)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	struct work reader = { .server = NULL };
	struct task *a, *b;

	hold(2);
	expect(drained(task_now())); /* at once: nobody was there */
	run(&reader, &READ_IN_TXN, false);
	a = task_spawn("reader", waits_with_rows, &reader);
	expect_ok(task_sleep(&cx, 10 * MSEC), &err);
	run(&second, &WRITE_IN_TXN, false);
	b = task_spawn("writer", waits_with_rows, &second);
	expect_ok(task_sleep(&cx, STANDSTILL_MS * MSEC - MSEC), &err);
	expect_standstill(false, false); /* the reader has no rows */
	expect_ok(task_sleep(&cx, 2 * MSEC), &err);
	expect_standstill(false, true);
	expect_ok(task_join(&cx, a), &err);
	expect_ok(task_join(&cx, b), &err);
	expect_standstill(false, false);
	work_leave(&in_flight, &reader);
	work_leave(&in_flight, &second);
}

TEST(each_half_of_a_standstill_is_told)
{
	task_fn *const halves[] = { statement_that_does_not_come_back, keepers };

	for (int i = 0; i < 2; i++) {
		struct task *t;

		start();
		first = second = (struct work){ 0 };
		t = task_spawn("test", halves[i], NULL);
		expect(t != NULL);
		task_detach(t);
		sim_run();
		in_flight_done(&in_flight);
		sim_stop();
	}
}
