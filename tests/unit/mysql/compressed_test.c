/*
 * compressed_test.c - packets in frames, from both sides.
 */
#include "mysql/compressed.h"

#include "mysql/reply_relay.h"
#include "task/sim.h"
#include "test.h"

#include <stdio.h>

static const enum compression_algorithm algorithms[] = { COMPRESSION_ZLIB, COMPRESSION_ZSTD };
static struct err err;

static void
put_head(struct buf *b, size_t body, uint8_t number, size_t plain)
{
	for (int i = 0; i < 3; i++)
		buf_add_char(b, (char)(body >> (8 * i)));
	buf_add_char(b, (char)number);
	for (int i = 0; i < 3; i++)
		buf_add_char(b, (char)(plain >> (8 * i)));
}

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 60 * SECOND, .err = &err };
}

struct ends {
	struct conn *conns[2];
	struct packets client, server;
};

static void
open_ends(struct ends *e, enum compression_algorithm algorithm)
{
	struct ctx cx = ctx();
	struct listener *l = net_listen("pipe:1", false, &err);

	expect(l != NULL);
	expect_ok(net_connect(&cx, "pipe:1", &e->conns[0]), &err);
	expect_ok(net_accept(&cx, l, &e->conns[1]), &err);
	listener_close(l);
	packets_init(&e->client, e->conns[0]);
	packets_init(&e->server, e->conns[1]);
	packets_compress(&e->client, algorithm, 3);
	packets_compress(&e->server, algorithm, 3);
}

