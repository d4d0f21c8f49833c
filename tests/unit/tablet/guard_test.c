/*
 * guard_test.c - what a guard and a lock must never be in.
 *
 * Each test breaks one invariant by hand and sees the process end. What they do is tests/system's and
 * tests/sim's.
 */
#include "tablet/guard/guard.h"
#include "tablet/guard/lock.h"

#include "task/sim.h"
#include "test.h"

#include <stdio.h>

/* Never looked at: something is there. */
static char something;

static void
read_on_past_a_finding(void)
{
	struct guard g = { .tail = (struct tail *)(void *)&something,
		.finding = "the tables are not as they were left" };

	guard_check(&g);
}

TEST(a_guard_does_not_read_on_with_a_finding)
{
	struct guard g = { .finding = "" };

	guard_check(&g);
	expect_check_fails(read_on_past_a_finding, "g->finding[0] == '\\0'");
}

/* ---- A lock of an attempt that its move has not seen */

static struct moves moves;
static struct locks locks;
static struct move *move;

/* Its server does not answer. */
static void
taking(void *arg)
{
	const char *table = "t";
	struct fence f = { .id = { .workflow = "d/t" },
		.move = move,
		.database = "d",
		.tables = &table,
		.tables_count = 1,
		.attempt = 5 };
	const struct lock_values *v;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	(void)!lock_take(&cx, &locks, &f, &v);
}

static void
forget_what_was_seen(void *arg)
{
	static const struct credentials accounts = { .dba = { .user = "dba" } };
	static const struct tablet_env env = { .server = "target:1", .accounts = &accounts };
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	struct task *t;

	moves_init(&moves);
	locks_init(&locks, &env);
	move = move_of(&moves, "d/t");
	sim_cut("target:1");
	t = task_spawn("taking", taking, NULL);
	expect(t != NULL);
	task_detach(t);
	expect_ok(task_sleep(&cx, MSEC), &err);
	locks_check(&locks);
	move->seen = 4;
	locks_check(&locks);
}

static void
lock_unseen(void)
{
	struct task *t;

	sim_start(test_seed());
	t = task_spawn("test", forget_what_was_seen, NULL);
	task_detach(t);
	sim_run();
	sim_stop();
}

TEST(a_locks_move_has_seen_its_attempt)
{
	expect_check_fails(lock_unseen, "t->attempt <= t->move->seen");
}
