#include "tablet/server/undo.h"

#include "fake/fakemysql.h"
#include "task/sim.h"
#include "test.h"

static struct err err;

/* What is done fails with an error or not, and so does what undoes it; gone: the server goes away. */
struct outcome {
	uint16_t done, undone;
	bool gone;
};

static int
run(const struct outcome *o, int *undone)
{
	struct ctx cx = { .deadline = task_now() + 60 * SECOND, .err = &err };
	struct mysql_params params = { .address = "db:1", .user = "vt_dba" };
	struct fake *fake = fake_start("db:1");
	struct mysql_client *c = NULL;
	int rc;

	err_clear(&err);
	if (o->gone)
		fake_close(fake_on(fake, "UPDATE*"));
	else if (o->done != 0)
		fake_error(fake_on(fake, "UPDATE*"), o->done, "HY000", "done");
	else
		fake_on(fake, "UPDATE*");
	if (o->undone != 0)
		fake_error(fake_on(fake, "UNLOCK*"), o->undone, "HY000", "undone");
	else
		fake_on(fake, "UNLOCK*");
	expect_ok(mysql_connect(&cx, &params, &c), &err);
	rc = undo_exec(
	    &cx, c, "UNLOCK TABLES", mysql_exec(&cx, c, slice_str("UPDATE t SET a=1"), NULL));
	*undone = fake_count(fake, "UNLOCK*");
	mysql_close(c);
	fake_stop(fake);
	return rc;
}

static void
story(void *arg)
{
	int undone;

	expect_eq(run(&(struct outcome){ 0, 0, false }, &undone), 0);
	expect_eq(undone, 1);
	expect_eq(run(&(struct outcome){ 1062, 0, false }, &undone), -1);
	expect(undone == 1 && err.mysql_errno == 1062);
	expect_eq(run(&(struct outcome){ 0, 1205, false }, &undone), -1);
	expect(undone == 1 && err.mysql_errno == 1205);
	expect_eq(run(&(struct outcome){ 1062, 1205, false }, &undone), -1);
	expect(undone == 1 && err.mysql_errno == 1062);
	/* The session has ended, and all that it had begun. */
	expect_eq(run(&(struct outcome){ 0, 0, true }, &undone), -1);
	expect(undone == 0 && err.kind == ERR_RETRY);
}

TEST(what_was_begun_is_undone_whatever_came_between)
{
	struct task *t;

	sim_start(test_seed());
	t = task_spawn("test", story, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(1000 * SECOND);
	sim_stop();
}
