/*
 * login_test.c - our client and our server meet, plain and by TLS; and servers that speak out of turn.
 */
#include "mysql/login.h"

#include "mysql/server.h"
#include "task/sim.h"
#include "test.h"
#include "unit/task/tls_pair.h"

#include <stdio.h>

static struct err err;
static struct arena arena;

/* What the server does, and what came of it. */
static struct {
	struct server_params params;
	int rc;
	struct err err;
	char user[32], tls[16];
	struct server_client who;
	uint64_t bytes_in;
} served;

static bool
lookup(void *arg, struct slice user, struct auth_stored *out)
{
	auth_store(slice_str("secret-1"), out);
	return slice_eq_str(user, "app");
}

static struct ctx
ctx(struct err *e)
{
	return (struct ctx){ .deadline = task_now() + 60 * SECOND, .err = e, .arena = &arena };
}

static void
serve_one(void *arg)
{
	struct ctx cx = ctx(&served.err);
	struct server_client who;
	struct packets p;
	struct conn *conn;

	expect_ok(net_accept(&cx, arg, &conn), &served.err);
	packets_init(&p, conn);
	served.rc = server_greet(&cx, &p, &served.params, &who);
	if (served.rc == 0) {
		snprintf(served.user, sizeof(served.user), "%s", who.user);
		snprintf(served.tls, sizeof(served.tls), "%s",
		    conn_tls(conn) == NULL ? "" : conn_tls(conn));
		expect_eq(who.caps & (CAP_SSL | CAP_COMPRESS | CAP_ZSTD), 0);
		served.who = who;
		expect_ok(server_welcome(&cx, &p, &who), &served.err);
	}
	served.bytes_in = p.bytes_in;
	packets_done(&p);
	conn_close(conn);
}

/* One login by these params, to a server that has this address. */
static int
log_in(const struct mysql_params *params, struct login *out)
{
	struct err ignored;
	struct ctx cx = ctx(&err), join = ctx(&ignored);
	struct listener *l = net_listen(params->address, false, &err);
	struct packets p;
	struct conn *conn;
	struct task *t;
	int rc;

	expect(l != NULL);
	t = task_spawn("server", serve_one, l);
	expect(t != NULL);
	expect_ok(net_connect(&cx, params->address, &conn), &err);
	packets_init(&p, conn);
	err_clear(&err);
	rc = login(&cx, &p, params, out);
	packets_done(&p);
	conn_close(conn);
	expect_ok(task_join(&join, t), &ignored);
	listener_close(l);
	return rc;
}

static void
world(task_fn *fn)
{
	struct task *t;

	sim_start(test_seed());
	served.params = (struct server_params){
		.version = "10.11.0-MariaDB-test", .caps = SERVER_CAPS, .lookup = lookup
	};
	t = task_spawn("test", fn, NULL);
	expect(t != NULL);
	sim_run();
	task_detach(t);
	sim_stop();
	arena_done(&arena);
}

/* ---- modes ---- */

struct meeting {
	const char *address;
	enum mysql_tls_mode mode;
	bool offered, required;
	bool tls;            /* they meet by TLS */
	const char *refusal; /* or not at all, and the client says this */
};

#define NO_TLS "the server does not offer TLS, which is required"
#define INSECURE                                                                                   \
	"Connections using insecure transport are prohibited while --require_secure_transport=ON."

