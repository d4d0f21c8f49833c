/* Runs of many changes: how many are written together, and how. */
#include "task/sim.h"
#include "test.h"
#include "tablet/write/apply_run.h"
#include "unit/tablet/applier_script.h"

/* Of a table whose values are nowhere unique. */
static struct table_def plain_def;
static const struct moved_table plain_moved = { .def = &plain_def, .database = "to", .name = "t" };
static const struct moved_tables plain_tables = { .items = &plain_moved, .count = 1 };

static void
start_plain(void)
{
	plain_def = script_table;
	plain_def.indexes_count = 0;
	tail_params.tables = applier_params.tables = &plain_tables;
	target_listen(&target);
	state.cp = script_position();
	script_gtid(&source, 4);
	script_map(&source, 7, "db", "t");
	script_update(&source, 5, "e", 5, "f");
	script_update(&source, 3, "c", 3, "d");
	script_update(&source, 2, "b", 2, "b");
	script_update(&source, 4, "d", 4, "e");
	script_xid(&source);
	start_applier();
	rest_applier();
}

static void
updates(void *arg)
{
	start_plain();
	/* by key; what becomes what it is would not be told from a row that was not there */
	SAID("INSERT INTO `to`.`t` (`id`,`v`) VALUES (3,_latin1'd'),(4,_latin1'e'),(5,_latin1'f') "
	     "ON DUPLICATE KEY UPDATE `id`=VALUES(`id`),`v`=VALUES(`v`)\n"
	     "UPDATE `to`.`t` SET `id`=2,`v`=_latin1'b' WHERE (`id`=2)\n",
	    "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-101'", "COMMIT\n");
	expect_eq(applier_rc, 1);
	end_applier();
}

TEST(many_updates_are_one_statement)
{
	in_apply_sim(updates);
}

static void
one_is_absent(void *arg)
{
	fake_ok(fake_on(target.fake, "INSERT*(4,*"), 5, "");
	fake_ok(fake_on(target.fake, "UPDATE*=4)*"), 0, "");
	start_plain();
	expect_eq(applier_rc, -1);
	expect_eq(applier_err.kind, ERR_CORRUPT);
	expect(strstr(applier_err.text, "UPDATE of (`id`=4) changed 0 rows, not 1") != NULL);
	expect(strstr(target.said.data, "COMMIT") == NULL);
	end_applier();
}

TEST(an_update_of_a_row_that_is_not_there_is_told_by_their_sum)
{
	in_apply_sim(one_is_absent);
}

static void
meets_another(void *arg)
{
	fake_error(fake_on(target.fake, "INSERT*(4,*"), 1048, "23000", "Column 'id' cannot be null");
	fake_ok(fake_on(target.fake, "UPDATE*=4)*"), 0, "");
	start_plain();
	expect_eq(applier_rc, -1);
	expect_eq(applier_err.kind, ERR_CORRUPT);
	expect(strstr(applier_err.text, "UPDATE of (`id`=4) changed 0 rows, not 1") != NULL);
	end_applier();
}

TEST(an_update_that_meets_a_row_of_another_key_is_looked_into)
{
	in_apply_sim(meets_another);
}

/* What one by one is as it should be is written, and the next run is as the first. */
static void
careful_for_once(void *arg)
{
	fake_ok(fake_times(fake_on(target.fake, "INSERT*(4,*"), 1), 5, "");
	start_plain();
	SAID("UPDATE `to`.`t` SET `id`=3,`v`=_latin1'd' WHERE (`id`=3)\n", "COMMIT\n");
	buf_reset(&target.said);
	script_gtid(&source, 4);
	script_map(&source, 7, "db", "t");
	script_update(&source, 3, "d", 3, "e");
	script_update(&source, 4, "e", 4, "f");
	script_xid(&source);
	rest_applier();
	SAID("(3,_latin1'e'),(4,_latin1'f') ON DUPLICATE KEY UPDATE", "COMMIT\n");
	end_applier();
}

TEST(one_by_one_is_for_one_run)
{
	in_apply_sim(careful_for_once);
}

/* ---- How large a run is */

TEST(a_run_grows_as_long_as_it_is_quick_and_full)
{
	struct apply_run r = { .rows = APPLY_RUN_ROWS };
	usec aim = APPLY_RUN_MS * MSEC;

	expect_eq(apply_run_next_max(&r, APPLY_RUN_ROWS, aim / 2), 2 * APPLY_RUN_ROWS);
	expect_eq(apply_run_next_max(&r, APPLY_RUN_ROWS, aim / 2 + 1), APPLY_RUN_ROWS);
	expect_eq(apply_run_next_max(&r, 2 * APPLY_RUN_ROWS, aim / 2), 2 * APPLY_RUN_ROWS);
	expect_eq(apply_run_next_max(&r, 4 * APPLY_RUN_ROWS, aim + 1), 2 * APPLY_RUN_ROWS);
	expect_eq(apply_run_next_max(&r, APPLY_RUN_ROWS, aim + 1), APPLY_RUN_ROWS);
	r.rows = APPLY_RUN_ROWS_MAX;
	expect_eq(apply_run_next_max(&r, APPLY_RUN_ROWS_MAX, 1), APPLY_RUN_ROWS_MAX);
}

TEST(a_run_has_room_for_whole_transactions_within_its_bounds)
{
	struct source_txn txn = { .first = true, .last = true, .count = 10, .bytes = 1000 };
	struct queued one = { .txn = &txn };
	struct apply_run r = { .rows = 0 };

	list_init(&r.entries);
	txn.count = 100;
	expect(apply_run_has_room(&r, &txn, 50)); /* it has none */
	list_push(&r.entries, &one.node);
	r.rows = 100;
	r.bytes = 1000;
	expect(apply_run_has_room(&r, &txn, 200));
	expect(!apply_run_has_room(&r, &txn, 199));
	r.bytes = APPLY_RUN_BYTES - 1000;
	expect(apply_run_has_room(&r, &txn, 200));
	r.bytes++;
	expect(!apply_run_has_room(&r, &txn, 200));
	r.bytes = 0;
	txn.last = false;
	expect(!apply_run_has_room(&r, &txn, 200));
}
