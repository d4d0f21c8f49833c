/*
 * chunk_test.c - chunks against scripted servers: rules 7, 8, 9 and 13, step by step.
 *
 * The source has rows 1 to 3 of u. Statements can be held, so that a change comes between any two.
 */
#include "tablet/copy/chunk_load.h"

#include "fake/fakemysql.h"
#include "tablet/table/table_row.h"
#include "task/sim.h"
#include "test.h"

#define CREATE                                                                                     \
	"CREATE TABLE `u` (\n  `id` int(11) NOT NULL,\n  `v` varchar(20) DEFAULT NULL,\n"          \
	"  PRIMARY KEY (`id`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"

static struct column columns[] = {
	{ .name = "id", .type = { .kind = COLUMN_INT, .int_bytes = 4 }, .key_index = 0 },
	{ .name = "v",
	    .type = { .kind = COLUMN_STRING, .charset = "utf8mb4", .length = 20 },
	    .nullable = true,
	    .key_index = -1 },
};
static int key[] = { 0 };
/* clang-format off */
static struct table_def def = {
	.database = "s", .name = "u", .columns = columns, .columns_count = 2, .key = key,
	    .key_count = 1, .key_name = "PRIMARY",
	.create_sql = CREATE, .key_binary = true,
};
/* clang-format on */

static struct err err;
static struct arena arena;
static struct fake *source_server, *target_server;
static struct mysql_client *source, *target;
static struct windows windows;
static struct position tail;
static struct fake_rule *committing; /* the target's COMMIT */
static const struct moved_table moved = {
	.def = &def, .database = "d", .name = "u", .full_name = "d.u", .plan = { "`id`,`v`" }
};
static const struct load by_file = { .table = &moved, .way = LOAD_FILE, .packet_max = 1 << 20 };
static const struct chunk_job job = { .source = { &moved, &windows, false },
	.id = { SIDECAR_DEFAULT, "w", 1 } };

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 600 * SECOND, .err = &err, .arena = &arena };
}

/* ---- The world */

/* How many rows the source finds behind a chunk that came short. */
static const char *rest_of_the_span = "0";

static void
script_source(void)
{
	fake_row(fake_rows(fake_on(source_server, "SELECT COUNT(*) FROM (SELECT 1 FROM `s`.`u`*"),
		     "rest", NULL),
	    rest_of_the_span);
	struct fake_rule *r =
	    fake_rows(fake_on(source_server, "SELECT*FROM `s`.`u`*"), "id", "v", NULL);

	fake_row(r, "1", "one");
	fake_row(r, "2", "two");
	fake_row(r, "3", NULL);
	fake_on(source_server, "START TRANSACTION WITH CONSISTENT SNAPSHOT");
	fake_on(source_server, "COMMIT");
	fake_on(source_server, "ROLLBACK");
}

static struct fake_rule *
script_definition(const char *create)
{
	struct fake_rule *r =
	    fake_rows(fake_on(source_server, "SHOW CREATE TABLE*"), "Table", "Create Table", NULL);

	fake_row(r, "u", create);
	return r;
}

/* The next so many views (0: all) are at this offset of b.000007. */
static void
script_view(int times, const char *offset)
{
	struct fake_rule *r = fake_times(
	    fake_rows(fake_on(source_server, "SHOW STATUS*"), "Variable_name", "Value", NULL),
	    times);

	fake_row(r, "Binlog_snapshot_file", "b.000007");
	fake_row(r, "Binlog_snapshot_position", offset);
}

static void
script_target(void)
{
	fake_on(target_server, "START TRANSACTION");
	committing = fake_on(target_server, "COMMIT");
	fake_ok(fake_on(target_server, "UPDATE `_switchyard`.`copy_state`*"), 1, "");
}

static struct mysql_client *
connect_to(const char *address)
{
	struct ctx cx = ctx();
	struct mysql_client *c = NULL;
	struct mysql_params params = { .address = address, .user = "vt_stream", .local_files = true };

	expect_ok(mysql_connect(&cx, &params, &c), &err);
	return c;
}

