/*
 * lock.h - steps 0, 2 and 3 of the cutover: the READ lock and the armed fence, held for a workflow's attempt.
 *
 * Before clients wait the fence's triggers are counted, in a transaction that has read every table and stays
 * open: its metadata locks keep DDL off the tables until the READ locks do.
 *
 * Connection 1 (one for each table: share.h) takes LOCK TABLES ... READ with autocommit off: it comes
 * when every writer and every prepared XA transaction is over, and delays no reader. Then P is read. The
 * fence is armed by another call (lock_arm()), which waits for a disk, while the stream goes on to P. The
 * lock stays until lock_release(), so that a write which matches no row (and fires no trigger) waits too.
 *
 *   lock_prepare()   every table read, triggers counted        no DDL: the transaction
 *   lock_take()      READ lock, then the transaction ends, P   nobody writes, no DDL: the lock
 *   lock_arm()       the row says armed                        nobody writes: the lock, and the fence
 *   lock_held()      both are there                            so nobody has written since P
 *
 * The lock dies with its connection or with this program; the fence does not.
 * lock_held() tells, by asking both; then the attempt rolls back.
 *
 * (1) One lock per workflow. A higher attempt takes over from a lower one, never the other way
 * round.
 * (2) P is read while connection 1 holds its lock: a GTID list without a place; then the next AUTO_INCREMENT
 * values. A lock that is lost is never taken again with the same P: so what lock_held() finds has been
 * there since P.
 * (3) From the count on nobody can take a trigger away: armed rows without triggers would refuse nobody. The
 * transaction is asked whether it is still there when the lock has come, and only then ended. The count takes
 * up to 0.8 ms a table, which is why it comes before the hold.
 * (4) A release that comes while the lock is being taken, or asked, is done by the task that does
 * that; what it arms after a disarm of a higher attempt is refused by the row.
 * (5) Before it arms, the task that arms asks its move whether it is outdated. So where the row
 * cannot be had (fence.h (6)), an attempt that is over arms nothing once lock_wait_outdated() is back.
 * (6) DDL is never waited for while clients wait, since it may wait for this transaction: it, or the
 * writes behind it, would keep the hold from coming to its end. Where DDL is there before lock_take() the
 * transaction ends, and the count is made again; a lock_take() that meets DDL answers ERR_RETRY.
 */
#ifndef TABLET_GUARD_LOCK_H
#define TABLET_GUARD_LOCK_H

#include "base/list.h"
#include "tablet/guard/fence.h"
#include "tablet/server/env.h"
#include "tablet/server/position.h"
#include "task/group.h"

/* Read under the lock. */
struct lock_values {
	struct position p;
	uint64_t *next; /* of each of its tables, AUTO_INCREMENT's (table/auto_increment.h) */
};

struct locks {
	const struct tablet_env *env;
	struct list all;
	struct group watches; /* (6) */
};

void locks_init(struct locks *l, const struct tablet_env *env);
void locks_done(struct locks *l); /* closes the connections: the locks end, the fences stay */
/* Counts the triggers and keeps them, until lock_release() or a higher attempt, for ten minutes at most, or
 * until DDL waits for it. Idempotent. Waits for DDL that somebody else has begun. ERR_RETRY: one is missing.
 * ERR_REFUSED: the attempt began with another number of tables. */
int lock_prepare(struct ctx *cx, struct locks *l, const struct fence *f) MUST_USE;
/* The lock of the fence's tables, prepared if it is not. Until cx's deadline. The same attempt again: the
 * same values. They are the lock's, valid until the caller waits. ERR_CONFLICT: it is outdated. ERR_RETRY:
 * another call is taking it just now, a trigger may be missing, or DDL is in the way. */
int lock_take(struct ctx *cx, struct locks *l, const struct fence *f,
    const struct lock_values **out) MUST_USE;
/* Arms the fence under this attempt's lock. ERR_RETRY: that is not there, or another call has it just now.
 * Does not ask whether the lock is alive: lock_held() does, afterwards. Where it fails the lock ends. */
int lock_arm(struct ctx *cx, struct locks *l, const struct fence *f) MUST_USE;
/* *held: this attempt's READ locks are all there, and its fence is armed, as the server says just now. Where
 * a connection has gone the others are closed. */
int lock_held(struct ctx *cx, struct locks *l, const struct fence *f, bool *held) MUST_USE;
/* Until no outdated attempt is taking the lock, or arms: one that does gives up as soon as its server has
 * answered. A lock that is held stays. */
int lock_wait_outdated(struct ctx *cx, struct locks *l, const struct move *m) MUST_USE;
/* Idempotent. The caller is not outdated, so the lock is of its attempt or of a lower one. */
void lock_release(struct locks *l, const struct move *m);
/* Aborts where a lock has a higher attempt than its move (move.h (2)). */
void locks_check(const struct locks *l);

#endif
