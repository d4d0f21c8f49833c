/*
 * handler.h - HANDLER: which table each of the session's open handlers is of.
 *
 * HANDLER t OPEN AS h goes where t is. HANDLER h READ goes where t is now: when it has moved since, the
 * server there knows of no such handler (1109), as a server says whose table was altered.
 */
#ifndef GATE_HANDLER_H
#define GATE_HANDLER_H

#include "gate/session.h"

/* The statement to be run instead: a copy, when it is of a handler. */
const struct statement *handler_read(struct session *s, const struct statement *st);
/* It has been answered. keyspace: of names without one. */
void handler_note(struct session *s, const struct statement *st, struct slice keyspace);

#endif
