#include "task/ctx.h"

#include "task/tick.h"

struct ctx
ctx_until(const struct ctx *cx, usec deadline)
{
	struct ctx child = *cx;

	if (deadline < child.deadline)
		child.deadline = deadline;
	return child;
}

/* NEVER and other long durations must not wrap around: the sum would be a deadline in the past. */
static usec
from_now(usec duration)
{
	usec now = tick_now();

	return duration > NEVER - now ? NEVER : now + duration;
}

struct ctx
ctx_within(const struct ctx *cx, usec duration)
{
	return ctx_until(cx, from_now(duration));
}

struct ctx
ctx_shielded(const struct ctx *cx, usec duration, struct err *err)
{
	struct ctx child = *cx;

	child.deadline = from_now(duration);
	child.err = err;
	child.shielded = true;
	return child;
}
