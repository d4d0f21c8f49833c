/*
 * traffic.h - SwitchTraffic, ReverseTraffic, Complete: has a workflow go there now, and waits until it has.
 */
#ifndef CLIENT_TRAFFIC_H
#define CLIENT_TRAFFIC_H

#include "client/watch.h"
#include "client/forms.h"

int traffic_run(struct ctx *cx, struct client *c, const struct command_options *o,
    const struct form *form, int *status) MUST_USE;

/* An outcome_fn: of a workflow that is on its way back. */
enum outcome traffic_reversed(const struct move_view *v, const struct command_options *o);

#endif
