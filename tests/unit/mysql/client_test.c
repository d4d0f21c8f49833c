/*
 * client_test.c - client, server and relay against a scripted server, on virtual time.
 */
#include "mysql/client.h"

#include "fake/fakemysql.h"
#include "mysql/command.h"
#include "mysql/reply_relay.h"
#include "task/sim.h"
#include "test.h"

#include <stdio.h>

static struct err err;
static struct arena arena;
static struct fake *fake;
static struct mysql_link link; /* of each client, and what the servers offer */

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 60 * SECOND, .err = &err, .arena = &arena };
}

/* Runs fn in a virtual world with a fake at db:3306. */
static void
world(task_fn *fn)
{
	struct task *t;

	sim_start(test_seed());
	fake = fake_start("db:3306");
	fake_compression(fake, &link.compression);
	t = task_spawn("test", fn, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(1000 * SECOND);
	sim_stop();
	arena_done(&arena);
}

/* The same, in frames of each kind. */
static void
compressed_world(task_fn *fn)
{
	static const char *const words[] = { "zlib", "zstd" };

	for (int i = 0; i < 2; i++) {
		expect_ok(compression_choice_read(&link.compression, words[i], &err), &err);
		link.zstd_level = 3;
		world(fn);
	}
}

static struct mysql_client *
connect_to(const char *address)
{
	struct mysql_params params = {
		.address = address, .user = "u", .local_files = true, .link = &link
	};
	struct mysql_client *c = NULL;
	struct ctx cx = ctx();

	expect_ok(mysql_connect(&cx, &params, &c), &err);
	return c;
}

static int
exec(struct mysql_client *c, const char *sql)
{
	struct ctx cx = ctx();

	return mysql_exec(&cx, c, slice_str(sql), NULL);
}

static void
script(void *arg)
{
	struct ctx cx = ctx();
	struct mysql_client *c;
	struct mysql_rows rows;
	struct mysql_ok ok;
	struct fake_rule *r = fake_rows(fake_on(fake, "SELECT * FROM u*"), "id", "name", NULL);

	fake_row(r, "1", "anna");
	fake_row(r, "2", NULL);
	fake_error(
	    fake_times(fake_on(fake, "COMMIT"), 1), 1205, "HY000", "Lock wait timeout exceeded");
	fake_delay(fake_on(fake, "COMMIT"), 3 * SECOND);
	fake_ok(fake_on(fake, "update*"), 7, "Rows matched: 7  Changed: 7  Warnings: 0");
	fake_close(fake_on(fake, "DIE"));
	c = connect_to("db:3306");
	expect_ok(mysql_select(&cx, c, slice_str("select * from u limit 2"), &rows), &err);
	expect_eq(rows.rows, 2);
	expect_slice(rows.values[1], slice_str("anna"));
	expect(slice_is_null(rows.values[3]));
	expect_ok(mysql_exec(&cx, c, slice_str("UPDATE u SET x=1"), &ok), &err);
	expect_eq(ok.affected_rows, 7);
	expect_str(ok.info, "Rows matched: 7  Changed: 7  Warnings: 0");
	expect(exec(c, "COMMIT") != 0 && err.mysql_errno == 1205);
	usec before = task_now();
	expect_ok(exec(c, "COMMIT"), &err);
	expect_eq(task_now() - before, 3 * SECOND);
	expect(exec(c, "nonsense") != 0 && err.mysql_errno == 1064);
	expect_eq(fake_unexpected(fake), 1);
	expect(exec(c, "DIE") != 0 && err.kind == ERR_RETRY);
	expect(mysql_broken(c));
	mysql_close(c);
	fake_stop(fake);
}

TEST(client_follows_a_script)
{
	world(script);
}

TEST(client_follows_a_script_compressed)
{
	compressed_world(script);
}

static void
wrong_password(void *arg)
{
	struct secret password;
	struct mysql_params params = { .address = "db:3306", .user = "u", .password = &password };
	struct mysql_client *c;
	struct ctx cx = ctx();

	fake_password(fake, "right");
	secret_set(&password, slice_str("wrong"));
	expect(mysql_connect(&cx, &params, &c) != 0);
	expect_eq(err.kind, ERR_SERVER);
	expect_eq(err.mysql_errno, 1045);
	expect_str(err.sqlstate, "28000");
	secret_set(&password, slice_str("right"));
	expect_ok(mysql_connect(&cx, &params, &c), &err);
	mysql_close(c);
	fake_stop(fake);
}

static void
other_servers(void *arg)
{
	static const char *const versions[] = { "8.0.36", "5.7.44-log", "5.5.5-10.6.18-MariaDB",
		"9", "MariaDB" };
	struct mysql_params params = { .address = "db:3306", .user = "u" };
	struct mysql_client *c = NULL;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct ctx cx = ctx();

		err_clear(&err);
		fake_version(fake, versions[i]);
		expect(mysql_connect(&cx, &params, &c) != 0 && c == NULL);
		expect_eq(err.kind, ERR_REFUSED);
	}
	fake_version(fake, "5.5.5-10.11.2-MariaDB-log");
	c = connect_to("db:3306");
	expect_str(mysql_dialect(c)->name, "MariaDB");
	mysql_close(c);
	fake_stop(fake);
}

