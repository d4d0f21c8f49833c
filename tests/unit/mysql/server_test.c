/*
 * server_test.c - the server's side of handshakes, with clients that answer in every way.
 */
#include "mysql/server.h"

#include "mysql/command.h"
#include "task/sim.h"
#include "test.h"

static struct err err;
static struct arena arena;
static struct listener *listener;

static struct ctx
ctx(struct err *e)
{
	return (struct ctx){ .deadline = task_now() + 60 * SECOND, .err = e, .arena = &arena };
}

static bool
lookup(void *arg, struct slice user, struct auth_stored *out)
{
	if (slice_eq_str(user, "app"))
		auth_store(slice_of("", 0), out);
	else if (slice_eq_str(user, "owner"))
		auth_store(slice_str("secret"), out);
	else
		return false;
	return true;
}

static const struct server_params server = {
	.version = "10.11.0-MariaDB-test",
	.thread_id = 7,
	.caps = SERVER_CAPS,
	.lookup = lookup,
};

/* What the server saw: of the handshake, then of a change of user. */
static struct server_client seen;
static int greeted, changed;
static int refused_errno;

static void
server_main(void *arg)
{
	struct err e = { 0 };
	struct ctx cx = ctx(&e);
	struct packets p;
	struct conn *conn;
	struct slice packet;

	expect_ok(net_accept(&cx, listener, &conn), &e);
	packets_init(&p, conn);
	greeted = changed = 1;
	greeted = server_greet(&cx, &p, &server, &seen);
	refused_errno = e.mysql_errno;
	if (greeted == 0 && server_welcome(&cx, &p, &seen) == 0) {
		packets_await_command(&p);
		if (packets_read(&cx, &p, 1 << 20, &packet) == 0 &&
		    packet.ptr[0] == COM_CHANGE_USER) {
			changed = server_change_user(&cx, &p, &server, packet, &seen);
			if (changed == 0)
				expect_ok(server_welcome(&cx, &p, &seen), &e);
		}
	}
	packets_done(&p);
	conn_close(conn);
}

struct peer {
	struct task *server;
	struct conn *conn;
	struct packets packets;
	struct greeting greeting;
};

static void
meet(struct peer *p)
{
	struct ctx cx = ctx(&err);
	struct slice packet;

	p->server = task_spawn("server", server_main, NULL);
	expect(p->server != NULL);
	expect_ok(net_connect(&cx, "gate:1", &p->conn), &err);
	packets_init(&p->packets, p->conn);
	expect_ok(packets_read(&cx, &p->packets, HANDSHAKE_MAX, &packet), &err);
	expect_ok(greeting_read(packet, &p->greeting, &err), &err);
}

static void
say(struct peer *p, const struct buf *payload)
{
	struct ctx cx = ctx(&err);

	expect_ok(packets_write(&cx, &p->packets, buf_slice(payload)), &err);
	expect_ok(packets_flush(&cx, &p->packets), &err);
}

static struct slice
hear(struct peer *p)
{
	struct ctx cx = ctx(&err);
	struct slice packet;

	expect_ok(packets_read(&cx, &p->packets, HANDSHAKE_MAX, &packet), &err);
	return packet;
}

static void
native_answer(const char *password, const uint8_t *scramble, struct buf *out)
{
	struct auth_talk t = { .password = slice_str(password), .privacy = AUTH_OPEN };
	struct auth_switch with = { slice_str(AUTH_NATIVE), slice_of(scramble, SCRAMBLE_LEN) };

	expect_ok(auth_begin(&t, &with, out, &err), &err);
}

