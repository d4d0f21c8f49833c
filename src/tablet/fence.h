/*
 * fence.h - tables that moved: the guard inside the server that refuses their writes.
 *
 * BEFORE INSERT, UPDATE and DELETE triggers on each table let the stream's own
 * account through and, for all others, read their row of the table fence under a shared
 * lock, so that even an old snapshot sees the present and arming waits for
 * every writer that has passed. Armed, they SIGNAL FENCE_ERRNO with FENCE_TEXT.
 *
 *   fence (workflow, db, tbl) -> armed, attempt
 *
 * (1) The row exists before the triggers do; a trigger without its row refuses (fails closed).
 * (2) Every change is conditional on the attempt: WHERE attempt <= n. One that finds no row was
 * outdated. (3) Installing and removing is DDL under one WRITE lock, which never waits in the server's
 * queue (ddl.h); arming and disarming never is DDL.
 * (4) The triggers are created under a WRITE lock that is kept for some 20 ms, with a time of
 * creation that is later than the lock's. MariaDB prepares a statement anew when a trigger of its
 * table is younger than the preparation, but keeps a trigger's time in whole hundredths of a
 * second, rounded down: a statement prepared just before would not open that table, and each of its
 * executions would fail with 1146. (The server stamps a preparation after it has let the table go,
 * so a thread that sleeps there for longer is still caught out: gates prepare anew when they meet
 * that error.)
 * (5) Rows and triggers are a workflow's own: what another one installs at the same table, or
 * removes, or has left behind there, changes nothing for this one.
 * (6) A client's open transaction keeps its row shared until it ends, and everybody else's writes
 * queue behind whoever waits to change it. So nobody waits for long at a time, arming comes under the
 * lock of the tables (lock.h), when such transactions are over, and a row that nobody can get at
 * and that is not armed counts as disarmed: the caller sees to it that nothing arms it later.
 */
#ifndef TABLET_FENCE_H
#define TABLET_FENCE_H

#include "tablet/sidecar.h"

struct fence {
	struct stream_id id; /* of its rows */
	const char  *database;
	const char **tables;
	int          tables_count;
	const char  *stream_user; /* the account let through */
	int          attempt;     /* of a row that is made: lower ones change nothing */
};

/* Idempotent; rows that exist keep attempt and armed, new ones get armed. */
int fence_install(struct ctx *cx, struct ddl *d, const struct fence *f, bool armed) MUST_USE;
/* ERR_RETRY unless every table has all its triggers. */
int fence_check(struct ctx *cx, struct mysql_client *dba, const struct fence *f) MUST_USE;
int fence_remove(struct ctx *cx, struct ddl *d, const struct fence *f) MUST_USE;
/* May it be installed? Asks for no lock that anybody would notice, changes nothing. */
int fence_try(struct ctx *cx, struct ddl *d, const struct fence *f) MUST_USE;
/* ERR_CONFLICT when a higher attempt was seen, or without a fence. Locks nothing. */
int fence_current(
    struct ctx *cx, struct mysql_client *dba, struct stream_id id, int attempt) MUST_USE;
int fence_arm(struct ctx *cx, struct mysql_client *dba, struct stream_id id, int attempt) MUST_USE;
/* Until cx's deadline. lock_forbid() comes before it. */
int fence_disarm(
    struct ctx *cx, struct mysql_client *dba, struct stream_id id, int attempt) MUST_USE;
/* Armed by this attempt? */
int fence_armed(struct ctx *cx, struct mysql_client *dba, struct stream_id id, int attempt,
    bool *armed) MUST_USE;

/* Has work done at a table ("`db`.`t`") under a WRITE lock, with the clock of (4): triggers made by it are
 * met by whatever was prepared before. */
typedef int fence_work_fn(struct ctx *cx, struct mysql_client *c, void *arg);
int         fence_under_lock(
	    struct ctx *cx, struct ddl *d, struct slice table, fence_work_fn *work, void *arg) MUST_USE;

#endif
