/* The applier between a scripted source and a scripted target. */
#include "task/sim.h"
#include "test.h"
#include "tablet/table/table_row.h"
#include "unit/tablet/applier_script.h"

#include <stdio.h>

static void
converges(void *arg)
{
	target_listen(&target);
	one_of_each();
	start_applier();
	rest_applier();
	SAID("UPDATE `_switchyard`.`stream` SET dirty_gtid='0-1-101'",
	    "DELETE FROM `to`.`t` WHERE (`id`=3) OR (`id`=4)\n",
	    "INSERT INTO `to`.`t` (`id`,`v`) VALUES (1,_latin1'new'),(2,_latin1'b'),(5,_latin1'e') "
	    "ON DUPLICATE KEY UPDATE `id`=VALUES(`id`),`v`=VALUES(`v`)\n",
	    "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-101'", "COMMIT");
	expect(!applier_exact(applier));
	expect_str(state.applied.gtid, "0-1-101");
	expect_eq(applier_changes(applier), 4);
	end_applier();
}

TEST(catching_up_deletes_before_it_upserts_and_marks_itself_dirty)
{
	in_apply_sim(converges);
}

static void
exactly(void *arg)
{
	target_listen(&target);
	state.cp = script_position();
	one_of_each();
	start_applier();
	rest_applier();
	expect(applier_exact(applier));
	/* The guard and every slot were taken before what is on disk was read: no former statement
	 * is left. */
	expect_eq(fake_count(target.fake, "SELECT GET_LOCK(*"), 1 + applier_params.appliers);
	/* the unique v of row 2 changes */
	SAID("DELETE FROM `to`.`t` WHERE (`id`=2) OR (`id`=3) OR (`id`=4)\n",
	    "INSERT INTO `to`.`t` (`id`,`v`) VALUES (1,_latin1'new'),(2,_latin1'b'),(5,_latin1'e')\n",
	    "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-101'", "COMMIT\n");
	expect_eq(fake_count(target.fake, "SET autocommit=0"), 1);
	expect(strstr(target.said.data, "dirty") == NULL);
	expect(strstr(target.said.data, "ON DUPLICATE") == NULL);
	buf_reset(&target.said);
	script_gtid(&source, 4);
	script_map(&source, 7, "db", "t");
	script_update(&source, 2, "b", 2, "b");
	script_xid(&source);
	rest_applier();
	SAID("UPDATE `to`.`t` SET `id`=2,`v`=_latin1'b' WHERE (`id`=2)\n", "COMMIT\n");
	end_applier();
}

TEST(past_the_consistency_point_every_row_is_counted)
{
	in_apply_sim(exactly);
}

static void
counts(void *arg)
{
	fake_ok(fake_on(target.fake, "DELETE*=3)*"), 0, "");
	target_listen(&target);
	state.cp = script_position();
	one_of_each();
	start_applier();
	rest_applier();
	expect_eq(applier_rc, -1);
	expect_eq(applier_err.kind, ERR_CORRUPT);
	expect(strstr(applier_err.text, "'to.t'") != NULL);
	expect(strstr(applier_err.text, "DELETE of (`id`=3) changed 0 rows, not 1") != NULL);
	expect(strstr(target.said.data, "COMMIT") == NULL);
	end_applier();
}

TEST(another_row_count_stops_the_stream_with_the_key)
{
	in_apply_sim(counts);
}

static void
dirty(void *arg)
{
	target_listen(&target);
	state.cp = script_position();
	script_txn(&source, 1, "a");
	script_txn(&source, 2, "b");
	state.dirty_until = script_position();
	state.dirty_until.gtid = "0-1-102";
	state.dirty_until.offset = source.offset;
	start_applier();
	rest_applier();
	SAID("INSERT INTO `to`.`t` (`id`,`v`) VALUES (1,_latin1'a'),(2,_latin1'b') ON DUPLICATE",
	    "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-102'");
	expect(applier_exact(applier));
	buf_reset(&target.said);
	script_txn(&source, 3, "c");
	rest_applier();
	SAID("VALUES (3,_latin1'c')\n");
	end_applier();
}

