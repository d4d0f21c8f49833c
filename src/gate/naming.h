/*
 * naming.h - names that a statement gives to what it makes from tables that another server serves.
 *
 * CREATE TABLE x LIKE t (or AS SELECT, or with a foreign key to t), CREATE VIEW x AS SELECT ... FROM t,
 * RENAME TABLE t TO x, ALTER TABLE t RENAME x: x is a name of its own keyspace, and has to be made where t
 * is. So vtctld is asked for a route of x to there, which every gate has, before the statement is planned
 * and sent as any other (ctl/reroute.h has the order of things and what each death leaves). Where x is at
 * t's server already, nobody is asked, but that RENAME of a table with a rule asks whether a move is at it.
 *
 * The same for CREATE TABLE x (...) in a keyspace that follows another one since all of it has moved
 * (ctl/follow.h): x is made where the others are.
 *
 * After DROP and RENAME, and after a statement that failed, the route of a name that nothing has any more is
 * taken away if a statement has made it. Where that fails it stays, which does no harm.
 */
#ifndef GATE_NAMING_H
#define GATE_NAMING_H

#include "gate/attempt.h"

/* 0: the statement is to be run. 1: the client has its answer. */
int naming_before(struct ctx *cx, struct session *s, const struct request *q) MUST_USE;
/* The statement has ended. Before its client is told: who reads the answer may make a table of that name
 * elsewhere at once, or go away. */
void naming_after(struct ctx *cx, struct session *s, const struct request *q);

#endif
