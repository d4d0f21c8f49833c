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
 * fence_install() makes it disarmed at the source, and armed at the target.
 *
 *            fence_install()             fence_arm()
 *   (none) ------------------> DISARMED <------------> ARMED
 *     ^  ^                        |      fence_disarm()  |
 *     |  +---- fence_remove() ----+                      |
 *     +------- fence_remove() ---------------------------+
 *
 * (1) The row exists before the triggers do; a trigger without its row refuses (fails closed).
 * (2) Every change is conditional on the attempt: WHERE attempt <= n. What a row has is told to the move
 * (move.h), which alone decides who is outdated.
 * (3) Installing and removing is DDL under one WRITE lock, which never waits in the server's queue
 * (ddl.h); arming and disarming never is DDL.
 * (4) The triggers are made and dropped under a WRITE lock, a table's three at once, and those of the other
 * tables with them as far as they are free (server/write_lock.h).
 * (5) Rows and triggers are a workflow's own: what another one installs at the same table, or
 * removes, or has left behind there, changes nothing for this one.
 * (6) A client's open transaction keeps its row shared until it ends, and everybody else's writes
 * queue behind whoever waits to change it. So nobody waits for long at a time, arming comes under the
 * lock of the tables (lock.h), when such transactions are over, and a row that nobody can get at
 * and that is not armed counts as disarmed: the caller sees to it that nothing arms it later.
 */
#ifndef TABLET_GUARD_FENCE_H
#define TABLET_GUARD_FENCE_H

#include "tablet/guard/fence_triggers.h"
#include "tablet/guard/move.h"

/* At the start of the program: the moves are told what the rows in its server have seen. */
int fence_open(struct ctx *cx, const struct tablet_env *env, struct moves *moves) MUST_USE;
/* Idempotent; rows that exist keep attempt and armed, new ones get armed. */
int fence_install(struct ctx *cx, struct ddl *d, const struct fence *f, bool armed) MUST_USE;
/* ERR_RETRY unless every table has all its triggers. */
int fence_check(struct ctx *cx, struct mysql_client *dba, const struct fence *f) MUST_USE;
/* Triggers first, the rows after them (1). Idempotent; also of tables that are gone. */
int fence_remove(struct ctx *cx, struct ddl *d, const struct fence *f) MUST_USE;
/* May it be installed? Asks for no lock that anybody would notice, changes nothing. */
int fence_try(struct ctx *cx, struct ddl *d, const struct fence *f) MUST_USE;
/* Asks the rows. ERR_CONFLICT when its attempt is outdated, or without a fence. Locks nothing. */
int fence_current(struct ctx *cx, struct mysql_client *dba, const struct fence *f) MUST_USE;
/* From the commit of its UPDATE on no client's write passes. It waits for the writers that have read a row,
 * as long as the session waits for row locks. ERR_CONFLICT: outdated, or there is no fence. ERR_RETRY: a
 * table has no row, and would refuse nobody. */
int fence_arm(struct ctx *cx, struct mysql_client *dba, const struct fence *f) MUST_USE;
/* Until cx's deadline. lock_wait_outdated() comes before it, see (6). */
int fence_disarm(struct ctx *cx, struct mysql_client *dba, const struct fence *f) MUST_USE;
/* All of them, by this attempt? */
int fence_armed(
    struct ctx *cx, struct mysql_client *dba, const struct fence *f, bool *armed) MUST_USE;

#endif
