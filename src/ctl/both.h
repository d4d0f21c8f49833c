/*
 * both.h - two things done at the same time, because clients wait for them.
 */
#ifndef CTL_BOTH_H
#define CTL_BOTH_H

#include "task/task.h"

/* Each with an arena of its own. Neither may change what the other one reads. */
typedef int both_fn(struct ctx *cx, void *arg);

/* here runs in the caller's task, beside in one of its own until cx's deadline. -1: one has failed; the other
 * has ended too, or was cancelled. */
int both(struct ctx *cx, both_fn *here, both_fn *beside, void *arg) MUST_USE;

#endif
