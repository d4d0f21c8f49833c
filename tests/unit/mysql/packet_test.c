/*
 * packet_test.c - large packets: sent from several places, and not kept by who has read them.
 */
#include "mysql/packet.h"

#include "task/sim.h"
#include "test.h"

static struct err err;

struct pipe_ends {
	struct conn *a, *b;
};

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 60 * SECOND, .err = &err };
}

static struct pipe_ends
pipe_pair(void)
{
	struct ctx cx = ctx();
	struct listener *l = net_listen("pipe:1", false, &err);
	struct pipe_ends p;

	expect(l != NULL);
	expect_ok(net_connect(&cx, "pipe:1", &p.a), &err);
	expect_ok(net_accept(&cx, l, &p.b), &err);
	listener_close(l);
	return p;
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

struct sender {
	struct packets p;
	struct slice parts[2];
};

static void
send_parts(void *arg)
{
	struct sender *s = arg;
	struct ctx cx = ctx();

	expect_ok(packets_write_parts(&cx, &s->p, s->parts, 2), &err);
	expect_ok(packets_send(&cx, &s->p, slice_str("behind")), &err);
}

static void
fill(struct buf *b, size_t len)
{
	char *at = buf_grow(b, len);

	for (size_t i = 0; i < len; i++)
		at[i] = (char)(i * 7 + i / 251);
}

static void
two_parts(struct pipe_ends *ends, size_t first, size_t second)
{
	SCOPED(buf) struct buf all = BUF_INIT;
	struct sender s;
	struct packets to;
	struct ctx cx = ctx();
	struct slice got;

	fill(&all, first + second);
	packets_init(&s.p, ends->a);
	packets_init(&to, ends->b);
	s.parts[0] = slice_cut(buf_slice(&all), 0, first);
	s.parts[1] = slice_cut(buf_slice(&all), first, all.len);
	struct task *t = task_spawn("send", send_parts, &s);

	expect(t != NULL);
	expect_ok(packets_read(&cx, &to, 1 << 30, &got), &err);
	expect_slice(got, buf_slice(&all));
	expect_ok(packets_read(&cx, &to, 1 << 30, &got), &err);
	expect_slice(got, slice_str("behind"));
	expect(to.in->cap <= PACKET_KEEP); /* what was large is not kept */
	expect_ok(task_join(&cx, t), &err);
	packets_done(&s.p);
	packets_done(&to);
}

static void
parts(void *arg)
{
	enum { PIECE = PACKET_PIECE_MAX };
	static const size_t lens[][2] = {
		{ 0, 0 },
		{ 1, 0 },
		{ 0, 5 },
		{ 7, PACKET_FLUSH - 1 },
		{ 7, PACKET_FLUSH },
		{ PACKET_FLUSH, PACKET_FLUSH },
		{ 7, PIECE - 8 },
		{ 7, PIECE - 7 },
		{ 7, PIECE },
		{ PIECE, PIECE },
		{ PIECE - 1, PIECE + 9 },
		{ 2 * PIECE + 100, 3 },
	};
	struct pipe_ends ends = pipe_pair();

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		two_parts(&ends, lens[i][0], lens[i][1]);
	conn_close(ends.a);
	conn_close(ends.b);
}

TEST(packets_of_two_parts_and_of_every_size)
{
	world(parts);
}

static void
send_many(void *arg)
{
	struct sender *s = arg;
	struct ctx cx = ctx();

	for (int i = 0; i < 3; i++)
		expect_ok(packets_write(&cx, &s->p, s->parts[0]), &err);
	for (int i = 0; i < 100; i++)
		expect_ok(packets_write(&cx, &s->p, s->parts[1]), &err);
	expect_ok(packets_flush(&cx, &s->p), &err);
}

/* Whatever follows a large packet, and however much of it is there already. */
static void
one_behind_another(void *arg)
{
	SCOPED(buf) struct buf large = BUF_INIT, small = BUF_INIT;
	struct pipe_ends ends = pipe_pair();
	struct ctx cx = ctx();
	struct sender s;
	struct packets to;
	struct slice got;

	fill(&large, 3 * PACKET_KEEP + 17);
	fill(&small, 30000);
	packets_init(&s.p, ends.a);
	packets_init(&to, ends.b);
	s.parts[0] = buf_slice(&large);
	s.parts[1] = buf_slice(&small);
	struct task *t = task_spawn("send", send_many, &s);

	expect(t != NULL);
	for (int i = 0; i < 103; i++) {
		expect_ok(packets_read(&cx, &to, 1 << 30, &got), &err);
		expect_slice(got, i < 3 ? s.parts[0] : s.parts[1]);
	}
	expect(to.in->cap <= PACKET_KEEP);
	expect_ok(task_join(&cx, t), &err);
	packets_done(&s.p);
	packets_done(&to);
	conn_close(ends.a);
	conn_close(ends.b);
}

TEST(packets_behind_large_ones)
{
	world(one_behind_another);
}
