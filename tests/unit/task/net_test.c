/* Connections: each test runs over TCP, over a unix socket, and in a virtual world, plain and with TLS. */
#include "base/mem.h"
#include "task/group.h"
#include "task/loop.h"
#include "task/sim.h"
#include "test.h"
#include "unit/task/tls_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum world { TCP, UNIX, VIRTUAL, TLS_TCP, TLS_UNIX, TLS_VIRTUAL, WORLDS };

/* What a test's tasks share. */
struct stage {
	enum world world;
	struct listener *listener;
	struct group group;
	char address[128];
	int count;
	struct tls_context *server_tls, *client_tls;
};

static bool
is_unix(enum world w)
{
	return w == UNIX || w == TLS_UNIX;
}

static bool
is_virtual(enum world w)
{
	return w == VIRTUAL || w == TLS_VIRTUAL;
}

static struct ctx
forever(struct err *err)
{
	return (struct ctx){ .deadline = NEVER, .err = err };
}

static void
open_stage(struct stage *s)
{
	struct err err;

	group_init(&s->group);
	if (is_unix(s->world))
		snprintf(s->address, sizeof(s->address), "unix:%s/sock", test_dir());
	else
		snprintf(s->address, sizeof(s->address), "127.0.0.1:0");
	s->listener = net_listen(s->address, false, &err);
	expect(s->listener != NULL);
	if (!is_unix(s->world)) {
		expect(listener_port(s->listener) > 0);
		snprintf(s->address, sizeof(s->address), "127.0.0.1:%d", listener_port(s->listener));
	}
}

static void
close_stage(struct stage *s)
{
	group_done(&s->group);
	listener_close(s->listener);
	tls_context_free(s->server_tls);
	tls_context_free(s->client_tls);
}

static void
in_world(enum world world, task_fn *fn)
{
	struct stage s = { .world = world };
	struct err err;
	struct loop *l = NULL;

	if (is_virtual(world))
		sim_start(test_seed());
	else
		l = loop_new(&err);
	struct task *t = task_spawn("test", fn, &s);
	check(t != NULL);
	if (is_virtual(world)) {
		sim_run();
	} else {
		loop_run(l);
	}
	task_detach(t);
	expect_eq(s.count, 1);
	if (is_virtual(world))
		sim_stop();
	else
		loop_free(l);
}

static void
in_all_worlds(task_fn *fn)
{
	for (enum world w = TCP; w < WORLDS; w++)
		in_world(w, fn);
}

static void
start_tls(struct ctx *cx, struct stage *s, struct conn *pair[2])
{
	if (s->server_tls == NULL) {
		s->server_tls = tls_pair_server();
		s->client_tls = tls_pair_client();
	}
	tls_pair_agree(cx, pair, s->server_tls, s->client_tls);
}

/* A connected pair. */
static void
connect_pair(struct ctx *cx, struct stage *s, struct conn *pair[2])
{
	expect_ok(net_connect(cx, s->address, &pair[0]), cx->err);
	expect_ok(net_accept(cx, s->listener, &pair[1]), cx->err);
	if (s->world >= TLS_TCP)
		start_tls(cx, s, pair);
}

static void
talk(void *arg)
{
	struct stage *s = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct conn *p[2];
	char text[16];
	size_t got;

	open_stage(s);
	connect_pair(&cx, s, p);
	expect_ok(conn_write(&cx, p[0], "hello", 5), &err);
	expect_ok(conn_read(&cx, p[1], text, sizeof(text), &got), &err);
	expect_slice(slice_of(text, got), slice_str("hello"));
	expect_ok(conn_write(&cx, p[1], "abcdef", 6), &err);
	expect_ok(conn_read_full(&cx, p[0], text, 2), &err);
	expect(conn_has_input(p[0]));
	expect_ok(conn_read_full(&cx, p[0], text + 2, 4), &err);
	expect_slice(slice_of(text, 6), slice_str("abcdef"));
	expect(!conn_has_input(p[0]));
	expect_str(conn_peer(p[0]), s->address);
	expect_str(conn_local(p[1]), s->address);
	if (!is_unix(s->world))
		expect_str(conn_peer(p[1]), conn_local(p[0]));
	expect(conn_is_loopback(p[0]) && conn_is_loopback(p[1]));
	conn_write_last(p[1], "bye", 3);
	conn_close(p[1]);
	expect_ok(conn_read(&cx, p[0], text, sizeof(text), &got), &err);
	expect_slice(slice_of(text, got), slice_str("bye"));
	expect_ok(conn_read(&cx, p[0], text, sizeof(text), &got), &err);
	expect_eq(got, 0);
	expect_eq(conn_read_full(&cx, p[0], text, 1), -1);
	expect_eq(err.kind, ERR_RETRY);
	conn_close(p[0]);
	conn_close(NULL);
	close_stage(s);
	s->count++;
}

