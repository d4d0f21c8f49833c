/*
 * chunk_turn_test.c - chunks of a table that is loaded by one connection at a time.
 *
 * The chunk has no row: what is looked at is when its transaction begins, and when its window is sealed.
 */
#include "tablet/copy/chunk_load.h"

#include "fake/fakemysql.h"
#include "task/sim.h"
#include "test.h"

static struct table_def def = { .database = "s", .name = "u" };
static const struct moved_table moved = {
	.def = &def, .database = "d", .name = "u", .full_name = "d.u"
};
static const struct load in_bulk = { .table = &moved, .way = LOAD_BULK };
static const struct load by_file = { .table = &moved, .way = LOAD_FILE };

static struct err err;
static struct fake *server;
static struct mysql_client *target;
static struct windows windows;
static struct load_turn turn;
static struct fake_rule *committing;

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 600 * SECOND, .err = &err };
}

static int
load_chunk(const struct load *load, struct chunk *c)
{
	const struct chunk_job job = { { &moved, &windows, false }, &turn,
		{ SIDECAR_DEFAULT, "w", 1 }, 0 };
	struct ctx cx = ctx();

	c->window = window_open(&windows, 0, true);
	return chunk_load(&cx, target, &job, load, c);
}

static void
world(task_fn *fn)
{
	sim_start(test_seed());
	windows_init(&windows);
	turn = (struct load_turn){ 0 };
	server = fake_start("target:1");
	fake_on(server, "START TRANSACTION");
	fake_ok(fake_on(server, "UPDATE `_switchyard`.`copy_state`*"), 1, "");
	committing = fake_on(server, "COMMIT");
	struct task *t = task_spawn("test", fn, NULL);

	expect(t != NULL);
	task_detach(t);
	sim_run_until(10000 * SECOND);
	sim_stop();
}

static void
begin(void)
{
	const struct mysql_params params = { .address = "target:1", .user = "vt_stream" };
	struct ctx cx = ctx();

	expect_ok(mysql_connect(&cx, &params, &target), &err);
}

static void
end(struct chunk *c)
{
	chunk_free(c);
	mysql_close(target);
	windows_done(&windows);
	fake_stop(server);
}

/* Somebody else has the turn for a second; arg is the chunk that waits. */
static void
have_it_for_a_second(void *arg)
{
	const struct chunk *c = arg;
	struct ctx cx = ctx();

	expect_ok(task_sleep(&cx, SECOND), &err);
	expect_eq(fake_count(server, "START TRANSACTION"), 0);
	expect(!c->window->sealed);
	turn.taken = false;
	waitlist_wake_all(&turn.freed);
}

static void
waits(void *arg)
{
	struct chunk *c = chunk_new();
	struct ctx cx = ctx();
	struct task *t;

	begin();
	turn.taken = true;
	t = task_spawn("other", have_it_for_a_second, c);
	expect(t != NULL);
	expect_ok(load_chunk(&in_bulk, c), &err);
	expect_eq(fake_count(server, "COMMIT"), 1);
	expect(!turn.taken);
	expect_ok(task_join(&cx, t), &err);
	end(c);
}

TEST(chunk_waits_for_its_turn_with_nothing_open)
{
	world(waits);
}

static void
look_at_commit(void *arg)
{
	struct ctx cx = ctx();

	expect_ok(fake_wait(&cx, server, "COMMIT", 1), &err);
	expect(!turn.taken);
	fake_release(committing);
}

static void
commits_outside(void *arg)
{
	struct chunk *c = chunk_new();
	struct ctx cx = ctx();
	struct task *t;

	begin();
	fake_hold(committing);
	t = task_spawn("look", look_at_commit, NULL);
	expect(t != NULL);
	expect_ok(load_chunk(&in_bulk, c), &err);
	expect_ok(task_join(&cx, t), &err);
	end(c);
}

TEST(chunk_commits_when_its_turn_is_over)
{
	world(commits_outside);
}

static void
by_other_ways(void *arg)
{
	struct chunk *c = chunk_new();

	begin();
	turn.taken = true;
	expect_ok(load_chunk(&by_file, c), &err);
	expect(turn.taken);
	end(c);
}

TEST(chunk_takes_no_turn_where_it_is_not_loaded_in_bulk)
{
	world(by_other_ways);
}
