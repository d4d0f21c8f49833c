/*
 * traffic.h - SwitchTraffic, ReverseTraffic, Complete: has a workflow go there now, and waits until it has.
 *
 * vtctld is asked once, and says whether there is anything to do; then the workflow is watched (watch.h)
 * until its state says that it is there, or that the attempt was given up. Prints as Vitess does, start
 * state and current state, because scripts read that.
 */
#ifndef CLIENT_TRAFFIC_H
#define CLIENT_TRAFFIC_H

#include "client/watch.h"
#include "client/forms.h"

/* form: MOVE_SWITCH, MOVE_REVERSE or MOVE_COMPLETE. 0 when it is there, also when it was before;
 * ERR_REFUSED with the workflow's own sentence when it is not and will not be by itself. *status: 130
 * when it was left. */
int traffic_run(struct ctx *cx, struct client *c, const struct command_options *o,
    const struct form *form, int *status) MUST_USE;

/* An outcome_fn: of a workflow that is on its way back. */
enum outcome traffic_reversed(const struct move_view *v, const struct command_options *o);

#endif
