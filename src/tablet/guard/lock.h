/*
 * lock.h - steps 2 and 3 of the cutover: the READ lock and the armed fence, held for a workflow's attempt.
 *
 * Connection 1 (one for each table: share.h) takes LOCK TABLES ... READ with autocommit off: it comes
 * when every writer and every prepared XA transaction is over, and delays no reader. Then P is read. The
 * fence is armed by another call (lock_arm()), which waits for a disk, while the stream goes on to P. The
 * lock stays until lock_release(), so that a write which matches no row (and fires no trigger) waits too.
 *
 *   lock_take()    READ lock, P                             nobody writes: the lock
 *                  from here on the triggers are counted
 *   lock_arm()     the row says armed                       nobody writes: the lock, and the fence
 *   lock_held()    both are there, and all the triggers     so nobody has written since P
 *
 * The lock dies with its connection or with this program; the fence does not.
 * lock_held() tells, by asking both; then the attempt rolls back.
 *
 * (1) One lock per workflow. A higher attempt takes over from a lower one, never the other way
 * round.
 * (2) P is read while connection 1 holds its lock: a GTID list without a place. A lock that is lost is never
 * taken again with the same P: so what lock_held() finds has been there since P.
 * (3) The fence's triggers are counted under the lock, which keeps DDL off the table: armed rows
 * without triggers would refuse nobody. That takes up to 0.8 ms a table, so a task does it while the rest of
 * the hold goes on; lock_held() waits for it, before the commit.
 * (4) A release that comes while the lock is being taken, or asked, is done by the task that does
 * that; what it arms after a disarm of a higher attempt is refused by the row.
 * (5) Before it arms, the task that arms asks its move whether it is outdated. So where the row
 * cannot be had (fence.h (6)), an attempt that is over arms nothing once lock_wait_outdated() is back.
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
};

void locks_init(struct locks *l, const struct tablet_env *env);
void locks_done(struct locks *l); /* closes the connections: the locks end, the fences stay */
/* The lock of the fence's tables. Until cx's deadline. The same attempt again: the same P. ERR_CONFLICT: it
 * is outdated. ERR_RETRY: another call is taking it just now. */
int lock_take(struct ctx *cx, struct locks *l, const struct fence *f, struct position *p) MUST_USE;
/* Arms the fence under this attempt's lock. ERR_RETRY: that is not there, or another call has it just now.
 * Does not ask whether the lock is alive: lock_held() does, afterwards. Where it fails the lock ends. */
int lock_arm(struct ctx *cx, struct locks *l, const struct fence *f) MUST_USE;
/* *held: this attempt's READ locks are all there, and its fence is armed, as the server says just now. Where
 * a connection has gone the others are closed. ERR_RETRY: a trigger was missing, and the lock ends. */
int lock_held(struct ctx *cx, struct locks *l, const struct fence *f, bool *held) MUST_USE;
/* Until no outdated attempt is taking the lock, or arms: one that does gives up as soon as its server has
 * answered. A lock that is held stays. */
int lock_wait_outdated(struct ctx *cx, struct locks *l, const struct move *m) MUST_USE;
/* Idempotent. The caller is not outdated, so the lock is of its attempt or of a lower one. */
void lock_release(struct locks *l, const struct move *m);
/* Aborts where a lock has a higher attempt than its move (move.h (2)). */
void locks_check(const struct locks *l);

#endif
