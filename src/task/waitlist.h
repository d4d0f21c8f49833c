/*
 * waitlist.h - tasks waiting for one thing to happen. All zero is empty.
 *
 * A waiter that is woken must look again (rule 3): waits sit in while().
 * Waking is first come, first served. Belongs to one loop.
 *
 * Nothing is allocated: a waiter's node is on its stack. The struct that holds the list may be freed
 * right after waking all, before they run: each was taken off and does not look at the list again, unless
 * the while() around its wait does.
 */
#ifndef TASK_WAITLIST_H
#define TASK_WAITLIST_H

#include "task/task.h"

struct waiter;

struct waitlist {
	struct waiter *first, *last;
};

/* 0 when woken; -1 with ERR_TIMEOUT or ERR_CANCELLED. */
int waitlist_wait(struct ctx *cx, struct waitlist *w) MUST_USE;
void waitlist_wake_one(struct waitlist *w); /* the first that still waits; no-op on an empty list */
void waitlist_wake_all(struct waitlist *w);
bool waitlist_empty(const struct waitlist *w);

#endif
