/* TLS on a connection: who agrees with whom, and what is said where they do not. net_test.c has the rest. */
#include "base/log.h"
#include "task/loop.h"
#include "task/sim.h"
#include "test.h"
#include "unit/task/tls_pair.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define AT "gate:1"

static struct err err;

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 60 * SECOND, .err = &err };
}

static void
world(task_fn *fn)
{
	sim_start(test_seed());
	struct task *t = task_spawn("test", fn, NULL);
	check(t != NULL);
	sim_run();
	task_detach(t);
	sim_stop();
}

static struct tls_context *
context(enum tls_side side, enum tls_check check, const char *ca, const char *name)
{
	struct tls_params params = { .side = side, .check = check };
	char file[64];

	if (ca != NULL)
		params.ca = tls_file(ca);
	if (name != NULL) {
		snprintf(file, sizeof(file), "%s.pem", name);
		params.cert = tls_file(file);
		snprintf(file, sizeof(file), "%s-key.pem", name);
		params.key = tls_file(file);
	}
	struct tls_context *t = tls_context_new(&params, &err);
	expect_ok(t == NULL, &err);
	return t;
}

static struct tls_pair
connected(struct ctx *cx, struct tls_context *server, struct tls_context *client)
{
	struct tls_pair p = {
		.client_context = client, .server_context = server, .close_failed = true
	};
	struct listener *l = net_listen(AT, false, &err);

	expect(l != NULL);
	expect_ok(net_connect(cx, AT, &p.client), &err);
	expect_ok(net_accept(cx, l, &p.server), &err);
	listener_close(l);
	return p;
}

static void
close_pair(struct tls_pair *p)
{
	conn_close(p->client);
	conn_close(p->server);
}

/* ---- who agrees with whom ---- */

struct meeting {
	const char *server;
	enum tls_check check;
	const char *ca, *host;
	const char *refusal; /* what the client says; NULL: they agree */
	const char *hint;
};

static const struct meeting meetings[] = {
	{ "server", TLS_CHECK_NOTHING, NULL, NULL, NULL, NULL },
	{ "server", TLS_CHECK_NOTHING, NULL, "other.test", NULL, NULL },
	{ "expired", TLS_CHECK_NOTHING, NULL, "gate.test", NULL, NULL },
	{ "server", TLS_CHECK_CHAIN, "ca.pem", NULL, NULL, NULL },
	{ "server", TLS_CHECK_CHAIN, "ca.pem", "other.test", NULL, NULL },
	{ "server", TLS_CHECK_NAME, "ca.pem", "gate.test", NULL, NULL },
	{ "server", TLS_CHECK_NAME, "ca.pem", "127.0.0.1", NULL, NULL },
	{ "server", TLS_CHECK_NAME, "ca.pem", "other.test", "hostname mismatch",
	    "connect by a name or an address that is in the certificate" },
	{ "server", TLS_CHECK_NAME, "ca.pem", "127.0.0.2", "IP address mismatch",
	    "connect by a name or an address that is in the certificate" },
	{ "server", TLS_CHECK_CHAIN, "other-ca.pem", "gate.test",
	    "unable to get local issuer certificate",
	    "give the certificate of the authority that signed it" },
	{ "server", TLS_CHECK_CHAIN, NULL, "gate.test", "unable to get local issuer certificate",
	    "give the certificate of the authority that signed it" },
	{ "expired", TLS_CHECK_CHAIN, "ca.pem", "gate.test", "certificate has expired",
	    "renew it, or look at the clocks" },
};

static void
meet(struct ctx *cx, const struct meeting *m)
{
	struct tls_context *server = context(TLS_SERVER, TLS_CHECK_NOTHING, NULL, m->server),
			   *client = context(TLS_CLIENT, m->check, m->ca, NULL);
	struct tls_pair p = connected(cx, server, client);

	p.host = m->host;
	tls_pair_start(cx, &p);
	if (m->refusal == NULL) {
		expect_ok(p.client_rc, &p.client_err);
		expect_ok(p.server_rc, &p.server_err);
		expect_str(conn_tls(p.client), "TLSv1.3");
		expect_str(conn_tls(p.server), "TLSv1.3");
	} else {
		expect(p.client_rc != 0 && p.client_err.kind == ERR_REFUSED);
		expect(strstr(p.client_err.text,
			   "TLS with 'gate:1': the server's certificate is refused: ") != NULL);
		expect(strstr(p.client_err.text, m->refusal) != NULL);
		expect_str(p.client_err.hint, m->hint);
		expect(p.server_rc != 0 && strstr(p.server_err.text, " alert ") != NULL);
	}
	close_pair(&p);
	tls_context_free(server);
	tls_context_free(client);
}

