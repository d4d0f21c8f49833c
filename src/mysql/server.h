/*
 * server.h - the server's side of a new connection: greet a client and authenticate it.
 *
 *   greeting ---> [request for TLS ---> TLS begins] ---> response
 *            ---> [switch to another plugin ---> answer] ---> OK or ERR
 *
 * Clients that come with caching_sha2_password, as MySQL's own, keep it; all others are asked for
 * mysql_native_password, which the greeting names.
 *
 * The caller decides who is let in: server_lookup_fn gives what is stored of a user's
 * password. A user that does not exist is answered like a wrong password.
 * The caller sends the OK (server_welcome), after it has looked at the
 * database that the client names, or an ERR instead (server_send_err).
 */
#ifndef MYSQL_SERVER_H
#define MYSQL_SERVER_H

#include "base/arena.h"
#include "mysql/auth.h"
#include "mysql/packet.h"
#include "task/tls.h"

/* What we offer a client; a relay's backends must agree to the same. */
#define SERVER_CAPS                                                                                \
	(CAP_FOUND_ROWS | CAP_LONG_FLAG | CAP_CONNECT_WITH_DB | CAP_LOCAL_FILES |                  \
	    CAP_IGNORE_SPACE | CAP_PROTOCOL_41 | CAP_INTERACTIVE | CAP_IGNORE_SIGPIPE |            \
	    CAP_TRANSACTIONS | CAP_SECURE_CONNECTION | CAP_MULTI_STATEMENTS | CAP_MULTI_RESULTS |  \
	    CAP_PS_MULTI_RESULTS | CAP_PLUGIN_AUTH | CAP_CONNECT_ATTRS | CAP_PLUGIN_AUTH_LENENC |  \
	    CAP_SESSION_TRACK | CAP_DEPRECATE_EOF | CAP_MARIADB_EXTENDED_METADATA)

/* false: no such user. */
typedef bool server_lookup_fn(void *arg, struct slice user, struct auth_stored *out);

/* How clients may connect. */
struct server_link {
	struct tls_context *tls; /* offered, unless NULL */
	bool require_tls;        /* or a unix socket: else 3159 */
	/* Those that clients may ask for; one that asks for none is told 3922 where "uncompressed" is
	 * not among them. None at all: only that. */
	struct compression_choice compression;
};

struct server_params {
	const char *version; /* "10.11.14-MariaDB-...", as VERSION() says it */
	uint32_t thread_id;
	uint64_t caps; /* SERVER_CAPS or less */
	struct server_link link;
	server_lookup_fn *lookup;
	void *arg;
};

/* Who came. Strings are in the arena of the ctx that server_greet() was called with. */
struct server_client {
	uint64_t caps; /* agreed */
	uint8_t collation;
	const char *user, *database; /* database: NULL for none */
	const char *program;         /* attribute program_name, or "" */
	/* What server_welcome() begins behind its OK. */
	enum compression_algorithm compression;
	int zstd_level;
};

/* On a refusal the ERR has been sent, and the error has its number: 1045; 1043 for no handshake; 3159 where
 * TLS is required; 3922 or 3923 for a compression that it cannot have. */
int server_greet(struct ctx *cx, struct packets *p, const struct server_params *params,
    struct server_client *out) MUST_USE;
/* COM_CHANGE_USER: payload is the command; as server_greet(), with a scramble of its own. */
int server_change_user(struct ctx *cx, struct packets *p, const struct server_params *params,
    struct slice payload, struct server_client *client) MUST_USE;
/* The OK that ends a handshake, or a change of user; behind it what was agreed compresses. */
int server_welcome(struct ctx *cx, struct packets *p, const struct server_client *client) MUST_USE;

/* Small answers of our own, as the next packet, flushed. */
int server_send_ok(
    struct ctx *cx, struct packets *p, uint64_t caps, const struct ok_packet *ok) MUST_USE;
int server_send_err(struct ctx *cx, struct packets *p, const struct err *e) MUST_USE;
/* A result of texts: names[columns], values[rows * columns]. */
struct server_rows {
	size_t columns, rows;
	const struct slice *names, *values;
	uint16_t status;
};
int server_send_rows(
    struct ctx *cx, struct packets *p, uint64_t caps, const struct server_rows *rows) MUST_USE;

#endif
