/*
 * offload.h - run a blocking call on a helper thread and wait for it.
 *
 * fn runs to its end even when the waiting task is cancelled or late; offload()
 * does not return before that (arg may live on the stack). In a virtual loop fn
 * runs at once, in the caller.
 *
 * For calls that wait for a disk or a resolver: SQLite, getaddrinfo(), the file tree. fn gets no ctx and
 * must not touch anything of the loop; what it needs and what it answers is in *arg, which nobody else
 * touches meanwhile. It cannot fail: when not even one thread can be started, fn runs in the caller, and
 * the loop stands still for as long. At most 8 calls of a loop run at a time; others wait for their turn
 * in the order they came.
 */
#ifndef TASK_OFFLOAD_H
#define TASK_OFFLOAD_H

#include "task/task.h"

void offload(struct ctx *cx, void (*fn)(void *arg), void *arg);

#endif
