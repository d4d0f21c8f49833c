/*
 * lock_tables.h - LOCK TABLES, also of tables that several servers serve.
 *
 * What is locked at one server is one statement there. The parts go to their servers one after the other,
 * in the order of the servers' addresses, so that two sessions that lock the same tables wait for each
 * other in one direction only; when a part fails, what was locked is unlocked, and the client has that
 * part's error. UNLOCK TABLES goes to all of them.
 */
#ifndef GATE_LOCK_TABLES_H
#define GATE_LOCK_TABLES_H

#include "gate/execute.h"

/* A STATEMENT_LOCK_TABLES; as execute(). */
int lock_tables_run(struct ctx *cx, struct session *s, const struct request *q) MUST_USE;

#endif
