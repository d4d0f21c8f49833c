/*
 * relay.h - a server's answer on its way to the client.
 *
 * It goes through as it is, unless the client would believe something that is not so: the server does not
 * know of the session's transaction, or this is not the only statement of its command. Then status flags
 * are made the session's and packets are numbered anew (packets_relay_mended()). Where a table has another
 * name at the server, columns are given the client's (answer_names.h); their rows go through untouched.
 */
#ifndef GATE_RELAY_H
#define GATE_RELAY_H

#include "gate/attempt.h"

/* Up to the ERR that ends it, if one does: a->scan.failed, and the caller sends it. rows: it begins with
 * no OK. With before_told it is written and not flushed: the caller does that. */
int relay_answer(struct ctx *cx, struct attempt *a, bool rows) MUST_USE;
/* An ERR, in which tables are called as the client calls them. */
int relay_error(struct ctx *cx, const struct attempt *a, struct slice packet) MUST_USE;

#endif
