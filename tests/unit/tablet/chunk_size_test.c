/* How many rows a chunk has, and how long its view may last. */
#include "tablet/copy/chunk.h"

#include "fake/fakemysql.h"
#include "task/sim.h"
#include "test.h"

#define CREATE "CREATE TABLE `u` (\n  `id` int(11) NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB"

static struct column columns[] = {
	{ .name = "id", .type = { .kind = COLUMN_INT, .int_bytes = 4 }, .key_index = 0 },
};
static int key[] = { 0 };
/* clang-format off */
static struct table_def def = {
	.database = "s", .name = "u", .columns = columns, .columns_count = 1, .key = key,
	    .key_count = 1, .key_name = "PRIMARY",
	.create_sql = CREATE, .key_binary = true,
};
/* clang-format on */
static const struct moved_table moved = {
	.def = &def, .database = "d", .name = "u", .full_name = "d.u", .plan = { "`id`" }
};

static struct err err;
static struct arena arena;
static struct fake *server;
static struct mysql_client *source;
static struct windows windows;

/* ---- By what the one before was */

static size_t
next_of(size_t rows, size_t bytes_each, usec took)
{
	static char text[1 << 20];
	struct chunk c = { .rows = { .count = rows, .values = { text, rows * bytes_each, 0 } } };

	return chunk_next_limit(&c, rows, CHUNK_BYTES, took);
}

TEST(chunks_are_sized_to_half_a_second)
{
	expect_eq(next_of(1000, 10, 500 * MSEC), 1000);
	expect_eq(next_of(1000, 10, 250 * MSEC), 2000);
	expect_eq(next_of(1000, 10, 5 * SECOND), 100);
	expect_eq(next_of(1000, 10, MSEC), 4000);       /* no more than four times at once */
	expect_eq(next_of(1, 10, 60 * SECOND), 1);      /* and never none */
	expect_eq(next_of(100, 10000, 50 * MSEC), 104); /* 1 MB comes first: 10,001 bytes a row */
}

static size_t
smaller_of(size_t limit, struct chunk c)
{
	return chunk_smaller(&c, limit);
}

TEST(chunks_that_were_late_are_sized_by_what_came)
{
	expect_eq(smaller_of(100000, (struct chunk){ .late = true, .rows = { .count = 600 } }), 100);
	expect_eq(smaller_of(1000, (struct chunk){ .late = true }), 125);
	expect_eq(smaller_of(2, (struct chunk){ .late = true }), 1);
	expect_eq(smaller_of(1000, (struct chunk){ .rows = { .count = 600 } }), 500);
	expect_eq(smaller_of(1, (struct chunk){ .rows = { .count = 1 } }), 1);
}

/* ---- How long a view lasts */

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 600 * SECOND, .err = &err, .arena = &arena };
}

static void
start_world(void)
{
	struct fake_rule *r;
	struct ctx cx = ctx();
	struct mysql_params params = { .address = "source:1", .user = "vt_stream" };

	server = fake_start("source:1");
	windows_init(&windows);
	fake_on(server, "SET *");
	fake_on(server, "START TRANSACTION WITH CONSISTENT SNAPSHOT");
	fake_on(server, "COMMIT");
	r = fake_rows(fake_on(server, "SHOW STATUS*"), "Variable_name", "Value", NULL);
	fake_row(r, "Binlog_snapshot_file", "b.000007");
	fake_row(r, "Binlog_snapshot_position", "1000");
	r = fake_rows(fake_on(server, "SHOW CREATE TABLE*"), "Table", "Create Table", NULL);
	fake_row(r, "u", CREATE);
	expect_ok(chunk_connect(&cx, &params, &source), &err);
}

static void
end_world(void)
{
	mysql_close(source);
	windows_done(&windows);
	fake_stop(server);
	arena_done(&arena);
}

static int
read_chunk(struct chunk *c, size_t limit)
{
	struct ctx cx = ctx();
	struct position tail = { .gtid = "0-1-9", .file = "b.000007", .offset = 1000 };
	struct chunk_span span = { { SLICE_NULL, SLICE_NULL, .limit = limit }, &tail, NULL };
	const struct chunk_source of = { &moved, &windows, false };

	return chunk_read(&cx, source, &of, &span, c);
}

static void
ended_by_the_server(void *arg)
{
	struct chunk *c = chunk_new();

	start_world();
	expect_eq(fake_count(server, "SET max_statement_time=3.000"), 1);
	expect_eq(fake_count(server, "SET lock_wait_timeout=2"), 1);
	fake_error(
	    fake_on(server, "SELECT*FROM `s`.`u`*"), 1969, "70100", "max_statement_time exceeded");
	expect_ok(read_chunk(c, 1000), &err);
	expect(c->overflowed && c->late);
	expect_eq(chunk_smaller(c, 1000), 125);
	chunk_free(c);
	end_world();
}

static void
another_error(void *arg)
{
	struct chunk *c = chunk_new();

	start_world();
	fake_error(fake_on(server, "SELECT*FROM `s`.`u`*"), 1205, "HY000", "Lock wait timeout");
	expect(read_chunk(c, 1000) != 0 && err.mysql_errno == 1205 && !c->overflowed);
	chunk_free(c);
	end_world();
}

/* Its time is bounded again behind it. */
static void
single_row(void *arg)
{
	struct chunk *c = chunk_new();

	start_world();
	fake_row(fake_rows(fake_on(server, "SELECT*FROM `s`.`u`*"), "id", NULL), "1");
	expect_ok(read_chunk(c, 1), &err);
	expect_eq(c->rows.count, 1);
	expect_eq(fake_count(server, "SET max_statement_time=0.000"), 1);
	expect_eq(fake_count(server, "SET max_statement_time=3.000"), 2);
	chunk_free(c);
	end_world();
}

/* What comes before it is known to fit; alone it is read whatever its size. */
static void
large_row(void *arg)
{
	enum { LEN = ROWS_BYTES_MAX + 1 };
	struct chunk *c = chunk_new();
	SCOPED(buf) struct buf large = BUF_INIT;

	start_world();
	memset(buf_grow(&large, LEN), '3', LEN);
	struct fake_rule *r = fake_rows(fake_on(server, "SELECT*FROM `s`.`u`*"), "id", NULL);

	fake_row(r, "1");
	fake_row(r, "2");
	fake_row(r, large.data);
	expect_ok(read_chunk(c, 1000), &err);
	expect(c->overflowed && c->rows.full);
	expect_eq(c->rows.count, 2);
	expect(c->rows.values.len < 100);
	expect_eq(chunk_smaller(c, 1000), 2);
	chunk_free(c);
	end_world();
}

static void
world(task_fn *fn)
{
	struct task *t;

	sim_start(test_seed());
	t = task_spawn("test", fn, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(10000 * SECOND);
	sim_stop();
}

TEST(chunk_whose_view_gets_old_is_read_again_smaller)
{
	world(ended_by_the_server);
	world(another_error);
}

TEST(chunk_of_a_single_row_takes_what_it_takes)
{
	world(single_row);
}

TEST(chunk_ends_before_a_large_row)
{
	world(large_row);
}
