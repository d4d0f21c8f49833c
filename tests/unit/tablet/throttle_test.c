/* When a chunk may begin, and what is said while it may not. */
#include "tablet/copy/throttle.h"

#include "base/mem.h"
#include "task/sim.h"
#include "test.h"

static struct throttle copies;

/* A copy by chunks of so many rows, each read in 10 ms, until that time. */
struct copying {
	size_t chunk;
	usec until;
	int64_t rows;
	usec first; /* when its first chunk began; 0: none did */
	int rc;
};

static void
copy_task(void *arg)
{
	struct copying *c = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	while (task_now() < c->until && c->rc == 0) {
		struct ctx within = ctx_until(&cx, c->until);

		c->rc = throttle_wait(&within, &copies);
		if (c->rc != 0)
			break;
		if (c->first == 0)
			c->first = task_now() + 1;
		size_t rows = throttle_chunk(&copies, c->chunk, 10);
		expect_ok(task_sleep(&cx, 10 * MSEC), &err);
		throttle_took(&copies, rows, rows * 10);
		c->rows += (int64_t)rows;
	}
}

/* What somebody does to it meanwhile. */
struct step {
	int at_ms;
	void (*act)(void);
};

static void
steps_task(void *arg)
{
	const struct step *s = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	for (; s->act != NULL; s++) {
		expect_ok(task_sleep(&cx, s->at_ms * MSEC - task_now()), &err);
		s->act();
	}
}

static void
spawn(const char *name, task_fn *fn, void *arg)
{
	struct task *task = task_spawn(name, fn, arg);

	expect(task != NULL);
	task_detach(task);
}

/* Two workers, as copies have. */
static void
run(const struct throttle_limits *limits, struct copying *a, struct copying *b,
    const struct step *steps)
{
	sim_start(test_seed());
	throttle_init(&copies);
	throttle_set(&copies, limits);
	throttle_begin(&copies);
	spawn("a", copy_task, a);
	if (b != NULL)
		spawn("b", copy_task, b);
	if (steps != NULL)
		spawn("steps", steps_task, (void *)(uintptr_t)steps);
	sim_run();
	throttle_end(&copies);
	throttle_done(&copies);
	sim_stop();
}

TEST(throttle_without_limits_lets_all_by)
{
	struct copying a = { .chunk = 100, .until = SECOND };

	run(&(struct throttle_limits){ .rows = 0 }, &a, NULL, NULL);
	expect_eq(a.rows, 100 * 100);
}

TEST(throttle_bounds_the_rows_of_all_workers_together)
{
	struct copying a = { .chunk = 100000, .until = 10 * SECOND };
	struct copying b = { .chunk = 100000, .until = 10 * SECOND };

	run(&(struct throttle_limits){ .rows = 1000 }, &a, &b, NULL);
	expect(a.rows + b.rows <= 1000 * 11 + 2 * 500);
	expect(a.rows + b.rows >= 1000 * 9);
}

TEST(throttle_bounds_bytes)
{
	struct copying a = { .chunk = 100000, .until = 10 * SECOND };

	run(&(struct throttle_limits){ .rows = 1000, .bytes = 2000 }, &a, NULL, NULL);
	expect(a.rows * 10 <= 2000 * 11 + 1000 && a.rows * 10 >= 2000 * 9);
}

TEST(throttle_cuts_chunks_to_what_may_be_read)
{
	sim_start(0);
	throttle_init(&copies);
	expect_eq(throttle_chunk(NULL, 1000, 10), 1000);
	expect_eq(throttle_chunk(&copies, 1000, 10), 1000);
	throttle_set(&copies, &(struct throttle_limits){ .rows = 100, .bytes = 200 });
	expect_eq(throttle_chunk(&copies, 1000, 0), 50);
	expect_eq(throttle_chunk(&copies, 1000, 4), 25);
	expect_eq(throttle_chunk(&copies, 10, 4), 10);
	expect_eq(throttle_chunk(&copies, 1000, 5000), 1); /* a row is never too large */
	throttle_done(&copies);
	sim_stop();
}

/* ---- Signs */

static void
tell_busy(void)
{
	throttle_tell(&copies, SIGN_SOURCE, copies.version, "Threads_running of the source is 60");
}