TEST(what_may_be_half_written_is_never_exact)
{
	in_apply_sim(dirty);
}

static void
meets_cp(void *arg)
{
	target_listen(&target);
	script_txn(&source, 1, "a");
	state.cp = script_position();
	state.cp.gtid = "0-1-101";
	state.cp.offset = source.offset;
	script_txn(&source, 2, "b");
	start_applier();
	rest_applier();
	SAID("(1,_latin1'a') ON DUPLICATE",
	    "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-101'", "VALUES (2,_latin1'b')\n",
	    "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-102'");
	end_applier();
}

TEST(a_run_that_converges_ends_at_the_consistency_point)
{
	in_apply_sim(meets_cp);
}

static void
touched(void *arg)
{
	SCOPED(buf) struct buf key = BUF_INIT, other = BUF_INIT;
	struct slice row = slice_str("1");
	struct window *w;

	target_listen(&target);
	start_applier();
	rest_applier();
	table_row_key(&key, &script_table, &row);
	row = slice_str("2");
	table_row_key(&other, &script_table, &row);
	w = window_open(&ws, 0, true);
	script_txn(&source, 1, "a");
	rest_applier();
	expect(window_touched(w, buf_slice(&key)));
	expect(!window_touched(w, buf_slice(&other)));
	SAID("VALUES (1,_latin1'a')");
	window_add(w, buf_slice(&other));
	window_seal(w);
	script_txn(&source, 1, "a2");
	script_txn(&source, 2, "b");
	rest_applier();
	expect(strstr(target.said.data, "'b'") == NULL); /* waits for the chunk that writes row 2 */
	expect_str(tail_position(applier_tail)->gtid, "0-1-103");
	window_close(w);
	rest_applier();
	SAID("_latin1'b'");
	end_applier();
}

TEST(keys_are_touched_as_they_come_and_wait_for_sealed_chunks)
{
	in_apply_sim(touched);
}

static void
seal_row(struct window **w, const char *id)
{
	SCOPED(buf) struct buf key = BUF_INIT;
	struct slice row = slice_str(id);

	table_row_key(&key, &script_table, &row);
	*w = window_open(&ws, 0, true);
	window_add(*w, buf_slice(&key));
	window_seal(*w);
}

static void
waits_whole(void *arg)
{
	struct window *first, *second;

	target_listen(&target);
	start_applier();
	rest_applier();
	seal_row(&first, "2");
	script_txn(&source, 2, "b");
	rest_applier();
	seal_row(&second, "4");
	script_txn(&source, 3, "c"); /* these two queue up behind it: one run */
	script_txn(&source, 4, "d");
	rest_applier();
	expect_str(target.said.data, "");
	window_close(first);
	rest_applier();
	SAID("_latin1'b'");
	expect(strstr(target.said.data, "'c'") == NULL); /* nor is what no chunk writes */
	expect(strstr(target.said.data, "'d'") == NULL);
	window_close(second);
	rest_applier();
	SAID("VALUES (3,_latin1'c'),(4,_latin1'd')");
	end_applier();
}

TEST(a_run_waits_whole_for_the_chunk_of_one_row)
{
	in_apply_sim(waits_whole);
}

static void
freezes(void *arg)
{
	target_listen(&target);
	state.cp = script_position();
	script_txn(&source, 1, "a");
	start_applier();
	rest_applier();
	expect_ok(applier_freeze_at(applier, "0-1-102", 3, &apply_err), &apply_err);
	rest_applier();
	expect_eq(applier_rc, 1); /* runs on: P has not come */
	script_txn(&source, 2, "b");
	rest_applier();
	expect_eq(applier_rc, 0);
	expect_eq(state.phase, STREAM_FROZEN);
	expect_eq(state.attempt, 3);
	SAID("VALUES (2,_latin1'b')",
	    "UPDATE `_switchyard`.`stream` SET phase='frozen', attempt=3, applied_gtid='0-1-102'",
	    "COMMIT\n");
	script_txn(&source, 3, "c");
	rest_applier();
	expect(strstr(target.said.data, "'c'") == NULL);
	end_applier();
}

