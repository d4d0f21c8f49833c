/*
 * room.h - is there room on the target's disk? What a stream waits for says so.
 */
#ifndef TABLET_STREAM_ROOM_H
#define TABLET_STREAM_ROOM_H

#include "tablet/server/env.h"
#include "tablet/stream/start.h"

/* Looks until it is cancelled. */
int room_watch(struct ctx *cx, const struct tablet_env *env, struct waiting *waiting) MUST_USE;

#endif
