/* The real loop: descriptors, timers, threads, signals, stacks. */
#include "base/clock.h"
#include "base/mem.h"
#include "task/bufpool.h"
#include "task/group.h"
#include "task/loop.h"
#include "task/mailbox.h"
#include "task/offload.h"
#include "task/sanitize.h"
#include "task/stack.h"
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
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
	struct err   err;
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
	usec       before = clock_mono();

	expect_ok(task_sleep(&cx, 30 * MSEC), &err);
	expect(clock_mono() - before >= 30 * MSEC);
	cx = ctx_within(&cx, 10 * MSEC);
	expect_eq(task_sleep(&cx, MINUTE), -1);
	expect_eq(err.kind, ERR_TIMEOUT);
	*(bool *)arg = true;
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
	int  count;
	bool late_cancelled;
};

static void
stop_the_loop(void *arg)
{
	struct counted *c = arg;
	struct err      err;
	struct ctx      cx = forever(&err);

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
	int      fd[2];
	uint32_t got[2];
	int      rc[2];
};

static void
wait_pipe_in(void *arg)
{
	struct pipe_test *p = arg;
	struct err        err;
	struct ctx        cx = forever(&err);

	p->rc[0] = loop_wait_fd(&cx, p->fd[0], EPOLLIN, &p->got[0]);
}

static void
wait_pipe_in_too(void *arg)
{
	struct pipe_test *p = arg;
	struct err        err;
	struct ctx        cx = forever(&err);

	p->rc[1] = loop_wait_fd(&cx, p->fd[0], EPOLLIN, &p->got[1]);
}

static void
write_pipe(void *arg)
{
	struct pipe_test *p = arg;
	struct err        err;
	struct ctx        cx = forever(&err);
	struct group      g;
	uint32_t          got;

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
	int        sigs[2] = { SIGTERM, SIGUSR1 };

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
	int       wr, rd;     /* pipe that the blocking call waits on */
	pthread_t thread;
	bool      done;
};

static void
block(void *arg)
{
	struct blocking *b = arg;
	char             byte;

	b->thread = pthread_self();
	check(read(b->rd, &byte, 1) == 1);
	b->done = true;
}

static void
offload_task(void *arg)
{
	struct blocking *b = arg;
	struct err       err;
	struct ctx       cx = forever(&err);

	offload(&cx, block, b);
	expect(b->done);
	expect(!pthread_equal(b->thread, pthread_self()));
}

static void
unblock(void *arg)
{
	struct blocking *b = arg;
	struct err       err;
	struct ctx       cx = forever(&err);
	struct task     *t = task_spawn("offloader", offload_task, b);

	expect_ok(task_sleep(&cx, 10 * MSEC), &err);     /* the loop is not blocked */
	task_cancel(t);
	expect_ok(task_sleep(&cx, 10 * MSEC), &err);
	expect_eq(write(b->wr, "x", 1), 1);
	expect_ok(task_join(&cx, t), &err);
	expect(b->done);                                 /* cancelled, yet it ran to its end */
}

TEST(offload_does_not_block_the_loop)
{
	struct blocking b = { 0 };
	int             fd[2];

	expect_eq(pipe(fd), 0);
	b.rd = fd[0];
	b.wr = fd[1];
	in_loop(unblock, &b);
}

struct many {
	int             threads_in, most;
	int             done;
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
	struct err   err;
	struct ctx   cx = forever(&err);
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
	size_t          refused;
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
	struct err         err;
	struct ctx         cx = forever(&err);
	pthread_t          threads[2];
	int64_t            sum = 0;
	void              *letter;

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
	struct err      err;
	struct ctx      cx = forever(&err);
	struct mailbox *m = mailbox_new(2, &err);
	int             letters[3];
	void           *got;

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
	expect(mailbox_post(m, &letters[0]));    /* freed with a letter in it and a post under way */
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
	expect(bufpool_take() == b);           /* the large one was not kept */
	bufpool_give(b);
	bufpool_give(NULL);
}

TEST(buffers_are_reused_while_small)
{
	in_loop(borrow_buffers, NULL);
}

/* ---- stacks ---- */

#ifdef WITH_TSAN
enum { PARKED = 2000 };      /* its fibers are heavy */
#else
enum { PARKED = 20000 };
#endif