/* A response for user with an answer to the greeting's scramble, naming plugin. */
static void
respond(struct peer *p, const char *user, const char *password, const char *plugin)
{
	SCOPED(buf) struct buf b = BUF_INIT, answer = BUF_INIT;
	struct handshake_response r = {
		.caps = CAP_PROTOCOL_41 | CAP_SECURE_CONNECTION | CAP_PLUGIN_AUTH |
		    CAP_CONNECT_WITH_DB | CAP_DEPRECATE_EOF | CAP_ODBC,
		.user = slice_str(user),
		.database = slice_str("customer"),
		.plugin = slice_str(plugin),
		.collation = 33,
	};

	native_answer(password, p->greeting.scramble, &answer);
	r.auth = buf_slice(&answer);
	handshake_response_put(&b, &r);
	say(p, &b);
}

/* The answer to a switch request that must come now. */
static void
answer_switch(struct peer *p, const char *plugin, const char *password)
{
	struct auth_talk t = { .password = slice_str(password), .privacy = AUTH_OPEN };
	SCOPED(buf) struct buf b = BUF_INIT;
	struct auth_switch sw;

	expect_ok(auth_switch_read(hear(p), &sw, &err), &err);
	expect_slice(sw.plugin, slice_str(plugin));
	expect_eq(sw.data.len, SCRAMBLE_LEN + 1);
	expect_ok(auth_begin(&t, &sw, &b, &err), &err);
	say(p, &b);
}

static void
part(struct peer *p)
{
	struct ctx cx = ctx(&err);

	packets_done(&p->packets);
	conn_close(p->conn);
	expect_ok(task_join(&cx, p->server), &err);
}

static void
expect_denied(struct peer *p)
{
	struct err denied = { 0 };

	expect(err_from_packet(hear(p), &denied) == -1);
	expect_eq(denied.mysql_errno, 1045);
	expect_str(denied.sqlstate, "28000");
	part(p);
	expect(greeted == -1 || changed == -1);
}

static void
handshakes(void *arg)
{
	struct peer p;

	meet(&p);
	expect_slice(p.greeting.version, slice_str("5.5.5-10.11.0-MariaDB-test"));
	expect_eq(p.greeting.thread_id, 7);
	respond(&p, "app", "", AUTH_NATIVE);
	expect(reply_is_ok(hear(&p)));
	expect_str(seen.user, "app");
	expect_str(seen.database, "customer");
	expect_eq(seen.collation, 33);
	/* not offered */
	expect((seen.caps & CAP_DEPRECATE_EOF) != 0 && (seen.caps & CAP_ODBC) == 0);
	part(&p);

	meet(&p);
	respond(&p, "owner", "secret", AUTH_NATIVE);
	expect(reply_is_ok(hear(&p)));
	part(&p);

	meet(&p);
	respond(&p, "owner", "Secret", AUTH_NATIVE);
	expect_denied(&p);
	meet(&p);
	respond(&p, "owner", "", AUTH_NATIVE);
	expect_denied(&p);
	meet(&p);
	respond(&p, "app", "something", AUTH_NATIVE);
	expect_denied(&p);
	meet(&p);
	respond(&p, "nobody", "", AUTH_NATIVE);
	expect_denied(&p);
}

/* "\1\3" and OK of caching_sha2_password. */
static void
hear_fast_success(struct peer *p)
{
	expect_slice(hear(p), slice_of("\1\3", 2));
	expect(reply_is_ok(hear(p)));
}

static void
switches(void *arg)
{
	static const char *const others[] = { "dialog", "sha256_password", "mysql_clear_password" };
	struct peer p;

	for (int i = 0; i < 3; i++) {
		meet(&p);
		respond(&p, "owner", "whatever", others[i]);
		answer_switch(&p, AUTH_NATIVE, "secret");
		expect(reply_is_ok(hear(&p)));
		expect_str(seen.user, "owner");
		part(&p);
		meet(&p);
		respond(&p, "owner", "secret", others[i]);
		answer_switch(&p, AUTH_NATIVE, "wrong");
		expect_denied(&p);
	}
}

