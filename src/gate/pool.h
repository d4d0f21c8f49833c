/*
 * pool.h - connections to database servers, shared by one loop's sessions.
 *
 *            pool_take()              pool_park()
 *   IDLE ----------------> IN USE ----------------> PARKED
 *    ^                      |  ^                     |   |
 *    |      pool_give()     |  |    pool_unpark()    |   |
 *    +----------------------+  +---------------------+   |
 *    ^                         ^                         |
 *    |                         +-- pool_take(): another --+
 *    |                             session needs it       |
 *    +------ pool_age(): parked for longer than keep -----+
 *
 *   (none) -> IN USE     pool_take(), when none fits and there is room
 *   IN USE -> (none)     pool_give() of a broken one, or of one that must not be used again
 *   IDLE   -> (none)     pool_age(), pool_close_idle(), pool_done(); pool_take() when it is dead, or
 *   PARKED -> (none)       when its place is needed for a connection of another kind
 *
 * IDLE    Belongs to nobody. It is clean, or the next taker makes it clean (backend_reset()) if it
 *         carries another session's state.
 * IN USE  A session's, while a statement runs, or while the session must keep it: for a transaction,
 *         a temporary table and the like.
 * PARKED  Still the session's, with nothing on it that could not be repeated on another one. Mostly
 *         the session comes back and finds everything as it was. Until then any session that needs
 *         a connection may take it; the owner's slot is then NULL.
 *
 * Invariants (backend_check() and pool_check() look at them)
 *   (1) At most max backends exist. Those that are idle or parked are among them; the rest is in use.
 *   (2) A backend is in the list of its state: idle, parked, or none when it is in use.
 *   (3) PARKED: the owner's slot names it. In the two other states the pool knows no slot.
 *   (4) Each list is in the order in which its backends came to it, the oldest first, so that
 *       pool_age() and an eviction take what was used least recently.
 *   (5) A backend never changes what cannot be changed on a connection: server, capabilities,
 *       collation of the handshake. pool_take() gives one that has all three as asked.
 *
 * An example with max = 1:
 *
 *    0 s  session A: pool_take() finds none, there is room: connects. A runs its statement.
 *    1 s  A: pool_park(). B: pool_take() finds none idle and no room, takes A's: A's slot is NULL,
 *         and B resets the connection, as it carries A's state.
 *    2 s  A's next statement: its slot is NULL, so pool_take(); none is idle or parked: A waits.
 *    3 s  B's client leaves: pool_give(). A is woken, takes it, resets it, repeats its settings.
 *   12 s  (if B had kept it) A's wait is over after take_timeout: error 1040.
 */
#ifndef GATE_POOL_H
#define GATE_POOL_H

#include "base/list.h"
#include "base/idmap.h"
#include "mysql/client.h"
#include "task/waitlist.h"

struct pool_key {
	const char *server; /* address */
	uint64_t caps;      /* of POOL_CAPS, those that the client has */
	uint8_t collation;
};

/* Capabilities that change what a server sends or does: a client's must be its backend's. */
#define POOL_CAPS                                                                                  \
	(CAP_FOUND_ROWS | CAP_IGNORE_SPACE | CAP_LOCAL_FILES | CAP_DEPRECATE_EOF |                 \
	    CAP_MULTI_RESULTS | CAP_PS_MULTI_RESULTS | CAP_MARIADB_EXTENDED_METADATA)

enum backend_state { BACKEND_IDLE, BACKEND_IN_USE, BACKEND_PARKED };

struct pool;

struct backend {
	struct list_node node; /* in idle or parked (2) */
	struct pool *pool;
	enum backend_state state;
	struct mysql_client *client;
	char *server;
	uint64_t caps;
	uint8_t collation;
	struct backend **slot;             /* PARKED: where its owner keeps it (3); else NULL */
	uint64_t session;                  /* whose state it carries; 0: clean */
	uint64_t settings;                 /* version of that session's settings */
	char *database;                    /* current one; NULL: none or unknown */
	const struct route_keyspace *fits; /* the keyspace for which database is right; or NULL */
	uint64_t fits_by;                  /* the number of the route that says so */
	bool was_reset;          /* since it was chosen: its character set is not the session's */
	struct idmap statements; /* the owner's to its number here: prepared.c */
	uint64_t insert_version; /* of the session's insert id that it knows */
	usec since;              /* of the present state */
	uint64_t serial;         /* never the same for two, nor before and after a reset */
	bool once;               /* the server has an init_connect, whose work a reset undoes */
	usec once_known;         /* asked of the server then */
};

struct pool {
	const char *user;
	const struct secret *password;
	const struct mysql_link *link; /* NULL: without TLS and compression */
	size_t max, count;             /* of backends in all three states */
	struct list idle, parked;      /* oldest first (4) */
	struct waitlist freed;         /* pool_take(): none fits, and there is no room */
	usec connect_timeout, take_timeout, keep;
	uint64_t serials;                        /* the last one given */
	uint64_t connects, takes, steals, waits; /* for metrics */
	/* For the lexer, of the servers as they greet (sql/modes.h); 0: none has, or not all are of
	 * one version. */
	unsigned server_modes;
	bool greeted, mixed;
};

void pool_init(struct pool *p, const char *user, const struct secret *password, size_t max);
void pool_done(struct pool *p); /* nobody uses a backend any more */

/* *out is IN USE, and the caller's until pool_give(). 1040 when none becomes free in time; another error
 * when the server cannot be reached. */
int pool_take(
    struct ctx *cx, struct pool *p, const struct pool_key *key, struct backend **out) MUST_USE;
/* Back to IDLE, or closed when it is broken or must not be used again. */
void pool_give(struct pool *p, struct backend *b, bool reusable);
/* *slot is b, and must stay where it is until pool_unpark(), or until it was set to NULL. */
void pool_park(struct pool *p, struct backend *b, struct backend **slot);
/* Its owner needs it again: PARKED -> IN USE. Never waits. */
void pool_unpark(struct pool *p, struct backend *b);
/* Closes what has been idle, and takes back what has been parked, for longer than keep. */
void pool_age(struct pool *p);
/* All of it: for a server that has gone away, or a drain. */
void pool_close_idle(struct pool *p);

/* Makes it as a new connection is. Where the server has an init_connect, which it runs for new connections
 * only, it gets a new one. */
int backend_reset(struct ctx *cx, struct backend *b) MUST_USE;
bool backend_fits(const struct backend *b, const struct pool_key *key);
/* PARKED, and its server has closed it since, as far as events have told: nothing of the session is lost with
 * it. */
bool backend_has_gone(const struct backend *b);
void backend_set_database(struct backend *b, const char *name); /* NULL: unknown */

/* Aborts where (2) or (3) does not hold for it. */
void backend_check(const struct backend *b);
/* The same for (1), without a look at each backend. */
void pool_check(const struct pool *p);

#endif
