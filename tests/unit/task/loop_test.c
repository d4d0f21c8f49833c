/* The real loop: descriptors, timers, threads, signals, buffers. */
#include "base/clock.h"
#include "base/mem.h"
#include "task/bufpool.h"
#include "task/group.h"
#include "task/loop.h"
#include "task/mailbox.h"
#include "task/offload.h"
#include "task/sanitize.h"
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

static struct ctx
forever(struct err *err)
{
	return (struct ctx){ .deadline = NEVER, .err = err };
}

/* Runs fn as the first task of a loop of its own, to the end of all tasks. */
static void
in_loop(task_fn *fn, void *arg)
{
	struct err err;
	struct loop *l = loop_new(&err);

	check(l != NULL);
	struct task *t = task_spawn("test", fn, arg);
	check(t != NULL);
	task_detach(t);
	loop_run(l);
	loop_free(l);
}

static void
real_sleep(void *arg)
{
	struct err err;
	struct ctx cx = forever(&err);
	usec before = clock_mono();

	expect_ok(task_sleep(&cx, 30 * MSEC), &err);
	expect(clock_mono() - before >= 30 * MSEC);
	cx = ctx_within(&cx, 10 * MSEC);
	expect_eq(task_sleep(&cx, MINUTE), -1);
	expect_eq(err.kind, ERR_TIMEOUT);
	*(bool *)arg = true;
}

/* Longer than a turn may take, in one turn and then in two. */
static void
hogs(void *arg)
{
	usec until = clock_mono() + 25 * MSEC;
	struct err err;
	struct ctx cx = forever(&err);

	while (clock_mono() < until)
		;
	expect_ok(task_sleep(&cx, 1), &err);
}

TEST(a_turn_that_keeps_others_waiting_is_counted)
{
	_Atomic uint64_t turns = 0;
	struct err err;
	struct loop *l = loop_new(&err);

	loop_count_slow(l, &turns);
	for (int i = 0; i < 2; i++)
		task_detach(task_spawn("hog", hogs, NULL));
	loop_run(l);
	loop_free(l);
#ifndef WITH_SANITIZER
	expect(turns >= 2);
#endif
}

TEST(real_time_passes)
{
	bool ran = false;

	in_loop(real_sleep, &ran);
	expect(ran);
}

static void
sleep_long(void *arg)
{
	struct err err;
	struct ctx cx = forever(&err);

	expect_eq(task_sleep(&cx, MINUTE), -1);
	expect_eq(err.kind, ERR_CANCELLED);
	++*(int *)arg;
}

struct counted {
	int count;
	bool late_cancelled;
};

static void
stop_the_loop(void *arg)
{
	struct counted *c = arg;
	struct err err;
	struct ctx cx = forever(&err);

	for (int i = 0; i < 3; i++) {
		struct task *t = task_spawn("sleeper", sleep_long, &c->count);
		task_detach(t);
	}
	expect_ok(task_yield(&cx), &err);
	loop_stop(loop_current());
	struct task *late = task_spawn("late", sleep_long, &c->count);
	task_detach(late);
}

TEST(stopping_a_loop_cancels_its_tasks)
{
	struct counted c = { 0 };

	in_loop(stop_the_loop, &c);
	expect_eq(c.count, 4);
}

/* ---- descriptors that are not conns ---- */

struct pipe_test {
	int fd[2];
	uint32_t got[2];
	int rc[2];
};

static void
wait_pipe_in(void *arg)
{
	struct pipe_test *p = arg;
	struct err err;
	struct ctx cx = forever(&err);

	p->rc[0] = loop_wait_fd(&cx, p->fd[0], EPOLLIN, &p->got[0]);
}

static void
wait_pipe_in_too(void *arg)
{
	struct pipe_test *p = arg;
	struct err err;
	struct ctx cx = forever(&err);

	p->rc[1] = loop_wait_fd(&cx, p->fd[0], EPOLLIN, &p->got[1]);
}

static void
write_pipe(void *arg)
{
	struct pipe_test *p = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct group g;
	uint32_t got;

	group_init(&g);
	expect_ok(group_spawn(&g, "in", wait_pipe_in, p, &err), &err);
	expect_ok(group_spawn(&g, "in too", wait_pipe_in_too, p, &err), &err);
	struct ctx soon = ctx_within(&cx, 20 * MSEC);
	expect_eq(loop_wait_fd(&soon, p->fd[0], EPOLLIN, &got), -1);
	expect_eq(err.kind, ERR_TIMEOUT);
	expect_eq(got, 0);
	expect_eq(write(p->fd[1], "x", 1), 1);
	expect_ok(group_wait(&cx, &g), &err);
	expect_ok(loop_wait_fd(&cx, p->fd[1], EPOLLOUT, &got), &err);
	expect(got & EPOLLOUT);
	group_done(&g);
}