TEST(client_refuses_a_server_that_is_no_row_of_the_dialects)
{
	world(other_servers);
}

TEST(server_refuses_a_wrong_password)
{
	world(wrong_password);
}

static void
deadline_and_cut(void *arg)
{
	struct mysql_client *c = connect_to("db:3306");
	struct ctx cx = ctx(), soon = ctx_within(&cx, 5 * SECOND);

	fake_lenient(fake);
	sim_cut("db:3306");
	expect(mysql_exec(&soon, c, slice_str("DO 1"), NULL) != 0);
	expect_eq(err.kind, ERR_TIMEOUT);
	expect(mysql_broken(c));
	mysql_close(c);
	sim_heal("db:3306");
	c = connect_to("db:3306");
	sim_reset("db:3306");
	expect(exec(c, "DO 2") != 0 && err.kind == ERR_RETRY);
	mysql_close(c);
	fake_stop(fake);
}

TEST(client_in_a_broken_network)
{
	world(deadline_and_cut);
}

TEST(client_in_a_broken_network_compressed)
{
	compressed_world(deadline_and_cut);
}

static void
load(void *arg)
{
	struct ctx cx = ctx();
	struct mysql_client *c = connect_to("db:3306");
	SCOPED(buf) struct buf want = BUF_INIT;
	struct mysql_ok ok;

	fake_on(fake, "UPDATE*");
	expect(mysql_load_start(&cx, c, slice_str("UPDATE t")) != 0 && err.kind == ERR_REFUSED);
	mysql_close(c);
	c = connect_to("db:3306");
	struct fake_rule *r = fake_file(fake_on(fake, "FILE*"));
	expect_ok(mysql_load_start(&cx, c, slice_str("FILE")), &err);
	for (int i = 0; i < 30000; i++) {
		char line[32];
		int n = snprintf(line, sizeof(line), "%d\n", i);

		buf_add(&want, line, (size_t)n);
		expect_ok(mysql_load_write(&cx, c, slice_of(line, (size_t)n)), &err);
	}
	expect_ok(mysql_load_end(&cx, c, &ok), &err);
	expect_eq(fake_used(r), 1);
	expect_slice(fake_last_file(fake), buf_slice(&want));
	mysql_close(c);
	fake_stop(fake);
}

TEST(load_sends_every_byte)
{
	world(load);
}

TEST(load_sends_every_byte_compressed)
{
	compressed_world(load);
}

/* ---- relay: client -> gate:1 -> db:3306, both sides packets of this test's own ---- */

static struct listener *gate;
static int relayed_writes;
static uint64_t relayed_packets;

static int
relay_one(struct ctx *cx, struct packets *client, struct packets *backend)
{
	struct slice packet;
	struct command_packet command;
	struct reply_scan scan;

	packets_await_command(client);
	TRY(packets_read(cx, client, 1 << 30, &packet));
	TRY(command_read(packet, &command, cx->err));
	packets_begin_command(backend);
	TRY(packets_send(cx, backend, packet));
	reply_scan_init(&scan, reply_kind_of(command.com), CAP_DEPRECATE_EOF);
	while (!reply_scan_ended(&scan)) {
		TRY(packets_relay_reply(cx, backend, client, &scan));
		if (scan.state == REPLY_AT_FILE) {
			TRY(packets_relay_file(cx, client, backend));
			reply_scan_file_sent(&scan);
		}
	}
	relayed_packets = scan.packets;
	return 0;
}

static bool
everybody(void *arg, struct slice user, struct auth_stored *out)
{
	auth_store(slice_of("", 0), out);
	return true;
}

