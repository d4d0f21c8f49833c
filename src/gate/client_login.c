#include "gate/client_login.h"

#include "gate/database.h"
#include "gate/refuse.h"
#include "gate/variables.h"
#include "mysql/server.h"

#include <stdlib.h>

/* What we do not offer: changes of a session are not relayed because the connection behind it changes. What
 * MariaDB has beyond SERVER_CAPS (progress, cached metadata) would have to be understood here. Bulk execution
 * of an UPDATE or DELETE commits row by row under autocommit: one that meets a fence in its middle could
 * neither be replayed nor be called rolled back. Drivers execute rows one by one where it is not offered. */
#define OFFERED_CAPS (SERVER_CAPS & ~(CAP_SESSION_TRACK | CAP_INTERACTIVE))

#define HANDSHAKE_TIMEOUT (10 * SECOND) /* the servers' own connect_timeout */

struct lookup {
	const struct credentials *credentials;
	bool loopback;
};

static bool
lookup_client(void *arg, struct slice user, struct auth_stored *out)
{
	const struct lookup *l = arg;

	for (size_t i = 0; i < l->credentials->clients_count; i++) {
		const struct client_account *c = &l->credentials->clients[i];

		if (!slice_eq_str(user, c->account.user) || (c->loopback_only && !l->loopback))
			continue;
		auth_store(secret_reveal(&c->account.password), out);
		return true;
	}
	return false;
}

static bool
names_database(const struct server_client *client)
{
	return client->database != NULL && client->database[0] != '\0';
}

/* Refuses what a client asks for and cannot have. */
static int
check_client(struct ctx *cx, const struct session *s, const struct server_client *client)
{
	if (charset_of_collation(client->collation).refused)
		return variables_refuse_charset(cx->err, slice_str("of the handshake"));
	return 0;
}

/* -1: there is no such database, and the session's user is who it was. */
static int
take_client(struct ctx *cx, struct session *s, const struct server_client *client)
{
	char *keyspace = s->keyspace, *base = s->base;
	uint8_t collation = s->collation;
	int rc = 0;

	session_put_keyspace(s, NULL, NULL);
	s->collation = client->collation;
	if (names_database(client))
		rc = database_use(cx, s, slice_str(client->database));
	session_rest(s);
	if (rc != 0) {
		session_put_keyspace(s, keyspace, base);
		s->collation = collation;
		return -1;
	}
	free(keyspace);
	free(base);
	s->charset = charset_of_collation(client->collation);
	session_set_user(s, client->user);
	return 0;
}

int
client_login_greet(struct ctx *cx, struct session *s)
{
	struct lookup lookup = { s->loop->credentials, conn_is_loopback(s->conn) };
	struct server_params offer = { .version = s->loop->in_flight.route->version,
		.thread_id = s->id,
		.caps = OFFERED_CAPS,
		.lookup = lookup_client,
		.arg = &lookup };
	struct server_client client;
	struct ctx within = ctx_within(cx, HANDSHAKE_TIMEOUT);

	if (s->loop->links != NULL)
		offer.link = s->loop->links->clients;
	within.arena = &s->arena;
	if (server_greet(&within, &s->client, &offer, &client) != 0) {
		if (cx->err->kind == ERR_REFUSED) /* and told so */
			session_complain(s, cx->err);
		return -1;
	}
	s->caps = client.caps;
	if (check_client(&within, s, &client) != 0 || take_client(&within, s, &client) != 0) {
		s->replied = session_send_err(&within, s, cx->err) == 0;
		return -1;
	}
	return server_welcome(&within, &s->client, &client);
}

int
client_login_change_user(struct ctx *cx, struct session *s, struct slice packet)
{
	struct lookup lookup = { s->loop->credentials, conn_is_loopback(s->conn) };
	struct server_params offer = { .lookup = lookup_client, .arg = &lookup };
	struct server_client client = { .caps = s->caps };
	struct ctx within = ctx_within(cx, HANDSHAKE_TIMEOUT);

	within.arena = &s->arena;
	session_reset(s);
	if (server_change_user(&within, &s->client, &offer, packet, &client) != 0) {
		session_complain(s, cx->err);
		s->failed = true; /* and told so */
		return s->client.broken || cx->err->kind != ERR_REFUSED ? -1 : 0;
	}
	if (check_client(&within, s, &client) != 0 || take_client(&within, s, &client) != 0)
		return session_send_err(cx, s, cx->err);
	return session_send_ok(cx, s);
}