static const struct meeting meetings[] = {
	{ "gate.test:1", MYSQL_TLS_DISABLED, false, false, false, NULL },
	{ "gate.test:1", MYSQL_TLS_DISABLED, true, false, false, NULL },
	{ "gate.test:1", MYSQL_TLS_DISABLED, true, true, false, INSECURE },
	{ "unix:/sock", MYSQL_TLS_DISABLED, true, true, false, NULL },
	/* All of the virtual network is on this machine. */
	{ "gate.test:1", MYSQL_TLS_PREFERRED, true, false, false, NULL },
	{ "gate.test:1", MYSQL_TLS_PREFERRED, true, true, false, INSECURE },
	{ "gate.test:1", MYSQL_TLS_PREFERRED, false, false, false, NULL },
	{ "gate.test:1", MYSQL_TLS_REQUIRED, true, false, true, NULL },
	{ "unix:/sock", MYSQL_TLS_REQUIRED, true, true, true, NULL },
	{ "gate.test:1", MYSQL_TLS_REQUIRED, true, true, true, NULL },
	{ "other.test:1", MYSQL_TLS_REQUIRED, true, true, true, NULL },
	{ "gate.test:1", MYSQL_TLS_REQUIRED, false, false, false, NO_TLS },
	{ "gate.test:1", MYSQL_TLS_VERIFY_CA, true, true, true, NULL },
	{ "other.test:1", MYSQL_TLS_VERIFY_CA, true, true, true, NULL },
	{ "gate.test:1", MYSQL_TLS_VERIFY_CA, false, false, false, NO_TLS },
	{ "gate.test:1", MYSQL_TLS_VERIFY_IDENTITY, true, true, true, NULL },
	{ "other.test:1", MYSQL_TLS_VERIFY_IDENTITY, true, true, false, "hostname mismatch" },
	{ "unix:/sock", MYSQL_TLS_VERIFY_IDENTITY, true, true, false, "hostname mismatch" },
	{ "gate.test:1", MYSQL_TLS_VERIFY_IDENTITY, false, false, false, NO_TLS },
};

static struct tls_context *
client_context(enum mysql_tls_mode mode)
{
	struct tls_params params = { .side = TLS_CLIENT };
	struct tls_context *t;

	if (mode >= MYSQL_TLS_VERIFY_CA) {
		params.check = mode == MYSQL_TLS_VERIFY_CA ? TLS_CHECK_CHAIN : TLS_CHECK_NAME;
		params.ca = tls_file("ca.pem");
	}
	t = tls_context_new(&params, &err);
	expect(t != NULL);
	return t;
}

static void
meet(const struct meeting *m, const struct mysql_params *with, const struct mysql_link *tls)
{
	struct mysql_params params = *with;
	struct login login;
	int rc;

	params.address = m->address;
	params.link = tls;
	rc = log_in(&params, &login);
	if (m->refusal == NULL) {
		expect_ok(rc, &err);
		expect_ok(served.rc, &served.err);
		expect_str(served.user, "app");
		expect_str(served.tls, m->tls ? "TLSv1.3" : "");
		expect_str(login.version, "10.11.0-MariaDB-test");
		return;
	}
	expect(rc != 0 && served.rc != 0);
	if (strstr(err.text, m->refusal) == NULL)
		test_fail(__FILE__, __LINE__, "'%s' is not in '%s'", m->refusal, err.text);
	/* Where the client refuses, the server has not been told a word. */
	expect(m->required || served.bytes_in == 0);
}

static void
all_meetings(void *arg)
{
	struct tls_context *server = tls_pair_server();
	struct secret password = { .hidden_len = 0 };
	struct mysql_params params = { .user = "app", .password = &password };

	secret_set(&password, slice_str("secret-1"));
	for (size_t i = 0; i < sizeof(meetings) / sizeof(meetings[0]); i++) {
		const struct meeting *m = &meetings[i];
		struct mysql_link tls = { .mode = m->mode, .context = client_context(m->mode) };

		served.params.link.tls = m->offered ? server : NULL;
		served.params.link.require_tls = m->required;
		meet(m, &params, &tls);
		tls_context_free(tls.context);
	}
	tls_context_free(server);
}

TEST(modes_say_who_meets_by_tls)
{
	world(all_meetings);
}

TEST(host_of_an_address)
{
	expect_slice(login_host("db1:3306"), slice_str("db1"));
	expect_slice(login_host("127.0.0.1:1"), slice_str("127.0.0.1"));
	expect_slice(login_host("[::1]:3306"), slice_str("::1"));
	expect_slice(login_host("unix:/run/a:b/s"), slice_str("localhost"));
}

/* ---- out of turn ---- */

/* A server that says these bytes behind its greeting, at once, and listens for the rest. */
struct script {
	struct listener *listener;
	uint64_t caps;
	const char *plugin;
	struct buf said;
};