TEST(two_sides_talk)
{
	in_all_worlds(talk);
}

/* ---- every wait has a deadline and can be cancelled ---- */

struct waiting {
	struct stage *stage;
	struct conn *conn;
	enum err_kind kind;
	usec deadline;
};

static void
wait_accept(void *arg)
{
	struct waiting *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = w->deadline, .err = &err };
	struct conn *c;

	expect_eq(net_accept(&cx, w->stage->listener, &c), -1);
	w->kind = err.kind;
}

static void
wait_read(void *arg)
{
	struct waiting *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = w->deadline, .err = &err };
	char byte;
	size_t got;

	expect_eq(conn_read(&cx, w->conn, &byte, 1, &got), -1);
	w->kind = err.kind;
}

static void
wait_idle(void *arg)
{
	struct waiting *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = w->deadline, .err = &err };

	expect_eq(net_wait_readable(&cx, w->conn), -1);
	w->kind = err.kind;
}

static void
wait_write(void *arg)
{
	struct waiting *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = w->deadline, .err = &err };
	size_t len = 64 * 1024 * 1024;
	char *data = mem_zalloc(len);

	expect_eq(conn_write(&cx, w->conn, data, len), -1);
	w->kind = err.kind;
	free(data);
}

/* Each of the four, ended by its deadline, by cancellation, and by closing from this side. */
static void
end_wait(struct stage *s, task_fn *fn, struct conn *c)
{
	struct err err;
	struct ctx cx = forever(&err);
	struct waiting w = { s, c, ERR_NONE, task_now() + 20 * MSEC };
	struct task *t = task_spawn("waits", fn, &w);

	expect_ok(task_join(&cx, t), &err);
	expect_eq(w.kind, ERR_TIMEOUT);
	w.deadline = NEVER;
	t = task_spawn("waits", fn, &w);
	expect_ok(task_sleep(&cx, 10 * MSEC), &err);
	task_cancel(t);
	expect_ok(task_join(&cx, t), &err);
	expect_eq(w.kind, ERR_CANCELLED);
}

static void
close_under(struct stage *s, task_fn *fn, struct conn *c)
{
	struct err err;
	struct ctx cx = forever(&err);
	struct waiting w = { s, c, ERR_NONE, NEVER };
	struct task *t = task_spawn("waits", fn, &w);

	expect_ok(task_sleep(&cx, 10 * MSEC), &err);
	if (c != NULL) {
		conn_close(c);
	} else {
		listener_close(s->listener);
		s->listener = NULL;
	}
	expect_ok(task_join(&cx, t), &err);
	expect_eq(w.kind, ERR_RETRY);
}

static void
waits_end(void *arg)
{
	struct stage *s = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct conn *p[2], *q[2], *r[2];

	open_stage(s);
	connect_pair(&cx, s, p);
	connect_pair(&cx, s, q);
	connect_pair(&cx, s, r);
	end_wait(s, wait_accept, NULL);
	end_wait(s, wait_read, p[0]);
	end_wait(s, wait_idle, p[0]);
	end_wait(s, wait_write, p[0]);
	close_under(s, wait_write, p[0]);
	close_under(s, wait_read, q[0]);
	close_under(s, wait_idle, r[0]);
	close_under(s, wait_accept, NULL);
	conn_close(p[1]);
	conn_close(q[1]);
	conn_close(r[1]);
	close_stage(s);
	s->count++;
}

TEST(every_wait_ends_by_deadline_cancel_and_close)
{
	in_all_worlds(waits_end);
}

/* ---- much data, both ways at once ---- */

