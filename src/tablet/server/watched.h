/*
 * watched.h - a statement that waits for a lock for a moment only.
 *
 * lock_wait_timeout counts in seconds. What is to wait for a few milliseconds is killed from another
 * connection when its time is over, and again until it has ended: a KILL QUERY that comes before the server
 * has begun with the statement is lost, and on a busy machine that takes longer than a moment; the statement
 * would wait on, and so would clients behind it.
 */
#ifndef TABLET_SERVER_WATCHED_H
#define TABLET_SERVER_WATCHED_H

#include "mysql/client.h"

struct watched {
	struct mysql_client *session, *killer;
	usec within;
	bool at_work; /* it may be longer at work once it has its lock: it is killed only while it waits */
};

/* ok may be NULL. *again: it got no lock in that time, or was the victim of a deadlock, and nothing was done;
 * nothing else is wrong. */
int watched_exec(struct ctx *cx, const struct watched *w, struct slice sql, struct mysql_ok *ok,
    bool *again) MUST_USE;

#endif