static void
tell_quiet(void)
{
	throttle_tell(&copies, SIGN_SOURCE, copies.version, "");
	throttle_tell(&copies, SIGN_TARGET, copies.version, "");
}

static int64_t
since(const char *want)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	int64_t at;

	throttle_print(&copies, &out, &at);
	expect_str(out.len > 0 ? out.data : "", want);
	expect((at == 0) == (want[0] == '\0'));
	return at;
}

static void
expect_busy(void)
{
	since("Threads_running of the source is 60");
}

static void
expect_asking(void)
{
	since("the servers are being asked for their load");
}

static void
expect_open(void)
{
	since("");
}

TEST(throttle_waits_until_every_sign_is_told_and_low)
{
	static const struct step steps[] = { { 100, expect_asking }, { 200, tell_busy },
		{ 300, expect_busy }, { 500, tell_quiet }, { 1700, expect_open },
		{ 2000, tell_busy }, { 2100, expect_busy }, { 4000, NULL } };
	struct copying a = { .chunk = 10, .until = 10 * SECOND };

	run(&(struct throttle_limits){ .threads = 25 }, &a, NULL, steps);
	expect_eq(a.first, 500 * MSEC + 1);
	expect(a.rows >= 10 * 149 && a.rows <= 10 * 151); /* from 0.5 to 2.0 s */
	expect(a.rc != 0);
}

static uint64_t version_before;

static void
limit_more(void)
{
	version_before = copies.version;
	throttle_set(&copies, &(struct throttle_limits){ .threads = 30, .query = "SELECT 1" });
}

/* It was asked while the limits were others: what is low for those may be high for these. */
static void
tell_late(void)
{
	for (int i = 0; i < THROTTLE_SIGNS; i++)
		throttle_tell(&copies, (enum throttle_sign)i, version_before, "");
}

static void
tell_all_quiet(void)
{
	tell_quiet();
	throttle_tell(&copies, SIGN_QUERY, copies.version, "");
}

TEST(throttle_believes_nothing_that_was_asked_for_other_limits)
{
	static const struct step steps[] = { { 100, tell_busy }, { 1000, limit_more },
		{ 1100, tell_late }, { 1200, expect_asking }, { 2000, tell_all_quiet },
		{ 0, NULL } };
	struct copying a = { .chunk = 10, .until = 3 * SECOND };

	run(&(struct throttle_limits){ .threads = 25 }, &a, NULL, steps);
	expect_eq(a.first, 2 * SECOND + 1);
}

/* A copy that begins anew after days. */
static void
begin_again(void)
{
	throttle_end(&copies);
	throttle_begin(&copies);
}

TEST(throttle_asks_anew_when_a_copy_begins)
{
	struct copying a = { .chunk = 10, .until = SECOND };

	sim_start(0);
	throttle_init(&copies);
	throttle_set(&copies, &(struct throttle_limits){ .threads = 25 });
	throttle_begin(&copies);
	tell_quiet();
	begin_again();
	spawn("a", copy_task, &a);
	sim_run();
	expect(a.first == 0 && a.rc != 0);
	throttle_end(&copies);
	throttle_done(&copies);
	sim_stop();
}

static void
limit_nothing(void)
{
	throttle_set(&copies, &(struct throttle_limits){ .rows = 0 });
}

TEST(throttle_lets_go_at_once_when_a_limit_is_taken_away)
{
	static const struct step steps[] = { { 500, limit_nothing }, { 0, NULL } };
	struct copying a = { .chunk = 10, .until = SECOND };

	run(&(struct throttle_limits){ .query = "SELECT 1" }, &a, NULL, steps);
	expect_eq(a.first, 500 * MSEC + 1);
}

/* ---- What must hold */

static void
waits_without_copying(void)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = 0, .err = &err };

	throttle_init(&copies);
	(void)!throttle_wait(&cx, &copies);
}

static void
ends_twice(void)
{
	throttle_init(&copies);
	throttle_begin(&copies);
	throttle_end(&copies);
	throttle_end(&copies);
}

TEST(throttle_ends_the_process_where_nobody_copies)
{
	expect_check_fails(waits_without_copying, "t->copying > 0");
	expect_check_fails(ends_twice, "t->copying >= 0");
}
