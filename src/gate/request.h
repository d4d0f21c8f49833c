/*
 * request.h - sends what a client asked for to the backend of an attempt.
 *
 * A statement goes as the client wrote it, or as the plan has rewritten it. Ahead of it, in the same
 * write, go the BEGIN and the savepoints that the gate has answered by itself so far.
 */
#ifndef GATE_REQUEST_H
#define GATE_REQUEST_H

#include "gate/attempt.h"

/* Prepares the statement at the backend, if it is a prepared one that is not known there yet. */
int request_prepare(struct ctx *cx, struct attempt *a) MUST_USE;
int request_send(struct ctx *cx, struct attempt *a) MUST_USE;
/* Reads the answers to what went ahead; the next one is the statement's. */
int request_read_begun(struct ctx *cx, struct attempt *a) MUST_USE;

#endif
