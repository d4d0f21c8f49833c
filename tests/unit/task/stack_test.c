/* Stacks: many of them, their guard, their census, and their pages. */
#include "task/group.h"
#include "task/loop.h"
#include "task/net.h"
#include "task/sanitize.h"
#include "task/sched.h"
#include "task/stack.h"
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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
	struct err err;
	struct loop *l = loop_new(&err);

	check(l != NULL);
	struct task *t = task_spawn("test", fn, arg);
	check(t != NULL);
	task_detach(t);
	loop_run(l);
	loop_free(l);
}

/* Under TSan and Valgrind the census is smaller. */
static int
parked_count(void)
{
	int limit = sched_here()->stacks.limit;

	return limit < 20100 ? limit - 100 : 20000;
}

struct counts {
	int parked, ended;
};

static void
park(void *arg)
{
	struct counts *c = arg;
	struct err err;
	struct ctx cx = forever(&err);

	c->parked++;
	expect_eq(task_sleep(&cx, 10 * MINUTE), -1);
	c->ended++;
}

static void
park_many(void *arg)
{
	struct counts *c = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct group g;

	group_init(&g);
	int count = parked_count();
	for (int i = 0; i < count; i++)
		expect_ok(group_spawn(&g, "parked", park, c, &err), &err);
	expect_ok(task_yield(&cx), &err);
	expect_ok(task_yield(&cx), &err);
	expect_eq(c->parked, count);
	expect(stack_census() > count);
	group_done(&g);
	expect_eq(c->ended, count);
}

TEST(many_thousand_tasks_can_be_parked)
{
	struct counts c = { 0 };

	in_loop(park_many, &c);
	expect(c.ended > 0);
	expect_eq(stack_census(), 0);
}

static void
spawn_until_refused(void *arg)
{
	struct counts *c = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct group g;
	int spawned = 0;

	group_init(&g);
	while (spawned < 1000000 && group_spawn(&g, "parked", park, c, &err) == 0)
		spawned++;
	expect_eq(err.kind, ERR_RETRY);
	expect(spawned > parked_count() && spawned < 1000000);
	expect(task_spawn("one too many", park, c) == NULL);
	void *still = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	expect(still != MAP_FAILED); /* a quarter of the maps is left */
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
	struct counts c = { 0 };

	in_loop(spawn_until_refused, &c);
}

#ifndef WITH_SANITIZER
__attribute__((noinline)) static int
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
	int status;
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

static int
signal_below_stack(int bytes)
{
	int status;
	pid_t pid = fork();

	check(pid >= 0);
	if (pid == 0) {
		struct stack_pool p;
		stack_pool_init(&p);
		*(volatile char *)(stack_take(&p)->bottom - bytes) = 1;
		_exit(0);
	}
	check(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(behind_a_stack_is_a_guard)
{
	expect_eq(signal_of_overflow(50), 0);
	expect_eq(signal_of_overflow(80), SIGSEGV);
	expect_eq(signal_below_stack(0), 0);
	expect_eq(signal_below_stack(1), SIGSEGV);
}

TEST(a_test_that_uses_half_a_stack_fails)
{
	int kilobytes = 40, status;
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

static int
resident_pages(const struct stack *s)
{
	unsigned char resident[STACK_SIZE / 4096];
	int pages = 0;

	expect_eq(mincore(s->bottom, STACK_SIZE, resident), 0);
	for (size_t i = 0; i < sizeof(resident); i++)
		pages += resident[i] & 1;
	return pages;
}

TEST(a_trimmed_stack_gives_its_pages_back)
{
	struct stack_pool p;

	if (stack_on_valgrind())
		return;
	stack_pool_init(&p);
	struct stack *s = stack_take(&p);
	expect_eq(stack_depth(s), 4096);
	memset(s->bottom + 20000, 7, s->size - 20000);
	expect(stack_depth(s) >= STACK_SIZE - 20480);
	char *sp = s->bottom + s->size - 5000;
	stack_trim(s, sp);
	expect(resident_pages(s) <= 3);
	expect_eq(sp[0], 7);                          /* what is in use stays */
	expect(stack_depth(s) >= STACK_SIZE - 20480); /* and so does the census */
	stack_give(&p, s);
	stack_pool_done(&p);
}

/* A client that has used much of its stack once and then is silent. */
static void
be_idle(void *arg)
{
	struct err err;
	struct ctx cx = forever(&err);
	char kept[200];

	memset(kept, 'k', sizeof(kept));
	burn_stack(NULL, 20);
	expect_ok(net_wait_readable(&cx, arg), &err);
	for (size_t i = 0; i < sizeof(kept); i++)
		expect_eq(kept[i], 'k');
}

/* How long the machine took to get here must not matter: time passes when the test says so. */
static void
let_pass(struct loop *l, usec time)
{
	l->tick.now += time;
	sched_fire_timers(l);
}

static void
watch_idle_clients(void *arg)
{
	struct loop *loop = sched_here();
	struct err err;
	struct ctx cx = forever(&err);
	struct listener *l = net_listen("127.0.0.1:0", false, &err);
	struct conn *client[100], *server[100];
	struct task *idle[100];
	char address[32];

	loop->idle_after =
	    10 * MINUTE; /* nobody has been silent for so long, however slow the machine */
	snprintf(address, sizeof(address), "127.0.0.1:%d", listener_port(l));
	for (int i = 0; i < 100; i++) {
		expect_ok(net_connect(&cx, address, &client[i]), &err);
		expect_ok(net_accept(&cx, l, &server[i]), &err);
		idle[i] = task_spawn("idle", be_idle, server[i]);
	}
	expect_ok(task_yield(&cx), &err);
	for (int i = 0; i < 100; i++)
		expect(resident_pages(idle[i]->stack) > 4);
	for (int sweeps = 0; sweeps < 2; sweeps++) /* of 64 stacks each */
		let_pass(loop, loop->idle_after);
	for (int i = 0; i < 100; i++)
		expect(resident_pages(idle[i]->stack) <= 3);
	for (int i = 0; i < 100; i++) {
		conn_close(client[i]);
		expect_ok(task_join(&cx, idle[i]), &err);
		conn_close(server[i]);
	}
	listener_close(l);
	*(bool *)arg = true;
}

TEST(long_parked_clients_give_their_pages_back)
{
	bool ran = false;

	if (stack_on_valgrind())
		return;
	in_loop(watch_idle_clients, &ran);
	expect(ran);
}
#endif
