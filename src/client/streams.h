/*
 * streams.h - a workflow's streams as Vitess shows them: what its Create, Progress, Status and Show print.
 *
 * vtctlclient and vtctldclient print them differently, each as Vitess's of that name does. What is not known
 * here, the bytes of tables, is left out.
 */
#ifndef CLIENT_STREAMS_H
#define CLIENT_STREAMS_H

#include "client/forms.h"
#include "client/view.h"

/* Status, Progress, Show and GetState. */
int streams_run(struct ctx *cx, struct client *c, const struct form *form) MUST_USE;
/* What Create ends with. */
void streams_put_created(const struct client *c, const struct form *form, const struct move_view *v);

#endif
