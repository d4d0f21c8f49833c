/*
 * engine.h - which streams run here.
 *
 * A stream exists when its row is in the sidecar database; engine_create() stores it before
 * it answers, engine_open() starts all that are there. So a restart of this
 * program goes on with all of them.
 */
#ifndef TABLET_STREAM_ENGINE_H
#define TABLET_STREAM_ENGINE_H

#include "tablet/stream/stream.h"

struct engine {
	const struct tablet_env *env;
	struct list              streams;
};

void           engine_init(struct engine *e, const struct tablet_env *env);
int            engine_open(struct ctx *cx, struct engine *e) MUST_USE;
void           engine_done(struct engine *e);
struct stream *engine_find(
    const struct engine *e, const char *workflow); /* NULL when there is none */
/* The stream behind that one; of NULL the first. NULL at the end. */
struct stream *engine_next(const struct engine *e, const struct stream *after);
/* Of the stream that is furthest behind, of those that have not arrived (frozen, stopped): 0 without
 * any, -1 when one's is unknown. */
int64_t        engine_lag_ms(const struct engine *e);
/* Idempotent: one that exists is left alone, or goes on if an error had stopped it. */
int engine_create(struct ctx *cx, struct engine *e, const struct move_request *request) MUST_USE;
/* Forgets the stream, and drops the tables that it made if told so. Refused past the commit.
 * Idempotent; one that fails leaves a stream that is halted, and is done again. */
int engine_delete(struct ctx *cx, struct engine *e, const struct move_request *request,
    bool drop) MUST_USE;

#endif
