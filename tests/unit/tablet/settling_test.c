/* XA transactions whose COMMIT went by are waited for until the server's engine is done with them. */
#include "tablet/copy/source_view.h"

#include "fake/fakemysql.h"
#include "task/sim.h"
#include "test.h"

static struct fake *source;
static struct err err;

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 60 * SECOND, .err = &err };
}

/* XA RECOVER lists X'61' so many times, then it and others do not stand there any more. */
static void
lists(int times)
{
	struct fake_rule *r = fake_times(fake_on(source, "XA RECOVER"), times);

	fake_rows(r, "formatID", "gtrid_length", "bqual_length", "data", NULL);
	fake_row(r, "1", "1", "0", "a");
	fake_row(r, "1", "1", "0", "b");
	r = fake_on(source, "XA RECOVER");
	fake_rows(r, "formatID", "gtrid_length", "bqual_length", "data", NULL);
	fake_row(r, "1", "1", "0", "b");
}

static void
waits(void *arg)
{
	const struct mysql_params p = { .address = "source:1", .user = "u" };
	struct mysql_client *c = NULL;
	struct settling s;
	struct ctx cx = ctx();

	source = fake_start("source:1");
	fake_lenient(source);
	lists(3);
	expect_ok(mysql_connect(&cx, &p, &c), &err);
	settling_init(&s);
	expect_ok(settling_wait(&cx, c, &s), &err);
	expect_eq(fake_count(source, "XA RECOVER"), 0); /* without XA nothing is asked */
	settling_add(&s, slice_str("X'61',X'',1"));
	settling_add(&s, slice_str("X'63',X'',1"));
	expect_ok(settling_wait(&cx, c, &s), &err);
	expect_eq(fake_count(source, "XA RECOVER"), 4);
	expect_eq(s.all.count, 0);
	settling_add(&s, slice_str("X'62',X'',1"));
	settling_forget(&s, slice_str("X'62',X'',1")); /* that is the next one of the xid */
	expect_ok(settling_wait(&cx, c, &s), &err);
	expect_eq(fake_count(source, "XA RECOVER"), 4);
	settling_done(&s);
	mysql_close(c);
	fake_stop(source);
}

static void
opens_view(void *arg)
{
	const struct mysql_params p = { .address = "source:1", .user = "u" };
	const struct position tail = { .file = "b.000007", .offset = 1000 };
	struct position view = { 0 };
	struct mysql_client *c = NULL;
	struct fake_rule *status;
	struct settling s;
	struct ctx cx = ctx();

	source = fake_start("source:1");
	fake_lenient(source);
	lists(3);
	status = fake_on(source, "SHOW STATUS*");
	fake_rows(status, "Variable_name", "Value", NULL);
	fake_row(status, "Binlog_snapshot_file", "b.000007");
	fake_row(status, "Binlog_snapshot_position", "2000");
	expect_ok(mysql_connect(&cx, &p, &c), &err);
	settling_init(&s);
	settling_add(&s, slice_str("X'61',X'',1"));
	const struct view_least least = { &tail, &s };
	expect_ok(source_view_open(&cx, c, &least, &view), &err);
	expect_eq(view.offset, 2000);
	expect_eq(fake_count(source, "XA RECOVER"), 4);
	settling_done(&s);
	mysql_close(c);
	fake_stop(source);
}

static void
in_sim(task_fn *fn)
{
	struct task *t;

	sim_start(test_seed());
	t = task_spawn("test", fn, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(100 * SECOND);
	sim_stop();
}

TEST(a_commit_that_has_gone_by_is_waited_for_until_it_is_carried_out)
{
	in_sim(waits);
}

TEST(a_view_waits_for_what_settles)
{
	in_sim(opens_view);
}

TEST(the_oldest_are_forgotten_beyond_a_bound)
{
	SCOPED(buf) struct buf xid = BUF_INIT;
	struct settling s;

	settling_init(&s);
	for (int i = 0; i < SETTLING_MAX + 10; i++) {
		buf_reset(&xid);
		buf_addf(&xid, "X'%x',X'',1", i);
		settling_add(&s, buf_slice(&xid));
	}
	expect_eq(s.all.count, SETTLING_MAX);
	expect(map_get(&s.by_xid, slice_str("X'0',X'',1")) == NULL);
	expect(map_get(&s.by_xid, slice_str("X'a',X'',1")) != NULL);
	settling_done(&s);
}
