#include "gate/entrance.h"

#include "gate/refuse.h"
#include "gate/variables.h"
#include "mysql/server.h"

/* What we do not offer: statements in a row are told apart by nobody, and changes of a session are
 * not relayed because the connection behind it changes. What MariaDB has beyond SERVER_CAPS (progress, bulk
 * execution, cached metadata) would have to be understood here. */
#define OFFERED_CAPS (SERVER_CAPS & ~(CAP_MULTI_STATEMENTS | CAP_SESSION_TRACK | CAP_INTERACTIVE))

#define HANDSHAKE_TIMEOUT (10 * SECOND) /* the servers' own connect_timeout */

struct lookup {
	const struct credentials *credentials;
	bool                      loopback;
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

/* Collations of character sets that are refused: gbk, sjis, cp932, big5, gb18030. */
static bool
collation_is_refused(unsigned collation)
{
	static const uint8_t refused[] = { 1, 84, 13, 88, 28, 87, 95, 96, 248, 249, 250 };

	return memchr(refused, (int)collation, sizeof refused) != NULL;
}

static int
welcome(struct ctx *cx, struct session *s, const struct server_client *client)
{
	s->caps = client->caps;
	s->collation = client->collation;
	if (collation_is_refused(client->collation))
		(void)variables_refuse_charset(cx->err, slice_str("of the handshake"));
	else if (client->database != NULL && client->database[0] != '\0' &&
		 route_keyspace(s->hall->crowd.route, slice_str(client->database)) == NULL &&
		 strcasecmp(client->database, "information_schema") != 0)
		(void)refuse(
		    cx->err, ER_BAD_DB_ERROR, "Unknown database '%.200s'", client->database);
	if (cx->err->kind != ERR_NONE) {
		s->replied = session_send_err(cx, s, cx->err) == 0;
		return -1;
	}
	if (client->database != NULL && client->database[0] != '\0')
		session_set_keyspace(s, slice_str(client->database));
	return server_welcome(cx, &s->client, client);
}

int
entrance_greet(struct ctx *cx, struct session *s, const struct entrance_params *params)
{
	struct lookup        lookup = { params->credentials, conn_is_loopback(s->conn) };
	struct server_params offer = { .version = s->hall->crowd.route->version,
		.thread_id = params->id,
		.caps = OFFERED_CAPS,
		.lookup = lookup_client,
		.arg = &lookup };
	struct server_client client;
	struct ctx           within = ctx_within(cx, HANDSHAKE_TIMEOUT);

	within.arena = &s->arena;
	TRY(server_greet(&within, &s->client, &offer, &client));
	return welcome(&within, s, &client);
}
