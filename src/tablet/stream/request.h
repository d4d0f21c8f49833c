/*
 * request.h - what a stream is made with, on disk: what of it may change while the stream runs.
 */
#ifndef TABLET_STREAM_REQUEST_H
#define TABLET_STREAM_REQUEST_H

#include "tablet/server/env.h"
#include "tablet/server/position.h"

/* The row of that stream has it from now on; the rest of the row stays. */
int request_save(struct ctx *cx, const struct tablet_env *env, struct stream_id id,
    const struct move_request *request) MUST_USE;

#endif
