/*
 * server_lock.h - one vttablet beside one server: a named lock of the server's, on a connection of
 * its own, for the whole life of the program.
 *
 * Two programs that ran the same streams would copy with windows that the other's applier knows
 * nothing of (rule 7), and rows would be lost. The lock ends with its connection, which the server
 * notices as soon as its program was killed; who asks then is given a few seconds.
 *
 * While we run the connection may break, and the lock is anybody's from then on:
 *
 *   held --connection lost--> lost --asked for again, until it is ours--> held, the next term
 *
 *   (1) A pass of a stream begins only while the lock is held and ends when its term does.
 *   (2) Until it has ended it holds the applier's slots, and nobody copies or applies without them:
 *       it is over before another's begins.
 *
 * A NULL lock is held for ever: for simulations of one process.
 */
#ifndef TABLET_SERVER_SERVER_LOCK_H
#define TABLET_SERVER_SERVER_LOCK_H

#include "tablet/server/env.h"
#include "task/group.h"

struct server_lock {
	const struct tablet_env *env;
	struct mysql_client *session; /* whose connection has the lock; NULL: lost */
	uint64_t term;                /* raised each time it is taken */
	struct waitlist changed;
	struct group keeper;
};

void server_lock_init(struct server_lock *l, const struct tablet_env *env);
/* Waits some seconds for a program that has just ended. ERR_REFUSED: another one goes on. Asked
 * again once it was taken: whether it is held. */
int server_lock_take(struct ctx *cx, struct server_lock *l) MUST_USE;
/* Ends the task that keeps it, and lets it go. Passes must have ended before (2). */
void server_lock_done(struct server_lock *l);

/* The term that it is held in; ERR_RETRY while it is lost. */
int server_lock_held(const struct server_lock *l, uint64_t *term, struct err *err) MUST_USE;
/* Until that term has ended: ERR_RETRY then, and never 0. */
int server_lock_wait_lost(struct ctx *cx, struct server_lock *l, uint64_t term) MUST_USE;

#endif
