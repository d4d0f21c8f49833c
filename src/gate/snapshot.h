/*
 * snapshot.h - reading several servers in one snapshot.
 *
 * A keyspace's tables may be on several servers once one of them has moved, and a dump reads them all in
 * one transaction. START TRANSACTION WITH CONSISTENT SNAPSHOT therefore takes one, READ ONLY, at each further
 * server that serves a table of the session's keyspace (of all keyspaces, when it has none):
 *
 *   session      customer's server           new_customer's server
 *   START ...                                START ..., READ ONLY
 *                START ...
 *   SELECT users                             SELECT users
 *   SELECT s     SELECT s
 *   COMMIT       COMMIT                      (its connection is closed)
 *
 * The snapshots are taken one right after the other and are no single moment: of two writes by different
 * transactions at two servers a dump may see the second one only. Nothing is written there: that is
 * refused as it is without one. A snapshot ends with the transaction that it stands beside (session.c).
 */
#ifndef GATE_SNAPSHOT_H
#define GATE_SNAPSHOT_H

#include "gate/attempt.h"

/* START TRANSACTION WITH CONSISTENT SNAPSHOT; 0: the client has its answer. */
int snapshot_begin(struct ctx *cx, struct session *s, const struct request *q) MUST_USE;

#endif
