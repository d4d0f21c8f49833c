/*
 * offload.h - run a blocking call on a helper thread and wait for it.
 *
 * fn runs to its end even when the waiting task is cancelled or late; offload()
 * does not return before that (arg may live on the stack). In a virtual loop fn
 * runs at once, in the caller.
 */
#ifndef TASK_OFFLOAD_H
#define TASK_OFFLOAD_H

#include "task/task.h"

void offload(struct ctx *cx, void (*fn)(void *arg), void *arg);

#endif
