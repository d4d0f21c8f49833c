/*
 * database.h - the database that a client chooses: a keyspace, or one that is none.
 *
 * The latter are those of the server of the keyspace that the session has used last (route_base()).
 * Who has used none yet means the one server that has a database of that name.
 */
#ifndef GATE_DATABASE_H
#define GATE_DATABASE_H

#include "gate/session.h"

/* -1: there is none for this client, and cx->err is the answer. */
int database_use(struct ctx *cx, struct session *s, struct slice name) MUST_USE;

/* Is there one of this name at the slot's server that the gate's account may use? The connection keeps
 * what it has. */
int database_is_there(
    struct ctx *cx, struct session *s, int slot, struct slice name, bool *there) MUST_USE;

#endif
