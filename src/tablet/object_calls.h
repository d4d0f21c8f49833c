/*
 * object_calls.h - views and routines that move with tables, as calls read, make and drop them.
 */
#ifndef TABLET_OBJECT_CALLS_H
#define TABLET_OBJECT_CALLS_H

#include "rpc/tablet.h"
#include "tablet/server/env.h"

/* q and r are the call's own structs (rpc/tablet.h). At the end that is asked; see view.h and routine.h. */
typedef int object_fn(struct ctx *cx, const struct tablet_env *env, const void *q, void *r);

int object_calls_read(struct ctx *cx, const struct tablet_env *env, const void *q, void *r) MUST_USE;
int object_calls_make(struct ctx *cx, const struct tablet_env *env, const void *q, void *r) MUST_USE;
int object_calls_drop(struct ctx *cx, const struct tablet_env *env, const void *q, void *r) MUST_USE;

#endif