TEST(a_freeze_ends_at_its_position_in_the_same_transaction)
{
	in_apply_sim(freezes);
}

static void
freeze_passed(void *arg)
{
	target_listen(&target);
	state.cp = script_position();
	script_txn(&source, 1, "a");
	script_gtid(&source, 4);
	script_map(&source, 8, "db", "other");
	script_xid(&source);
	start_applier();
	rest_applier();
	expect_str(state.applied.gtid, "0-1-102");
	/* A change was applied beyond 0-1-100. */
	expect_eq(applier_freeze_at(applier, "0-1-100", 3, &apply_err), -1);
	expect_eq(apply_err.kind, ERR_CONFLICT);
	/* Beyond 0-1-101 there is only what others did. */
	expect_ok(applier_freeze_at(applier, "0-1-101", 3, &apply_err), &apply_err);
	rest_applier();
	expect_eq(applier_rc, 0);
	expect_eq(state.phase, STREAM_FROZEN);
	end_applier();
}

TEST(a_freeze_may_be_passed_by_what_others_do)
{
	in_apply_sim(freeze_passed);
}

static void
too_large(void *arg)
{
	SCOPED(buf) struct buf large = BUF_INIT;

	target_listen(&target);
	state.cp = script_position();
	memset(buf_grow(&large, 60000), 'x', 60000);
	script_txn(&source, 1, large.data);
	start_applier();
	rest_applier();
	expect_eq(applier_rc, -1);
	expect_eq(applier_err.kind, ERR_REFUSED);
	expect(strstr(applier_err.text, "a row of 'to.t', (`id`=1) takes") != NULL);
	expect(strstr(applier_err.text, "max_allowed_packet is 50000") != NULL);
	end_applier();
}

TEST(a_change_that_the_target_does_not_take_stops_by_name)
{
	target.packet_max = "50000";
	in_apply_sim(too_large);
}

static void
prepared(void *arg)
{
	target_listen(&target);
	tail_params.prepared = slice_str("X'40',X'',1;");
	script_gtid(&source, 4 | GTID_PREPARED_XA);
	script_xa_prepare(&source);
	start_applier();
	rest_applier();
	expect_ok(applier_freeze_at(applier, "0-1-100", 3, &apply_err), &apply_err);
	rest_applier();
	SAID("phase='frozen', attempt=3, applied_gtid='0-1-101'",
	    "prepared='X\\'40\\',X\\'\\',1;X\\'41\\',X\\'41\\',1;'");
	end_applier();
}

TEST(what_is_prepared_is_stored_with_the_position)
{
	in_apply_sim(prepared);
}

static void
deadlock(void *arg)
{
	fake_error(fake_times(fake_on(target.fake, "INSERT*"), 1), 1213, "40001", "Deadlock found");
	target_listen(&target);
	script_txn(&source, 1, "a");
	start_applier();
	rest_applier();
	SAID("VALUES (1,_latin1'a')", "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-101'");
	expect_eq(applier_rc, 1);
	/* The slots were taken anew, and behind the guard's back by nobody: it was never let go. */
	expect_eq(fake_count(target.fake, "SELECT GET_LOCK(*"), 1 + 2 * applier_params.appliers);
	end_applier();
}

TEST(a_lost_deadlock_is_tried_again)
{
	in_apply_sim(deadlock);
}