static void
world(task_fn *fn)
{
	struct task *t;

	sim_start(test_seed());
	source_server = fake_start("source:1");
	target_server = fake_start("target:1");
	windows_init(&windows);
	tail = (struct position){ .gtid = "0-1-9", .file = "b.000007", .offset = 1000 };
	script_source();
	script_target();
	t = task_spawn("test", fn, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(10000 * SECOND);
	sim_stop();
	arena_done(&arena);
}

static void
end_world(void)
{
	mysql_close(source);
	mysql_close(target);
	windows_done(&windows);
	fake_stop(source_server);
	fake_stop(target_server);
}

static void
begin(void)
{
	source = connect_to("source:1");
	target = connect_to("target:1");
}

static int
read_chunk(struct chunk *c)
{
	struct ctx cx = ctx();
	struct chunk_span span = { { SLICE_NULL, SLICE_NULL, .limit = 100 }, &tail, NULL };

	return chunk_read(&cx, source, &job.source, &span, c);
}

static int
load_chunk(struct chunk *c)
{
	struct ctx cx = ctx();

	return chunk_load(&cx, target, &job, &by_file, c);
}

/* The tail hands on a change of one row. */
static void
hand_on(const char *id)
{
	SCOPED(buf) struct buf k = BUF_INIT;
	struct slice row[] = { slice_str(id), SLICE_NULL };
	struct change change = { .kind = CHANGE_UPDATE, .table = 0 };
	struct source_txn txn = { .changes = &change, .count = 1, .first = true, .last = true };

	table_row_key(&k, &def, row);
	change.key_before = change.key_after = buf_slice(&k);
	windows_touch(&windows, &txn);
}

static bool
blocked(const char *id)
{
	SCOPED(buf) struct buf k = BUF_INIT;
	struct slice row[] = { slice_str(id), SLICE_NULL };
	struct change change = { .kind = CHANGE_UPDATE, .table = 0 };
	struct source_txn txn = { .changes = &change, .count = 1, .first = true, .last = true };

	table_row_key(&k, &def, row);
	change.key_before = change.key_after = buf_slice(&k);
	return windows_blocked(&windows, &txn);
}

/* ---- Rule 7 */

static void
touched_rows(void *arg)
{
	struct chunk *c = chunk_new();

	script_view(0, "1000");
	script_definition(CREATE);
	fake_ok(fake_file(fake_on(target_server, "LOAD DATA LOCAL*REPLACE INTO TABLE `d`.`u`*")), 2,
	    "Records: 2  Deleted: 0  Skipped: 0  Warnings: 0");
	begin();
	hand_on("1"); /* before the window: part of the view already */
	expect_ok(read_chunk(c), &err);
	hand_on("2"); /* after the read, before the load */
	expect(!blocked("1"));
	expect_ok(load_chunk(c), &err);
	expect_eq(c->dropped, 1);
	expect_slice(fake_last_file(target_server), slice_str("1\tone\n3\t\\N\n"));
	expect(c->window == NULL && list_empty(&windows.all));
	expect_eq(fake_count(target_server,
		      "UPDATE `_switchyard`.`copy_state` SET*row_count+3, finished=1*"),
	    1);
	chunk_free(c);
	end_world();
}

TEST(chunk_drops_touched_rows)
{
	world(touched_rows);
}

static struct fake_rule *reading;

static void
touch_while_reading(void *arg)
{
	struct ctx cx = ctx();

	expect_ok(fake_wait(&cx, source_server, "START TRANSACTION*", 1), &err);
	hand_on("3"); /* the window is open before the view is */
	fake_release(reading);
}

static void
window_first(void *arg)
{
	struct ctx cx = ctx();
	struct chunk *c = chunk_new();
	struct task *t;

	reading = fake_hold(
	    fake_rows(fake_on(source_server, "SHOW STATUS*"), "Variable_name", "Value", NULL));
	fake_row(reading, "Binlog_snapshot_file", "b.000007");
	fake_row(reading, "Binlog_snapshot_position", "1000");
	script_definition(CREATE);
	fake_ok(fake_file(fake_on(target_server, "LOAD DATA*")), 2,
	    "Records: 2  Deleted: 0  Skipped: 0  Warnings: 0");
	begin();
	t = task_spawn("tail", touch_while_reading, NULL);
	expect(t != NULL);
	expect_ok(read_chunk(c), &err);
	expect_ok(load_chunk(c), &err);
	expect_slice(fake_last_file(target_server), slice_str("1\tone\n2\ttwo\n"));
	expect_ok(task_join(&cx, t), &err);
	chunk_free(c);
	end_world();
}

TEST(chunk_opens_its_window_before_its_view)
{
	world(window_first);
}

static void
look_while_sealed(void *arg)
{
	struct ctx cx = ctx();

	expect_ok(fake_wait(&cx, target_server, "START TRANSACTION", 1), &err);
	expect(blocked("1") && !blocked("2") && !blocked("4"));
	expect_ok(fake_wait(&cx, target_server, "COMMIT", 1), &err);
	expect(blocked("1"));
	fake_release(committing);
}

static void
sealed(void *arg)
{
	struct ctx cx = ctx();
	struct chunk *c = chunk_new();
	struct task *t;

	script_view(0, "1001");
	script_definition(CREATE);
	fake_hold(committing);
	fake_ok(fake_file(fake_on(target_server, "LOAD DATA*")), 2,
	    "Records: 2  Deleted: 0  Skipped: 0  Warnings: 0");
	begin();
	expect_ok(read_chunk(c), &err);
	hand_on("2");
	t = task_spawn("look", look_while_sealed, NULL);
	expect(t != NULL);
	expect_ok(load_chunk(c), &err);
	expect(!blocked("1")); /* closed */
	expect_ok(task_join(&cx, t), &err);
	chunk_free(c);
	end_world();
}

TEST(chunk_holds_changes_back_until_it_is_committed)
{
	world(sealed);
}

/* ---- Rule 8, of a server whose views do not tell what they show */

/* The next so many (0: all) answers to "can it be seen?" */
static void
script_visible(int times, const char *answer)
{
	fake_row(fake_times(fake_rows(fake_on(source_server,
					  "SELECT WAIT_FOR_EXECUTED_GTID_SET('u:1-9', 1)"),
				"visible", NULL),
		     times),
	    answer);
}

static void
begin_mysql(void)
{
	fake_version(source_server, "9.7.4");
	tail.gtid = "u:1-9";
	script_definition(CREATE);
	begin();
}

static void
not_visible_yet(void *arg)
{
	struct chunk *c = chunk_new();

	script_visible(2, "1");
	script_visible(0, "0");
	begin_mysql();
	expect_ok(read_chunk(c), &err);
	expect_eq(fake_count(source_server, "SELECT WAIT_FOR*"), 3);
	expect_eq(fake_count(source_server, "START TRANSACTION*"), 1);
	chunk_free(c);
	end_world();
}

TEST(chunk_asks_again_until_the_tail_can_be_seen)
{
	world(not_visible_yet);
}

static void
not_told(void *arg)
{
	struct chunk *c = chunk_new();

	script_visible(0, NULL);
	begin_mysql();
	expect(read_chunk(c) != 0);
	expect_eq(err.kind, ERR_RETRY);
	expect_eq(fake_count(source_server, "START TRANSACTION*"), 0);
	chunk_free(c);
	end_world();
}

TEST(chunk_opens_no_view_where_it_is_not_told_what_can_be_seen)
{
	world(not_told);
}

static void
overflow(void *arg)
{
	struct chunk *c = chunk_new();

	script_view(0, "1000");
	script_definition(CREATE);
	begin();
	expect_ok(read_chunk(c), &err);
	c->window->overflowed = true; /* as windows_touch() does past WINDOW_BYTES_MAX */
	expect_ok(load_chunk(c), &err);
	expect(c->overflowed);
	expect_eq(fake_count(target_server, "*"), 0);
	chunk_free(c);
	expect(list_empty(&windows.all));
	end_world();
}

TEST(chunk_with_an_overflowed_window_writes_nothing)
{
	world(overflow);
}

/* ---- Rule 8 */

static void
view_behind(void *arg)
{
	struct chunk *c = chunk_new();

	/* the tail has handed on what this view does not show, or passes over it */
	if (def.copied_from != NULL)
		tail.offset = 4;
	script_view(3, "999");
	script_view(0, "1000");
	script_definition(CREATE);
	begin();
	expect_ok(read_chunk(c), &err);
	expect_eq(fake_count(source_server, "START TRANSACTION*"), 4);
	expect_eq(fake_count(source_server, "ROLLBACK"), 3);
	expect_eq(fake_count(source_server, "SELECT `*"), 1);
	expect_eq(c->view.offset, 1000);
	chunk_free(c);
	end_world();
}

/* ---- Of an engine that has no views */

static void
no_views(void *arg)
{
	static const char waits[] = "SELECT 1 FROM `s`.`u` LIMIT 0 FOR UPDATE";
	struct chunk *c = chunk_new();

	fake_on(source_server, "SET lock_wait_timeout=2");
	fake_on(source_server, "START TRANSACTION");
	script_definition(CREATE);
	begin();
	def.engine = "MyISAM";
	expect_ok(read_chunk(c), &err);
	def.engine = NULL;
	expect_eq(fake_count(source_server, waits), 1);
	expect_eq(fake_count(source_server, "START TRANSACTION WITH*"), 0);
	expect_eq(fake_count(source_server, "SELECT SQL_BUFFER_RESULT `id`*"), 1);
	expect_eq(c->view.offset, 1000);
	expect(!c->ends && c->rows.count == 3);
	chunk_free(c);
	end_world();
}

TEST(chunk_of_an_engine_without_views_waits_for_who_writes)
{
	rest_of_the_span = "1"; /* a client has written one since */
	world(no_views);
}

/* ---- The end of a range is a claim that is checked */

static void
cut_short(void *arg)
{
	struct chunk *c = chunk_new();

	script_view(0, "1000");
	script_definition(CREATE);
	begin();
	expect(read_chunk(c) != 0);
	expect_eq(err.kind, ERR_CORRUPT);
	expect(strstr(err.text, "a chunk of 3 rows is not whole") != NULL);
	expect_eq(fake_count(source_server,
		      "SELECT COUNT(*) FROM (SELECT 1 FROM `s`.`u` FORCE INDEX "
		      "(`PRIMARY`) WHERE *3* ORDER BY `id` LIMIT 1) AS rest"),
	    1);
	chunk_free(c);
	end_world();
}

TEST(chunk_that_was_cut_short_is_no_end)
{
	rest_of_the_span = "1";
	world(cut_short);
}

TEST(chunk_waits_for_a_view_that_contains_the_tail)
{
	world(view_behind);
}

TEST(chunk_of_a_copy_that_began_anew_has_a_view_of_behind_that)
{
	static const struct position copied = { .file = "b.000007", .offset = 1000 };

	def.copied_from = &copied;
	world(view_behind);
}

static void
other_file(void *arg)
{
	struct chunk *c = chunk_new();

	tail = (struct position){ .file = "b.000006", .offset = 999999 };
	script_view(0, "4");
	script_definition(CREATE);
	begin();
	expect_ok(read_chunk(c), &err); /* the next file is ahead, whatever the offsets */
	expect_eq(fake_count(source_server, "ROLLBACK"), 0);
	chunk_free(c);
	end_world();
}

TEST(chunk_compares_files_before_offsets)
{
	world(other_file);
}

/* ---- Rule 9 */

static void
definition_changed(void *arg)
{
	struct chunk *c = chunk_new();

	script_view(0, "1000");
	script_definition(
	    "CREATE TABLE `u` (\n  `id` int(11) NOT NULL,\n  `v` varchar(30) DEFAULT NULL,\n"
	    "  PRIMARY KEY (`id`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4");
	begin();
	expect(read_chunk(c) != 0);
	expect_eq(err.kind, ERR_CONFLICT);
	chunk_free(c);
	expect(list_empty(&windows.all));
	end_world();
}

TEST(chunk_of_another_definition_is_thrown_away)
{
	world(definition_changed);
}

/* ---- Rule 13 */

static void
expect_load_refused(const char *info)
{
	struct chunk *c = chunk_new();
	struct fake_rule *r =
	    fake_times(fake_ok(fake_file(fake_on(target_server, "LOAD DATA*")), 3, info), 1);
	struct fake_rule *w =
	    fake_times(fake_rows(fake_on(target_server, "SHOW WARNINGS*"), "l", "c", "m", NULL), 1);

	fake_row(w, "Warning", "1265", "Data truncated for column 'v' at row 2");
	expect_ok(read_chunk(c), &err);
	expect(load_chunk(c) != 0);
	expect_eq(err.kind, ERR_REFUSED);
	expect_eq(fake_used(r), 1);
	expect_eq(fake_count(target_server, "COMMIT"), 0);
	chunk_free(c);
	mysql_close(target);
	target = connect_to("target:1");
}

static void
warnings(void *arg)
{
	script_view(0, "1000");
	script_definition(CREATE);
	begin();
	expect_load_refused("Records: 3  Deleted: 0  Skipped: 0  Warnings: 1");
	expect_load_refused("Records: 3  Deleted: 0  Skipped: 1  Warnings: 0");
	expect_load_refused("Records: 2  Deleted: 0  Skipped: 0  Warnings: 0");
	end_world();
}

TEST(chunk_with_a_warning_is_not_committed)
{
	world(warnings);
}

static void
lost_row(void *arg)
{
	struct chunk *c = chunk_new();

	script_view(0, "1000");
	script_definition(CREATE);
	fake_stop(target_server);
	target_server = fake_start("target:1");
	fake_on(target_server, "START TRANSACTION");
	fake_ok(fake_file(fake_on(target_server, "LOAD DATA*")), 3,
	    "Records: 3  Deleted: 0  Skipped: 0  Warnings: 0");
	fake_ok(fake_on(target_server, "UPDATE `_switchyard`.`copy_state`*"), 0, "");
	begin();
	expect_ok(read_chunk(c), &err);
	expect(load_chunk(c) != 0);
	expect_eq(err.kind, ERR_CONFLICT);
	expect_eq(fake_count(target_server, "COMMIT"), 0);
	chunk_free(c);
	end_world();
}

TEST(chunk_without_its_progress_row_is_not_committed)
{
	world(lost_row);
}
