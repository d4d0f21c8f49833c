/*
 * cutover.h - one attempt to hand a table over, and what to do with one that was left behind.
 *
 *            begin            commit             release            finish
 *   RUNNING ------> SWITCHING ------> SWITCHING, ------> SWITCHED, -----> SWITCHED
 *      ^                |             switched           finishing
 *      +--- undone -----+   (rolling back is written first, then undone backwards)
 *
 * and back the same way from SWITCHED to RUNNING, with the sides exchanged: direction and round say which.
 *
 *   RUNNING -> SWITCHING     begin_attempt(), with the next odd number
 *   commit                   the step of that name (steps.c), in one transaction with the rules
 *   release, -> SWITCHED     go_forward(): each step after the commit until it is done; then the record
 *                            turns round (arrive())
 *   finish                   cutover_finish(): once at once, then by the workflow's job as often as it takes;
 *                            clients are served meanwhile
 *   SWITCHING -> RUNNING     roll_back(): "rolling back" with the next, even number; then what has
 *                            begun is undone, the last step first. To where the attempt began
 *   SWITCHING, left behind   cutover_resume(): go_forward() past the commit, roll_back() before
 *
 * On disk before it is acted on: the attempt's number, "rolling back", and with the rules in one
 * transaction the hold, the commit and the release. Of the steps between those nothing is, since each
 * write would keep clients waiting (steps.h).
 *
 *   vtctld dies in catch-up          the next one reads step "hold": not committed, and anything up to
 *                                    the commit may have begun. It writes "rolling back" with the next
 *                                    number, thaws, disarms, unlocks, opens the rules, tries again.
 *   vtctld dies after the commit     the next one reads step "commit" or later and goes on forward.
 *   vtctld sleeps before the commit  the next one has written "rolling back": the sleeper's
 *   and wakes                        compare-and-swap finds another revision and nothing happens.
 *
 * Invariants (cutover_check() looks at those with a *)
 *   (1)  The commit and "rolling back" compare the same revision of the record: one of them happens.
 *   (2)  A fence is disarmed only after "rolling back" of its attempt is on disk.
 *   (3)  Gates let go (rules open at the from side) only after the fence is disarmed.
 *   (4)  Past the commit nothing is undone.
 *   (5)* What goes forward has an odd number, what is undone an even one: calls that still travel of
 *        an attempt are outdated before anything of it is undone.
 *   (6)* Whoever acts has the record in SWITCHING with the number that he acts under.
 *   (7)  The stream back has its start before the commit, on disk at its tablet: whoever goes on forward
 *        finds it.
 *
 * An example: attempt 1 fails since a transaction is open for too long, attempt 3 succeeds.
 *
 *   time   attempt  step                record                       gates and servers
 *   0.0 s  1        preflight           SWITCHING, 1                 fences are there, disarmed at the source
 *   0.3 s  1        hold                hold, with the rules         new writes wait, one transaction is open
 *   5.3 s  1        (grace is over)     rolling back, 2
 *   5.3 s  2        hold, undone        RUNNING                      the rules are open, writes go on
 *   6.3 s  3        preflight, hold     SWITCHING, 3; hold           drained at once
 *   6.4 s  3        fence               (as before)                  the old table is locked, its fence armed
 *   6.4 s  3        catch-up            (as before)                  the stream is frozen at P
 *   6.5 s  3        commit              commit, with the rules       reads go to the new side
 *   6.5 s  3        acknowledge         (as before)                  every gate has these rules; the fence of
 *                                                                    the new side is disarmed
 *   6.5 s  3        release             release, with the rules      writes run at the new side; unlocked
 *   6.6 s  3        (turned round)      SWITCHED, finishing, round 2
 *   6.6 s  3        finish              SWITCHED                     the stream is stopped, the one back runs
 */
#ifndef CTL_CUTOVER_H
#define CTL_CUTOVER_H

#include "ctl/steps.h"

/* Has the attempt that the record is at passed its commit? */
bool cutover_committed(const struct workflow_record *r);
/* A whole attempt, from RUNNING or, back, from SWITCHED. Anybody may write "rolling back" of it, with an
 * event that "failed" as the reason: the step that waits then ends at once. 0: switched. -1: rolled
 * back, everything as before, and why; or ERR_CONFLICT or ERR_CANCELLED: this vtctld has nothing more to
 * do with it. */
int cutover_attempt(struct ctx *cx, struct workflow *w) MUST_USE;
/* What an attempt would do from the record's state, and what its preflight asks; nothing is changed. */
int cutover_rehearse(struct ctx *cx, struct workflow *w, struct lines *out) MUST_USE;
/* What is left of a switch that has released writes: step "finish". -1: it is to be done again. */
int cutover_finish(struct ctx *cx, struct workflow *w) MUST_USE;
/* What somebody left in SWITCHING: forward when it has committed, else back. 0: *switched says which.
 * ERR_CORRUPT: no attempt leaves such a record; nothing was done. */
int cutover_resume(struct ctx *cx, struct workflow *w, bool *switched) MUST_USE;

/* Aborts where (5) or (6) does not hold for one who goes on forward, or who undoes. */
enum cutover_way { CUTOVER_FORWARD, CUTOVER_BACK };
void cutover_check(const struct cutover *c, enum cutover_way way);

#endif