static void
close_ends(struct ends *e)
{
	packets_done(&e->client);
	packets_done(&e->server);
	conn_close(e->conns[0]);
	conn_close(e->conns[1]);
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

static void
expect_packet(struct packets *p, const char *text)
{
	struct ctx cx = ctx();
	struct slice payload;

	expect_ok(packets_read(&cx, p, 1 << 20, &payload), &err);
	expect_slice(payload, slice_str(text));
}

/* A server's side of one command; the second packet is answered by as many. */
static void
both_ways(void *arg)
{
	struct ctx cx = ctx();
	struct ends e;
	SCOPED(buf) struct buf big = BUF_INIT;
	struct slice payload;

	for (int k = 0; k < 2; k++) {
		open_ends(&e, algorithms[k]);
		memset(buf_grow(&big, 3 * COMPRESSION_PIECE), 'b', 3 * COMPRESSION_PIECE);
		for (int n = 0; n < 3; n++) {
			packets_begin_command(&e.client);
			expect_ok(packets_send(&cx, &e.client, slice_str("ask")), &err);
			packets_await_command(&e.server);
			expect_packet(&e.server, "ask");
			expect_ok(packets_write(&cx, &e.server, slice_str("one")), &err);
			expect_ok(packets_flush(&cx, &e.server), &err);
			expect_ok(packets_write(&cx, &e.server, buf_slice(&big)), &err);
			expect_ok(packets_send(&cx, &e.server, slice_str("two")), &err);
			expect_packet(&e.client, "one");
			expect_ok(packets_read(&cx, &e.client, 1 << 20, &payload), &err);
			expect_slice(payload, buf_slice(&big));
			expect_packet(&e.client, "two");
			expect(!packets_buffered(&e.client) && !packets_has_input(&e.client));
		}
		expect(!packets_hung_up(&e.client));
		packets_write_last(&e.client, slice_str("quit"));
		packets_await_command(&e.server);
		expect_packet(&e.server, "quit");
		close_ends(&e);
		buf_reset(&big);
	}
}

TEST(packets_in_frames_go_both_ways)
{
	world(both_ways);
}

static void
ahead(void *arg)
{
	struct ctx cx = ctx();
	struct ends e;
	char text[300];

	open_ends(&e, COMPRESSION_ZSTD);
	for (int n = 0; n < 3; n++) {
		snprintf(text, sizeof(text), "command %d, %0*d", n, n * 100 + 1, 0);
		packets_begin_command(&e.client);
		expect_ok(packets_write(&cx, &e.client, slice_str(text)), &err);
	}
	expect_eq(e.client.writes, 0);
	expect_ok(packets_flush(&cx, &e.client), &err);
	for (int n = 0; n < 3; n++) {
		snprintf(text, sizeof(text), "command %d, %0*d", n, n * 100 + 1, 0);
		packets_await_command(&e.server);
		expect_ok(packets_wait(&cx, &e.server), &err);
		expect_packet(&e.server, text);
		expect_ok(packets_send(&cx, &e.server, slice_str(text + 8)), &err);
		expect_ok(packets_send(&cx, &e.server, slice_str("more")), &err);
	}
	for (int n = 0; n < 3; n++) {
		snprintf(text, sizeof(text), "%d, %0*d", n, n * 100 + 1, 0);
		packets_await_answer(&e.client, 1);
		expect_packet(&e.client, text);
		expect_packet(&e.client, "more");
	}
	close_ends(&e);
}

TEST(commands_are_sent_ahead_in_frames_of_their_own)
{
	world(ahead);
}

/* Many that collect go out before a flush is asked for. */
static void
collects(void *arg)
{
	struct ctx cx = ctx();
	struct ends e;
	SCOPED(buf) struct buf text = BUF_INIT;

	open_ends(&e, COMPRESSION_ZLIB);
	memset(buf_grow(&text, 300), 'c', 300);
	for (int n = 0; n < 4000; n++) {
		packets_begin_command(&e.client);
		expect_ok(packets_write(&cx, &e.client, buf_slice(&text)), &err);
	}
	expect(e.client.writes > 0);
	close_ends(&e);
}

TEST(commands_that_collect_are_bounded)
{
	world(collects);
}

/* Commands in one frame, as drivers write that collect them; their numbers go on. */
static void
one_frame(void *arg)
{
	struct ctx cx = ctx();
	struct ends e;

	open_ends(&e, COMPRESSION_ZLIB);
	expect_ok(conn_write(&cx, e.conns[0], "\x0e\0\0\0\0\0\0\3\0\0\0one\3\0\0\0two", 21), &err);
	packets_await_command(&e.server);
	expect_packet(&e.server, "one");
	expect_ok(packets_send(&cx, &e.server, slice_str("1")), &err);
	packets_await_command(&e.server);
	expect_ok(packets_wait(&cx, &e.server), &err);
	expect_packet(&e.server, "two");
	expect_ok(packets_send(&cx, &e.server, slice_str("2")), &err);
	packets_await_answer(&e.client, 1);
	expect_packet(&e.client, "1");
	packets_await_answer(&e.client, 1);
	expect_packet(&e.client, "2");
	close_ends(&e);
}

TEST(commands_in_one_frame_are_one_after_the_other)
{
	world(one_frame);
}

/* A frame with more than one read takes, whose conn has nothing more. */
static void
rest(void *arg)
{
	struct ctx cx = ctx(), soon;
	struct ends e;
	SCOPED(buf) struct buf text = BUF_INIT;
	struct slice payload;

	open_ends(&e, COMPRESSION_ZSTD);
	memset(buf_grow(&text, 200000), 'r', 200000);
	packets_begin_command(&e.client);
	for (int n = 0; n < 3000; n++)
		expect_ok(packets_write(&cx, &e.client, slice_cut(buf_slice(&text), 0, 60)), &err);
	expect_ok(packets_flush(&cx, &e.client), &err);
	packets_await_command(&e.server);
	expect_ok(packets_fill(&cx, &e.server, 0), &err);
	buf_truncate(&text, e.server.in->len - PACKET_HEADER); /* as much as one read takes */
	for (int n = 0; n < 3000; n++)
		expect_ok(packets_read(&cx, &e.server, 1 << 20, &payload), &err);
	packets_begin_command(&e.client);
	for (int n = 0; n < 3; n++)
		expect_ok(packets_write(&cx, &e.client, buf_slice(&text)), &err);
	expect_ok(packets_flush(&cx, &e.client), &err);
	packets_await_command(&e.server);
	for (int n = 0; n < 3; n++) {
		soon = ctx_within(&cx, SECOND);
		expect(n == 0 || (packets_has_input(&e.server) && !packets_buffered(&e.server)));
		expect_ok(packets_wait(&soon, &e.server), &err);
		expect_ok(packets_read(&cx, &e.server, 1 << 20, &payload), &err);
		expect_slice(payload, buf_slice(&text));
	}
	soon = ctx_within(&cx, SECOND);
	expect(packets_wait(&soon, &e.server) != 0 && err.kind == ERR_TIMEOUT);
	close_ends(&e);
}

TEST(who_waits_asks_the_frames_first)
{
	world(rest);
}

/* The last bytes of a frame hold nothing, and come when the connection is at rest. */
static void
late_end(void *arg)
{
	struct ctx cx = ctx(), soon;
	struct ends e;
	struct packer *p = packer_new(PACK_ZLIB, 6);
	SCOPED(buf) struct buf packet = BUF_INIT, frame = BUF_INIT, packed = BUF_INIT;
	struct slice payload;
	size_t cut;

	open_ends(&e, COMPRESSION_ZLIB);
	packets_begin_command(&e.client);
	buf_add(&packet, "\xfa\0\0\1", 4);
	memset(buf_grow(&packet, 250), 'e', 250);
	packer_add(p, buf_slice(&packet), &packed);
	put_head(&frame, packed.len, 1, packet.len);
	buf_add_slice(&frame, buf_slice(&packed));
	cut = frame.len - 2; /* within the sum of all */
	expect_ok(packets_send(&cx, &e.client, slice_str("ask")), &err);
	expect_ok(conn_write(&cx, e.conns[1], frame.data, cut), &err);
	expect_ok(packets_read(&cx, &e.client, 1 << 20, &payload), &err);
	expect_eq(payload.len, 250);
	packets_park(&e.client);
	expect(!packets_hung_up(&e.client));
	expect_ok(conn_write(&cx, e.conns[1], frame.data + cut, frame.len - cut), &err);
	soon = ctx_within(&cx, SECOND);
	expect(packets_wait(&soon, &e.client) != 0 && err.kind == ERR_TIMEOUT);
	expect(!packets_hung_up(&e.client));
	expect_ok(conn_write(&cx, e.conns[1], "\5\0\0\2\0\0\0\1\0\0\2!", 12), &err);
	soon = ctx_within(&cx, SECOND);
	expect_ok(packets_wait(&soon, &e.client), &err);
	expect(packets_hung_up(&e.client)); /* a word that nobody asked for */
	packer_free(p);
	close_ends(&e);
}

TEST(the_end_of_a_frame_is_not_a_word)
{
	world(late_end);
}

static void
gone(void *arg)
{
	struct ctx cx = ctx();
	struct ends e;
	struct slice payload;

	open_ends(&e, COMPRESSION_ZSTD);
	conn_close(e.conns[1]);
	expect_ok(packets_wait(&cx, &e.client), &err);
	expect(packets_hung_up(&e.client));
	expect(packets_read(&cx, &e.client, 100, &payload) != 0 && err.kind == ERR_RETRY);
	e.conns[1] = NULL;
	close_ends(&e);
}

TEST(a_peer_that_closes_is_seen)
{
	world(gone);
}

/* What was read with the last plain packet is a frame already. */
static void
early(void *arg)
{
	struct ctx cx = ctx();
	struct ends e;

	open_ends(&e, COMPRESSION_ZLIB);
	packets_done(&e.server);
	packets_init(&e.server, e.conns[1]);
	expect_ok(conn_write(&cx, e.conns[0], "\1\0\0\0!\5\0\0\0\0\0\0\1\0\0\0?", 17), &err);
	expect_packet(&e.server, "!");
	packets_compress(&e.server, COMPRESSION_ZLIB, 0);
	packets_await_command(&e.server);
	expect_packet(&e.server, "?");
	close_ends(&e);
}

TEST(compression_begins_behind_the_last_plain_packet)
{
	world(early);
}

/* A server's packets have the numbers of its frames whenever it has flushed. A client without compression
 * must not see it, nor such a server what a client's file had. */
static void
relayed(void *arg)
{
	struct ctx cx = ctx();
	struct ends e;
	struct packets from, to; /* of the relay: to the server, to the client */
	struct conn *plain[2];
	struct listener *l = net_listen("plain:1", false, &err);
	struct packets client;
	struct reply_scan scan;
	struct slice payload;

	open_ends(&e, COMPRESSION_ZLIB);
	from = e.client;
	expect_ok(net_connect(&cx, "plain:1", &plain[0]), &err);
	expect_ok(net_accept(&cx, l, &plain[1]), &err);
	packets_init(&client, plain[0]);
	packets_init(&to, plain[1]);
	packets_begin_command(&from);
	expect_ok(packets_send(&cx, &from, slice_str("ask")), &err);
	packets_await_command(&e.server);
	expect_packet(&e.server, "ask");
	/* Two results behind which more follow, and a request for a file. */
	expect_ok(packets_send(&cx, &e.server, slice_of("\0\0\0\x0a\0\0\0", 7)), &err);
	e.server.seq = 9;
	expect_ok(packets_send(&cx, &e.server, slice_of("\0\0\0\x0a\0\0\0", 7)), &err);
	expect_ok(packets_send(&cx, &e.server, slice_of("\xfbname", 5)), &err);
	reply_scan_init(&scan, REPLY_RESULT, CAP_DEPRECATE_EOF);
	to.seq = 1;
	expect_ok(packets_relay_to_err(&cx, &from, &to, &scan), &err);
	expect_eq(scan.state, REPLY_AT_FILE);
	client.seq = 1;
	for (int n = 0; n < 3; n++)
		expect_ok(packets_read(&cx, &client, 100, &payload), &err);
	expect_ok(packets_write(&cx, &client, slice_str("of the file")), &err);
	expect_ok(packets_send(&cx, &client, slice_str("")), &err);
	expect_ok(packets_relay_file(&cx, &to, &from), &err);
	reply_scan_file_sent(&scan);
	e.server.seq = 4;
	expect_packet(&e.server, "of the file");
	expect_packet(&e.server, "");
	e.server.seq = 77;
	expect_ok(packets_send(&cx, &e.server, slice_of("\0\0\0\2\0\0\0", 7)), &err);
	expect_ok(packets_relay_reply(&cx, &from, &to, &scan), &err);
	expect_ok(packets_read(&cx, &client, 100, &payload), &err);
	expect_eq(payload.len, 7);
	packets_done(&client);
	packets_done(&to);
	e.client = from;
	conn_close(plain[0]);
	conn_close(plain[1]);
	listener_close(l);
	close_ends(&e);
}

TEST(a_relay_gives_packets_the_numbers_that_they_would_have)
{
	world(relayed);
}
