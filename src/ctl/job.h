/*
 * job.h - the work on one workflow: a task that takes it from state to state.
 *
 *   CHECKING   check.h                                                       -> CREATING
 *   CREATING   rules written and acknowledged, then the stream is made       -> COPYING
 *   COPYING    the stream is watched until it runs exactly and is close      -> RUNNING
 *   RUNNING    waits for leave to switch; attempts, 1, 2, 4 ... 60 s apart   -> SWITCHING
 *   SWITCHING  cutover.h                                                     -> SWITCHED or RUNNING
 *   CANCELLING cancel.h                                                      -> CANCELLED
 *
 * A job runs under a lock with the vtctld's lease, so one vtctld at a time works on a workflow; the
 * record's revision protects from one that has lost its lock without having noticed. Every
 * state is entered by saving it, so the next job begins where this one ended. An
 * error that waiting may mend is tried again; a refusal ends in ERROR with the sentence, and
 * everything as it was before when the copy had not begun.
 */
#ifndef CTL_JOB_H
#define CTL_JOB_H

#include "ctl/workflow.h"

/* Looks for workflows that nobody works on, and works on them; until cancelled. */
int  jobs_run(struct ctx *cx, struct ctl *c) MUST_USE;
void jobs_init(struct ctl *c);
/* Ends all jobs where they are, gives back the locks. */
void jobs_done(struct ctl *c);

#endif
