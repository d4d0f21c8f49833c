/*
 * other_side.h - the connection that a held statement will need, made while it waits.
 *
 * After a cutover each session needs a connection at the side that serves then: it is made or reset, and told
 * what the session has set: several round trips. All sessions do it at the same moment, when the hold
 * ends and the processors have most to do; while they are held there is nothing else to do. The connection is
 * parked again, as any between two statements: when the attempt is rolled back nothing is left but that.
 */
#ifndef GATE_OTHER_SIDE_H
#define GATE_OTHER_SIDE_H

#include "gate/session.h"

/* For a session that has nothing anywhere that a lost connection would take along; for all others, where the
 * pool has no room, and where the server cannot be reached soon, it does nothing. */
void other_side_connect(struct ctx *cx, struct session *s, const struct route_rule *rule);

#endif