TEST(foreign_descriptors_may_be_waited_for_by_several)
{
	struct pipe_test p = { .rc = { -1, -1 } };

	expect_eq(pipe(p.fd), 0);
	in_loop(write_pipe, &p);
	expect_eq(p.rc[0], 0);
	expect_eq(p.rc[1], 0);
	expect(p.got[0] & EPOLLIN);
	expect(p.got[1] & EPOLLIN);
}

/* ---- signals ---- */

static void
note_signal(int sig, void *arg)
{
	*(int *)arg = sig;
	expect(task_self() != NULL);
	loop_stop(loop_current());
}

static void
raise_signal(void *arg)
{
	struct err err;
	struct ctx cx = forever(&err);
	int sigs[2] = { SIGTERM, SIGUSR1 };

	expect_ok(loop_on_signals(sigs, 2, note_signal, arg, &err), &err);
	kill(getpid(), SIGUSR1);
	expect_eq(task_sleep(&cx, MINUTE), -1);
}

TEST(signals_run_a_task)
{
	int sig = 0;

	in_loop(raise_signal, &sig);
	expect_eq(sig, SIGUSR1);
}

/* ---- offload ---- */

struct blocking {
	int wr, rd; /* pipe that the blocking call waits on */
	pthread_t thread;
	bool done;
};

static void
block(void *arg)
{
	struct blocking *b = arg;
	char byte;

	b->thread = pthread_self();
	check(read(b->rd, &byte, 1) == 1);
	b->done = true;
}

static void
offload_task(void *arg)
{
	struct blocking *b = arg;
	struct err err;
	struct ctx cx = forever(&err);

	offload(&cx, block, b);
	expect(b->done);
	expect(!pthread_equal(b->thread, pthread_self()));
}

static void
unblock(void *arg)
{
	struct blocking *b = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct task *t = task_spawn("offloader", offload_task, b);

	expect_ok(task_sleep(&cx, 10 * MSEC), &err); /* the loop is not blocked */
	task_cancel(t);
	expect_ok(task_sleep(&cx, 10 * MSEC), &err);
	expect_eq(write(b->wr, "x", 1), 1);
	expect_ok(task_join(&cx, t), &err);
	expect(b->done); /* cancelled, yet it ran to its end */
}

TEST(offload_does_not_block_the_loop)
{
	struct blocking b = { 0 };
	int fd[2];

	expect_eq(pipe(fd), 0);
	b.rd = fd[0];
	b.wr = fd[1];
	in_loop(unblock, &b);
}

struct many {
	int threads_in, most;
	int done;
	pthread_mutex_t lock;
};

static void
count_in(void *arg)
{
	struct many *m = arg;

	pthread_mutex_lock(&m->lock);
	if (++m->threads_in > m->most)
		m->most = m->threads_in;
	pthread_mutex_unlock(&m->lock);
	usleep(2000);
	pthread_mutex_lock(&m->lock);
	m->threads_in--;
	m->done++;
	pthread_mutex_unlock(&m->lock);
}

static void
offload_one(void *arg)
{
	struct err err;
	struct ctx cx = forever(&err);

	offload(&cx, count_in, arg);
}

static void
offload_many(void *arg)
{
	struct err err;
	struct ctx cx = forever(&err);
	struct group g;

	group_init(&g);
	for (int i = 0; i < 100; i++)
		expect_ok(group_spawn(&g, "offloader", offload_one, arg, &err), &err);
	expect_ok(group_wait(&cx, &g), &err);
}

TEST(offload_has_a_bounded_number_of_threads)
{
	struct many m = { .lock = PTHREAD_MUTEX_INITIALIZER };

	in_loop(offload_many, &m);
	expect_eq(m.done, 100);
	expect(m.most > 1 && m.most <= 8);
}

/* ---- mailboxes ---- */

enum { LETTERS = 20000 };

struct post_office {
	struct mailbox *box;
	size_t refused;
};

static void *
post_letters(void *arg)
{
	struct post_office *o = arg;

	for (intptr_t i = 1; i <= LETTERS; i++)
		while (!mailbox_post(o->box, (void *)i))
			sched_yield();
	return NULL;
}

