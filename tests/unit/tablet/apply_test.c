/* The applier between a scripted source and a scripted target. */
#include "tablet/write/apply.h"

#include "tablet/table/table_row.h"
#include "task/group.h"
#include "task/sim.h"
#include "test.h"
#include "unit/tablet/source_script.h"
#include "unit/tablet/target_script.h"

#include <stdio.h>

static struct source_script script;
static struct target_script target = { .packet_max = "16777216", .said = BUF_INIT };
static struct err err;
static const struct moved_table moved = { .def = &script_table, .database = "to", .name = "t" };
static const struct moved_tables tables = { .items = &moved, .count = 1 };
static struct tail_params tail_params;
static struct apply_params params;
static struct stream_state state;
static struct windows ws;
static struct tail *tail;
static struct applier *applier;
static struct group group;
static int applier_rc;
static struct err applier_err;

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 60 * SECOND, .err = &err };
}

static void
run_main(void *arg)
{
	struct ctx cx = { .deadline = NEVER, .err = &applier_err };

	applier_rc = applier_run(&cx, applier);
}

static void
start_applier(void)
{
	struct ctx cx = ctx();

	expect_ok(tail_open(&cx, &tail_params, &tail), &err);
	params.tail = tail;
	expect_ok(applier_new(&params, &applier, &err), &err);
	group_init(&group);
	applier_rc = 1;
	expect_ok(group_spawn(&group, "applier", run_main, NULL, &err), &err);
}

static void
stop_applier(void)
{
	group_done(&group);
	applier_free(applier);
	tail_close(tail);
}

static void
rest(void)
{
	struct ctx cx = ctx();

	expect_ok(task_sleep(&cx, 2 * SECOND), &err);
}

static void
in_sim(task_fn *fn)
{
	struct task *t;

	sim_start(test_seed());
	script_start(&script, "source:1");
	target.state = &state;
	target_start(&target, "target:1");
	windows_init(&ws);
	target.disk_offset = "400";
	state = (struct stream_state){
		.sidecar = SIDECAR_DEFAULT, .workflow = "w", .round = 1, .phase = STREAM_RUNNING
	};
	state.applied = script_position();
	tail_params = (struct tail_params){ .source = { .address = "source:1", .user = "u" },
		.id = { SIDECAR_DEFAULT, "w", 1 },
		.tables = &tables,
		.server_id = 9,
		.spill_dir = test_dir() };
	tail_params.start = script_position();
	params = (struct apply_params){
		.target = { .address = "target:1", .user = "u", .found_rows = true },
		.tables = &tables,
		.appliers = 4,
		.windows = &ws,
		.state = &state
	};
	t = task_spawn("test", fn, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(1000 * SECOND);
	windows_done(&ws);
	sim_stop();
}

static void
end(void)
{
	stop_applier();
	script_stop(&script);
	fake_stop(target.fake);
}

#define SAID(...)                                                                                  \
	target_said(&target, (const char *const[]){ __VA_ARGS__ },                                 \
	    (int)(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *)))

static void
one_of_each(void)
{
	script_gtid(&script, 4);
	script_map(&script, 7, "db", "t");
	script_insert(&script, 1, "new");
	script_update(&script, 2, "a", 2, "b");
	script_delete(&script, 3, "c");
	script_update(&script, 4, "d", 5, "e");
	script_xid(&script);
}

static void
converges(void *arg)
{
	target_listen(&target);
	one_of_each();
	start_applier();
	rest();
	SAID("UPDATE `_switchyard`.`stream` SET dirty_gtid='0-1-101'",
	    "DELETE FROM `to`.`t` WHERE (`id`=3) OR (`id`=4)\n",
	    "INSERT INTO `to`.`t` (`id`,`v`) VALUES (1,_latin1'new'),(2,_latin1'b'),(5,_latin1'e') "
	    "ON DUPLICATE KEY UPDATE `id`=VALUES(`id`),`v`=VALUES(`v`)\n",
	    "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-101'", "COMMIT");
	expect(!applier_exact(applier));
	expect_str(state.applied.gtid, "0-1-101");
	expect_eq(applier_changes(applier), 4);
	end();
}

TEST(catching_up_deletes_before_it_upserts_and_marks_itself_dirty)
{
	in_sim(converges);
}

