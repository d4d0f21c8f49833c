/* Runs that several sessions write: what is on disk when, and what the next applier makes of it. */
#include "task/sim.h"
#include "test.h"
#include "tablet/write/apply_parts.h"
#include "unit/tablet/applier_script.h"

#include <stdio.h>

static struct table_def def;
static const struct moved_table moved = { .def = &def, .database = "to", .name = "t" };
static const struct moved_tables one_table = { .items = &moved, .count = 1 };

#define STORES_PART     "REPLACE INTO `_switchyard`.`run_part` "
#define STORES_POSITION "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-101'"

static void
insert_four(void)
{
	script_gtid(&source, 4);
	script_map(&source, 7, "db", "t");
	for (int id = 1; id <= 4; id++)
		script_insert(&source, id, "v");
	script_xid(&source);
}

/* unique: v is. */
static void
start_with(bool unique, size_t part_rows)
{
	def = script_table;
	def.indexes_count = unique ? 1 : 0;
	tail_params.tables = applier_params.tables = &one_table;
	applier_params.part_rows = part_rows;
	target_listen(&target);
	state.cp = script_position();
	insert_four();
	start_applier();
	rest_applier();
}

static size_t
times(const char *piece)
{
	size_t n = 0;

	for (const char *at = target.said.data; (at = strstr(at, piece)) != NULL; at++)
		n++;
	return n;
}

/* ---- What is on disk when */

static void
in_two_parts(void *arg)
{
	start_with(false, 2);
	expect_eq(applier_rc, 1);
	expect_eq(times("INSERT INTO `to`.`t`"), 2);
	SAID(STORES_PART, "VALUES ('w', 1, 1, '0-1-101', 'bin.000001', ", ", 't', 0x",
	    ", '', '')\n", "COMMIT\n", STORES_POSITION, "COMMIT\n");
	expect_eq(times("COMMIT\n"), 2);
	expect_eq(times(STORES_PART), 1);
	expect_eq(fake_count(target.fake, "SET autocommit=0"), 2);
	end_applier();
}

TEST(a_large_run_is_written_in_parts_and_the_position_comes_last)
{
	in_apply_sim(in_two_parts);
}

static void
in_four_parts(void *arg)
{
	start_with(false, 1);
	expect_eq(times("INSERT INTO `to`.`t`"), 4);
	expect_eq(times(STORES_PART), 3);
	expect_eq(times("COMMIT\n"), 4);
	expect_eq(applier_changes(applier), 4);
	end_applier();
}

TEST(there_are_no_more_parts_than_sessions)
{
	in_apply_sim(in_four_parts);
}

static void
whole(void *arg)
{
	start_with(true, 2);
	expect_eq(times("INSERT INTO `to`.`t`"), 1);
	expect_eq(times(STORES_PART), 0);
	end_applier();
}

TEST(a_table_with_a_unique_index_is_whole_in_one_part)
{
	in_apply_sim(whole);
}

static void
indexes_are_built(void *arg)
{
	state.phase = STREAM_INDEXING;
	start_with(false, 2);
	expect_eq(times("INSERT INTO `to`.`t`"), 1);
	expect_eq(times(STORES_PART), 0);
	end_applier();
}

/* A part that comes before another may have a value twice that the rows never had at once. */
TEST(while_indexes_are_built_rows_and_position_come_together)
{
	in_apply_sim(indexes_are_built);
}

static void
proven(void *arg)
{
	applier_params.keeps_deltas = true;
	start_with(false, 2);
	expect_eq(times("INSERT INTO `to`.`t`"), 1);
	expect_eq(times(STORES_PART), 0);
	end_applier();
}

/* A proof takes each transaction of the target's binlog by itself. */
TEST(where_a_proof_reads_rows_and_position_come_together)
{
	in_apply_sim(proven);
}

/* ---- What goes wrong */

static void
differs_in_a_part(void *arg)
{
	fake_ok(fake_on(target.fake, "INSERT*(3,*"), 0, "");
	start_with(false, 2);
	expect_eq(applier_rc, -1);
	expect_eq(applier_err.kind, ERR_CORRUPT);
	expect(strstr(applier_err.text, "changed 0 rows, not 1") != NULL);
	expect_eq(times("COMMIT\n"), 0);
	expect_eq(times(STORES_POSITION), 0);
	end_applier();
}

TEST(a_count_that_differs_in_one_part_leaves_none)
{
	in_apply_sim(differs_in_a_part);
}

static void
loses_a_lock(void *arg)
{
	fake_error(fake_times(fake_on(target.fake, "INSERT*(3,*"), 1), 1205, "HY000",
	    "Lock wait timeout exceeded");
	start_with(false, 2);
	expect_eq(applier_rc, 1);
	/* Once more by one session, which waits for nobody of its own. */
	SAID("VALUES (1,_latin1'v'),(2,_latin1'v'),(3,_latin1'v'),(4,_latin1'v')\n",
	    STORES_POSITION, "COMMIT\n");
	expect_eq(times("COMMIT\n"), 1);
	end_applier();
}

