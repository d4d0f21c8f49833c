/* What only a simulation can do: latency, cuts, resets, seeds. */
#include "task/group.h"
#include "task/offload.h"
#include "task/sim.h"
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ctx
forever(struct err *err)
{
	return (struct ctx){ .deadline = NEVER, .err = err };
}

static void
simulate(task_fn *fn, void *arg)
{
	sim_start(test_seed());
	struct task *t = task_spawn("test", fn, arg);
	sim_run();
	task_detach(t);
	sim_stop();
}

static void
serve_echo(void *arg)
{
	struct conn *c = arg;
	struct err err;
	struct ctx cx = forever(&err);
	char bytes[100];
	size_t got;

	while (conn_read(&cx, c, bytes, sizeof(bytes), &got) == 0 && got > 0)
		if (conn_write(&cx, c, bytes, got) != 0)
			break;
	conn_close(c);
}

struct echo {
	struct listener *listener;
	struct group clients;
};

static void
accept_echo(void *arg)
{
	struct echo *e = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct conn *c;

	while (net_accept(&cx, e->listener, &c) == 0)
		expect_ok(group_spawn(&e->clients, "echo", serve_echo, c, &err), &err);
}

static void
start_echo(struct echo *e, struct group *g, const char *address)
{
	struct err err;

	group_init(g);
	group_init(&e->clients);
	e->listener = net_listen(address, false, &err);
	expect(e->listener != NULL);
	expect_ok(group_spawn(g, "accept", accept_echo, e, &err), &err);
}

static void
stop_echo(struct echo *e, struct group *g)
{
	group_done(g);
	group_done(&e->clients);
	listener_close(e->listener);
}

static int
ask(struct ctx *cx, struct conn *c)
{
	char answer[5];

	TRY(conn_write(cx, c, "12345", 5));
	TRY(conn_read_full(cx, c, answer, 5));
	expect_eq(memcmp(answer, "12345", 5), 0);
	return 0;
}

static void
latency(void *arg)
{
	struct echo e;
	struct group g;
	struct err err;
	struct ctx cx = forever(&err);
	struct conn *c;

	start_echo(&e, &g, "server:3306");
	expect_eq(listener_port(e.listener), 3306);
	sim_latency("server:3306", 5 * MSEC);
	expect_ok(net_connect(&cx, "server:3306", &c), &err);
	expect_eq(task_now(), 10 * MSEC);
	expect_ok(ask(&cx, c), &err);
	expect_eq(task_now(), 20 * MSEC);
	conn_close(c);
	stop_echo(&e, &g);
}

TEST(latency_is_added_each_way)
{
	simulate(latency, NULL);
}

static void
heal_later(void *arg)
{
	struct err err;
	struct ctx cx = forever(&err);

	expect_ok(task_sleep(&cx, 3 * SECOND), &err);
	sim_heal("server:1");
}

static void
cut(void *arg)
{
	struct echo e;
	struct group g;
	struct err err;
	struct ctx cx = forever(&err), soon;
	struct conn *c, *other;

	start_echo(&e, &g, "server:1");
	expect_ok(net_connect(&cx, "server:1", &c), &err);
	expect_ok(ask(&cx, c), &err);
	sim_cut("server:1");
	soon = ctx_within(&cx, SECOND);
	expect_eq(ask(&soon, c), -1);
	expect_eq(err.kind, ERR_TIMEOUT);
	soon = ctx_within(&cx, SECOND);
	expect_eq(net_connect(&soon, "server:1", &other), -1);
	expect_eq(err.kind, ERR_TIMEOUT);
	expect_ok(group_spawn(&g, "healer", heal_later, NULL, &err), &err);
	expect_ok(net_connect(&cx, "server:1", &other), &err);
	expect_eq(task_now(), 5 * SECOND);
	char answer[5];
	expect_ok(conn_read_full(&cx, c, answer, 5), &err); /* nothing was lost, only late */
	expect_ok(ask(&cx, other), &err);
	conn_close(c);
	conn_close(other);
	stop_echo(&e, &g);
}

TEST(a_cut_holds_bytes_until_healed)
{
	simulate(cut, NULL);
}

