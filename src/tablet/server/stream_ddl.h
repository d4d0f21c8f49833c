/*
 * stream_ddl.h - DDL of a stream that makes its tables, drops or empties them.
 *
 * What a killed process has sent by such a session may reach the server late, as anything on a network may:
 *
 *      first process              second process            the table
 *      empties it: TRUNCATE sent                             rows of a copy that is not whole
 *      is killed                                             the same
 *                                 TRUNCATE, rows             rows
 *      its TRUNCATE arrives                                  empty, and taken for copied
 *
 * So the sessions of a stream that do this succeed one another, as the applier's do (state_succeed()).
 */
#ifndef TABLET_SERVER_STREAM_DDL_H
#define TABLET_SERVER_STREAM_DDL_H

#include "tablet/server/ddl.h"
#include "tablet/server/position.h"

/* As ddl_open(), when no former session of this kind is at work. ERR_RETRY when one goes on for long. */
int stream_ddl_open(
    struct ctx *cx, const struct tablet_env *env, struct stream_id id, struct ddl *out) MUST_USE;

#endif