static void
caching_sha2(void *arg)
{
	SCOPED(buf) struct buf nul = BUF_INIT;
	struct peer p;

	meet(&p);
	respond(&p, "owner", "", AUTH_CACHING_SHA2);
	answer_switch(&p, AUTH_CACHING_SHA2, "secret");
	hear_fast_success(&p);
	expect_str(seen.user, "owner");
	part(&p);
	for (int i = 0; i < 4; i++) {
		static const char *const wrong[][2] = { { "owner", "Secret" }, { "owner", "" },
			{ "app", "something" }, { "nobody", "secret" } };

		meet(&p);
		respond(&p, wrong[i][0], "", AUTH_CACHING_SHA2);
		answer_switch(&p, AUTH_CACHING_SHA2, wrong[i][1]);
		expect_denied(&p);
	}
	/* An empty password is an empty answer, or as MySQL's client says it. */
	meet(&p);
	respond(&p, "app", "", AUTH_CACHING_SHA2);
	answer_switch(&p, AUTH_CACHING_SHA2, "");
	expect(reply_is_ok(hear(&p)));
	part(&p);
	meet(&p);
	respond(&p, "app", "", AUTH_CACHING_SHA2);
	(void)hear(&p);
	buf_add(&nul, "", 1);
	say(&p, &nul);
	expect(reply_is_ok(hear(&p)));
	part(&p);
}

static void
nonsense(void *arg)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	struct err bad = { 0 };
	struct peer p;

	meet(&p);
	buf_add_str(&b, "GET / HTTP/1.1");
	say(&p, &b);
	expect(err_from_packet(hear(&p), &bad) == -1);
	expect_eq(bad.mysql_errno, 1043);
	part(&p);
	expect_eq(refused_errno, 1043);
}

/* From app to owner on the same connection. */
static void
change_by(struct peer *p, const char *plugin, const char *user, const char *password)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	/* clang-format off */
	struct change_user     c = {
		.user = slice_str(user), .database = slice_str("other"),
		    .plugin = slice_str(plugin),
		.auth = slice_str(password[0] != 0 ? "12345678901234567890" : ""), .collation = 45,
	};
	/* clang-format on */

	meet(p);
	respond(p, "app", "", AUTH_NATIVE);
	expect(reply_is_ok(hear(p)));
	p->packets.seq = 0;
	change_user_put(&b, seen.caps, &c);
	say(p, &b);
	if (password[0] != 0)
		answer_switch(p, plugin[0] == 0 ? AUTH_NATIVE : plugin, password);
}

static void
change(struct peer *p, const char *user, const char *password)
{
	change_by(p, AUTH_NATIVE, user, password);
}

static void
changes(void *arg)
{
	struct peer p;

	change(&p, "owner", "secret");
	expect(reply_is_ok(hear(&p)));
	expect_str(seen.user, "owner");
	expect_str(seen.database, "other");
	expect_eq(seen.collation, 45);
	part(&p);
	change(&p, "app", "");
	expect(reply_is_ok(hear(&p)));
	part(&p);
	change(&p, "owner", "wrong");
	expect_denied(&p);
	change(&p, "owner", "");
	expect_denied(&p);
	change_by(&p, "", "owner", "secret");
	expect(reply_is_ok(hear(&p)));
	part(&p);
	change_by(&p, AUTH_CACHING_SHA2, "owner", "secret");
	hear_fast_success(&p);
	part(&p);
	change_by(&p, AUTH_CACHING_SHA2, "owner", "wrong");
	expect_denied(&p);
}

static void
world(task_fn *fn)
{
	struct task *t;

	sim_start(test_seed());
	listener = net_listen("gate:1", false, &err);
	expect(listener != NULL);
	t = task_spawn("test", fn, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(1000 * SECOND);
	listener_close(listener);
	sim_stop();
	arena_done(&arena);
}

TEST(server_knows_who_comes)
{
	world(handshakes);
}

TEST(server_switches_to_the_plugin_it_speaks)
{
	world(switches);
}

TEST(server_verifies_the_plugin_of_mysqls_clients)
{
	world(caching_sha2);
}

TEST(server_refuses_what_is_no_handshake)
{
	world(nonsense);
}

TEST(server_changes_users)
{
	world(changes);
}
