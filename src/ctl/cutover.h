/*
 * cutover.h - one attempt to hand a table over, and what to do with one that was left behind.
 *
 *            begin            commit                    release
 *   RUNNING ------> SWITCHING ------> SWITCHING, switched ------> SWITCHED
 *      ^                |
 *      +--- undone -----+   (rolling back is written first, then undone backwards)
 *
 * On disk before it is acted on: the attempt's number, each step, "rolling
 * back", and with the rules in one transaction the hold, the commit and the release.
 *
 *   vtctld dies in catch-up          the next one reads step "catch-up": not committed. It
 *                                    writes "rolling back" with the next number, thaws, disarms,
 *                                    unlocks, opens the rules, and tries again.
 *   vtctld dies after the commit     the next one reads step "commit" or later and goes on forward.
 *   vtctld sleeps before the commit  the next one has written "rolling back": the sleeper's
 *   and wakes                        compare-and-swap finds another revision and nothing happens.
 *
 * Invariants
 *   (1) The commit and "rolling back" compare the same revision of the record: one of them happens.
 *   (2) A fence is disarmed only after "rolling back" of its attempt is on disk.
 *   (3) Gates let go (rules open at the from side) only after the fence is disarmed.
 *   (4) Past the commit nothing is undone.
 */
#ifndef CTL_CUTOVER_H
#define CTL_CUTOVER_H

#include "ctl/steps.h"

/* Has the attempt that the record is at passed its commit? */
bool cutover_committed(const struct workflow_record *r);
/* A whole attempt from RUNNING. Anybody may write "rolling back" of it, with an event that "failed" as
 * the reason: the step that waits then ends at once. 0: switched. -1: rolled back, everything as
 * before, and why; or ERR_CONFLICT or ERR_CANCELLED: this vtctld has nothing more to do with it. */
int cutover_attempt(struct ctx *cx, struct workflow *w) MUST_USE;
/* What somebody left in SWITCHING: forward when it has committed, else back. 0: *switched says which. */
int cutover_resume(struct ctx *cx, struct workflow *w, bool *switched) MUST_USE;

#endif
