/*
 * streams.h - a workflow's streams as Vitess shows them: what its Create, Progress, Status and Show print.
 *
 * vtctlclient and vtctldclient print them differently, each as Vitess's of that name does. The id of a stream
 * is its round: 1 the first one, 2 the way back, 3 the second one there. Bytes are left out while they
 * are not
 * known.
 */
#ifndef CLIENT_STREAMS_H
#define CLIENT_STREAMS_H

#include "client/forms.h"
#include "client/view.h"

/* "Copying", "Running", "Stopped", "Error" */
const char *streams_state(const struct move_view *v);
/* Status, Progress, Show and GetState. ERR_NOT_FOUND, by vtctld, for a workflow that there is not. */
/* One call, and one print. form: which workflow and which action; GetState prints the traffic state alone. */
int streams_run(struct ctx *cx, struct client *c, const struct form *form) MUST_USE;
/* What Create ends with; v: how it stands. */
int streams_put_created(
    struct ctx *cx, struct client *c, const struct form *form, const struct move_view *v) MUST_USE;

#endif