static void
exactly(void *arg)
{
	target_listen(&target);
	state.cp = script_position();
	one_of_each();
	start_applier();
	rest();
	expect(applier_exact(applier));
	/* The guard and every slot were taken before what is on disk was read: no former statement
	 * is left. */
	expect_eq(fake_count(target.fake, "SELECT GET_LOCK(*"), 1 + params.appliers);
	/* the unique v of row 2 changes */
	SAID("DELETE FROM `to`.`t` WHERE (`id`=2) OR (`id`=3) OR (`id`=4)\n",
	    "INSERT INTO `to`.`t` (`id`,`v`) VALUES (1,_latin1'new'),(2,_latin1'b'),(5,_latin1'e')\n",
	    "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-101'", "COMMIT\n");
	expect_eq(fake_count(target.fake, "SET autocommit=0"), 1);
	expect(strstr(target.said.data, "dirty") == NULL);
	expect(strstr(target.said.data, "ON DUPLICATE") == NULL);
	buf_reset(&target.said);
	script_gtid(&script, 4);
	script_map(&script, 7, "db", "t");
	script_update(&script, 2, "b", 2, "b");
	script_xid(&script);
	rest();
	SAID("UPDATE `to`.`t` SET `id`=2,`v`=_latin1'b' WHERE (`id`=2)\n", "COMMIT\n");
	end();
}

TEST(past_the_consistency_point_every_row_is_counted)
{
	in_sim(exactly);
}

static void
counts(void *arg)
{
	fake_ok(fake_on(target.fake, "DELETE*=3)*"), 0, "");
	target_listen(&target);
	state.cp = script_position();
	one_of_each();
	start_applier();
	rest();
	expect_eq(applier_rc, -1);
	expect_eq(applier_err.kind, ERR_CORRUPT);
	expect(strstr(applier_err.text, "'to.t'") != NULL);
	expect(strstr(applier_err.text, "DELETE of (`id`=3) changed 0 rows, not 1") != NULL);
	expect(strstr(target.said.data, "COMMIT") == NULL);
	end();
}

TEST(another_row_count_stops_the_stream_with_the_key)
{
	in_sim(counts);
}

static void
dirty(void *arg)
{
	target_listen(&target);
	state.cp = script_position();
	script_txn(&script, 1, "a");
	script_txn(&script, 2, "b");
	state.dirty_until = script_position();
	state.dirty_until.gtid = "0-1-102";
	state.dirty_until.offset = script.offset;
	start_applier();
	rest();
	SAID("INSERT INTO `to`.`t` (`id`,`v`) VALUES (1,_latin1'a'),(2,_latin1'b') ON DUPLICATE",
	    "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-102'");
	expect(applier_exact(applier));
	buf_reset(&target.said);
	script_txn(&script, 3, "c");
	rest();
	SAID("VALUES (3,_latin1'c')\n");
	end();
}

TEST(what_may_be_half_written_is_never_exact)
{
	in_sim(dirty);
}

static void
meets_cp(void *arg)
{
	target_listen(&target);
	script_txn(&script, 1, "a");
	state.cp = script_position();
	state.cp.gtid = "0-1-101";
	state.cp.offset = script.offset;
	script_txn(&script, 2, "b");
	start_applier();
	rest();
	SAID("(1,_latin1'a') ON DUPLICATE",
	    "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-101'", "VALUES (2,_latin1'b')\n",
	    "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-102'");
	end();
}

TEST(a_run_that_converges_ends_at_the_consistency_point)
{
	in_sim(meets_cp);
}

static void
touched(void *arg)
{
	SCOPED(buf) struct buf key = BUF_INIT, other = BUF_INIT;
	struct slice row = slice_str("1");
	struct window *w;

	target_listen(&target);
	start_applier();
	rest();
	table_row_key(&key, &script_table, &row);
	row = slice_str("2");
	table_row_key(&other, &script_table, &row);
	w = window_open(&ws, 0, true);
	script_txn(&script, 1, "a");
	rest();
	expect(window_touched(w, buf_slice(&key)));
	expect(!window_touched(w, buf_slice(&other)));
	SAID("VALUES (1,_latin1'a')");
	window_add(w, buf_slice(&other));
	window_seal(w);
	script_txn(&script, 1, "a2");
	script_txn(&script, 2, "b");
	rest();
	expect(strstr(target.said.data, "'b'") == NULL); /* waits for the chunk that writes row 2 */
	expect_str(tail_position(tail)->gtid, "0-1-103");
	window_close(w);
	rest();
	SAID("_latin1'b'");
	end();
}