static void
gate_main(void *arg)
{
	struct err gate_err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &gate_err, .arena = &arena };
	struct server_params params = { .version = "10.11.0-MariaDB",
		.caps = SERVER_CAPS,
		.lookup = everybody,
		.link.compression = link.compression };
	struct server_client who;
	struct mysql_params to = {
		.address = "db:3306", .user = "x", .local_files = true, .link = &link
	};
	struct mysql_client *backend;
	struct packets client;
	struct conn *conn;

	expect_ok(net_accept(&cx, gate, &conn), &gate_err);
	packets_init(&client, conn);
	expect_ok(server_greet(&cx, &client, &params, &who), &gate_err);
	expect_ok(mysql_connect(&cx, &to, &backend), &gate_err);
	expect_ok(server_welcome(&cx, &client, &who), &gate_err);
	expect((mysql_caps(backend) & CAP_DEPRECATE_EOF) == (who.caps & CAP_DEPRECATE_EOF));
	do {
		client.reads = client.writes = 0;
		packets_park(&client);
	} while (relay_one(&cx, &client, mysql_packets(backend)) == 0 &&
	    (relayed_writes = (int)client.writes));
	packets_done(&client);
	conn_close(conn);
	mysql_close(backend);
}

static int
long_row(struct ctx *cx, struct fake_session *s, struct slice sql, void *arg)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	struct slice names[] = { slice_str("v") }, values[3];
	struct server_rows rows = { .columns = 1, .rows = 3, .names = names, .values = values };

	memset(buf_grow(&text, 17 * 1024 * 1024), 'v', 17 * 1024 * 1024);
	values[0] = slice_str("small");
	values[1] = buf_slice(&text);
	values[2] = SLICE_NULL;
	return server_send_rows(cx, &s->packets, s->client.caps, &rows);
}

static void
relay(void *arg)
{
	struct ctx cx = ctx();
	struct task *t;
	struct mysql_client *c;
	struct mysql_ok ok;
	struct slice value;
	size_t columns;
	struct fake_rule *r = fake_rows(fake_on(fake, "SELECT*"), "id", NULL);

	for (int i = 0; i < 100; i++)
		fake_row(r, "12345");
	fake_call(fake_on(fake, "LONG"), long_row, NULL);
	fake_ok(fake_file(fake_on(fake, "FILE")), 5, "loaded");
	fake_error(fake_on(fake, "ERR"), 1062, "23000", "Duplicate");
	gate = net_listen("gate:1", false, &err);
	expect(gate != NULL);
	t = task_spawn("gate", gate_main, NULL);
	expect(t != NULL);
	c = connect_to("gate:1");
	struct mysql_rows rows;
	expect_ok(mysql_select(&cx, c, slice_str("SELECT"), &rows), &err);
	expect_eq(rows.rows, 100);
	expect_slice(rows.values[99], slice_str("12345"));
	expect_eq(relayed_packets, 103);
	expect_eq(relayed_writes, 1); /* one small reply, one write */
	expect_ok(mysql_stream_start(&cx, c, slice_str("LONG"), &columns), &err);
	expect_eq(mysql_stream_next(&cx, c, &value), 1);
	expect_eq(mysql_stream_next(&cx, c, &value), 1);
	expect_eq(value.len, 17 * 1024 * 1024);
	expect_eq(mysql_stream_next(&cx, c, &value), 1);
	expect(slice_is_null(value));
	expect_eq(mysql_stream_next(&cx, c, &value), 0);
	expect_ok(mysql_load_start(&cx, c, slice_str("FILE")), &err);
	SCOPED(buf) struct buf big = BUF_INIT;
	memset(buf_grow(&big, 300000), 'x', 300000);
	expect_ok(mysql_load_write(&cx, c, buf_slice(&big)), &err);
	expect_ok(mysql_load_end(&cx, c, &ok), &err);
	expect_str(ok.info, "loaded");
	expect_slice(fake_last_file(fake), buf_slice(&big));
	expect(exec(c, "ERR") != 0 && err.mysql_errno == 1062);
	mysql_close(c);
	expect_ok(task_join(&cx, t), &err);
	listener_close(gate);
	fake_stop(fake);
}

TEST(relay_lets_everything_through)
{
	world(relay);
}

TEST(relay_lets_everything_through_compressed)
{
	compressed_world(relay);
}

/* ---- packets by themselves ---- */

