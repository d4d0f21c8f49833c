#include "task/task.h"

#include "base/check.h"
#include "base/clock.h"
#include "task/sched.h"

#include <stdarg.h>
#include <stdio.h>

/* task.h does not include sched.h, which is for this floor alone: so the length stands in both. */
_Static_assert((int)TASK_NAME_MAX == (int)SCHED_NAME_MAX, "one length of names");

struct task *
task_spawn(const char *name, task_fn *fn, void *arg)
{
	return sched_spawn(name, fn, arg);
}

void
task_detach(struct task *t)
{
	check(!t->detached && t->joiner == NULL);
	t->detached = true;
	if (t->state == TASK_ENDED)
		sched_free_ended(t);
}

int
task_join(struct ctx *cx, struct task *t)
{
	check(!t->detached && t->joiner == NULL && t != sched_running());
	/* bury() wakes the joiner, and is the only one that does: but a wake by any event means look
	 * again. */
	while (t->state != TASK_ENDED) {
		t->joiner = sched_running();
		int rc = sched_wait(cx, "joining");
		t->joiner = NULL;
		if (rc != 0)
			return err_wrap(cx->err, "joining task '%s'", t->name);
	}
	sched_free_ended(t);
	return 0;
}

void
task_cancel(struct task *t)
{
	sched_cancel(t);
}

bool
task_cancelled(void)
{
	const struct task *t = sched_running();

	return t != NULL && t->cancelled;
}

struct task *
task_self(void)
{
	return sched_running();
}

void
task_rename(const char *fmt, ...)
{
	struct task *t = sched_running();
	va_list args;

	check(t != NULL);
	va_start(args, fmt);
	vsnprintf(t->name, sizeof(t->name), fmt, args);
	va_end(args);
}

const char *
task_name(void)
{
	const struct task *t = sched_running();

	return t == NULL ? "main" : t->name;
}

usec
task_boottime(void)
{
	const struct tick *t = tick_current();

	/* A simulated machine is never suspended, so its two clocks are one. */
	return t != NULL && t->is_virtual ? t->now : clock_boot();
}

/* A sleep ends by a deadline of its own, whose error is nobody's. */
int
task_sleep(struct ctx *cx, usec duration)
{
	usec end = duration > NEVER - tick_now() ? NEVER : tick_now() + duration;
	struct err ended;
	struct ctx own = *cx;

	/* The caller's deadline comes first, and is an error: this sleep would not have ended in time. */
	if (cx->deadline <= end)
		return sched_wait(cx, "sleeping");
	if (duration <= 0)
		return sched_yield_now(cx);
	own.deadline = end;
	own.err = &ended;
	if (sched_wait(&own, "sleeping") != 0 && ended.kind != ERR_TIMEOUT)
		return err_copy(cx->err, &ended);
	return 0;
}

int
task_yield(struct ctx *cx)
{
	return sched_yield_now(cx);
}