TEST(keys_are_touched_as_they_come_and_wait_for_sealed_chunks)
{
	in_sim(touched);
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
	rest();
	seal_row(&first, "2");
	script_txn(&script, 2, "b");
	rest();
	seal_row(&second, "4");
	script_txn(&script, 3, "c"); /* these two queue up behind it: one run */
	script_txn(&script, 4, "d");
	rest();
	expect_str(target.said.data, "");
	window_close(first);
	rest();
	SAID("_latin1'b'");
	expect(strstr(target.said.data, "'c'") == NULL); /* nor is what no chunk writes */
	expect(strstr(target.said.data, "'d'") == NULL);
	window_close(second);
	rest();
	SAID("VALUES (3,_latin1'c'),(4,_latin1'd')");
	end();
}

TEST(a_run_waits_whole_for_the_chunk_of_one_row)
{
	in_sim(waits_whole);
}

static void
freezes(void *arg)
{
	target_listen(&target);
	state.cp = script_position();
	script_txn(&script, 1, "a");
	start_applier();
	rest();
	expect_ok(applier_freeze_at(applier, "0-1-102", 3, &err), &err);
	rest();
	expect_eq(applier_rc, 1); /* runs on: P has not come */
	script_txn(&script, 2, "b");
	rest();
	expect_eq(applier_rc, 0);
	expect_eq(state.phase, STREAM_FROZEN);
	expect_eq(state.attempt, 3);
	SAID("VALUES (2,_latin1'b')",
	    "UPDATE `_switchyard`.`stream` SET phase='frozen', attempt=3, applied_gtid='0-1-102'",
	    "COMMIT\n");
	script_txn(&script, 3, "c");
	rest();
	expect(strstr(target.said.data, "'c'") == NULL);
	end();
}

TEST(a_freeze_ends_at_its_position_in_the_same_transaction)
{
	in_sim(freezes);
}

static void
freeze_passed(void *arg)
{
	target_listen(&target);
	state.cp = script_position();
	script_txn(&script, 1, "a");
	script_gtid(&script, 4);
	script_map(&script, 8, "db", "other");
	script_xid(&script);
	start_applier();
	rest();
	expect_str(state.applied.gtid, "0-1-102");
	/* A change was applied beyond 0-1-100. */
	expect_eq(applier_freeze_at(applier, "0-1-100", 3, &err), -1);
	expect_eq(err.kind, ERR_CONFLICT);
	/* Beyond 0-1-101 there is only what others did. */
	expect_ok(applier_freeze_at(applier, "0-1-101", 3, &err), &err);
	rest();
	expect_eq(applier_rc, 0);
	expect_eq(state.phase, STREAM_FROZEN);
	end();
}

TEST(a_freeze_may_be_passed_by_what_others_do)
{
	in_sim(freeze_passed);
}

static void
too_large(void *arg)
{
	SCOPED(buf) struct buf large = BUF_INIT;

	target_listen(&target);
	state.cp = script_position();
	memset(buf_grow(&large, 60000), 'x', 60000);
	script_txn(&script, 1, large.data);
	start_applier();
	rest();
	expect_eq(applier_rc, -1);
	expect_eq(applier_err.kind, ERR_REFUSED);
	expect(strstr(applier_err.text, "a row of 'to.t', (`id`=1) takes") != NULL);
	expect(strstr(applier_err.text, "max_allowed_packet is 50000") != NULL);
	end();
}

TEST(a_change_that_the_target_does_not_take_stops_by_name)
{
	target.packet_max = "50000";
	in_sim(too_large);
}

static void
prepared(void *arg)
{
	target_listen(&target);
	tail_params.prepared = slice_str("X'40',X'',1;");
	script_gtid(&script, 4 | GTID_PREPARED_XA);
	script_xa_prepare(&script);
	start_applier();
	rest();
	expect_ok(applier_freeze_at(applier, "0-1-100", 3, &err), &err);
	rest();
	SAID("phase='frozen', attempt=3, applied_gtid='0-1-101'",
	    "prepared='X\\'40\\',X\\'\\',1;X\\'41\\',X\\'41\\',1;'");
	end();
}

TEST(what_is_prepared_is_stored_with_the_position)
{
	in_sim(prepared);
}

