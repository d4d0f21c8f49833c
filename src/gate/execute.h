/*
 * execute.h - one statement of a client: routed, held, sent, and its answer relayed.
 *
 * An attempt: plan on the present route; wait for a hold that says so; wait for
 * the lease where a table has a rule; take a backend; look again whether the
 * route is still the present one; send. Before the first byte of the answer
 * goes to the client the lease is looked at again. Whatever changed meanwhile
 * starts the attempt anew; nothing was sent, or the fence refused it.
 *
 * The statement's packet stays in the client's input buffer until then: that is
 * the replay buffer.
 */
#ifndef GATE_EXECUTE_H
#define GATE_EXECUTE_H

#include "gate/attempt.h"

/* 0: the client has its answer, or the error that it is. -1: the connection must end; s->replied
 * tells whether the error may still be sent. */
int execute(struct ctx *cx, struct session *s, const struct request *q) MUST_USE;

/* Ends what is open at a server, a transaction and LOCK TABLES, as a BEGIN does. */
int execute_commit(struct ctx *cx, struct session *s) MUST_USE;

#endif
