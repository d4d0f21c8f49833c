/*
 * calls.h - what makes or takes away a workflow's stream or fence: one call at a time, never a late one.
 *
 * A call travels on when the vtctld that sent it has died or slept. One that makes a stream after
 * the workflow was cancelled, or takes one away after it was made anew, would do harm that nobody
 * looks for. So all of them run one after another, workflow by workflow, and carry the number that the
 * workflow's record had: one that is lower than a number seen before is refused, also when it has
 * waited for the others.
 *
 * Kept in memory, one entry for each workflow that was ever at work here: a tablet that ends takes the calls
 * it was answering with it.
 */
#ifndef TABLET_GUARD_CALLS_H
#define TABLET_GUARD_CALLS_H

#include "base/list.h"
#include "task/waitlist.h"

struct calls {
	struct list all;
	struct waitlist ended;
};

void calls_init(struct calls *c);
void calls_done(struct calls *c);
/* Waits until nobody else has it. ERR_CONFLICT for a number lower than one seen. */
int call_begin(struct ctx *cx, struct calls *c, const char *workflow, int attempt) MUST_USE;
/* Of one that was begun: the next call of the workflow goes on. */
void call_end(struct calls *c, const char *workflow);

#endif