static void
all_meetings(void *arg)
{
	struct ctx cx = ctx();

	for (size_t i = 0; i < sizeof(meetings) / sizeof(meetings[0]); i++)
		meet(&cx, &meetings[i]);
}

TEST(certificates_are_looked_at_as_was_asked)
{
	world(all_meetings);
}

static void
client_certificates(void *arg)
{
	static const char *const shown[] = { "client", "expired", NULL };
	static const char *const said[] = { NULL,
		"the client's certificate is refused: certificate has expired",
		"peer did not return a certificate" };
	struct tls_context *server = context(TLS_SERVER, TLS_CHECK_CHAIN, "ca.pem", "server");
	struct ctx cx = ctx();

	for (int i = 0; i < 3; i++) {
		struct tls_context *client = context(TLS_CLIENT, TLS_CHECK_NOTHING, NULL, shown[i]);
		struct tls_pair p = connected(&cx, server, client);

		tls_pair_start(&cx, &p);
		expect_eq(p.server_rc, said[i] == NULL ? 0 : -1);
		expect(said[i] == NULL || strstr(p.server_err.text, said[i]) != NULL);
		close_pair(&p);
		tls_context_free(client);
	}
	tls_context_free(server);
}

TEST(clients_show_a_certificate_where_one_is_wanted)
{
	world(client_certificates);
}

/* ---- files ---- */

static void
expect_refused(const struct tls_params *params, const char *said)
{
	err_clear(&err);
	expect(tls_context_new(params, &err) == NULL);
	expect_eq(err.kind, ERR_REFUSED);
	if (strstr(err.text, said) == NULL)
		test_fail(__FILE__, __LINE__, "'%s' is not in '%s'", said, err.text);
}

TEST(files_that_cannot_be_used_are_named)
{
	struct tls_params p = { .side = TLS_SERVER };

	p.cert = "/nowhere/cert.pem";
	p.key = tls_file("server-key.pem");
	expect_refused(&p, "reading '/nowhere/cert.pem': No such file or directory");
	p.cert = tls_file("server-key.pem");
	expect_refused(&p, "reading the certificate of '");
	p.cert = tls_file("server.pem");
	p.key = "/nowhere/key.pem";
	expect_refused(&p, "reading '/nowhere/key.pem': No such file or directory");
	p.key = tls_file("expired-key.pem");
	expect_refused(&p, "expired-key.pem': key values mismatch");
	p.key = tls_file("server.pem");
	expect_refused(&p, "reading the private key of '");
	p.key = tls_file("server-key.pem");
	p.check = TLS_CHECK_CHAIN;
	p.ca = "/nowhere/ca.pem";
	expect_refused(&p, "reading '/nowhere/ca.pem': No such file or directory");
	p.ca = tls_file("server-key.pem");
	expect_refused(&p, "reading the certificate authorities of '");
}

static void
copy(const char *name, const char *to)
{
	char command[1200];

	/* As one renews it: the new one takes the old one's place at once. */
	snprintf(command, sizeof(command), "cp %s %s/new && mv %s/new %s/%s", tls_file(name),
	    test_dir(), test_dir(), test_dir(), to);
	expect_eq(system(command), 0);
}

/* Is a new connection's certificate the one that has expired? */
static bool
shows_expired(struct ctx *cx, struct tls_context *server, struct tls_context *client)
{
	struct tls_pair p = connected(cx, server, client);
	bool expired;

	p.host = "gate.test";
	tls_pair_start(cx, &p);
	expired = p.client_rc != 0;
	expect(!expired || strstr(p.client_err.text, "certificate has expired") != NULL);
	close_pair(&p);
	return expired;
}

static void
renewals(void *arg)
{
	char cert[512], key[512];
	struct tls_params params = { .side = TLS_SERVER, .cert = cert, .key = key };
	struct tls_context *server, *client = tls_pair_client();
	struct ctx cx = ctx();

	snprintf(cert, sizeof(cert), "%s/cert", test_dir());
	snprintf(key, sizeof(key), "%s/key", test_dir());
	copy("expired.pem", "cert");
	copy("expired-key.pem", "key");
	server = tls_context_new(&params, &err);
	expect_ok(server == NULL, &err);
	expect(shows_expired(&cx, server, client));
	/* One of two is new: the old pair is still in use, and so it is while the file is away. */
	copy("server.pem", "cert");
	expect(shows_expired(&cx, server, client));
	expect_eq(remove(key), 0);
	expect(shows_expired(&cx, server, client));
	copy("server-key.pem", "key");
	expect(!shows_expired(&cx, server, client));
	expect(!shows_expired(&cx, server, client));
	copy("ca.pem", "key");
	expect(!shows_expired(&cx, server, client));
	tls_context_free(server);
	tls_context_free(client);
}

TEST(renewed_files_are_seen_by_the_next_connection)
{
	world(renewals);
}

