/*
 * tls_pair.h - two ends of one connection, in this loop, that go on in TLS.
 */
#ifndef TESTS_UNIT_TASK_TLS_PAIR_H
#define TESTS_UNIT_TASK_TLS_PAIR_H

#include "task/net.h"
#include "task/tls.h"

/* "server.pem" of tests/golden/tls; valid until the next but seven. */
const char *tls_file(const char *name);
/* One that shows the server's certificate, and one that looks at it. */
struct tls_context *tls_pair_server(void);
struct tls_context *tls_pair_client(void);

struct tls_pair {
	struct conn *client, *server;
	struct tls_context *client_context, *server_context;
	const char *host; /* or NULL */
	struct err client_err, server_err;
	int client_rc, server_rc;
	bool close_failed; /* a side that fails closes its conn and sets it NULL */
};

/* Of a client and a server. */
void tls_pair_agree(
    struct ctx *cx, struct conn *pair[2], struct tls_context *server, struct tls_context *client);
/* Both handshakes, to their ends, each of which has cx's deadline. */
void tls_pair_start(struct ctx *cx, struct tls_pair *p);

#endif
