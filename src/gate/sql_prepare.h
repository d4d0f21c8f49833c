/*
 * sql_prepare.h - prepared statements of SQL: PREPARE p FROM 'text', EXECUTE p USING @a.
 *
 * The session keeps name -> text and the keyspace that its names are of. Servers keep nothing: what
 * PREPARE says is heard from the server where the text would run now, which prepares and forgets it; EXECUTE
 * is planned by the text and runs as EXECUTE IMMEDIATE 'text as planned' USING ..., or as the text
 * itself where there is no USING. So a statement that was prepared before a move runs at the new
 * side after it, and PREPARE binds the session to no connection.
 */
#ifndef GATE_SQL_PREPARE_H
#define GATE_SQL_PREPARE_H

#include "gate/attempt.h"

/* PREPARE, EXECUTE, DEALLOCATE. 1: *inner is to be run now, in the session's arena; 0: the client has its
 * answer; -1: the connection must end. */
int sql_prepare_run(
    struct ctx *cx, struct session *s, const struct request *q, struct request *inner) MUST_USE;

#endif
