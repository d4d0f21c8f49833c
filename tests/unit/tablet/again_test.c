#include "tablet/server/again.h"

#include "fake/fakemysql.h"
#include "task/sim.h"
#include "test.h"

static struct err err;

/* What comes of a statement that has so many deadlocks first, and then the error or 0. */
static int
victim(int deadlocks, uint16_t error)
{
	struct ctx cx = { .deadline = task_now() + 60 * SECOND, .err = &err };
	struct mysql_params params = { .address = "db:1", .user = "vt_stream" };
	struct fake *fake = fake_start("db:1");
	struct mysql_client *c = NULL;
	int rc, made;

	err_clear(&err);
	if (deadlocks > 0)
		fake_error(fake_times(fake_on(fake, "REPLACE*"), deadlocks), 1213, "40001",
		    "Deadlock found");
	if (error != 0)
		fake_error(fake_on(fake, "REPLACE*"), error, "HY000", "no");
	else
		fake_on(fake, "REPLACE*");
	expect_ok(mysql_connect(&cx, &params, &c), &err);
	rc = again_exec(&cx, c, slice_str("REPLACE INTO t VALUES (1)"), NULL);
	made = fake_count(fake, "REPLACE*");
	mysql_close(c);
	fake_stop(fake);
	return rc == 0 ? made : -made;
}

static void
story(void *arg)
{
	expect_eq(victim(0, 0), 1);
	expect_eq(victim(2, 0), 3);
	expect_eq(err.kind, ERR_NONE);
	expect_eq(victim(4, 0), 5);
	expect_eq(victim(0, 1205), -1);
	expect_eq(victim(1, 1062), -2);
	expect_eq(victim(100, 0), -5);
	expect_eq(err.mysql_errno, 1213);
}

TEST(a_victim_is_made_again_a_few_times)
{
	struct task *t;

	sim_start(test_seed());
	t = task_spawn("test", story, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(1000 * SECOND);
	sim_stop();
}