enum { STREAM_BYTES = 8 * 1024 * 1024 };

struct flow {
	struct conn *conn;
	uint64_t seed;
};

static void
send_stream(void *arg)
{
	struct flow *f = arg;
	struct err err;
	struct ctx cx = forever(&err);
	size_t sent = 0, step;
	char bytes[3000];

	while (sent < STREAM_BYTES) {
		step = (sent * 7 + f->seed) % sizeof(bytes) + 1;
		if (step > STREAM_BYTES - sent)
			step = STREAM_BYTES - sent;
		for (size_t i = 0; i < step; i++)
			bytes[i] = (char)((sent + i) * 31 + f->seed);
		expect_ok(conn_write(&cx, f->conn, bytes, step), &err);
		sent += step;
	}
}

static void
take_stream(void *arg)
{
	struct flow *f = arg;
	struct err err;
	struct ctx cx = forever(&err);
	size_t taken = 0, got;
	char bytes[2000];

	while (taken < STREAM_BYTES) {
		if (taken % 3 == 0)
			expect_ok(net_wait_readable(&cx, f->conn), &err);
		expect_ok(conn_read(&cx, f->conn, bytes, sizeof(bytes), &got), &err);
		expect(got > 0);
		for (size_t i = 0; i < got; i++)
			expect(bytes[i] == (char)((taken + i) * 31 + f->seed));
		taken += got;
	}
}

static void
stream_both_ways(void *arg)
{
	struct stage *s = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct conn *p[2];

	open_stage(s);
	connect_pair(&cx, s, p);
	struct flow f[4] = { { p[0], 1 }, { p[1], 1 }, { p[1], 2 }, { p[0], 2 } };
	for (int i = 0; i < 4; i++)
		expect_ok(group_spawn(&s->group, "flow", i % 2 == 0 ? send_stream : take_stream,
			      &f[i], &err),
		    &err);
	expect_ok(group_wait(&cx, &s->group), &err);
	conn_close(p[0]);
	conn_close(p[1]);
	close_stage(s);
	s->count++;
}

TEST(bytes_arrive_in_order_both_ways)
{
	in_all_worlds(stream_both_ways);
}

/* ---- without waiting ---- */

static void
read_now(void *arg)
{
	struct stage *s = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct conn *p[2];
	char text[8];
	size_t got;
	bool eof;

	open_stage(s);
	connect_pair(&cx, s, p);
	expect_ok(conn_read_now(p[0], text, sizeof(text), &got, &eof, &err), &err);
	expect(got == 0 && !eof);
	expect_ok(conn_write(&cx, p[1], "now", 3), &err);
	expect_ok(net_wait_readable(&cx, p[0]), &err);
	expect_ok(conn_read_now(p[0], text, sizeof(text), &got, &eof, &err), &err);
	expect(got == 3 && !eof);
	conn_close(p[1]);
	expect_ok(net_wait_readable(&cx, p[0]), &err);
	expect_ok(conn_read_now(p[0], text, sizeof(text), &got, &eof, &err), &err);
	expect(got == 0 && eof);
	expect_ok(net_wait_readable(&cx, p[0]), &err); /* the end stays readable */
	conn_close(p[0]);
	close_stage(s);
	s->count++;
}

TEST(reading_what_is_there)
{
	in_all_worlds(read_now);
}

/* A task that never needs to wait must not starve the others, nor outlive its deadline. */
static void
count_turns(void *arg)
{
	struct err err;
	struct ctx cx = forever(&err);

	while (task_yield(&cx) == 0)
		++*(int *)arg;
}

static void
chatter(void *arg)
{
	struct stage *s = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct conn *p[2];
	char byte = 0;
	int turns = 0;
	size_t got;

	open_stage(s);
	connect_pair(&cx, s, p);
	expect_ok(group_spawn(&s->group, "others", count_turns, &turns, &err), &err);
	for (int i = 0; i < 1000; i++) {
		expect_ok(conn_write(&cx, p[0], "x", 1), &err);
		expect_ok(net_wait_readable(&cx, p[1]), &err);
		expect_ok(conn_read(&cx, p[1], &byte, 1, &got), &err);
	}
	expect(turns >= 10);
	conn_close(p[0]);
	conn_close(p[1]);
	close_stage(s);
	s->count++;
}

