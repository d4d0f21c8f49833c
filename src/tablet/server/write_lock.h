/*
 * write_lock.h - changing a table's triggers under its WRITE lock.
 *
 * MariaDB prepares a statement anew when a trigger of its table is younger than the preparation, but keeps
 * a trigger's time in whole hundredths of a second, rounded down: a statement prepared just before
 * would not open what the trigger reads, and each of its executions would fail with 1146. So
 * the lock is kept for some 20 ms, and the triggers get a time of creation that is later than the lock's.
 * (The server stamps a preparation after it has let the table go, so a thread that sleeps there
 * for longer is still caught out: gates prepare anew when they meet that error.)
 */
#ifndef TABLET_SERVER_WRITE_LOCK_H
#define TABLET_SERVER_WRITE_LOCK_H

#include "tablet/server/ddl.h"

/* What is done under the lock, on that session; it waits for no other table. */
typedef int write_lock_fn(struct ctx *cx, struct mysql_client *c, void *arg);

/* Until cx's deadline. table: "`db`.`t`". The lock is asked for as all DDL of ours is (ddl.h). */
int write_lock_run(
    struct ctx *cx, struct ddl *d, struct slice table, write_lock_fn *work, void *arg) MUST_USE;

#endif