struct crowd {
	int parked, ended;
};

static void
park(void *arg)
{
	struct crowd *c = arg;
	struct err    err;
	struct ctx    cx = forever(&err);

	c->parked++;
	expect_eq(task_sleep(&cx, 10 * MINUTE), -1);
	c->ended++;
}

static void
park_many(void *arg)
{
	struct crowd *c = arg;
	struct err    err;
	struct ctx    cx = forever(&err);
	struct group  g;

	group_init(&g);
	for (int i = 0; i < PARKED; i++)
		expect_ok(group_spawn(&g, "parked", park, c, &err), &err);
	expect_ok(task_yield(&cx), &err);
	expect_ok(task_yield(&cx), &err);
	expect_eq(c->parked, PARKED);
	expect(stack_census() > PARKED);
	group_done(&g);
}

TEST(many_thousand_tasks_can_be_parked)
{
	struct crowd c = { 0 };

	in_loop(park_many, &c);
	expect_eq(c.ended, PARKED);
	expect_eq(stack_census(), 0);
}

static void
spawn_until_refused(void *arg)
{
	struct crowd *c = arg;
	struct err    err;
	struct ctx    cx = forever(&err);
	struct group  g;
	int           spawned = 0;

	group_init(&g);
	while (spawned < 1000000 && group_spawn(&g, "parked", park, c, &err) == 0)
		spawned++;
	expect_eq(err.kind, ERR_RETRY);
	expect(spawned > PARKED && spawned < 1000000);
	expect(task_spawn("one too many", park, c) == NULL);
	void *still = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	expect(still != MAP_FAILED);            /* a quarter of the maps is left */
	expect_ok(task_yield(&cx), &err);
	group_done(&g);
	expect_eq(c->ended, spawned);
	struct task *t = task_spawn("again", park, c);
	expect(t != NULL);
	task_cancel(t);
	expect_ok(task_join(&cx, t), &err);
}

TEST(a_full_census_refuses)
{
	struct crowd c = { 0 };

	in_loop(spawn_until_refused, &c);
}

#ifndef WITH_SANITIZER
static int
burn_stack(volatile char *above, int levels)
{
	volatile char here[1024];

	here[0] = here[1023] = (char)levels;
	return levels == 0 ? here[0] : burn_stack(here, levels - 1) + here[1023] + (above != NULL);
}

static void
overflow(void *arg)
{
	burn_stack(NULL, *(int *)arg);
}

static int
signal_of_overflow(int kilobytes)
{
	int   status;
	pid_t pid = fork();

	check(pid >= 0);
	if (pid == 0) {
		unsetenv("SWITCHYARD_CHECK_STACKS");
		in_loop(overflow, &kilobytes);
		_exit(0);
	}
	check(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(behind_a_stack_is_a_guard)
{
	expect_eq(signal_of_overflow(50), 0);
	expect_eq(signal_of_overflow(80), SIGSEGV);
}

TEST(a_test_that_uses_half_a_stack_fails)
{
	int   kilobytes = 40, status;
	pid_t pid = fork();

	if (pid == 0) {
		close(2);
		setenv("SWITCHYARD_CHECK_STACKS", "1", 1);
		in_loop(overflow, &kilobytes);
		_exit(0);
	}
	expect_eq(waitpid(pid, &status, 0), pid);
	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

TEST(a_trimmed_stack_gives_its_pages_back)
{
	struct stack_pool p;

	stack_pool_init(&p);
	struct stack *s = stack_take(&p);
	expect_eq(stack_depth(s), 4096);
	memset(s->bottom + 20000, 7, s->size - 20000);
	expect(stack_depth(s) >= STACK_SIZE - 20480);
	char *sp = s->bottom + s->size - 5000;
	stack_trim(s, sp);
	unsigned char resident[STACK_SIZE / 4096];
	expect_eq(mincore(s->bottom, STACK_SIZE, resident), 0);
	int pages = 0;
	for (size_t i = 0; i < sizeof(resident); i++)
		pages += resident[i] & 1;
	expect(pages <= 3);
	expect_eq(sp[0], 7);                               /* what is in use stays */
	expect(stack_depth(s) >= STACK_SIZE - 20480);      /* and so does the census */
	stack_give(&p, s);
	stack_pool_done(&p);
}
#endif
