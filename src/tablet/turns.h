/*
 * turns.h - what makes or takes away a workflow's stream or fence: one call at a time, never a late one.
 *
 * A call travels on when the vtctld that sent it has died or slept. One that makes a stream after
 * the workflow was cancelled, or takes one away after it was made anew, would do harm that nobody
 * looks for. So all of them take turns, workflow by workflow, and carry the number that the
 * workflow's record had: one that is lower than a number seen before is refused, also when it has
 * waited for its turn.
 *
 * Kept in memory, one entry for each workflow that was ever at work here: a tablet that ends takes the calls
 * it was answering with it.
 */
#ifndef TABLET_TURNS_H
#define TABLET_TURNS_H

#include "base/list.h"
#include "task/waitlist.h"

struct turns {
	struct list     all;
	struct waitlist ended;
};

void turns_init(struct turns *t);
void turns_done(struct turns *t);
/* Waits until nobody else has it. ERR_CONFLICT for a number lower than one seen. */
int  turn_take(struct ctx *cx, struct turns *t, const char *workflow, int attempt) MUST_USE;
void turn_give(struct turns *t, const char *workflow);

#endif
