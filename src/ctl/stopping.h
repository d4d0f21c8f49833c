/*
 * stopping.h - STOPPED: a move whose stream stays where it is until a person has it started.
 *
 *   -> STOPPED, step "stop"    it is written that the stream is to be suspended; whoever works on it does it
 *   STOPPED, step ""           it is, or there is none yet; nobody works on the move
 */
#ifndef CTL_STOPPING_H
#define CTL_STOPPING_H

#include "ctl/workflow.h"

/* Saves w as STOPPED, with that sentence. step: "stop", or "" when there is no stream to suspend. */
int stopping_write(struct ctx *cx, struct workflow *w, const char *text, const char *step) MUST_USE;
/* Has the stream suspended, as the record's step says. */
int stopping_run(struct ctx *cx, struct workflow *w) MUST_USE;
/* Is nothing to be done for it until somebody says so? Of every state. */
bool stopping_rests(const struct workflow_record *r);

#endif
