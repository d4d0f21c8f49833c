/* Each write of a move's record x { fails, is lost, is refused }, with one attempt to switch: wherever it
 * ends, nobody is held, and the same command goes on. */
#include "unit/ctl/fakes.h"

#include <stdio.h>

static struct workflow_options
one_attempt(void)
{
	struct workflow_options o = world_options();

	o.switch_attempts = 1;
	return o;
}

static void
ends_unheld(struct ctx *cx, struct world *w)
{
	expect_ok(world_move(cx, w, 0, one_attempt()), cx->err);
	if (world_wait_end(cx, w) == WORKFLOW_ERROR) {
		expect_ok(task_sleep(cx, SECOND), cx->err); /* gates that were not told see it */
		for (int i = 0; i < GATES; i++)
			expect(
			    gate_is_open(&w->gates[i]) && gate_routes_to(&w->gates[i], "customer"));
		expect(!w->source.armed && w->source.lock_no == 0 && w->source.counted_no == 0 &&
		    !w->target.frozen);
		expect_ok(world_move(cx, w, 0, one_attempt()), cx->err);
		expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	}
	expect_eq(w->troubles, 1);
	world_expect_target(cx, w);
}

/* A move that meets no trouble writes its record that often. */
enum { WRITES = 13 };

static void
each_write(enum trouble trouble)
{
	/* The first is the command's own, and of the second it waits for the outcome: both are answered. */
	for (int n = 2; n < WRITES; n++) {
		printf("# write %d\n", n);
		world_tell(ends_unheld,
		    (struct plan){ .method = "record", .trouble = trouble, .times = 1, .after = n });
	}
}

TEST(a_write_of_the_record_that_fails_leaves_nobody_held)
{
	each_write(FAILS);
}

TEST(a_write_of_the_record_whose_answer_is_lost_leaves_nobody_held)
{
	each_write(LATE);
}

TEST(a_write_of_the_record_that_is_refused_leaves_nobody_held)
{
	each_write(REFUSES);
}
