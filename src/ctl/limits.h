/*
 * limits.h - the limits of a move's copy, from its record to its stream.
 *
 * The record has them. Whoever changes them brings them to the tablet where the stream ends, which keeps them
 * too, and the move's job sees to it: what that tablet says it has is compared at each look, so a call that
 * was lost or came late is made good by the next.
 */
#ifndef CTL_LIMITS_H
#define CTL_LIMITS_H

#include "ctl/workflow.h"

/* Brings the record's limits where the stream's are others; r: what its tablet has just said. */
int limits_bring(
    struct ctx *cx, const struct workflow *w, const struct stream_status_reply *r) MUST_USE;
/* The same at once, for a person who has changed them: they are in force when he is answered. Where there is
 * no stream yet, it will be made with them. */
int limits_tell(struct ctx *cx, const struct workflow *w) MUST_USE;
/* Has the target's tablet try what the record's limits ask of the servers: the query, and each status. -1: it
 * cannot be told, ERR_REFUSED where that is for good. Nothing is asked where no limit needs it. */
int limits_try(struct ctx *cx, const struct workflow *w) MUST_USE;

#endif
