/*
 * kill.h - KILL of clients, by the ids that this gate gave them.
 *
 *   the client that says KILL     control            the worker whose client it is
 *   kill_run() -- WORKER_KILL --> by the id -- ORDER_KILL --> kill_here(): finds the session
 *        ^ waits                                                 |
 *        +------ ORDER_KILLED <---- control <---- WORKER_KILLED -+
 *
 * A session whose statement runs at a server is killed there, over a connection of its own (the pool
 * may be full of statements that have to be killed): the server ends it and says so. Until that KILL
 * has been answered the session keeps its connection: the number must not mean another client's
 * statement by then (1). A statement that waits at the gate ends there (1317).
 * A client of another user is not killed: 1095.
 */
#ifndef GATE_KILL_H
#define GATE_KILL_H

#include "gate/attempt.h"
#include "gate/kill_order.h"

/* KILL and COM_PROCESS_KILL (by id). 0: answered; -1: it has killed itself. */
int kill_run(struct ctx *cx, struct session *s, const struct request *q) MUST_USE;
int kill_id(struct ctx *cx, struct session *s, uint32_t id) MUST_USE;

/* At the worker whose client it may be: fills in what came of it. */
void kill_here(struct gate_loop *loop, struct kill_order *order);
/* (1) */
void kill_wait(struct ctx *cx, struct session *s);

#endif
