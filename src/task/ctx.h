/*
 * ctx.h - what a waiting function needs from its caller.
 *
 * A function may wait if and only if its first parameter is a struct ctx.
 * The ctx says how long (deadline, an absolute task_now()), where to report
 * (err), and where results go (arena, may be NULL). Cancellation belongs to
 * the running task: every wait under a ctx that is not shielded fails with
 * ERR_CANCELLED once task_cancel() was called.
 */
#ifndef TASK_CTX_H
#define TASK_CTX_H

#include "base/arena.h"
#include "base/err.h"
#include "base/parse.h"

struct ctx {
	usec deadline; /* absolute, on task_now(); NEVER for none */
	struct err *err;
	struct arena *arena; /* for results; NULL where none is needed */
	bool shielded;       /* waits go on although the task is cancelled: for undoing only */
};

/* A child on the stack with the nearer of both deadlines; same err and arena. */
struct ctx ctx_until(const struct ctx *cx, usec deadline);
/* The same, as a duration from now. */
struct ctx ctx_within(const struct ctx *cx, usec duration);
/* For clean-up: shielded, its own deadline from now, its own err. */
struct ctx ctx_shielded(const struct ctx *cx, usec duration, struct err *err);

#endif
