/*
 * control.h - what a person says to a workflow that is there: switch now, stop, start, other options.
 *
 * Each is written into the record by compare-and-swap, and the workflow's job does it (job.h). Each may be
 * said again: what is so already is no error. What cannot be is refused in Vitess's words.
 *
 *   switch   RUNNING with no_switch -> without: leave to switch. It comes before a file that postpones and a
 *            window of time, unless it says them itself
 *   stop     COPYING, RUNNING, ERROR -> STOPPED, with step "stop" until the stream has stopped
 *   start    STOPPED -> COPYING: the stream goes on from where it was, and the job looks at all of it again
 */
#ifndef CTL_CONTROL_H
#define CTL_CONTROL_H

#include "ctl/lines.h"
#include "ctl/rules.h"

struct control_answer {
	bool changed;            /* else it was so already, or is under way */
	const char *start_state; /* of the traffic before, traffic_state() */
	bool done;               /* there is nothing to wait for */
	const char *tablet;      /* that its stream ends at; cx->arena */
	const char *left;   /* of a way back: tables that were made at the target and stay there */
	struct lines lines; /* of a dry run */
};

int control_switch(struct ctx *cx, struct ctl *c, const struct ctl_request *q,
    struct control_answer *out) MUST_USE;

int control_stop(struct ctx *cx, struct ctl *c, const struct ctl_request *q,
    struct control_answer *out) MUST_USE;
int control_start(struct ctx *cx, struct ctl *c, const struct ctl_request *q,
    struct control_answer *out) MUST_USE;
/* The options that the request has, others stay. They hold from the next attempt on. */
int control_update(struct ctx *cx, struct ctl *c, const struct ctl_request *q,
    struct control_answer *out) MUST_USE;
/* STOPPED -> COPYING, under a number above what may still stop it; to be saved. */
void control_restart(struct workflow *w);

/* "keyspace/workflow" of a request that names one, in cx->arena. */
int control_id(struct ctx *cx, const struct ctl_request *q, const char **id) MUST_USE;

#endif
