/*
 * savepoint.h - SAVEPOINT, RELEASE SAVEPOINT, ROLLBACK TO.
 *
 * A savepoint must not decide which server a transaction begins at: while no table was named it
 * is kept, and set where the transaction begins. One that a server has set is set again when
 * the transaction, which has written nothing, goes on at another.
 */
#ifndef GATE_SAVEPOINT_H
#define GATE_SAVEPOINT_H

#include "gate/attempt.h"

/* A STATEMENT_SAVEPOINT; 0: the client has its answer. */
int savepoint_run(struct ctx *cx, struct session *s, const struct request *q) MUST_USE;

#endif
