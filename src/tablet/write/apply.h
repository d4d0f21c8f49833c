/*
 * apply.h - source transactions into the target, in two modes.
 *
 *           read_state()            applied >= max(cp, dirty_until)          P is applied
 *   NEW -----------------> CATCHING UP ---------------------------> EXACT -----------------> FROZEN
 *    |                          |                                     |                        |
 *    +--------------------------+-- cancelled, or an error -----------+----------> ENDED <-----+
 *
 *   NEW          -> CATCHING UP  applier_run(): all slots are taken, and what is on disk is known (alone)
 *   CATCHING UP  -> EXACT        look_at_mode(), after a run or after applier_set_cp()
 *   EXACT        -> FROZEN       note_applied() of the run that ends where applier_freeze_at() wanted it
 *   any          -> ENDED        applier_run() returns (ended)
 *
 * CATCHING UP  A run of whole transactions is folded (fold.h) to one final image per key;
 *              dirty_until is stored; all deletes; when all are done all upserts (every column, key
 *              columns too), in parallel over keys on appliers connections; when all are done the
 *              position. A replay converges.
 * EXACT        A run is one target transaction with the position in it, or of many changes several
 *              (apply_parts.h); every statement's row count is checked; deletes first. A count that
 *              differs stops the stream with the key in the message: from here on replication verifies
 *              itself.
 * FROZEN       The position, the phase FROZEN and the attempt are on disk, in the transaction that
 *              wrote the last change. Nothing is taken from the queue any more.
 *
 * Strict tables (table_def.h) are copied when the applier is EXACT (strict_copy.h). Until then it passes over
 * their changes, and afterwards writes them in EXACT alone, row by row in the order of the source, each of
 * which must find a row.
 *
 * Two tasks share an applier. One pulls: it takes a transaction from the tail, calls windows_touch()
 * in the same step and queues it, while the queue has less than APPLY_QUEUE_BYTES. The other works:
 * it takes runs from the queue, waits for the chunks that have sealed one of its keys, and writes.
 *
 * Invariants (applier_check() looks at those with a *)
 *   (1)* Nothing is written before the applier is alone: no other process's statement can land
 *        behind one of its own.
 *   (2)* EXACT: cp is known, and what is applied is beyond cp and beyond dirty_until. Neither moves
 *        after that, so an applier never goes back to CATCHING UP. A later cp is not taken: where a
 *        former pass met its heartbeat and could not store that, this one begins with the cp of then,
 *        and another heartbeat is written. The copy was complete at the first, which is as good.
 *   (3)  It never waits for a window while it holds an open target transaction: the chunk that it
 *        would wait for may be waiting for that transaction's rows.
 *   (4)* Only a frozen applier has taken a freeze as done, and one was asked for, or is found on disk: the
 *        answer to its COMMIT was lost.
 *   (5)  What is on disk is never ahead of the rows: position and rows commit together (EXACT), or the
 *        position after some of them, with what these are (apply_parts.h), or after all of them (CATCHING
 *        UP), with dirty_until before them.
 *   (6)* The queue counts its bytes: it is empty exactly when they are 0.
 *   (7)* SUSPENDED: EXACT, and no target transaction is open. The target is what the source was at the
 *        position applied, and nobody but who suspended the applier writes it.
 *   (9)* HELD: all that is before a place is applied, and nothing behind it; no target transaction is open.
 *   (10)* While parts are ahead of the position applied, the applier is not SUSPENDED.
 *   (8)  The stream does not leave CATCHING_UP before what is applied is beyond strict_from. A run with
 *        changes stores its end, also one that passes over them: so no change of a strict table that its
 *        copy has is read again after that.
 *
 * An example: rows of table t, position 100 at first, and cp becomes known as 250.
 *
 *   step  queue               work                                          on disk: applied, dirty
 *   1     T1 ..150, T2 ..200  folds both, stores dirty_until = 200             100, 200
 *   2                         writes deletes, then upserts; stores 200         200, 200
 *   3     T3 ..300            (applier_set_cp(250))                            200, 200
 *   4                         200 < 250: T3 is written converging too          300, 300
 *   5                         300 >= 250 and 300 >= 300: EXACT                 300, 300
 *   6     T4 ..350            UPDATE: 1 row; position; COMMIT                  350, 300
 *   7     T5 ..400            (applier_freeze_at(400, attempt 3)) writes T5    400, 300, frozen, 3
 *
 * Killed between 1 and 2, the next applier finds applied 100 and dirty 200: it writes T1 and T2 again,
 * and cannot be exact before 200, whatever cp is.
 */
