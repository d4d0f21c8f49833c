/*
 * ddl.h - DDL and exclusive table locks of ours, which never wait in the server's queue.
 *
 * A request for an exclusive metadata lock that waits does harm while it waits: readers queue behind
 * it, and the client that has read the table and now writes it is the victim of a deadlock (1213),
 * because the server lets DDL win. One that is refused at once is not noticed by anybody. So the
 * session has ROLE_DDL (lock_wait_timeout=0), and each request is made again after a few milliseconds,
 * until the caller's deadline. On a server that makes each request wait for a second at least it is
 * killed after a few milliseconds (watched.h). Where clients never leave a table alone, the gates make room
 * for it (a pause: docs/architecture.md section 6).
 *
 * All DDL of ours goes through here; the one exception is in index.h.
 */
#ifndef TABLET_SERVER_DDL_H
#define TABLET_SERVER_DDL_H

#include "tablet/server/env.h"

/* What a call that makes or removes a fence and whoever makes room for it know of each other. */
struct ddl_room {
	bool waits; /* from a refused try on, until one is not refused or ddl_done() */
	bool asks;  /* ddl_has_room() had to say no; until ddl_done() */
	usec until; /* so long the gates keep clients off the tables */
};

/* A session whose requests do not wait, or not for more than a moment. */
struct ddl {
	struct mysql_client *session;
	struct mysql_client *killer; /* NULL: the server refuses at once what would wait */
	struct ddl_room *room;       /* may be NULL */
	bool needs_room;             /* somebody makes it: see ddl_has_room() */
};

enum {
	/* Between two tries: a refused one costs the server 0.2 ms, so that this is a few hundredths of a
	 * core; and two transactions of a client are a millisecond apart, so that a free moment is soon
	 * met. */
	DDL_AGAIN_MS = 5,
	/* How long a request waits where the server cannot refuse it at once: longer than it takes to be
	 * granted on a busy machine. */
	DDL_WAIT_MS = 3,
	/* Past the deadline, for the answer to what was asked before it, and for the sentence that says who
	 * is in the way. Callers wait for their answer half a second longer. */
	DDL_LATER_MS = 200,
};

int ddl_open(struct ctx *cx, const struct tablet_env *env, struct ddl *out) MUST_USE;
void ddl_done(struct ddl *d);
/* Runs sql, again and again while the table is in use. ERR_TIMEOUT at cx's deadline says by whom. Any
 * other error is the caller's. */
int ddl_run(struct ctx *cx, struct ddl *d, struct slice sql) MUST_USE;
/* The same once. *busy: the table is in use, and nothing was done. */
int ddl_try(
    struct ctx *cx, struct ddl *d, struct slice sql, struct mysql_ok *ok, bool *busy) MUST_USE;
/* May a lock be asked for now that is to be got with clients' tables? On a server that refuses at once
 * what would wait, or where nobody makes room, always; on another one while the gates keep clients away
 * (write_lock.h). False is like a refused try. */
bool ddl_has_room(struct ddl *d);
/* Until the next try; errors as of ddl_run(). */
int ddl_again(struct ctx *cx, struct ddl *d) MUST_USE;
/* Also for a row of our own tables, which FLUSH TABLES WITH READ LOCK keeps from being written. */
int ddl_exec(struct ctx *cx, struct ddl *d, struct slice sql, struct mysql_ok *ok) MUST_USE;
int ddl_runf(struct ctx *cx, struct ddl *d, const char *fmt, ...) MUST_USE
    __attribute__((format(printf, 3, 4)));

#endif
