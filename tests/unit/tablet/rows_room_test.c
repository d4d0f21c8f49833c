/* How many bytes of rows a copy holds at once. */
#include "tablet/copy/rows_room.h"

#include "tablet/write/apply_queue.h"
#include "task/sim.h"
#include "test.h"

static struct err err;

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 60 * SECOND, .err = &err };
}

static void
world(task_fn *fn)
{
	struct task *t;

	sim_start(test_seed());
	t = task_spawn("test", fn, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(1000 * SECOND);
	sim_stop();
}

struct taker {
	struct rows_room *room;
	size_t want, taken;
	usec at;
};

static void
take(void *arg)
{
	struct taker *t = arg;
	struct ctx cx = ctx();

	expect_ok(rows_room_take(&cx, t->room, t->want, &t->taken), &err);
	t->at = task_now();
}

static void
large_ones_alone(void *arg)
{
	struct rows_room room = { 0 };
	struct ctx cx = ctx();
	size_t first, small;
	struct taker second = { .room = &room, .want = 2 * (size_t)ROWS_ROOM_BYTES };
	usec start = task_now();

	expect_ok(rows_room_take(&cx, &room, 3 * (size_t)ROWS_ROOM_BYTES, &first), &err);
	rows_room_change(&room, &first, 2 * (size_t)ROWS_ROOM_BYTES); /* so large it came out */
	struct task *t = task_spawn("second", take, &second);

	expect(t != NULL);
	expect_ok(task_sleep(&cx, SECOND), &err);
	expect_eq(second.taken, 0);
	rows_room_change(&room, &first, 0);
	expect_ok(task_join(&cx, t), &err);
	expect_eq(second.at, start + SECOND);
	/* beside chunks of usual rows it finds room, and they do */
	expect_ok(rows_room_take(&cx, &room, 1024 * 1024, &small), &err);
	rows_room_change(&room, &small, 0);
	rows_room_change(&room, &second.taken, 0);
	expect_eq(room.held, 0);
}

TEST(large_rows_are_read_one_at_a_time)
{
	world(large_ones_alone);
}

/* ---- Between tail and applier */

struct filler {
	struct apply_queue *queue;
	usec at;
};

static void
wait_room(void *arg)
{
	struct filler *f = arg;
	struct ctx cx = ctx();

	expect_ok(queue_wait_room(&cx, f->queue), &err);
	f->at = task_now();
}

/* It is in memory until it is written. */
static void
run_counts(void *arg)
{
	static struct apply_queue q;
	struct list run;
	struct ctx cx = ctx();
	struct source_txn *txn = source_txn_new();
	struct filler f = { &q, 0 };
	usec start = task_now();

	queue_init(&q);
	list_init(&run);
	txn->bytes = APPLY_QUEUE_BYTES;
	queue_push(&q, txn);
	queue_take(&q, &run);
	expect(list_empty(&q.list) && q.bytes == 0);
	struct task *t = task_spawn("fill", wait_room, &f);

	expect(t != NULL);
	expect_ok(task_sleep(&cx, SECOND), &err);
	expect_eq(f.at, 0);
	queue_give_back(&q, &run);
	expect_ok(task_join(&cx, t), &err);
	expect_eq(f.at, start + SECOND);
	expect_eq(q.taken, 0);
	queue_done(&q);
}

TEST(a_run_takes_room_in_the_queue_until_it_is_written)
{
	world(run_counts);
}
