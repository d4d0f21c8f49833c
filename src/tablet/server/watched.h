/*
 * watched.h - a statement that waits for a lock for a moment only.
 *
 * lock_wait_timeout counts in seconds. What is to wait for a few milliseconds is killed from another
 * connection when its time is over, and again until it has ended: a KILL QUERY that comes before the server
 * has begun with the statement is lost, and on a busy machine that takes longer than a moment; the statement
 * would wait on, and so would clients behind it.
 *
 * MariaDB parses a table's triggers when it opens the table, and a kill ends that parser as if the text had
 * ended: what is open then is kept with a trigger that has "an error in its body", and others who are given
 * it fail with 1064 until DDL closes it. The fence is such triggers. So there a statement is killed only
 * while it waits for a lock: the server looks and kills in one statement. A wait that goes by no such name
 * is ended after a second (BLINDLY_AFTER), which no opening takes.
 */
#ifndef TABLET_SERVER_WATCHED_H
#define TABLET_SERVER_WATCHED_H

#include "mysql/client.h"

struct watched {
	struct mysql_client *session, *killer;
	usec within;
	bool at_work; /* it may be longer at work once it has its lock: it is never killed while it is */
};

/* ok may be NULL. *again: it got no lock in that time, or was the victim of a deadlock, and nothing was done;
 * nothing else is wrong. */
int watched_exec(struct ctx *cx, const struct watched *w, struct slice sql, struct mysql_ok *ok,
    bool *again) MUST_USE;

#endif
