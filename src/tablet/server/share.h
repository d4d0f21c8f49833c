/*
 * share.h - READ locks on a set of tables.
 *
 * A READ lock that waits makes no victim by itself, but writers queue behind it; and with several
 * tables in one statement it holds one while it waits for the next, which does make victims: a client
 * that has written the next goes to the first. So the tables are asked for in one statement that
 * waits for nobody (it gets all of them or none, in 40 us a table). Where writers follow one
 * another without a gap that never comes through: then each table has its own connection, each waits
 * for a few milliseconds, and when one does not come all are let go and tried again after a pause.
 * A server without such a statement is asked in the second way at once; of more tables than SHARE_SINGLY_MAX
 * in one statement, for that moment.
 *
 * DDL is not waited for: it may itself wait for a transaction of this program (that of guard/lock.h keeps it
 * off), and whoever asks for these locks keeps clients waiting. Where a plain read does not come through
 * either, the answer is ERR_RETRY: once the caller has let go the DDL goes on.
 */
#ifndef TABLET_SERVER_SHARE_H
#define TABLET_SERVER_SHARE_H

#include "tablet/server/env.h"

struct share_tables {
	const char *database;
	const char *const *names;
	int count;
};

struct share {
	struct mysql_client **holders; /* one; or one for each table, in their order */
	int count;
};

enum {
	/* Before tables are waited for: past a cutover's hold the first one comes, but for a client that
	 * writes past the gates. */
	SHARE_AT_ONCE_TRIES = 3,
	/* Each is a connection, of the server's 151 by default; of more tables one is always busy, and
	 * waiting for each in turn would not come to an end. */
	SHARE_SINGLY_MAX = 100,
	/* Longer than an ordinary write, shorter than what its client notices. */
	SHARE_WAIT_MS = 5,
	/* Twice the wait: writers have two thirds of the time for themselves. */
	SHARE_AGAIN_MS = 10,
	/* Before it is asked whether DDL is in the way, and again after as many: it costs a read a table. */
	SHARE_DDL_TRIES = 3,
	/* Nobody waits behind a read, so it has the time that a busy machine needs. */
	SHARE_DDL_WAIT_MS = 50,
};

/* Holds a READ lock on each table until share_done(). ERR_TIMEOUT at cx's deadline. ERR_RETRY: DDL or LOCK
 * TABLES of somebody else is in the way. */
int share_take(struct ctx *cx, const struct tablet_env *env, const struct share_tables *tables,
    struct share *out) MUST_USE;
/* Reads every table in c's transaction, whose metadata locks keep DDL off them until it ends. DDL, and LOCK
 * TABLES ... WRITE, is all that such a read waits for, whether it has the table or waits for it. killer NULL:
 * until that is over. Else another connection to the server; ERR_RETRY after a moment, and some are read. */
int share_read(struct ctx *cx, struct mysql_client *c, struct mysql_client *killer,
    const struct share_tables *tables) MUST_USE;
/* Asks every connection, with a round trip each: are all locks held? False at cx's deadline as well. */
bool share_alive(struct ctx *cx, struct share *s);
/* Is one of the connections known to have failed? Asks nobody; false proves nothing. */
bool share_broken(const struct share *s);
/* Closing the connections ends the locks; nothing was written under them. */
void share_done(struct share *s);

#endif
