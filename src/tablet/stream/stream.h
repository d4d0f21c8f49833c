/*
 * stream.h - one round of a workflow, a flow of rows into this server: copy, catch up, follow, freeze.
 *
 *   STARTING -> COPYING -> CATCHING_UP -> INDEXING -> RUNNING <-> FROZEN -> STOPPED
 *                                         PREPARED ------^
 *
 * The phases are the rows of stream_phases (rpc/tablet.h), with what is true in each. Who moves it:
 *
 *   -> STARTING                the row is made (engine.h); stream_start() begins with the row's phase
 *   STARTING -> COPYING        a pass (run.h) has made the bare tables and stored the start position
 *   COPYING -> CATCHING_UP     a pass has copied the last chunk and met its heartbeat
 *   CATCHING_UP -> INDEXING    the applier is exact (apply.h)
 *   INDEXING -> RUNNING        a pass has built the last index
 *   -> PREPARED                the row of a way back is made: its target was served, and is the source's
 *                              equal at the start position, which is the consistency point too
 *   PREPARED -> RUNNING        stream_begin(): past the commit
 *   RUNNING -> FROZEN          stream_freeze(): the applier stores it with the last change
 *   FROZEN -> RUNNING          stream_thaw()
 *   FROZEN -> STOPPED          stream_finish()
 *
 * Beside its phase a stream is in one of these; its one task goes round:
 *
 *   PASS     A pass is under way, connected or connecting.
 *   BACK-OFF A pass has ended with an error that waiting mends (a server that went away, a deadlock).
 *            Another one is made in 200 ms; the time doubles up to 10 s as long as none connects.
 *   RESTS    Nothing is to be done (PREPARED, FROZEN, STOPPED) until stream_begin() or stream_thaw() wakes
 *            the task.
 *   SUSPENDED  A command has stopped it, with stream_suspend(). It is on disk as an error of a fixed
 *            text, so that a restart leaves it so; stream_phase() says STREAM_SUSPENDED, and
 *            stream_retry() goes on.
 *   ERROR    A pass has ended with an error that waiting does not mend. It is on disk, a sentence and
 *            a hint, beside the phase. stream_phase() then says STREAM_ERROR, and stream_retry()
 *            goes on from what is on disk.
 *
 * Invariants (stream_check() looks at those with a *)
 *   (1)* STREAM_ERROR and STREAM_SUSPENDED are told and never stored: the phase that it stopped in stays
 *        known.
 *   (2)* In ERROR and SUSPENDED there is no pass.
 *   (3)* A pass works on the stream's own state and request.
 *   (4)  What is on disk (its row, in the transaction that makes it true) is all that is believed after a
 *        restart.
 *   (5)* Its move (guard/move.h) has seen whatever attempt its row has. What is outdated is refused.
 *   (6)  A freeze belongs to a pass: one whose pass has ended is asked for again of the next pass.
 *   (7)  Its tables are locked only while it is FROZEN, for the attempt that froze it. The lock is in memory
 *        and dies with this program: stream_locked() tells.
 *   (8)  Whoever waits in a call of it keeps its memory, and finds it halted.
 *
 * An example: a cutover's attempt 5 freezes the stream while its source is away for a moment.
 *
 *     0 ms  RUNNING, PASS. stream_freeze(P, 5) tells the applier, and waits.
 *   100 ms  The source goes away: the pass ends, BACK-OFF. stream_freeze() goes on waiting.
 *   300 ms  The next pass connects; passes has gone up, so stream_freeze() tells its applier as well.
 *   350 ms  The applier has written the last change up to P, and with it "frozen" and 5. The pass ends,
 *           RESTS. stream_freeze() returns 0. Asked again with 5 it gives the same answer.
 *   900 ms  The attempt is rolled back under number 6: stream_thaw(6) stores "running" and wakes the
 *           task. A stream_freeze(P, 5) that comes late gets ERR_CONFLICT.
 */
#ifndef TABLET_STREAM_STREAM_H
#define TABLET_STREAM_STREAM_H

#include "tablet/copy/copy.h"
#include "tablet/guard/move.h"
#include "tablet/server/env.h"
#include "tablet/table/definition.h"
#include "tablet/write/apply.h"
#include "task/group.h"

struct stream;

