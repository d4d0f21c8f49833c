/*
 * ctx.h - what a waiting function needs from its caller.
 *
 * A function may wait if and only if its first parameter is a struct ctx.
 * The ctx says how long (deadline, an absolute task_now()), where to report
 * (err), and where results go (arena, may be NULL). Cancellation belongs to
 * the running task: every wait under a ctx that is not shielded fails with
 * ERR_CANCELLED once task_cancel() was called.
 *
 * A ctx is a value on somebody's stack: it is passed down, never stored beyond the call, and it
 * may be copied. The one that a child makes with the functions below points at the parent's err and arena,
 * so an error of the child is already where the parent's caller looks for it.
 *
 * A deadline is looked at where a task waits, and nowhere else: work that never waits is not ended by it.
 * What waits looks before it parks, so a call with a deadline in the past fails without having waited.
 */
#ifndef TASK_CTX_H
#define TASK_CTX_H

#include "base/arena.h"
#include "base/err.h"
#include "base/parse.h"

struct ctx {
	usec deadline;   /* absolute, on task_now(); NEVER for none */
	struct err *err; /* filled by whoever returns -1; never NULL where a function may wait */
	struct arena *arena; /* for results, which live as long as it does; NULL where none is needed */
	bool shielded;       /* waits go on although the task is cancelled: for undoing only */
};

/* A child on the stack with the nearer of both deadlines; same err and arena. */
struct ctx ctx_until(const struct ctx *cx, usec deadline);
/* The same, as a duration from now; a long one, as NEVER, does not wrap around. */
struct ctx ctx_within(const struct ctx *cx, usec duration);
/* For clean-up behind a failure: shielded, its own deadline from now (cx's may have passed, so it does not
 * count), its own err, so that what failed first stays what the caller reads. The same arena. */
struct ctx ctx_shielded(const struct ctx *cx, usec duration, struct err *err);

#endif