TEST(a_part_that_waits_too_long_makes_it_one_run)
{
	in_apply_sim(loses_a_lock);
}

static void
not_committed(void *arg)
{
	fake_error(fake_on(target.fake, "COMMIT"), 1213, "40001", "Deadlock found");
	start_with(false, 2);
	expect_eq(applier_rc, -1);
	expect_eq(applier_err.kind, ERR_RETRY);
	expect(strstr(applier_err.text, "was committed in part") != NULL);
	expect_eq(times("INSERT INTO `to`.`t`"), 2); /* it is not repeated */
	end_applier();
}

TEST(after_a_commit_nothing_is_repeated_from_memory)
{
	in_apply_sim(not_committed);
}

/* ---- Behind a kill */

/* Rows from this id on are there, up to the end of the transaction. */
static void
with_a_part(int id, uint64_t until, bool more)
{
	static struct slice row[8];
	static char number[8], offset[24];
	static struct buf key;
	const struct column_type type = script_table.columns[0].type;

	snprintf(number, sizeof(number), "%d", id);
	snprintf(offset, sizeof(offset), "%llu", (unsigned long long)until);
	buf_init(&key);
	key_bytes(&key, &type, slice_str(number));
	row[0] = slice_str("1");
	row[1] = slice_str("0-1-101");
	row[2] = slice_str("bin.000001");
	row[3] = slice_str(offset);
	row[4] = slice_str("t");
	row[5] = buf_slice(&key);
	row[6] = row[7] = slice_str("");
	target.part = row;
	if (more)
		script_txn(&source, 9, "behind");
}

static void
goes_on(void *arg)
{
	struct err err = { 0 };

	def = script_table;
	def.indexes_count = 0;
	tail_params.tables = applier_params.tables = &one_table;
	applier_params.part_rows = 1;
	target_listen(&target);
	state.cp = script_position();
	insert_four();
	with_a_part(3, source.offset, true);
	start_applier();
	rest_applier();
	expect_ok(applier_rc == 1 ? 0 : -1, &applier_err);
	/* By one session, as far as the parts go; what is behind them is another run. */
	SAID("INSERT INTO `to`.`t` (`id`,`v`) VALUES (1,_latin1'v'),(2,_latin1'v')\n",
	    STORES_POSITION, "COMMIT\n", "VALUES (9,_latin1'behind')\n", "COMMIT\n");
	expect_eq(times("(3,"), 0);
	expect_eq(times(STORES_PART), 0);
	/* A freeze before the parts' end would tell of a target that is ahead of it. */
	expect_eq(applier_freeze_at(applier, "0-1-102", 1, &err), 0);
	rest_applier();
	expect_eq(applier_rc, 0);
	end_applier();
}

TEST(what_a_part_has_is_passed_over_up_to_its_end)
{
	in_apply_sim(goes_on);
}

static void
no_such_end(void *arg)
{
	def = script_table;
	tail_params.tables = applier_params.tables = &one_table;
	target_listen(&target);
	state.cp = script_position();
	insert_four();
	with_a_part(3, source.offset - 1, false);
	start_applier();
	rest_applier();
	expect_eq(applier_rc, -1);
	expect_eq(applier_err.kind, ERR_CORRUPT);
	expect(strstr(applier_err.text, "where no transaction of the source's binlog ends") != NULL);
	expect_eq(times("INSERT INTO `to`.`t`"), 0);
	end_applier();
}

TEST(parts_that_end_within_a_transaction_are_another_binlogs)
{
	in_apply_sim(no_such_end);
}

static void
suspended(void *arg)
{
	struct ctx cx = apply_ctx();
	struct ctx soon = cx;

	def = script_table;
	def.indexes_count = 0;
	tail_params.tables = applier_params.tables = &one_table;
	target_listen(&target);
	state.cp = script_position();
	/* The transaction that it is of has not come yet. */
	with_a_part(3, source.offset + 1000, false);
	start_applier();
	rest_applier();
	soon.deadline = task_now() + SECOND;
	expect_eq(applier_suspend(&soon, applier), -1);
	expect_eq(applier_err.kind, ERR_NONE);
	end_applier();
}

TEST(nobody_has_the_target_to_himself_while_a_part_is_ahead)
{
	in_apply_sim(suspended);
}

static void
frozen_before(void *arg)
{
	struct err err = { 0 };

	def = script_table;
	def.indexes_count = 0;
	tail_params.tables = applier_params.tables = &one_table;
	target_listen(&target);
	state.cp = script_position();
	insert_four();
	with_a_part(3, source.offset, false);
	script_wake(&source);
	start_applier();
	/* Before the transaction that the parts are of. */
	(void)!applier_freeze_at(applier, "0-1-100", 1, &err);
	rest_applier();
	expect_eq(applier_rc, -1);
	expect_eq(applier_err.kind, ERR_CONFLICT);
	expect_eq(times("phase='frozen'"), 0);
	end_applier();
}

TEST(a_target_with_a_part_beyond_is_not_frozen)
{
	in_apply_sim(frozen_before);
}