static void
reset(void *arg)
{
	struct echo e;
	struct group g;
	struct err err;
	struct ctx cx = forever(&err);
	struct conn *c;
	size_t got;
	char byte;

	start_echo(&e, &g, "server:1");
	expect_ok(net_connect(&cx, "server:1", &c), &err);
	expect_ok(ask(&cx, c), &err);
	sim_reset("server:1");
	expect_eq(conn_read(&cx, c, &byte, 1, &got), -1);
	expect_eq(err.kind, ERR_RETRY);
	expect_eq(conn_write(&cx, c, "x", 1), -1);
	expect_eq(err.kind, ERR_RETRY);
	conn_close(c);
	expect_ok(task_sleep(&cx, MSEC), &err);
	expect_eq(e.clients.children.count, 0); /* the server's side has ended too */
	expect_ok(net_connect(&cx, "server:1", &c), &err);
	expect_ok(ask(&cx, c), &err);
	conn_close(c);
	stop_echo(&e, &g);
}

TEST(a_reset_ends_all_connections)
{
	simulate(reset, NULL);
}

static void
cut_while_closing(void *arg)
{
	struct echo e;
	struct group g;
	struct err err;
	struct ctx cx = forever(&err), soon;
	struct conn *c, *server;
	char byte;
	size_t got;

	group_init(&g);
	e.listener = net_listen("server:1", false, &err);
	expect_ok(net_connect(&cx, "server:1", &c), &err);
	expect_ok(net_accept(&cx, e.listener, &server), &err);
	sim_cut("server:1");
	conn_close(server);
	soon = ctx_within(&cx, SECOND);
	expect_eq(conn_read(&soon, c, &byte, 1, &got), -1); /* the end is held back too */
	expect_eq(err.kind, ERR_TIMEOUT);
	sim_heal("server:1");
	expect_ok(conn_read(&cx, c, &byte, 1, &got), &err);
	expect_eq(got, 0);
	conn_close(c);
	listener_close(e.listener);
}

TEST(a_cut_holds_the_end_of_a_stream)
{
	simulate(cut_while_closing, NULL);
}

/* ---- the same seed, the same order ---- */

enum { RUNNERS = 20 };

struct race {
	char order[RUNNERS + 1];
	int count;
};

struct runner {
	struct race *race;
	char letter;
};

static void
run_race(void *arg)
{
	struct runner *r = arg;
	struct err err;
	struct ctx cx = forever(&err);

	expect_ok(task_sleep(&cx, SECOND), &err);
	r->race->order[r->race->count++] = r->letter;
}

static struct race
race_with(uint64_t seed)
{
	struct race race = { 0 };
	struct runner r[RUNNERS];

	sim_start(seed);
	for (int i = 0; i < RUNNERS; i++) {
		r[i] = (struct runner){ &race, (char)('a' + i) };
		struct task *t = task_spawn("runner", run_race, &r[i]);
		task_detach(t);
	}
	sim_run();
	sim_stop();
	return race;
}

TEST(a_seed_decides_the_order)
{
	struct race plain = race_with(0), one = race_with(1), again = race_with(1),
		    two = race_with(2);

	expect_str(plain.order, "abcdefghijklmnopqrst");
	expect_str(one.order, again.order);
	expect(strcmp(one.order, plain.order) != 0);
	expect(strcmp(one.order, two.order) != 0);
}

/* ---- ends ---- */

static void
endless(void *arg)
{
	struct err err;
	struct ctx cx = forever(&err);

	while (task_sleep(&cx, SECOND) == 0)
		++*(int *)arg;
	expect_eq(err.kind, ERR_CANCELLED);
}

TEST(a_world_can_be_ended)
{
	int seconds = 0;

	sim_start(0);
	struct task *t = task_spawn("endless", endless, &seconds);
	sim_run_until(10 * SECOND + 1);
	expect_eq(seconds, 10);
	expect_eq(task_now(), 10 * SECOND + 1);
	task_detach(t);
	sim_stop();
}

static void
wait_for_ever(void *arg)
{
	struct waitlist w = { 0 };
	struct err err;
	struct ctx cx = forever(&err);

	(void)!waitlist_wait(&cx, &w);
}

static void
spin_for_ever(void *arg)
{
	struct err err;
	struct ctx cx = forever(&err);

	while (task_yield(&cx) == 0)
		;
}

static int
signal_of(task_fn *fn)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		close(2);
		sim_start(0);
		struct task *t = task_spawn("stuck", fn, NULL);
		task_detach(t);
		sim_run();
		_exit(0);
	}
	expect_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(a_stuck_world_is_a_failure)
{
	expect_eq(signal_of(wait_for_ever), SIGABRT);
	expect_eq(signal_of(spin_for_ever), SIGABRT);
}

static void
add_one(void *arg)
{
	++*(int *)arg;
}

static void
offload_in_place(void *arg)
{
	struct err err;
	struct ctx cx = forever(&err);

	offload(&cx, add_one, arg);
}

TEST(offload_runs_in_place)
{
	int count = 0;

	simulate(offload_in_place, &count);
	expect_eq(count, 1);
}
