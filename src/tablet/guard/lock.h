/*
 * lock.h - step 2 of the cutover: the READ lock and the armed fence, held for a workflow's attempt.
 *
 * Connection 1 (one for each table: share.h) takes LOCK TABLES ... READ with autocommit off: it comes
 * when every writer and every prepared XA transaction is over, and delays no reader. Then the fence is
 * armed and P is read. The lock stays until lock_release(), so that a write
 * which matches no row (and fires no trigger) waits too.
 *
 * The lock dies with its connection or with this program; the fence does not.
 * lock_held() tells, by asking both; then the attempt rolls back.
 *
 * (1) One lock per workflow. A higher attempt takes over from a lower one, never the other way
 * round.
 * (2) P is read after the fence was armed, while connection 1 holds its lock.
 * (3) The fence's triggers are counted under the lock, which keeps DDL off the table: armed rows
 * without triggers would refuse nobody.
 * (4) A release that comes while the lock is being taken, or asked, is done by the task that does
 * that; what it arms after a disarm of a higher attempt is refused by the row.
 * (5) Where the row cannot be had (fence.h (6)), the attempts that are over are known here: they take
 * no lock any more, so they arm nothing. A tablet that ends takes its calls with it.
 */
#ifndef TABLET_GUARD_LOCK_H
#define TABLET_GUARD_LOCK_H

#include "base/list.h"
#include "tablet/guard/fence.h"
#include "tablet/server/env.h"
#include "tablet/server/position.h"

struct locks {
	const struct tablet_env *env;
	struct list all;
	struct list forbidden;
};

void locks_init(struct locks *l, const struct tablet_env *env);
void locks_done(struct locks *l); /* closes the connections: the locks end, the fences stay */
/* The lock of the fence's tables, and the fence armed. Until cx's deadline. The same attempt again: the same
 * P. ERR_CONFLICT: a higher attempt has the lock, or this one is over (5). ERR_RETRY: another call is taking
 * it just now. */
int lock_take(struct ctx *cx, struct locks *l, const struct fence *f, struct position *p) MUST_USE;
/* *held: this attempt's READ locks are all there, and its fence is armed, as the server says just now. Where
 * a connection has gone the others are closed. */
int lock_held(struct ctx *cx, struct locks *l, const struct fence *f, bool *held) MUST_USE;
/* Attempts up to that one take no lock from now on; waits for one that is taking it, which gives up
 * as soon as its server has answered. A lock that is held stays. */
int lock_forbid(struct ctx *cx, struct locks *l, const char *workflow, int attempt) MUST_USE;
/* Idempotent; a higher attempt's lock stays. */
void lock_release(struct locks *l, const char *workflow, int attempt);

#endif