static void
follow_script(void *arg)
{
	struct script *s = arg;
	struct err e;
	struct ctx cx = ctx(&e);
	SCOPED(buf) struct buf greeting = BUF_INIT, all = BUF_INIT;
	struct greeting g = {
		.version = slice_str("9.7.4"), .caps = s->caps, .plugin = slice_str(s->plugin)
	};
	uint8_t seq = 0;
	struct conn *conn;
	char bytes[512];
	size_t got;

	memset(g.scramble, 's', sizeof(g.scramble));
	greeting_put(&greeting, &g);
	packet_put(&all, &seq, buf_slice(&greeting));
	buf_add_slice(&all, buf_slice(&s->said));
	expect_ok(net_accept(&cx, s->listener, &conn), &e);
	expect_ok(conn_write(&cx, conn, all.data, all.len), &e);
	while (conn_read(&cx, conn, bytes, sizeof(bytes), &got) == 0 && got > 0)
		;
	conn_close(conn);
}

static void
meet_script(
    struct script *s, const struct mysql_params *params, enum err_kind kind, const char *text)
{
	struct err ignored;
	struct ctx cx = ctx(&err), join = ctx(&ignored);
	struct packets p;
	struct login who;
	struct conn *conn;
	struct task *t;

	s->listener = net_listen(params->address, false, &err);
	expect(s->listener != NULL);
	t = task_spawn("script", follow_script, s);
	expect(t != NULL);
	expect_ok(net_connect(&cx, params->address, &conn), &err);
	packets_init(&p, conn);
	err_clear(&err);
	expect(login(&cx, &p, params, &who) != 0);
	expect_eq(err.kind, kind);
	if (strstr(err.text, text) == NULL)
		test_fail(__FILE__, __LINE__, "'%s' is not in '%s'", text, err.text);
	packets_done(&p);
	conn_close(conn);
	expect_ok(task_join(&join, t), &ignored);
	listener_close(s->listener);
	buf_done(&s->said);
}

/* ---- compression ---- */

static struct compression_choice
choice(const char *words)
{
	struct compression_choice c = { .count = 0 };

	if (words[0] != '\0')
		expect_ok(compression_choice_read(&c, words, &err), &err);
	return c;
}

/* What each side permits, and what they go on in or what our side says. */
static const struct agreement {
	const char *ours, *theirs;
	enum compression_algorithm result;
	const char *refused;
} agreements[] = {
	{ "", "zlib,zstd,uncompressed", COMPRESSION_NONE, NULL },
	{ "uncompressed", "zlib,zstd,uncompressed", COMPRESSION_NONE, NULL },
	{ "zlib", "zlib,zstd,uncompressed", COMPRESSION_ZLIB, NULL },
	{ "zstd", "zlib,zstd,uncompressed", COMPRESSION_ZSTD, NULL },
	{ "zstd,zlib", "zlib,zstd", COMPRESSION_ZSTD, NULL },
	{ "uncompressed,zlib,zstd", "zstd,zlib", COMPRESSION_ZLIB, NULL },
	{ "zstd,zlib", "zlib", COMPRESSION_ZLIB, NULL },
	{ "zstd,uncompressed", "zlib,uncompressed", COMPRESSION_NONE, NULL },
	{ "zlib", "", COMPRESSION_NONE,
	    "wrongly configured compression algorithm: the server offers none" },
	{ "zstd", "zlib,uncompressed", COMPRESSION_NONE, "the server offers zlib, and not what" },
	{ "zlib", "zstd", COMPRESSION_NONE, "the server offers zstd, and not what" },
	{ "uncompressed", "zstd", COMPRESSION_NONE, "Invalid compression algorithm 'uncompressed'." },
	{ "zlib,uncompressed", "zstd", COMPRESSION_NONE,
	    "Invalid compression algorithm 'uncompressed'." },
};

static void
expect_agreement(const struct agreement *a, struct mysql_params *params)
{
	struct mysql_link link = { .compression = choice(a->ours), .zstd_level = 12 };
	struct login login;
	int rc;

	params->link = &link;
	served.params.link.compression = choice(a->theirs);
	rc = log_in(params, &login);
	if (a->refused != NULL) {
		expect(rc != 0 && strstr(err.text, a->refused) != NULL);
		return;
	}
	expect_ok(rc, &err);
	expect_eq(login.compression, a->result);
	expect_eq(served.who.compression, a->result);
	expect_eq(served.who.zstd_level, a->result == COMPRESSION_ZSTD ? 9 : 0); /* at most */
}