#ifndef TABLET_WRITE_APPLY_H
#define TABLET_WRITE_APPLY_H

#include "tablet/write/apply_params.h"

struct applier;

/* Borrows params. *out is the caller's until applier_free(). ERR_CORRUPT: the stored position is no list of
 * GTIDs. */
int applier_new(const struct apply_params *params, struct applier **out, struct err *err) MUST_USE;
void applier_free(struct applier *a);
/* Runs until cancelled, an error, frozen, or DDL: 0 when frozen at the position asked for, or when DDL is met
 * (applier_has_met()): it is on disk then (ddl_rows.h), with all that is before it. Also drives the tail. */
int applier_run(struct ctx *cx, struct applier *a) MUST_USE;

bool applier_has_met(const struct applier *a);

/* Called by other tasks of the loop: */
/* Every table has its indexes and keys. Between INDEXING and then DDL waits. */
void applier_complete(struct applier *a);
/* Past the last chunk: exact may begin. Of one that is exact already nothing changes (2). */
void applier_set_cp(struct applier *a, const struct position *cp);
/* Is it in the mode EXACT? */
bool applier_exact(const struct applier *a);
/* Apply all changes up to this position and none beyond, and stop: stored as FROZEN with the attempt,
 * in the transaction that stores the position (or in one of its own when already there). The position
 * stored may be beyond it by what others did at the source; ERR_CONFLICT when a change is. */
int applier_freeze_at(struct applier *a, const char *gtid, int attempt, struct err *err) MUST_USE;
/* Waits until it has all of its slots (apply_write.h): another process's applier has none then, so
 * that nobody hands on changes past the windows of a chunk that begins from here on. */
int applier_wait_alone(struct ctx *cx, struct applier *a) MUST_USE;
/* Waits until a heartbeat with this token has been handed on: its position. */
int applier_wait_heartbeat(
    struct ctx *cx, struct applier *a, const char *token, struct position *at) MUST_USE;
/* Of a heartbeat that was handed on: was no change of a strict table behind that place and before it? xa:
 * none by XA COMMIT, that is. */
bool applier_quiet_between(
    const struct applier *a, const struct position *since, const char *token, bool xa);
/* Of one that is exact: waits until it stands between two transactions of the source, and keeps it
 * there until applier_resume(). The source is read meanwhile, as far as the queue has room. After -1
 * there is nothing to resume. */
int applier_suspend(struct ctx *cx, struct applier *a) MUST_USE;
void applier_resume(struct applier *a);
/* Of one that is suspended: once it is resumed it applies what is up to this place, and nothing behind it
 * until applier_go_beyond(). */
void applier_hold_at(struct applier *a, const struct position *at);
/* Of a place that it goes up to, whether it stops there or not: nothing before it is left to apply. */
int applier_wait_held(struct ctx *cx, struct applier *a, const struct position *at) MUST_USE;
void applier_go_beyond(struct applier *a);
/* Of one that is suspended: strict tables are what the source was at this place. Changes behind it are
 * applied to them from here on; until then none is. Once the stream is past CATCHING_UP that is so from the
 * beginning. Of an ordered stream (moved_table.h) it is held there: the foreign keys are to be there before
 * it goes beyond. */
void applier_strict_from(struct applier *a, const struct position *from);
/* The strict tables are to be copied once more: until then it passes over their changes, and goes on. */
void applier_strict_anew(struct applier *a);
/* Of one that is suspended: from the position applied on, what the source changes is stored with each
 * position as the source has said it (ledger.h), until applier_drop_deltas(). */
void applier_keep_deltas(struct applier *a);
void applier_drop_deltas(struct applier *a);
/* Waits until applied changes, the mode changes or the applier ends. */
int applier_wait_change(struct ctx *cx, struct applier *a) MUST_USE;
int64_t applier_changes(const struct applier *a); /* rows applied, since applier_new() */
/* Of the last transaction applied that changed something, the source's clock in seconds; 0: none. */
int64_t applier_last_commit_s(const struct applier *a);
/* Aborts where (1), (2), (4) or (6) does not hold. */
void applier_check(const struct applier *a);

#endif
