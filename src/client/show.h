/*
 * show.h - a workflow as vtctldclient's Workflow show and MoveTables show print it: Vitess's JSON.
 *
 * The names are Vitess's. What there is nothing to say of here (cells, tags, throttlers) is as Vitess
 * prints it when nothing is set.
 */
#ifndef CLIENT_SHOW_H
#define CLIENT_SHOW_H

#include "client/client.h"

/* workflow: "": all of the keyspace, one call for each. logs: with the record's events. Printed at the
 * end, as one text: an error in between prints nothing. */
int show_run(struct ctx *cx, struct client *c, const char *keyspace, const char *workflow,
    bool logs) MUST_USE;

#endif
