/*
 * group.h - children that end together.
 *
 * group_done() cancels what still runs and waits for it, without a deadline:
 * a child that does not end when cancelled is a bug of the child. The first
 * error a child reports through group_fail() cancels the others.
 *
 *   OPEN      group_spawn() adds children. One that ends leaves nothing behind, so a group may stay for
 *             months.
 *   FAILED    err.kind != ERR_NONE. The siblings of the child that failed are cancelled; no new ones are
 *             spawned. It stays FAILED: there is no way to use it again but group_done() and group_init().
 *   CLOSING   group_done() has begun. Nobody is spawned any more, by a child neither.
 *
 * A group lives in its owner (on a stack or in a struct) and must not move: its children point at it. The
 * owner calls group_done() on every way out, before anything that the children use is gone.
 */
#ifndef TASK_GROUP_H
#define TASK_GROUP_H

#include "base/list.h"
#include "task/waitlist.h"

struct group {
	struct list children;
	struct waitlist changed;
	struct err err; /* the first failure, kind ERR_NONE when none */
	bool closing;
};

void group_init(struct group *g);
/* Ready to run when this returns; name is copied, arg is the caller's. -1 with ERR_RETRY when no stack is
 * to be had, with ERR_CANCELLED when the group has failed or is closing: the child then was not made, and
 * arg is still the caller's. */
int group_spawn(struct group *g, const char *name, task_fn *fn, void *arg, struct err *err) MUST_USE;
/* Called by a child, with an err that is set: remembers the first error, copied, and cancels its
 * siblings, not itself. A child that is cancelled for this reports ERR_CANCELLED, which comes second and
 * is dropped. */
void group_fail(struct group *g, const struct err *err);
/* Until all have ended: 0, or -1 with the first failure, or the wait's own error (then children may still
 * run). */
int group_wait(struct ctx *cx, struct group *g) MUST_USE;
void group_cancel(struct group *g); /* asks all to end and does not wait; new ones may be spawned */
/* Cancels, waits shielded, frees. Safe twice and on all zero. Waits without a ctx: it is for the end of a
 * scope, and what it waits for is the children's clean-up, which has deadlines of its own
 * (ctx_shielded()). */
void group_done(struct group *g);

#endif
