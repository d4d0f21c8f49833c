/*
 * group.h - children that end together.
 *
 * group_done() cancels what still runs and waits for it, without a deadline:
 * a child that does not end when cancelled is a bug of the child. The first
 * error a child reports through group_fail() cancels the others.
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
/* -1 with ERR_RETRY when no stack is to be had. */
int group_spawn(struct group *g, const char *name, task_fn *fn, void *arg, struct err *err) MUST_USE;
/* Called by a child: remembers the first error and cancels its siblings. */
void group_fail(struct group *g, const struct err *err);
/* Until all have ended: 0, or -1 with the first failure, or the wait's own error. */
int group_wait(struct ctx *cx, struct group *g) MUST_USE;
void group_cancel(struct group *g);
/* Cancels, waits shielded, frees. Safe twice and on all zero. */
void group_done(struct group *g);

#endif
