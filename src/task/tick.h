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

struct tick {
	usec now;        /* read once per round */
	bool is_virtual; /* moved by hand: see sim.h */
};

struct tick *tick_current(void); /* NULL on a thread without a loop */
void tick_set_current(struct tick *t);
usec tick_now(void); /* the clock's own where there is no loop */

#endif
