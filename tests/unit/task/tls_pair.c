#include "unit/task/tls_pair.h"

#include "test.h"

#include <stdio.h>

const char *
tls_file(const char *name)
{
	static char paths[8][512];
	static int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/tls/%s", GOLDEN_DIR, name);
	return path;
}

struct tls_context *
tls_pair_server(void)
{
	struct tls_params params = { .side = TLS_SERVER,
		.cert = tls_file("server.pem"),
		.key = tls_file("server-key.pem") };
	struct err err;
	struct tls_context *t = tls_context_new(&params, &err);

	expect(t != NULL);
	return t;
}

struct tls_context *
tls_pair_client(void)
{
	struct tls_params params = {
		.side = TLS_CLIENT, .check = TLS_CHECK_NAME, .ca = tls_file("ca.pem")
	};
	struct err err;
	struct tls_context *t = tls_context_new(&params, &err);

	expect(t != NULL);
	return t;
}

struct side {
	struct tls_pair *pair;
	usec deadline;
};

static void
close_failed(const struct tls_pair *p, int rc, struct conn **conn)
{
	if (rc == 0 || !p->close_failed)
		return;
	conn_close(*conn);
	*conn = NULL;
}

static void
serve(void *arg)
{
	struct side *s = arg;
	struct tls_pair *p = s->pair;
	struct ctx cx = { .deadline = s->deadline, .err = &p->server_err };

	p->server_rc = conn_start_tls(&cx, p->server, p->server_context, SLICE_NULL, NULL);
	close_failed(p, p->server_rc, &p->server);
}

void
tls_pair_start(struct ctx *cx, struct tls_pair *p)
{
	struct side server = { p, cx->deadline };
	struct task *t = task_spawn("server", serve, &server);
	struct ctx mine = { .deadline = cx->deadline, .err = &p->client_err },
		   join = { .deadline = NEVER, .err = cx->err };

	expect(t != NULL);
	p->client_rc = conn_start_tls(&mine, p->client, p->client_context, SLICE_NULL, p->host);
	close_failed(p, p->client_rc, &p->client);
	expect_ok(task_join(&join, t), cx->err);
}

void
tls_pair_agree(
    struct ctx *cx, struct conn *pair[2], struct tls_context *server, struct tls_context *client)
{
	struct tls_pair p = { .client = pair[0],
		.server = pair[1],
		.client_context = client,
		.server_context = server,
		.host = "gate.test" };

	tls_pair_start(cx, &p);
	expect_ok(p.client_rc, &p.client_err);
	expect_ok(p.server_rc, &p.server_err);
}