/* While the slots' locks were let go: the guard may be lost with its connection. */
static void
gone_on(void *arg)
{
	struct ctx cx = apply_ctx();
	char offset[24];

	fake_error(fake_times(fake_on(target.fake, "INSERT*"), 1), 1213, "40001", "Deadlock found");
	target_listen(&target);
	script_txn(&source, 1, "a");
	start_applier();
	while (fake_count(target.fake, "INSERT*") == 0)
		expect_ok(task_sleep(&cx, MSEC), &apply_err);
	snprintf(offset, sizeof(offset), "%u", source.offset);
	target.disk_offset = offset;
	rest_applier();
	expect_eq(applier_rc, -1);
	expect_eq(applier_err.kind, ERR_RETRY);
	expect(strstr(applier_err.text, "another process has gone on") != NULL);
	expect_eq(fake_count(target.fake, "INSERT*"), 1);
	end_applier();
}

TEST(a_run_that_another_process_has_written_is_not_repeated)
{
	in_apply_sim(gone_on);
}

static void
lost_commit(void *arg)
{
	char offset[24];

	fake_close(fake_times(fake_on(target.fake, "COMMIT"), 1));
	target_listen(&target);
	state.cp = script_position();
	script_txn(&source, 1, "a");
	start_applier();
	rest_applier();
	expect_eq(applier_rc, -1);
	expect_eq(applier_err.kind, ERR_RETRY);
	stop_applier();
	/* It had committed. */
	snprintf(offset, sizeof(offset), "%u", source.offset);
	target.disk_offset = offset;
	buf_reset(&target.said);
	start_applier();
	rest_applier();
	expect(strstr(target.said.data, "'a'") == NULL);
	script_txn(&source, 2, "b");
	rest_applier();
	SAID("'b'");
	end_applier();
}

TEST(a_commit_whose_answer_was_lost_is_not_repeated)
{
	in_apply_sim(lost_commit);
}

static void
large(void *arg)
{
	enum { ROWS = 700 }; /* of 50 kB: more than two fragments */
	const char *commit;

	target_listen(&target);
	state.cp = script_position();
	script_gtid(&source, 4);
	script_map(&source, 7, "db", "t");
	for (int i = 0; i < ROWS; i++)
		script_insert(&source, i, NULL);
	script_xid(&source);
	start_applier();
	rest_applier();
	SAID("(0,_latin1", "(350,_latin1", "(699,_latin1",
	    "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-101'", "COMMIT\n");
	commit = strstr(target.said.data, "COMMIT\n");
	expect(strstr(commit + 1, "COMMIT\n") == NULL);
	expect_eq(fake_count(target.fake, "SET autocommit=0"), 1);
	end_applier();
}

TEST(a_large_transaction_is_one_at_the_target)
{
	in_apply_sim(large);
}

/* The heartbeat before was met, and the phase could not be stored: another one is written. */
static void
a_second_cp(void *arg)
{
	struct position later = { .file = "bin.000009", .offset = 1 };
	struct ctx cx = apply_ctx();

	target_listen(&target);
	state.cp = script_position();
	start_applier();
	rest_applier();
	expect(applier_exact(applier));
	applier_set_cp(applier, &later);
	expect_ok(applier_freeze_at(applier, script_position().gtid, 1, &apply_err), &apply_err);
	expect_ok(applier_wait_change(&cx, applier), &apply_err);
	expect(applier_exact(applier));
	end_applier();
}

TEST(a_later_consistency_point_does_not_change_an_exact_applier)
{
	in_apply_sim(a_second_cp);
}

/* ---- What applier_check() sees */

static void
take_a_position_back(void *arg)
{
	struct ctx cx = apply_ctx();

	target_listen(&target);
	state.cp = script_position();
	start_applier();
	rest_applier();
	state.applied.offset = 1;
	(void)!applier_wait_change(&cx, applier);
}

static void
go_back(void)
{
	in_apply_sim(take_a_position_back);
}

TEST(an_exact_applier_that_is_no_longer_beyond_its_bounds_ends_the_process)
{
	expect_check_fails(go_back, "!a->exact || applier_is_exact_at");
}