TEST(who_never_waits_lets_others_run)
{
	in_all_worlds(chatter);
}

static void
refused(void *arg)
{
	struct stage *s = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct conn *c;

	open_stage(s);
	expect(net_listen(s->address, false, &err) == NULL); /* taken */
	expect_eq(err.kind, ERR_RETRY);
	listener_close(s->listener);
	expect_eq(net_connect(&cx, s->address, &c), -1);
	expect(c == NULL);
	expect(err.kind == ERR_RETRY || (is_unix(s->world) && err.kind == ERR_NOT_FOUND));
	expect(strstr(err.text, s->address) != NULL);
	group_done(&s->group);
	s->count++;
}

TEST(nobody_listens)
{
	in_all_worlds(refused);
}

/* ---- real sockets only ---- */

static void
by_name(void *arg)
{
	struct stage *s = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct conn *c;
	char text[64];

	open_stage(s);
	snprintf(text, sizeof(text), "localhost:%d", listener_port(s->listener));
	expect_ok(net_connect(&cx, text, &c), &err);
	expect_str(conn_peer(c), s->address);
	conn_close(c);
	expect_eq(net_connect(&cx, "no-such-host.invalid:1", &c), -1);
	expect_eq(err.kind, ERR_RETRY);
	expect_eq(net_connect(&cx, "127.0.0.1", &c), -1);
	expect_eq(err.kind, ERR_REFUSED);
	expect_eq(net_connect(&cx, "unix:", &c), -1);
	expect_eq(err.kind, ERR_REFUSED);
	close_stage(s);
	s->count++;
}

TEST(names_are_resolved)
{
	in_world(TCP, by_name);
}

static void
stale_socket(void *arg)
{
	struct stage *s = arg;
	struct err err;
	struct ctx cx = forever(&err);
	char path[200], kept[210];

	open_stage(s);
	snprintf(path, sizeof(path), "%s", s->address + strlen("unix:"));
	snprintf(kept, sizeof(kept), "%s.kept", path);
	expect_eq(rename(path, kept), 0); /* as if the process had been killed */
	listener_close(s->listener);
	expect_eq(rename(kept, path), 0);
	s->listener = net_listen(s->address, false, &err);
	expect_ok(s->listener == NULL, &err);
	struct conn *p[2];
	connect_pair(&cx, s, p);
	conn_close(p[0]);
	conn_close(p[1]);
	close_stage(s);
	expect(rename(path, kept) != 0); /* closing removes the file */
	s->count++;
}

TEST(a_dead_listeners_socket_file_is_replaced)
{
	in_world(UNIX, stale_socket);
}

static void
share_port(void *arg)
{
	struct stage *s = arg;
	struct err err;
	char address[64];

	group_init(&s->group);
	struct listener *a = net_listen("127.0.0.1:0", true, &err);
	expect(a != NULL);
	snprintf(address, sizeof(address), "127.0.0.1:%d", listener_port(a));
	struct listener *b = net_listen(address, true, &err);
	expect_ok(b == NULL, &err);
	listener_close(a);
	listener_close(b);
	s->count++;
}

TEST(loops_may_share_a_port)
{
	in_world(TCP, share_port);
}

static void
accept_all(void *arg)
{
	struct stage *s = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct conn *c;

	expect_ok(net_accept(&cx, s->listener, &c), &err);
	conn_close(c);
}

/* Three comers, one edge: each of three tasks must get its own. */
static void
several_accept(void *arg)
{
	struct stage *s = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct conn *c[3];

	open_stage(s);
	for (int i = 0; i < 3; i++)
		expect_ok(group_spawn(&s->group, "accepts", accept_all, s, &err), &err);
	expect_ok(task_sleep(&cx, MSEC), &err);
	for (int i = 0; i < 3; i++)
		expect_ok(net_connect(&cx, s->address, &c[i]), &err);
	expect_ok(group_wait(&cx, &s->group), &err);
	for (int i = 0; i < 3; i++)
		conn_close(c[i]);
	close_stage(s);
	s->count++;
}

TEST(several_tasks_may_accept)
{
	in_all_worlds(several_accept);
}