/* ---- one context in several loops ---- */

enum { THREADS = 3, MEETINGS = 30 };

struct shared {
	struct tls_context *server, *client;
	_Atomic int met;
};

static void
meet_often(void *arg)
{
	struct shared *s = arg;
	struct err e;
	struct ctx cx = { .deadline = task_now() + 60 * SECOND, .err = &e };
	struct listener *l = net_listen("127.0.0.1:0", false, &e);
	char address[32];

	expect(l != NULL);
	snprintf(address, sizeof(address), "127.0.0.1:%d", listener_port(l));
	for (int i = 0; i < MEETINGS; i++) {
		struct conn *pair[2];

		expect_ok(net_connect(&cx, address, &pair[0]), &e);
		expect_ok(net_accept(&cx, l, &pair[1]), &e);
		tls_pair_agree(&cx, pair, s->server, s->client);
		conn_close(pair[0]);
		conn_close(pair[1]);
		s->met++;
	}
	listener_close(l);
}

static void *
loop_main(void *arg)
{
	struct err e;
	struct loop *l = loop_new(&e);
	struct task *t;

	expect(l != NULL);
	t = task_spawn("meets", meet_often, arg);
	expect(t != NULL);
	task_detach(t);
	loop_run(l);
	loop_free(l);
	return NULL;
}

TEST(loops_share_a_context_whose_files_change)
{
	char cert[512], key[512];
	struct tls_params params = { .side = TLS_SERVER, .cert = cert, .key = key };
	struct shared s = { .client = tls_pair_client() };
	pthread_t threads[THREADS];

	log_set_level(LOG_OFF);
	snprintf(cert, sizeof(cert), "%s/cert", test_dir());
	snprintf(key, sizeof(key), "%s/key", test_dir());
	copy("server.pem", "cert");
	copy("server-key.pem", "key");
	s.server = tls_context_new(&params, &err);
	expect_ok(s.server == NULL, &err);
	for (int i = 0; i < THREADS; i++)
		expect_eq(pthread_create(&threads[i], NULL, loop_main, &s), 0);
	while (s.met < THREADS * MEETINGS) {
		copy("server.pem", "cert");
		copy("server-key.pem", "key");
	}
	for (int i = 0; i < THREADS; i++)
		expect_eq(pthread_join(threads[i], NULL), 0);
	tls_context_free(s.server);
	tls_context_free(s.client);
}

/* ---- what is no TLS, and handshakes that are cut ---- */

static void
other_words(void *arg)
{
	struct tls_context *server = tls_pair_server(), *client = tls_pair_client();
	struct ctx cx = ctx();
	struct tls_pair p = connected(&cx, server, client);

	expect_ok(conn_write(&cx, p.server, "I speak nothing of the kind\n", 28), &err);
	expect(conn_start_tls(&cx, p.client, client, SLICE_NULL, "gate.test") != 0);
	expect_eq(err.kind, ERR_REFUSED);
	expect_str(err.text, "TLS with 'gate:1': wrong version number");
	close_pair(&p);
	p = connected(&cx, server, client);
	expect_ok(conn_write(&cx, p.client, "nor do I, and I say much of it\n", 31), &err);
	expect(conn_start_tls(&cx, p.server, server, SLICE_NULL, NULL) != 0);
	expect_eq(err.kind, ERR_REFUSED);
	close_pair(&p);
	tls_context_free(server);
	tls_context_free(client);
}

TEST(a_peer_that_speaks_no_tls)
{
	world(other_words);
}

static void
cut_handshakes(void *arg)
{
	struct tls_context *server = tls_pair_server(), *client = tls_pair_client();
	struct ctx cx = ctx(), soon = ctx_within(&cx, SECOND);
	struct tls_pair p = connected(&cx, server, client);
	char some[100];

	/* The end comes at once, */
	conn_close(p.server);
	expect(conn_start_tls(&cx, p.client, client, SLICE_NULL, NULL) != 0);
	expect_eq(err.kind, ERR_RETRY);
	conn_close(p.client);
	/* in the middle of the first word, */
	p = connected(&cx, server, client);
	memset(some, 0, sizeof(some));
	memcpy(some, "\x16\x03\x01\x02\x00\x01", 6);
	expect_ok(conn_write(&cx, p.client, some, sizeof(some)), &err);
	conn_close(p.client);
	expect(conn_start_tls(&cx, p.server, server, SLICE_NULL, NULL) != 0);
	expect_eq(err.kind, ERR_RETRY);
	expect_str(strstr(err.text, ": ") + 2, "connection closed by the other side");
	conn_close(p.server);
	/* or never. */
	p = connected(&cx, server, client);
	sim_cut(AT);
	expect(conn_start_tls(&soon, p.client, client, SLICE_NULL, NULL) != 0);
	expect_eq(err.kind, ERR_TIMEOUT);
	expect(strstr(err.text, "TLS with 'gate:1'") != NULL);
	sim_heal(AT);
	close_pair(&p);
	p = connected(&cx, server, client);
	sim_reset(AT);
	expect(conn_start_tls(&cx, p.client, client, SLICE_NULL, NULL) != 0);
	expect_eq(err.kind, ERR_RETRY);
	close_pair(&p);
	tls_context_free(server);
	tls_context_free(client);
}

