/*
 * pool.h - connections to database servers, shared by one loop's sessions.
 *
 *            pool_take()              pool_park()
 *   IDLE ----------------> IN USE ----------------> PARKED
 *    ^                      |  ^                     |   |
 *    |      pool_give()     |  |    pool_unpark()    |   |
 *    +----------------------+  +---------------------+   |
 *    ^                                                   |
 *    +------ taken from its owner: pressure, or age -----+
 *
 * IDLE    Belongs to nobody. Clean, or made clean (COM_RESET_CONNECTION) by the
 *         next taker whose session differs from the last one.
 * IN USE  A session's, while a statement runs or while it must keep it (a
 *         transaction, a temporary table, ...).
 * PARKED  Still the session's, which has nothing on it that cannot be
 *         repeated: in most cases it comes back and finds everything as it
 *         was. Until then anybody who needs a connection may take it; the
 *         owner's slot is set to NULL.
 *
 * A backend is told apart by what cannot be changed on a connection: server,
 * capabilities, collation of the handshake. At most max exist; who finds none waits.
 */
#ifndef GATE_POOL_H
#define GATE_POOL_H

#include "base/list.h"
#include "base/map.h"
#include "mysql/client.h"
#include "task/waitlist.h"

struct pool_key {
	const char *server; /* address */
	uint64_t    caps;   /* of POOL_CAPS, those that the client has */
	uint8_t     collation;
};

/* Capabilities that change what a server sends or does: a client's must be its backend's. */
#define POOL_CAPS \
	(CAP_FOUND_ROWS | CAP_IGNORE_SPACE | CAP_LOCAL_FILES | CAP_DEPRECATE_EOF | \
	    CAP_MULTI_RESULTS | CAP_PS_MULTI_RESULTS | CAP_MARIADB_EXTENDED_METADATA)

enum backend_state { BACKEND_IDLE, BACKEND_IN_USE, BACKEND_PARKED };

struct pool;

struct backend {
	struct list_node     node; /* in idle or parked */
	struct pool         *pool;
	enum backend_state   state;
	struct mysql_client *client;
	char                *server;
	uint64_t             caps;
	uint8_t              collation;
	struct backend     **slot;     /* PARKED: where its owner keeps it */
	uint64_t             session;  /* whose state it carries; 0: clean */
	uint64_t             settings; /* version of that session's settings */
	char                *database; /* current one; NULL: none or unknown */
	bool                 was_reset; /* since it was chosen: its character set is not the session's */
	struct map statements;     /* the owner's statement (4 bytes) to its number here, plus 1 */
	uint64_t   insert_version; /* of the session's insert id that it knows */
	usec       since;          /* of the present state */
	uint64_t   serial;         /* never the same for two, nor before and after a reset */
	bool       once;           /* the server has an init_connect, whose work a reset undoes */
	usec       once_known;     /* asked of the server then */
};

struct pool {
	const char          *user;
	const struct secret *password;
	size_t               max, count;
	struct list          idle, parked; /* oldest first */
	struct waitlist      freed;
	usec                 connect_timeout, take_timeout, keep;
	uint64_t             serials;
	uint64_t             connects, takes, steals, waits; /* for metrics */
	/* For the lexer, of the servers as they greet (sql/modes.h); 0: none has, or not all are of
	 * one version. */
	unsigned server_modes;
	bool     greeted, mixed;
};

void pool_init(struct pool *p, const char *user, const struct secret *password, size_t max);
void pool_done(struct pool *p); /* nobody uses a backend any more */

/* IN USE. 1040 when none becomes free in time. */
int pool_take(
    struct ctx *cx, struct pool *p, const struct pool_key *key, struct backend **out) MUST_USE;
/* Back to IDLE, or closed when it is broken or must not be used again. */
void pool_give(struct pool *p, struct backend *b, bool reusable);
void pool_park(struct pool *p, struct backend *b, struct backend **slot);
void pool_unpark(struct pool *p, struct backend *b);
/* Closes what has been idle, and takes back what has been parked, for longer than keep. */
void pool_age(struct pool *p);
/* All of it: for a server that has gone away, or a drain. */
void pool_close_idle(struct pool *p);

/* Makes it as a new connection is. Where the server has an init_connect, which it runs for new connections
 * only, it gets a new one. */
int  backend_reset(struct ctx *cx, struct backend *b) MUST_USE;
bool backend_fits(const struct backend *b, const struct pool_key *key);
void backend_set_database(struct backend *b, const char *name); /* NULL: unknown */

void pool_check(struct pool *p);

#endif
