/*
 * preflight.h - may these tables be moved: asked of the servers by doing, and undone.
 *
 * What cannot work is refused with one sentence and a hint before anything is
 * changed. Privileges are found by doing what needs them: the fence is tried without asking for the
 * table (fence_try()), a heartbeat row is written and met in the binlog and deleted again, and the
 * gates' account does at the target what clients will, without a row.
 *
 * A catalogue is never read by a session of ROLE_DDL, which waits for no lock: of a table that somebody has
 * for himself for a moment it would get NULLs, or no row, without an error.
 */
#ifndef TABLET_PREFLIGHT_H
#define TABLET_PREFLIGHT_H

#include "tablet/server/ddl.h"
#include "tablet/table/schema.h"

/* The source's side: fills definitions into the reply (cx->arena). */
int preflight_source(struct ctx *cx, const struct tablet_env *env, const struct tablet_request *q,
    struct tablet_reply *reply) MUST_USE;
/* The from side again, before each attempt to switch: a view, a routine, a trigger or a foreign key that
 * has come since would be left behind. */
int preflight_attempt(struct ctx *cx, const struct tablet_env *env, const struct tablet_request *q) MUST_USE;
/* The target's side: a table that exists must be empty and defined as request->definition says. */
int preflight_target(struct ctx *cx, const struct tablet_env *env, const struct tablet_request *q,
    struct tablet_reply *reply) MUST_USE;
/* The same side again, before each attempt to switch: is what has arrived defined as the stream's tables
 * are (hashes: one for each), without a trigger, and may clients work with it? */
int preflight_attempt_target(struct ctx *cx, const struct tablet_env *env, const struct tablet_request *q,
    const char **hashes) MUST_USE;

#endif
