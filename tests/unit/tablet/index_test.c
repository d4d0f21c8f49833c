/* The index build against a scripted server. */
#include "tablet/write/index.h"

#include "task/sim.h"
#include "test.h"
#include "unit/tablet/source_script.h"

static struct fake *server;
static struct err err;

/* Of the whole build; the script knows no table to compare with in the end. */
static int
build(void)
{
	static const struct credentials accounts = { .dba = { .user = "dba" } };
	struct tablet_env env = { .server = "target:1", .accounts = &accounts };
	struct ctx cx = { .deadline = task_now() + 60 * SECOND, .err = &err };

	struct moved_table t = { .def = &script_table,
		.database = "to",
		.name = "t",
		.complete_sql = "ALTER TABLE `to`.`t` ADD UNIQUE KEY `v` (`v`)" };

	return index_build(&cx, &env, &t);
}

static void
in_sim(task_fn *fn)
{
	struct task *t;

	sim_start(test_seed());
	server = fake_start("target:1");
	fake_on(server, "SET *");
	fake_on(server, "BEGIN NOT ATOMIC *"); /* what takes a privilege to state: dialect.h */
	fake_rows(fake_on(server, "SELECT 1 FROM information_schema.statistics*"), "1", NULL);
	fake_rows(fake_on(server, "SELECT table_type*"), "a", "b", "c", "d", NULL);
	t = task_spawn("test", fn, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(1000 * SECOND);
	sim_stop();
}

static void
duplicates_fail(const char *pattern)
{
	fake_error(fake_on(server, pattern), 1062, "23000", "Duplicate entry 'a' for key 'v'");
}

static void
moving_values(void *arg)
{
	fake_on(server, "ALTER TABLE `to`.`t` ADD UNIQUE KEY `v` (`v`), LOCK=SHARED");
	duplicates_fail("ALTER TABLE `to`.`t` ADD UNIQUE KEY `v` (`v`)");
	expect_eq(build(), -1);
	expect_eq(err.kind, ERR_NOT_FOUND); /* it came to the comparison */
	expect_eq(fake_count(server, "ALTER *"), 3);
	expect_eq(fake_count(server, "ALTER *, LOCK=SHARED"), 1);
	fake_stop(server);
}

TEST(an_index_of_values_that_move_all_the_time_is_built_with_the_applier_kept_out)
{
	in_sim(moving_values);
}

static void
real_duplicates(void *arg)
{
	duplicates_fail("ALTER *");
	expect_eq(build(), -1);
	expect_eq(err.mysql_errno, 1062);
	expect_eq(fake_count(server, "ALTER *"), 3);
	expect(strstr(err.text, "building the indexes of table 'to.t'") != NULL);
	fake_stop(server);
}

TEST(an_index_with_a_duplicate_that_stays_is_an_error)
{
	in_sim(real_duplicates);
}

#define RESTORE                                                                                    \
	"SET GLOBAL innodb_online_alter_log_max_size=IF(@@global.innodb_online_alter_log_max_size"

/* What the server tells of the log's bound, in turn. */
static void
bounds(const char *a, const char *b, const char *c, const char *d)
{
	const char *const values[] = { a, b, c, d };

	for (int i = 0; i < 4; i++)
		fake_row(
		    fake_times(
			fake_rows(fake_on(server, "SELECT @@global.innodb_online*"), "v", NULL), 1),
		    values[i]);
}

static void
changed_log(void *arg)
{
	fake_error(fake_times(fake_on(server, "ALTER *"), 4), 1799, "HY000", "too big");
	fake_error(fake_on(server, "ALTER *"), 1030, "HY000", "disk full");
	bounds("100", "400", "5000", "549755813888");
	expect_eq(build(), -1);
	expect_eq(err.mysql_errno, 1030); /* put back after a failure too */
	expect_eq(
	    fake_count(server, "SET GLOBAL innodb_online_alter_log_max_size=1099511627776"), 1);
	/* 5000, then 549755813888, were somebody else's: the last one is put back */
	expect_eq(fake_count(server, RESTORE "=1099511627776, 549755813888, *"), 1);
	fake_stop(server);
}

TEST(an_index_build_puts_back_the_bound_of_the_log_that_it_found_last)
{
	in_sim(changed_log);
}

static void
overflowing_log(void *arg)
{
	fake_error(fake_times(fake_on(server, "ALTER *"), 4), 1799, "HY000", "too big");
	fake_on(server, "ALTER *");
	bounds("100", "400", "1600", "6400");
	expect_eq(build(), -1);
	expect_eq(err.kind, ERR_NOT_FOUND);
	expect_eq(fake_count(server, "SET GLOBAL innodb_online_alter_log_max_size=*"), 5);
	expect_eq(fake_count(server, "SET GLOBAL innodb_online_alter_log_max_size=25600"), 1);
	expect_eq(fake_count(server, RESTORE "=25600, 100, *"), 1);
	expect_eq(fake_count(server, "ALTER *, LOCK=SHARED"), 0);
	fake_stop(server);
}

TEST(an_index_whose_log_overflows_gets_a_larger_one)
{
	in_sim(overflowing_log);
}