static void
take_letters(void *arg)
{
	struct post_office o = { 0 };
	struct err err;
	struct ctx cx = forever(&err);
	pthread_t threads[2];
	int64_t sum = 0;
	void *letter;

	o.box = mailbox_new(64, &err);
	for (int i = 0; i < 2; i++)
		expect_eq(pthread_create(&threads[i], NULL, post_letters, &o), 0);
	for (int i = 0; i < 2 * LETTERS; i++) {
		expect_ok(mailbox_take(&cx, o.box, &letter), &err);
		sum += (intptr_t)letter;
	}
	expect_eq(sum, (int64_t)LETTERS * (LETTERS + 1));
	for (int i = 0; i < 2; i++)
		expect_eq(pthread_join(threads[i], NULL), 0);
	struct ctx soon = ctx_within(&cx, 10 * MSEC);
	expect_eq(mailbox_take(&soon, o.box, &letter), -1);
	expect_eq(err.kind, ERR_TIMEOUT);
	mailbox_free(o.box);
	*(bool *)arg = true;
}

TEST(mail_comes_from_other_threads)
{
	bool ran = false;

	in_loop(take_letters, &ran);
	expect(ran);
}

static void
fill_mailbox(void *arg)
{
	struct err err;
	struct ctx cx = forever(&err);
	struct mailbox *m = mailbox_new(2, &err);
	int letters[3];
	void *got;

	expect(mailbox_new(0, &err) == NULL);
	expect(mailbox_post(m, &letters[0]));
	expect(mailbox_post(m, &letters[1]));
	expect(!mailbox_post(m, &letters[2]));
	expect_ok(mailbox_take(&cx, m, &got), &err);
	expect(got == &letters[0]);
	expect(mailbox_post(m, &letters[2]));
	expect_ok(mailbox_take(&cx, m, &got), &err);
	expect_ok(mailbox_take(&cx, m, &got), &err);
	expect(got == &letters[2]);
	expect(mailbox_post(m, &letters[0])); /* freed with a letter in it and a post under way */
	mailbox_free(m);
	mailbox_free(NULL);
}

TEST(a_mailbox_is_bounded_and_in_order)
{
	in_loop(fill_mailbox, NULL);
}

/* ---- buffers ---- */

static void
borrow_buffers(void *arg)
{
	struct buf *a = bufpool_take(), *b = bufpool_take();

	expect(a != b);
	expect(a->cap > BUFPOOL_BUF && a->len == 0);
	buf_add_str(a, "left over");
	bufpool_give(a);
	struct buf *again = bufpool_take();
	expect(again == a && again->len == 0);
	buf_reserve(again, 100 * 1024);
	bufpool_give(again);
	bufpool_give(b);
	expect(bufpool_take() == b); /* the large one was not kept */
	bufpool_give(b);
	bufpool_give(NULL);
}

TEST(buffers_are_reused_while_small)
{
	in_loop(borrow_buffers, NULL);
}

/* ---- several loops ---- */

enum { LOOPS = 3, ROUNDS = 300 };

struct neighbour {
	pthread_t thread;
	pthread_barrier_t *all_there;
	struct mailbox *box;
	struct neighbour *next; /* a ring */
	int taken;
	bool blocked_once;
};

static void
note_blocked(void *arg)
{
	usleep(1000);
	*(bool *)arg = true;
}

/* Each loop passes what it is given on to the next, while helper threads work for all of them. */
static void
pass_on(void *arg)
{
	struct neighbour *n = arg;
	struct err err;
	struct ctx cx = forever(&err);
	void *token;

	n->box = mailbox_new(LOOPS, &err);
	expect_ok(n->box == NULL, &err);
	pthread_barrier_wait(n->all_there);
	expect(mailbox_post(n->next->box, n));
	offload(&cx, note_blocked, &n->blocked_once);
	for (; n->taken < ROUNDS; n->taken++) {
		expect_ok(mailbox_take(&cx, n->box, &token), &err);
		if (n->taken < ROUNDS - 1)
			expect(mailbox_post(n->next->box, token));
	}
	expect(n->blocked_once);
	pthread_barrier_wait(n->all_there); /* nobody posts any more */
	mailbox_free(n->box);
}

static void *
run_neighbour(void *arg)
{
	in_loop(pass_on, arg);
	return NULL;
}

TEST(loops_in_threads_share_nothing_but_mail)
{
	pthread_barrier_t all_there;
	struct neighbour n[LOOPS] = { 0 };

	expect_eq(pthread_barrier_init(&all_there, NULL, LOOPS), 0);
	for (int i = 0; i < LOOPS; i++) {
		n[i].all_there = &all_there;
		n[i].next = &n[(i + 1) % LOOPS];
		expect_eq(pthread_create(&n[i].thread, NULL, run_neighbour, &n[i]), 0);
	}
	for (int i = 0; i < LOOPS; i++) {
		expect_eq(pthread_join(n[i].thread, NULL), 0);
		expect_eq(n[i].taken, ROUNDS);
	}
}
