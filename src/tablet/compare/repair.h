/*
 * repair.h - rows of the target that differ, copied again from the source: a chunk of the copy, under the
 * rules of a stream that is exact.
 *
 *   step  what happens
 *   1     a look (look.h) at the rows' keys: what differs, and which keys were touched since A
 *   2     the applier is suspended: the target stands still at one position T of the source, and only this
 *         program writes it
 *   3     rows whose keys were touched up to now are left for another try. The others have not changed in
 *         (A, T], so what the look has of the source is what the target must have at T
 *   4     one target transaction: those rows are deleted at the target, counted, and the source's are
 *         loaded (write/load.h), with the stream's row changed
 *   5     the applier goes on. The rows are looked at once more: until nothing differs
 *
 * Invariants
 *   (1)  A row is written as of T, in step 4 alone: so the applier, which counts each change, finds what the
 *        source's next change expects.
 *   (2)  Nothing waits for the source between 2 and the resumption.
 *   (3)  The transaction has the stream's row, as all of a stream's have: where the target is the old side
 *        of a way back its guard would close it for somebody else's (guard/guard.h).
 *   (4)  A unique value that the target has at a wrong row goes with the REPLACE of the right one: at T the
 *        source has it once, so the row that loses it differs, and is found and repaired in its turn.
 */
#ifndef TABLET_COMPARE_REPAIR_H
#define TABLET_COMPARE_REPAIR_H

#include "tablet/compare/key_list.h"

/* Takes those that were repaired off the list; what is left, after a number of tries, changed or differed
 * each time. */
int repair_rows(struct ctx *cx, struct looker *l, struct key_list *keys) MUST_USE;

#endif
