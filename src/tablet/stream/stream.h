/*
 * stream.h - one workflow's flow of rows into this server: copy, catch up, follow, freeze.
 *
 * Its phases are the rows of stream_phases (position.h). An error that waiting does not mend stops
 * the stream in its phase, with a sentence and a hint on disk; stream_status() then says "error",
 * and stream_retry() goes on.
 *
 * What is on disk (its row, in the transaction that makes it true) is all that is believed
 * after a restart. A lost connection to either server is waited out inside the phase, with back-off.
 */
#ifndef TABLET_STREAM_STREAM_H
#define TABLET_STREAM_STREAM_H

#include "tablet/copy/copy.h"
#include "tablet/server/env.h"
#include "tablet/write/apply.h"
#include "task/group.h"

struct stream;

/* Starts the task of a stream that is on disk: known is its row, the request it was created with as
 * JSON in it. Copied. */
int stream_start(const struct tablet_env *env, const struct stream_state *known,
    struct stream **out, struct err *err) MUST_USE;
/* Cancels and joins its task; the stream still answers. */
void stream_halt(struct stream *s);
/* The same, and frees. What is on disk stays. */
void stream_stop(struct stream *s);

struct stream_id             stream_id(const struct stream *s);
const char                  *stream_workflow(const struct stream *s);
const struct move_request *stream_request(const struct stream *s);
enum stream_phase            stream_phase(const struct stream *s);
/* The same, or the phase that an error stopped it in. */
enum stream_phase            stream_reached(const struct stream *s);
int                          stream_attempt(const struct stream *s); /* the highest seen */
/* Fills the reply from memory; texts live in the arena. */
void stream_status(const struct stream *s, struct arena *a, struct stream_status_reply *reply);
/* What hash says of the tables (schema.h) as the rows are read; copies, as many as the request has tables.
 * ERR_RETRY while it is not connected. */
int stream_definitions(const struct stream *s, struct arena *a, const char ***out, struct err *err) MUST_USE;
/* -1: not known, as of one that does not run. */
int64_t stream_lag_ms(const struct stream *s);
enum { STREAM_CAUSES = ERR_SERVER + 1 };
/* How often a pass ended with an error of that kind, and another was made. */
uint64_t stream_retries(const struct stream *s, enum err_kind kind);
/* After an error: goes on from what is on disk. */
void stream_retry(struct stream *s);

/* Step 3: waits until the stream is frozen at position for this attempt. ERR_CONFLICT for a lower
 * attempt than one seen, or when the stream is already beyond. Asked again with the same attempt it
 * gives the same answer. */
int stream_freeze(struct ctx *cx, struct stream *s, const char *position, int attempt) MUST_USE;
int stream_thaw(struct ctx *cx, struct stream *s, int attempt) MUST_USE;
/* Past the commit: FROZEN -> STOPPED. */
int stream_finish(struct ctx *cx, struct stream *s, int attempt) MUST_USE;

#endif
