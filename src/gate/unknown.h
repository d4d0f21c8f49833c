/*
 * unknown.h - what a statement hears about a table of a database that is no keyspace and that the
 * gate's account may not use at all: to clients there is no such database (database.h), and a server that
 * denies the account its access would say otherwise.
 *
 * A database of which the account may use anything is known: what it is denied there it is denied.
 */
#ifndef GATE_UNKNOWN_H
#define GATE_UNKNOWN_H

#include "gate/session.h"

/* Such a statement, which the server of the slot has answered with this error. */
struct unknown_ask {
	const struct route *route;
	const struct statement *statement;
	struct slice sql;
	int slot;
	uint16_t code;
};

/* True: *instead is what it is to hear: session_send_diagnostic(). False also when
 * it cannot be found out. */
bool unknown_judge(
    struct ctx *cx, struct session *s, const struct unknown_ask *ask, struct err *instead) MUST_USE;

#endif
