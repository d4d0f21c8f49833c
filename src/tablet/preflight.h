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

#include "rpc/tablet.h"
#include "tablet/server/ddl.h"
#include "tablet/table/closure.h"
#include "tablet/table/definition.h"
#include "tablet/table/schema.h"

/* The end that the tables leave: describes them (reply in cx->arena). */
int preflight_from(struct ctx *cx, const struct tablet_env *env,
    const struct check_from_request *request, struct check_from_reply *reply) MUST_USE;
/* The same end again, before each attempt to switch: a view, a routine, a trigger or a foreign key that
 * has come since would be left behind. *open: the foreign keys that the set goes on without, in
 * cx->arena. */
int preflight_attempt(struct ctx *cx, const struct tablet_env *env,
    const struct fence_install_request *request, struct closure *open) MUST_USE;
/* The end where they arrive: a table that exists must be empty and defined as the request says. */
int preflight_to(struct ctx *cx, const struct tablet_env *env,
    const struct check_to_request *request, struct check_to_reply *reply) MUST_USE;
/* The same end again, before each attempt to switch: is what has arrived defined as the stream's tables
 * are (hashes: one for each, with the foreign keys of the set), without a trigger, and may clients
 * work with it? */
int preflight_attempt_to(struct ctx *cx, const struct tablet_env *env,
    const struct fence_install_request *request, const struct definition_hashes *hashes) MUST_USE;

#endif
