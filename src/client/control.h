/*
 * control.h - start, stop and update: said to a workflow, and answered as Vitess does.
 */
#ifndef CLIENT_CONTROL_H
#define CLIENT_CONTROL_H

#include "client/client.h"

/* request: its keyspace, workflow and options. */
int control_run(struct ctx *cx, struct client *c, const char *method,
    const struct ctl_request *request) MUST_USE;

#endif
