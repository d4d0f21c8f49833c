/*
 * control.h - start, stop and update: said to a workflow, and answered as Vitess does.
 */
#ifndef CLIENT_CONTROL_H
#define CLIENT_CONTROL_H

#include "client/client.h"

/* method: vtctld's, "workflow_start" and the like. request: its keyspace, workflow and options. Does not
 * wait for the stream to have stopped or started: vtctld answers when it is recorded. Prints Vitess's
 * sentence, which is the same for all three. */
int control_run(struct ctx *cx, struct client *c, const char *method,
    const struct ctl_request *request) MUST_USE;

#endif
