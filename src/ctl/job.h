/*
 * job.h - the work on one workflow: a task that takes it from state to state.
 *
 *   CHECKING   check.h                                                       -> CREATING
 *   CREATING   do_create(): rules written and acknowledged, the stream made  -> COPYING
 *   COPYING    do_copy(): the stream is watched until it runs exactly and is
 *              close; then both fences are made                              -> RUNNING
 *   RUNNING    do_run(): waits for leave to switch; attempts, 1, 2, 4 ...
 *              60 s apart, unless it is to wait (switch_time.h)              -> SWITCHING
 *   STOPPED    do_stop(): the stream is suspended; no job then, until a
 *              person starts it (control.h)                                  -> COPYING
 *   SWITCHING  cutover.h                                                     -> SWITCHED or RUNNING
 *   CANCELLING cancel.h                                                      -> CANCELLED
 *   CHECKING, CREATING, COPYING, RUNNING
 *              end_in_error(): something refuses; give_up(): the last attempt
 *              has failed, or the stream has stopped                         -> ERROR
 *
 * SWITCHED, COMPLETE, CANCELLED and ERROR have no job: it ends there. From ERROR a person's command goes
 * on (create.h, cancel.h), and the next look finds the workflow.
 *
 * A job itself is looked for, at work, or gone:
 *
 *            look(): takes the lock             nothing is left, must_leave(), jobs_done()
 *   (none) -------------------------> AT WORK -------------------------------------------> (none)
 *
 * Invariants (jobs_check() looks at those with a *)
 *   (1)  A job runs under a lock with the vtctld's lease, so one vtctld at a time works on a workflow. One
 *        that has lost its lock without having noticed changes nothing: the record's revision is compared.
 *   (2)* Jobs are at work only while this vtctld has a lease, and none has a later epoch than it.
 *   (3)* A vtctld has one job of a workflow.
 *   (4)  Every state is entered by saving it, so the next job begins where this one ended.
 *   (5)  An error that waiting may mend is tried again; a refusal ends in ERROR with the sentence, and
 *        everything is as it was before when the copy had not begun. A move that is cancelled, or is held
 *        by an attempt, does not end in ERROR: nobody would go on with it.
 *
 * An example: vtctld A dies in the middle of a copy, and B goes on.
 *
 *    0.0 s  A takes the lock "workflow/customer/users" with its lease of 3 s. COPYING, half of the rows.
 *    0.4 s  A is killed. The stream goes on: it is the tablet's.
 *    0.5 s  B looks, each half second while a workflow is not over: the lock is A's (ERR_CONFLICT), so
 *           this one is left alone.
 *    3.5 s  A's lease is over. B takes the lock, loads the record: COPYING. It watches the stream.
 *   60.0 s  The stream is exact and close: B makes the fences, saves RUNNING, and begins attempt 1.
 */
#ifndef CTL_JOB_H
#define CTL_JOB_H

#include "ctl/workflow.h"

/* Looks for workflows that nobody works on, and works on them; until cancelled, or until a fault point ends
 * this vtctld (0). -1 at once when the topology gives no lease. */
int jobs_run(struct ctx *cx, struct ctl *c) MUST_USE;
void jobs_init(struct ctl *c);
/* Ends all jobs where they are, gives back the locks. */
void jobs_done(struct ctl *c);
/* Aborts where (2) or (3) does not hold. */
void jobs_check(const struct ctl *c);

#endif