static void
deadlock(void *arg)
{
	fake_error(fake_times(fake_on(target.fake, "INSERT*"), 1), 1213, "40001", "Deadlock found");
	target_listen(&target);
	script_txn(&script, 1, "a");
	start_applier();
	rest();
	SAID("VALUES (1,_latin1'a')", "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-101'");
	expect_eq(applier_rc, 1);
	/* The slots were taken anew, and behind the guard's back by nobody: it was never let go. */
	expect_eq(fake_count(target.fake, "SELECT GET_LOCK(*"), 1 + 2 * params.appliers);
	end();
}

TEST(a_lost_deadlock_is_tried_again)
{
	in_sim(deadlock);
}

/* While the slots' locks were let go: the guard may be lost with its connection. */
static void
gone_on(void *arg)
{
	struct ctx cx = ctx();
	char offset[24];

	fake_error(fake_times(fake_on(target.fake, "INSERT*"), 1), 1213, "40001", "Deadlock found");
	target_listen(&target);
	script_txn(&script, 1, "a");
	start_applier();
	while (fake_count(target.fake, "INSERT*") == 0)
		expect_ok(task_sleep(&cx, MSEC), &err);
	snprintf(offset, sizeof(offset), "%u", script.offset);
	target.disk_offset = offset;
	rest();
	expect_eq(applier_rc, -1);
	expect_eq(applier_err.kind, ERR_RETRY);
	expect(strstr(applier_err.text, "another process has gone on") != NULL);
	expect_eq(fake_count(target.fake, "INSERT*"), 1);
	end();
}

TEST(a_run_that_another_process_has_written_is_not_repeated)
{
	in_sim(gone_on);
}

static void
lost_commit(void *arg)
{
	char offset[24];

	fake_close(fake_times(fake_on(target.fake, "COMMIT"), 1));
	target_listen(&target);
	state.cp = script_position();
	script_txn(&script, 1, "a");
	start_applier();
	rest();
	expect_eq(applier_rc, -1);
	expect_eq(applier_err.kind, ERR_RETRY);
	stop_applier();
	/* It had committed. */
	snprintf(offset, sizeof(offset), "%u", script.offset);
	target.disk_offset = offset;
	buf_reset(&target.said);
	start_applier();
	rest();
	expect(strstr(target.said.data, "'a'") == NULL);
	script_txn(&script, 2, "b");
	rest();
	SAID("'b'");
	end();
}

TEST(a_commit_whose_answer_was_lost_is_not_repeated)
{
	in_sim(lost_commit);
}

static void
large(void *arg)
{
	enum { ROWS = 700 }; /* of 50 kB: more than two fragments */
	const char *commit;

	target_listen(&target);
	state.cp = script_position();
	script_gtid(&script, 4);
	script_map(&script, 7, "db", "t");
	for (int i = 0; i < ROWS; i++)
		script_insert(&script, i, NULL);
	script_xid(&script);
	start_applier();
	rest();
	SAID("(0,_latin1", "(350,_latin1", "(699,_latin1",
	    "UPDATE `_switchyard`.`stream` SET applied_gtid='0-1-101'", "COMMIT\n");
	commit = strstr(target.said.data, "COMMIT\n");
	expect(strstr(commit + 1, "COMMIT\n") == NULL);
	expect_eq(fake_count(target.fake, "SET autocommit=0"), 1);
	end();
}

TEST(a_large_transaction_is_one_at_the_target)
{
	in_sim(large);
}

/* The heartbeat before was met, and the phase could not be stored: another one is written. */
static void
a_second_cp(void *arg)
{
	struct position later = { .file = "bin.000009", .offset = 1 };
	struct ctx cx = ctx();

	target_listen(&target);
	state.cp = script_position();
	start_applier();
	rest();
	expect(applier_exact(applier));
	applier_set_cp(applier, &later);
	expect_ok(applier_freeze_at(applier, script_position().gtid, 1, &err), &err);
	expect_ok(applier_wait_change(&cx, applier), &err);
	expect(applier_exact(applier));
	end();
}

TEST(a_later_consistency_point_does_not_change_an_exact_applier)
{
	in_sim(a_second_cp);
}

/* ---- What applier_check() sees */

static void
take_a_position_back(void *arg)
{
	struct ctx cx = ctx();

	target_listen(&target);
	state.cp = script_position();
	start_applier();
	rest();
	state.applied.offset = 1;
	(void)!applier_wait_change(&cx, applier);
}

static void
go_back(void)
{
	in_sim(take_a_position_back);
}

TEST(an_exact_applier_that_is_no_longer_beyond_its_bounds_ends_the_process)
{
	expect_check_fails(go_back, "!a->exact || is_exact_at");
}
