/*
 * write_lock.h - changing tables' triggers under their WRITE locks.
 *
 * MariaDB prepares a statement anew when a trigger of its table is younger than the preparation, but keeps
 * a trigger's time in whole hundredths of a second, rounded down: a statement prepared just before
 * would not open what the trigger reads, and each of its executions would fail with 1146. So
 * the lock is kept for some 20 ms, and the triggers get a time of creation that is later than the lock's.
 * (The server stamps a preparation after it has let the table go, so a thread that sleeps there
 * for longer is still caught out: gates prepare anew when they meet that error.)
 *
 * Locks are asked for as all DDL of ours is (ddl.h); on a server where a request that cannot be met waits,
 * only while the gates have made room. Where several tables are to be changed, as many as
 * clients would not notice are asked for in one statement: all are free at the same time when the gates make
 * room (ctl/pause.h), and one after the other they would need a pause for each few. Where one of them is in
 * use each is tried by itself, so that it keeps none of the others waiting; and where the server locks no
 * tables with and without transactions in one statement (MySQL with GTIDs).
 */
#ifndef TABLET_SERVER_WRITE_LOCK_H
#define TABLET_SERVER_WRITE_LOCK_H

#include "tablet/server/ddl.h"

/* What is done under the lock of its table, on that session; it waits for no other one. It may be done
 * again. */
typedef int write_lock_fn(struct ctx *cx, struct mysql_client *c, const char *table, void *arg);

struct write_lock_set {
	const char *database;
	const char **tables;
	int count;
	write_lock_fn *work;
	void *arg;
	int at; /* when it has failed: index of the table that it met or waits for */
};

/* At a time: a table's three triggers take some 3 ms each, so all of them the 100 ms that a pause lasts. */
enum { WRITE_LOCK_AT_ONCE = 8 };

/* All of them, until cx's deadline. */
int write_lock_run(struct ctx *cx, struct ddl *d, struct write_lock_set *set) MUST_USE;

#endif