/* Starts the task of a stream that is on disk, from its row, with the request it was created with
 * as JSON. Copied; its move is told what the row has seen. *out is the caller's until stream_stop().
 * ERR_CORRUPT: the request cannot be read. */
int stream_start(const struct tablet_env *env, struct move *move, const struct stream_state *row,
    struct stream **out, struct err *err) MUST_USE;
/* Cancels and joins its task; calls that wait for it fail. The stream still answers. */
void stream_halt(struct stream *s);
/* The same, and frees it once the last such call has returned. What is on disk stays. */
void stream_stop(struct stream *s);

struct stream_id stream_id(const struct stream *s);
const struct move_request *stream_request(const struct stream *s);
enum stream_phase stream_phase(const struct stream *s);
/* The same, or the phase that an error stopped it in. */
enum stream_phase stream_reached(const struct stream *s);
int stream_attempt(const struct stream *s); /* that its row was changed under */
/* Fills the reply from memory; texts live in the arena. */
void stream_status(const struct stream *s, struct arena *a, struct stream_status_reply *reply);
/* What hash says of the tables (schema.h) as the rows are read; copies, as many as the request has tables.
 * ERR_RETRY while it is not connected. */
int stream_definitions(const struct stream *s, struct arena *a, struct definition_hashes *out,
    struct err *err) MUST_USE;
/* What its pass has in memory of its continuous proof (compare/prover.h); PROOF_NONE: nothing. */
void stream_proof(const struct stream *s, struct arena *a, struct proof_view *out);
/* -1: not known, as of one that does not run. */
int64_t stream_lag_ms(const struct stream *s);
enum { STREAM_CAUSES = ERR_SERVER + 1 };
/* How often a pass ended with an error of that kind, and another was made. */
uint64_t stream_retries(const struct stream *s, enum err_kind kind);
/* Its copy has the limits of wanted, and it does on DDL what that says, from now on, durably, while it
 * goes on. ERR_REFUSED: they are none. Nothing where it is so already. */
int stream_update(struct ctx *cx, struct stream *s, const struct move_request *wanted) MUST_USE;
/* By command: stops it where it is, and stores that. ERR_CONFLICT: outdated;
 * ERR_REFUSED from FROZEN on. */
int stream_suspend(struct ctx *cx, struct stream *s, int attempt) MUST_USE;
/* After an error, or suspended: goes on from what is on disk. Nothing happens without one. */
void stream_retry(struct stream *s);
/* Aborts where (1), (2), (3) or (5) does not hold. */
void stream_check(const struct stream *s);

/* Past the commit: PREPARED -> RUNNING, exact from the first change on. 0 where that was done before.
 * ERR_CONFLICT: outdated, or a stream that was not prepared. */
int stream_begin(struct ctx *cx, struct stream *s, int attempt) MUST_USE;
/* Step 3: waits until the stream is frozen at position for this attempt. ERR_CONFLICT: outdated, or
 * the stream is already beyond. Asked again with the same attempt it gives the same answer. */
int stream_freeze(struct ctx *cx, struct stream *s, const char *position, int attempt) MUST_USE;
/* Of a way back that is frozen for this attempt: nobody changes its tables from now on, until
 * stream_unlock(), a thaw or the end of the stream, and its guard has found nothing up to now (guard.h).
 * ERR_REFUSED: there is no way back any more. A stream of round 1 has no guard: nothing is locked. */
int stream_lock(struct ctx *cx, struct stream *s, int attempt) MUST_USE;
/* As the server says just now. True in round 1. */
bool stream_locked(struct ctx *cx, struct stream *s, int attempt);
/* Nothing when it is outdated: the lock is of a higher attempt. */
void stream_unlock(struct stream *s, int attempt);
/* The same; and clients may change its tables from now on. Where the stream is frozen for this attempt its
 * guard ends, which would find them. */
void stream_serve(struct stream *s, int attempt);
/* The attempt was rolled back, under this number: FROZEN -> RUNNING, and a freeze that is still waited for
 * ends. ERR_CONFLICT: outdated. */
int stream_thaw(struct ctx *cx, struct stream *s, int attempt) MUST_USE;
/* Past the commit: FROZEN -> STOPPED. ERR_CONFLICT in any other phase; 0 where it was done before. */
int stream_finish(struct ctx *cx, struct stream *s, int attempt) MUST_USE;

#endif
