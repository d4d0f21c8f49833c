/*
 * prover.h - a continuous proof: whether the target is what the source is, told of each transaction, from a
 * comparison on that has found nothing.
 *
 *           prover_begin()             prover_conclude(): the comparison has found nothing, and
 *   (none) -----------------> BASELINE -----------------------------------------------> PROVING
 *     ^                         |      what came meanwhile was judged, and nothing found   |
 *     | the row is deleted      | a finding; rows that differ            what breaks it    |
 *     +---------------- ENDED <-+----------------------------------------------------------+
 *
 * A reader of the target's own binlog adds up, by table, the rows that come less those that go (deltas.h). In
 * each transaction of the stream it finds what the source has said of it: the applier writes that beside its
 * position, from what the tail handed on (write/ledger.h). Less that, it is what the target has been given
 * and the source has not: nothing, or a finding.
 *
 * BASELINE  The comparison (differ.h) is under way. A finding ends the proof.
 * PROVING   All rows were equal at one place. What a table differs by since then is kept as a sum; where it
 *           is not 0 the table differs, and rows that may be it are looked at (table_diff_keys()): the
 *           comparison's own counts and samples tell which. Once the sum is 0 again (the rows were repaired,
 *           or were written anew) the table is equal again.
 * ENDED     Said why. Nothing is read, and the applier stores no deltas any more.
 *
 * Why equal sums are equal tables. Write T(t) and S(p) for the tables at the target, at a place t of its
 * binlog, and at the source at p, as formal sums of rows: how often each row is there. A transaction of the
 * stream that ends at t has brought the target from p' to p. Let D(t) = T(t) - S(p).
 *   (a)  Begin at T0: the applier is suspended at P0, and the row of the proof is written behind T0. From
 *        then on each transaction of the target adds its own change to T, which the reader has row by row,
 *        and each of the stream's adds S(p) - S(p'), which is stored in it. So D(t) - D(T0) is known, as
 *        sums of hashes (row_sum.h), at the end of each transaction of the target.
 *   (b)  Without a finding between T0 and T1 each single transaction has left D as it was: it is one and the
 *        same all the time. The comparison looks at row after row at places in between, each of them behind
 *        T0 (the row of the proof is committed before the first look, and what is before it in the binlog is
 *        to be seen by then), and finds that D has nothing there. Every row was looked at, so D is 0, all of
 *        it, at any place from T0 to T1: that is the baseline.
 *   (c)  From T1 on D(t) = D(t) - D(T0) is what is added up, and a table is equal at t, to its source at p,
 *        exactly where its part is 0. It need not be 0 at each place in between: so a repair mends the proof
 *        too. While it is the baseline it must be: a row that is wrong when it is looked at, and right when
 *        the sums are, would not be seen.
 *
 * What it does not see: what no binlog of the target has (sql_log_bin=0, a page that rots, rows that a
 * foreign key changes where the server logs none: such tables are refused), and what the tail has read
 * otherwise than the source has written it, since both sums are then told the same. A comparison sees all of
 * that.
 *
 * Invariants (judge_check() looks at the one with a *)
 *   (1)  Deltas are stored with each position from P0 on, as long as the row has not ended: a pass that finds
 *        such a row keeps them from its first transaction on.
 *   (2)  What is on disk of the reader is one place: its position and all that was judged up to there. After
 *        a kill the same transactions are judged again, to the same end.
 *   (3)  Deltas are taken once: those of a place that is not behind the last one taken are what the stream's
 *        row still had when something else of it was written.
 *   (4)* A table that is equal has no suspects.
 *   (5)  Whoever has read a row that had ended drops the deltas only if no other proof has begun meanwhile.
 *   (6)  No place is stored while the stream is frozen (guard.h has the same rule): who goes on from there
 *        would take triggers that a switch makes for somebody else's.
 *
 * An example: row 2 of table t; somebody changes it at the target.
 *
 *   target   what it is                        deltas in it     D of t           told
 *   T0       suspended at P0 = 100                              0                baseline
 *   1010     the stream: 2: a -> b, up to 140  - a + b          0
 *            the comparison ends at 1020: nothing differs                        proving
 *   1050     a client: 2: b -> x               none             - b + x          row 2 is found to differ
 *   1090     the stream: 3: c -> d, up to 180  - c + d          - b + x          t still differs
 *   1130     the stream: 2: x -> e, up to 220  - b + e          0                t is equal again
 */
#ifndef TABLET_COMPARE_PROVER_H
#define TABLET_COMPARE_PROVER_H

#include "tablet/compare/judge.h"
#include "tablet/read/lag.h"
#include "task/group.h"

/* One of a pass, whose fields are prover.c's. All zero before prover_open(). */
struct prover {
	const struct compare_params *params;
	struct judge judge;      /* with the row, while there is one that is read for */
	bool reading;            /* its reader is connected */
	bool beginning;          /* prover_begin() is at it: what is on disk is not to be gone by */
	uint64_t begun;          /* how often that was */
	struct waitlist changed; /* more was judged, or the reader has begun or ended */
	struct lag lag;          /* behind the target's binlog */
	struct group group;      /* the reader and who watches over it */
	struct arena arena;      /* of the reader */
	struct moved_tables at_target;
	struct tail_params tail_params;
	struct tail *tail;
	usec saved_at;
};

void prover_open(struct prover *p, const struct compare_params *params);
void prover_close(struct prover *p);
/* Until it is cancelled: -1. Its errors are its own. */
int prover_run(struct ctx *cx, struct prover *p) MUST_USE;

/* Of a comparison that begins, before its first look. ERR_REFUSED: a table that cannot be proven. */
int prover_begin(struct ctx *cx, struct prover *p, struct diff_id id) MUST_USE;
/* Of one that has looked at every row; differing: rows that were not equal. Waits until what came meanwhile
 * was judged. Nothing where the proof is another's, or has ended. */
int prover_conclude(struct ctx *cx, struct prover *p, struct diff_id id, int64_t differing) MUST_USE;
/* What is in memory, its lag too; PROOF_NONE: nothing is. In the arena. */
void prover_view(const struct prover *p, struct arena *a, struct proof_view *out);

#endif
