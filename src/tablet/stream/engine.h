/*
 * engine.h - which streams run here.
 *
 *            engine_create()              engine_delete()
 *   (none) -----------------> RUNS HERE ------------------> DELETING ------> (none)
 *              engine_open()     ^                              |
 *                                +----- it failed: HALTED ------+
 *
 *   (none)    -> RUNS HERE  engine_prepare() the same, of a stream that rests until it is begun
 *   (none)    -> RUNS HERE  engine_create() stores the row, then starts the task; engine_open() starts
 *                           all streams whose rows are there
 *   RUNS HERE -> DELETING   engine_delete() takes it from the list, so that only this call has it, and
 *                           ends its task
 *   DELETING  -> (none)     the tables are dropped, if that was asked for, then the rows are deleted
 *   DELETING  -> HALTED     something of this failed: it is in the list again, without a task. It
 *                           answers, and engine_delete() is to be called again.
 *   any       -> (none)     engine_done(): the program ends; the rows stay
 *
 * Invariants (engine_check() looks at those with a *)
 *   (1)  A stream exists when its row is in the sidecar database: it is stored before engine_create()
 *        answers, and deleted last. So a restart of this program goes on with all of them.
 *   (2)* No two streams of the list have the same workflow and round.
 *   (3)  Nothing is made or deleted by a call that is outdated (guard/move.h), and no table is dropped past
 *        the commit.
 *
 * An example: the program is killed while a stream is deleted.
 *
 *   engine_delete(): the task has ended; the target's table is dropped
 *   (killed)
 *   engine_open(): the row is there, so the stream is started. Its table is missing: an error, told as
 *                  its status
 *   engine_delete() again: DROP TABLE IF EXISTS finds none; the rows are deleted, copy_state's first
 */
#ifndef TABLET_STREAM_ENGINE_H
#define TABLET_STREAM_ENGINE_H

#include "tablet/stream/stream.h"

struct engine {
	const struct tablet_env *env;
	struct moves *moves; /* whose the streams are */
	struct list streams; /* struct engine_entry, as they were started */
};

/* One stream of the list, which owns both. */
struct engine_entry {
	struct list_node node;
	struct stream *stream;
};

void engine_init(struct engine *e, const struct tablet_env *env, struct moves *moves);
/* Starts those streams that are on disk and do not run yet. */
int engine_open(struct ctx *cx, struct engine *e) MUST_USE;
void engine_done(struct engine *e);
/* NULL when there is none */
struct stream *engine_find(const struct engine *e, const char *workflow, int round);
/* The stream behind that one; of NULL the first. NULL at the end. */
struct stream *engine_next(const struct engine *e, const struct stream *after);
/* Milliseconds that the stream is behind which is furthest behind, of those that have not arrived
 * (frozen, stopped): 0 without any, -1 when one's is unknown. */
int64_t engine_lag_ms(const struct engine *e);
/* Idempotent: one that exists is left alone, or goes on if an error had stopped it. */
int engine_create(struct ctx *cx, struct engine *e, const struct move_request *request) MUST_USE;
/* A command: it stops where it is, and after a restart too, until engine_create(). Idempotent, and
 * nothing where there is none. ERR_CONFLICT: outdated; ERR_REFUSED while it is frozen. */
int engine_suspend(struct ctx *cx, struct engine *e, const struct move_request *request) MUST_USE;
/* A stream of round 2 or higher, in the phase PREPARED: it and its guard's row in one transaction. Nothing
 * for the same attempt again. ERR_CONFLICT: one of that round has begun, or it is outdated. */
int engine_prepare(
    struct ctx *cx, struct engine *e, const struct stream_prepare_request *request) MUST_USE;
/* Forgets the stream, and drops the tables that it made if told so. Refused past the commit,
 * and of a way back, which made none.
 * Idempotent; one that fails leaves a stream that is halted, and is done again. */
int engine_delete(
    struct ctx *cx, struct engine *e, const struct move_request *request, bool drop) MUST_USE;
/* Aborts where (2) does not hold. */
void engine_check(const struct engine *e);

#endif
