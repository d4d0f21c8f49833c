/*
 * tick.h - the time as this thread's loop sees it, and the one thread-local of the tree.
 *
 * A struct loop begins with its tick, so "the current tick" is also "the
 * current loop". Kept below everything else that waits, because a ctx needs
 * the time and nothing more.
 */
#ifndef TASK_TICK_H
#define TASK_TICK_H

#include "base/parse.h"

#include <stddef.h>

struct tick {
	usec now;        /* read once per round */
	bool is_virtual; /* moved by hand: see sim.h */
};

/* Which loop this thread runs; the functions below are for it. */
extern _Thread_local struct tick *tick_of_thread;

usec tick_clock(void); /* the clock's own */

/* NULL on a thread without a loop. */
static inline struct tick *
tick_current(void)
{
	return tick_of_thread;
}

void tick_set_current(struct tick *t);

/* The clock's own where there is no loop. */
static inline usec
tick_now(void)
{
	return tick_of_thread != NULL ? tick_of_thread->now : tick_clock();
}

#endif