static void
agree(void *arg)
{
	struct secret password = { .hidden_len = 0 };
	struct mysql_params params = { .address = "db:1", .user = "app", .password = &password };

	secret_set(&password, slice_str("secret-1"));
	for (size_t i = 0; i < sizeof(agreements) / sizeof(agreements[0]); i++)
		expect_agreement(&agreements[i], &params);
}

TEST(both_sides_agree_on_a_compression)
{
	world(agree);
}

TEST(words_of_compression_are_the_tools)
{
	struct compression_choice c;

	expect_eq(choice("ZLIB, zstd,zlib").count, 2);
	for (const char **w = (const char *[]){ "", ",", "zlib,", "lz4", "zlib zstd", NULL };
	     *w != NULL; w++)
		expect(compression_choice_read(&c, *w, &err) != 0 && err.kind == ERR_REFUSED);
}

enum {
	CAPS = CAP_PROTOCOL_41 | CAP_PLUGIN_AUTH | CAP_SECURE_CONNECTION | CAP_PLUGIN_AUTH_LENENC |
	    CAP_LONG_PASSWORD
};

static void
scripts(void *arg)
{
	struct secret password = { .hidden_len = 0 };
	struct mysql_link tls = { .mode = MYSQL_TLS_REQUIRED,
		.context = client_context(MYSQL_TLS_REQUIRED) };
	struct mysql_params params = { .address = "db:1", .user = "app", .password = &password };
	struct script s = { .caps = CAPS, .plugin = "caching_sha2_password", .said = BUF_INIT };
	uint8_t seq = 2;

	secret_set(&password, slice_str("secret-1"));
	/* An OK that a stranger has put in before TLS is nobody's. */
	params.link = &tls;
	s.caps |= CAP_SSL;
	packet_put(&s.said, &seq, slice_of("\0\0\0\2\0\0\0", 7));
	meet_script(&s, &params, ERR_CORRUPT, "the server goes on before it was answered");
	params.link = NULL;
	/* A server that switches for ever. */
	seq = 2;
	for (int i = 0; i < 20; i++, seq++)
		packet_put(&s.said, &seq,
		    slice_of("\xfe" AUTH_NATIVE "\0"
			     "01234567890123456789",
			43));
	meet_script(&s, &params, ERR_CORRUPT, "authentication does not come to an end");
	/* What is neither OK, nor ERR, nor a switch, nor the plugin's. */
	seq = 2;
	packet_put(&s.said, &seq, slice_of("\x02\x00", 2));
	meet_script(&s, &params, ERR_CORRUPT, "authentication: a packet that begins with 2");
	seq = 2;
	packet_put(&s.said, &seq, slice_of("", 0));
	meet_script(&s, &params, ERR_CORRUPT, "authentication: a packet that begins with -1");
	seq = 2;
	packet_put(&s.said, &seq, slice_of("\x01\x07", 2));
	meet_script(&s, &params, ERR_CORRUPT,
	    "caching_sha2_password: the server says something unexpected");
	seq = 2;
	packet_put(&s.said, &seq,
	    slice_of("\xfe"
		     "mysql_clear_password\0",
		22));
	meet_script(&s, &params, ERR_REFUSED,
	    "the authentication plugin 'mysql_clear_password' is not spoken");
	tls_context_free(tls.context);
}

TEST(servers_that_speak_out_of_turn)
{
	world(scripts);
}

static void
by_tls(void *arg)
{
	struct tls_context *server = tls_pair_server();
	struct mysql_link tls = { .mode = MYSQL_TLS_VERIFY_IDENTITY,
		.context = client_context(MYSQL_TLS_VERIFY_IDENTITY) };
	struct secret password = { .hidden_len = 0 };
	struct mysql_params params = {
		.address = "gate.test:1", .user = "app", .password = &password, .link = &tls
	};
	struct login login;

	secret_set(&password, slice_str("secret-1"));
	served.params.link.tls = server;
	expect_ok(log_in(&params, &login), &err);
	expect_str(served.tls, "TLSv1.3");
	secret_set(&password, slice_str("secret-2"));
	expect(log_in(&params, &login) != 0 && err.mysql_errno == 1045);
	tls_context_free(tls.context);
	tls_context_free(server);
}

TEST(passwords_are_looked_at_in_tls_too)
{
	world(by_tls);
}
