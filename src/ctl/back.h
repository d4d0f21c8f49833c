/*
 * back.h - ReverseTraffic: asking for the way back.
 *
 *                       SwitchTraffic (control.h), or the move's own command
 *   served by the source ------------------------------------> served by the target
 *   (RUNNING)            <------------------------------------ (SWITCHED)
 *                                   ReverseTraffic
 *
 * Asking writes a wish into the record: RUNNING without no_switch, SWITCHED with reversing. The workflow's
 * job makes attempts of it, and takes the wish back when it gives up. Asked again while they go on it is the
 * same wish; asked for the other way between two attempts it is withdrawn. Where it is served already there
 * is nothing to do, and that is no error.
 *
 * A way back that is closed is found here, before any attempt: by what the tablet of the old side says of
 * the stream and its guard.
 */
#ifndef CTL_BACK_H
#define CTL_BACK_H

#include "ctl/lines.h"

struct back_answer {
	bool already;            /* it is served by the source: nothing to do */
	bool closed;             /* of a refusal: there was a way back, and is none any more */
	const char *start_state; /* traffic_state() before */
	const char *left;        /* tables that will not come along: follow_made(); cx->arena */
	struct lines lines;      /* of a dry run */
};

/* w is loaded here. ERR_REFUSED, with what stands in the way; ERR_NOT_FOUND. Options that q does not give
 * stay. */
int back_ask(struct ctx *cx, struct workflow *w, const struct ctl_request *q,
    struct back_answer *out) MUST_USE;
/* Of the workflow that has brought the tables which q wants moved, and can bring them back; NULL: none. */
int back_find(struct ctx *cx, struct ctl *c, const struct ctl_request *q, const char **id) MUST_USE;
/* The refusal of whoever wants the other way while an attempt is under way. */
int back_refuse_under_way(struct ctx *cx, const struct workflow *w) MUST_USE;
/* A new wish to switch: its attempts are counted from one. */
void back_count_anew(struct workflow *w);

#endif
