/*
 * traffic.h - SwitchTraffic: has a workflow switch now, and waits until it has.
 */
#ifndef CLIENT_TRAFFIC_H
#define CLIENT_TRAFFIC_H

#include "client/forms.h"

int traffic_run(struct ctx *cx, struct client *c, const struct command_options *o,
    const struct form *form, int *status) MUST_USE;

#endif
