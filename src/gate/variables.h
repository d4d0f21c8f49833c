/*
 * variables.h - SET: run at a server, and remembered for every other one.
 */
#ifndef GATE_VARIABLES_H
#define GATE_VARIABLES_H

#include "gate/execute.h"

/* As execute(). What the server has accepted is repeated wherever the session goes; what cannot be
 * repeated binds the session to that server. */
int variables_set(struct ctx *cx, struct session *s, const struct request *q) MUST_USE;
/* The value of an expression of variables and the servers' own functions, where the session has its
 * variables; in the session's arena. "NULL" when it is that. */
int variables_ask(
    struct ctx *cx, struct session *s, struct slice expression, struct slice *out) MUST_USE;
/* The refusal of a character set in which statements cannot be read; returns -1. */
int variables_refuse_charset(struct err *err, struct slice value);

#endif