TEST(handshakes_that_are_cut)
{
	world(cut_handshakes);
}

/* ---- what the layer must not change ---- */

static void
say_hello(void *arg)
{
	struct tls_pair *p = arg;
	struct err e;
	struct ctx cx = { .deadline = task_now() + 60 * SECOND, .err = &e };

	expect_ok(conn_start_tls(&cx, p->client, p->client_context, SLICE_NULL, "gate.test"), &e);
	expect_ok(conn_write(&cx, p->client, "hello", 5), &e);
}

/* len bytes of the client's first word were read before anybody thought of TLS. */
static void
begin_late(struct ctx *cx, struct tls_pair *p, size_t len)
{
	struct task *t = task_spawn("client", say_hello, p);
	char early[1024], text[8];
	size_t got;

	expect(t != NULL);
	expect_ok(conn_read(cx, p->server, early, len, &got), &err);
	expect_ok(
	    conn_start_tls(cx, p->server, p->server_context, slice_of(early, got), NULL), &err);
	expect_ok(conn_read_full(cx, p->server, text, 5), &err);
	expect_slice(slice_of(text, 5), slice_str("hello"));
	expect_ok(task_join(cx, t), &err);
}

static void
early_bytes(void *arg)
{
	static const size_t lens[] = { 1, 5, 100, 1024 };
	struct tls_context *server = tls_pair_server(), *client = tls_pair_client();
	struct ctx cx = ctx();

	for (int i = 0; i < 4; i++) {
		struct tls_pair p = connected(&cx, server, client);

		begin_late(&cx, &p, lens[i]);
		close_pair(&p);
	}
	tls_context_free(server);
	tls_context_free(client);
}

TEST(what_was_read_before_belongs_to_tls)
{
	world(early_bytes);
}

static void
records_without_bytes(void *arg)
{
	struct tls_context *server = tls_pair_server(), *client = tls_pair_client();
	struct ctx cx = ctx(), soon;
	struct tls_pair p = connected(&cx, server, client);
	char text[16];
	size_t got;

	p.host = "gate.test";
	tls_pair_start(&cx, &p);
	/* The server's tickets are there, which are nothing to read. */
	soon = ctx_within(&cx, SECOND);
	expect(net_wait_readable(&soon, p.client) != 0 && err.kind == ERR_TIMEOUT);
	soon = ctx_within(&cx, SECOND);
	expect(conn_read(&soon, p.client, text, sizeof(text), &got) != 0 && err.kind == ERR_TIMEOUT);
	/* One record that is read in two parts: the second one is there without the descriptor saying so. */
	expect_ok(conn_write(&cx, p.server, "hello", 5), &err);
	expect_ok(conn_read_full(&cx, p.client, text, 2), &err);
	expect(conn_has_input(p.client));
	soon = ctx_within(&cx, SECOND);
	expect_ok(net_wait_readable(&soon, p.client), &err);
	expect_ok(conn_read(&cx, p.client, text, sizeof(text), &got), &err);
	expect_slice(slice_of(text, got), slice_str("llo"));
	expect(!conn_has_input(p.client));
	close_pair(&p);
	tls_context_free(server);
	tls_context_free(client);
}

TEST(what_is_pending_is_told)
{
	world(records_without_bytes);
}

static void
spoiled(void *arg)
{
	struct tls_context *server = tls_pair_server(), *client = tls_pair_client();
	struct ctx cx = ctx();
	struct tls_pair p = connected(&cx, server, client);
	struct tls_pair q = connected(&cx, server, client);
	char text[16];
	size_t got;

	p.host = "gate.test";
	tls_pair_start(&cx, &p);
	expect(
	    !conn_is_private(p.client) && conn_tls(p.client) != NULL && conn_tls(q.client) == NULL);
	conn_close(q.client);
	conn_close(q.server);
	sim_reset(AT);
	expect(conn_read(&cx, p.client, text, sizeof(text), &got) != 0);
	expect_eq(err.kind, ERR_RETRY);
	expect(conn_write(&cx, p.server, "x", 1) != 0);
	expect_eq(err.kind, ERR_RETRY);
	close_pair(&p);
	tls_context_free(server);
	tls_context_free(client);
}

TEST(a_connection_that_breaks_is_worth_another_try)
{
	world(spoiled);
}
