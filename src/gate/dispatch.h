/*
 * dispatch.h - what kind of statement it is decides who answers: the session, the gate itself, or a server.
 */
#ifndef GATE_DISPATCH_H
#define GATE_DISPATCH_H

#include "gate/attempt.h"

/* Both: 0 when the client has its answer, an error's too; -1 when the connection must end. */
int dispatch(struct ctx *cx, struct session *s, const struct request *q) MUST_USE;
/* USE and COM_INIT_DB. */
int dispatch_use(struct ctx *cx, struct session *s, struct slice name) MUST_USE;

#endif