struct pipe_ends {
	struct conn *a, *b;
};

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
bounds(void *arg)
{
	struct ctx cx = ctx();
	struct pipe_ends ends = pipe_pair();
	struct packets p;
	struct slice payload;

	packets_init(&p, ends.b);
	expect_ok(conn_write(&cx, ends.a, "\5\0\0\0hello\0\0\0\1\6\0\0\2world!", 23), &err);
	expect_ok(packets_read(&cx, &p, 5, &payload), &err);
	expect_slice(payload, slice_str("hello"));
	expect_ok(packets_read(&cx, &p, 5, &payload), &err);
	expect_eq(payload.len, 0);
	expect_eq(p.reads, 1); /* three packets, one read */
	expect(packets_buffered(&p));
	expect(packets_read(&cx, &p, 5, &payload) != 0); /* one byte more than allowed */
	expect_eq(err.kind, ERR_CORRUPT);
	expect_eq(err.mysql_errno, 1153);
	expect(p.broken);
	packets_done(&p);
	packets_init(&p, ends.b);
	expect_ok(conn_write(&cx, ends.a, "\1\0\0\7x", 5), &err);
	expect(packets_read(&cx, &p, 5, &payload) != 0); /* sequence 7 where 0 belongs */
	expect_eq(err.mysql_errno, 1156);
	packets_done(&p);
	conn_close(ends.a);
	conn_close(ends.b);
	fake_stop(fake);
}

TEST(packets_bounds_and_order)
{
	world(bounds);
}

/* Small ones that need no buffer, larger ones, and one behind others that wait: none overtakes. */
static void
sends(void *arg)
{
	static const size_t lens[] = { 0, 1, PACKET_SMALL, PACKET_SMALL + 1 };
	struct ctx cx = ctx();
	struct pipe_ends ends = pipe_pair();
	struct packets from, to;
	struct slice payload;
	SCOPED(buf) struct buf text = BUF_INIT;

	memset(buf_grow(&text, PACKET_SMALL + 1), 's', PACKET_SMALL + 1);
	packets_init(&from, ends.a);
	packets_init(&to, ends.b);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct slice sent = slice_cut(buf_slice(&text), 0, lens[i]);

		from.writes = 0;
		expect_ok(packets_write(&cx, &from, slice_str("before")), &err);
		expect_eq(from.writes, 0);
		expect_ok(packets_send(&cx, &from, sent), &err);
		expect_ok(packets_send(&cx, &from, sent), &err);
		expect(from.out == NULL);
		expect_ok(packets_read(&cx, &to, 1 << 20, &payload), &err);
		expect_slice(payload, slice_str("before"));
		for (int n = 0; n < 2; n++) {
			expect_ok(packets_read(&cx, &to, 1 << 20, &payload), &err);
			expect_slice(payload, sent);
		}
	}
	expect_eq(from.seq, 3 * sizeof(lens) / sizeof(lens[0]));
	packets_done(&from);
	packets_done(&to);
	conn_close(ends.a);
	conn_close(ends.b);
	fake_stop(fake);
}

TEST(packets_sent_alone_or_behind_others)
{
	world(sends);
}

static void
sizes(void *arg)
{
	/* clang-format off */
	static const size_t lens[] = {
		0, 1, PACKET_FLUSH - 1, PACKET_FLUSH, PACKET_PIECE_MAX - 1, PACKET_PIECE_MAX,
		    PACKET_PIECE_MAX + 1,
		2 * (size_t)PACKET_PIECE_MAX,
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct ctx cx = ctx();
		struct mysql_client *c = connect_to("db:3306");
		SCOPED(buf) struct buf sql = BUF_INIT;

		buf_add_str(&sql, "Q");
		if (lens[i] > 0)
			memset(buf_grow(&sql, lens[i]), 'q', lens[i]);
		/* COM_QUERY's own byte makes the payload one longer than the text. */
		buf_truncate(&sql, lens[i] > 0 ? lens[i] : 1);
		expect_ok(mysql_exec(&cx, c, buf_slice(&sql), NULL), &err);
		mysql_close(c);
	}
	expect_eq(fake_count(fake, "Q*"), sizeof(lens) / sizeof(lens[0]));
	fake_stop(fake);
}

static void
sizes_main(void *arg)
{
	fake_on(fake, "Q*");
	sizes(arg);
}

TEST(statements_of_every_size)
{
	world(sizes_main);
}

TEST(patterns)
{
	expect(fake_matches("a*c", slice_str("abbc")));
	expect(fake_matches("A*", slice_str("a")));
	expect(fake_matches("*b*b", slice_str("abab")));
	expect(!fake_matches("a*c", slice_str("abcd")));
	expect(!fake_matches("", slice_str("a")));
}
