/*
 * cancel.h - taking a move back that has not switched, in whatever state it is.
 *
 *   CREATING, COPYING, RUNNING, ERROR ------------------------------> CANCELLING -> CANCELLED
 *   SWITCHING before its commit ---> "rolling back" -> RUNNING -------^
 *   CHECKING has made nothing: what its name stood for before is put back at once
 *
 * Asking writes CANCELLING, or beside an attempt's "rolling back" that it is wanted, by the
 * compare-and-swap that the commit needs too: one of them happens. The workflow's job does the rest.
 *
 *   stream   the target's tablet stops the stream, drops the tables that it made and forgets it; they
 *            stay, as
 *            far as they were copied, if that is asked for (keep_data)
 *   fence    the source's triggers, disarmed all the time, and the rows in the sidecar database go
 *   rules    both names are unrouted again, and all gates know it; or they stay, routed to the source and
 *            governed by nobody (keep_rules)
 *
 * (1) CANCELLING has a number above all that were given: what still travels of the move, or of a
 * vtctld that wakes late, is refused by the tablets. A move that begins anew goes on counting.
 * (2) The rules go last: as long as the target's table is there, or half there, its name is routed
 * to the source.
 * (3) The source's table is not touched but for its triggers.
 * (4) Every step may be done again; they are begun from the first one by whoever resumes, and
 * repeated until they are done. There is no way back.
 */
#ifndef CTL_CANCEL_H
#define CTL_CANCEL_H

#include "ctl/lines.h"
#include "ctl/rules.h"

struct cancel_answer {
	bool done;               /* nothing is left to be waited for */
	bool already;            /* it was cancelled before */
	const char *start_state; /* traffic_state() before */
	struct lines lines;      /* of a dry run */
};

/* Writes that it is wanted: what q->action is to become of the target's tables ("keep", or they go) and
 * q->keep_rules of the rules. ERR_REFUSED past the commit; ERR_NOT_FOUND. */
int cancel_ask(struct ctx *cx, struct ctl *c, const char *id, const struct ctl_request *q,
    struct cancel_answer *out) MUST_USE;
/* RUNNING, asked for while it was switching -> CANCELLING. */
int cancel_begin(struct ctx *cx, struct workflow *w) MUST_USE;
/* CANCELLING -> CANCELLED. -1: what it waits for is in the record's state_text. */
int cancel_run(struct ctx *cx, struct workflow *w) MUST_USE;

#endif
