/*
 * trigger_calls.h - triggers of clients at a move's tables, as calls read, try, make and drop them.
 */
#ifndef TABLET_TRIGGER_CALLS_H
#define TABLET_TRIGGER_CALLS_H

#include "rpc/tablet.h"
#include "tablet/guard/move.h"
#include "tablet/server/env.h"

/* At the end that is asked; see user_triggers.h and trigger_make.h. */
int trigger_calls_read(struct ctx *cx, const struct tablet_env *env, const struct move_request *q,
    struct triggers_read_reply *reply) MUST_USE;
int trigger_calls_try(
    struct ctx *cx, const struct tablet_env *env, const struct triggers_try_request *q) MUST_USE;
int trigger_calls_drop(
    struct ctx *cx, const struct tablet_env *env, const struct move_request *q) MUST_USE;
/* Those of a frozen stream's tables, with the move's turn. */
int trigger_calls_make(struct ctx *cx, const struct tablet_env *env, struct move *move,
    const struct freeze_request *q) MUST_USE;
/* Of an attempt that is given up: waits until nobody makes any for a lower one, then drops them. */
int trigger_calls_undo(struct ctx *cx, const struct tablet_env *env, struct move *move,
    const struct move_request *q) MUST_USE;

#endif
