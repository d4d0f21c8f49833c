/*
 * ledger.h - what a stream's source has changed and the stream has not stored yet, as sums by table.
 *
 *           ledger_begin()
 *   CLOSED ----------------> KEPT: each transaction that the tail hands on has an entry from then on,
 *      ^                       |   until the position behind it is stored
 *      +---- ledger_end() -----+
 *
 * It is written down as transactions come, apart from what becomes of them: queued, folded, written. So a
 * change that is lost on its way to the target, done twice or done otherwise is still here as it was. With
 * each position the entries up to there are stored, in the transaction that has the rows (deltas.h), and
 * forgotten once that is committed: a run that is rolled back and written again stores them again.
 *
 * Invariants
 *   (1) Entries are in the order of the source; a transaction of several fragments has one.
 *   (2) Kept from P on, by whoever begins while P is applied and nothing behind it is: the sum of all deltas
 *       stored since then is what the source has changed between P and the position applied.
 */
#ifndef TABLET_WRITE_LEDGER_H
#define TABLET_WRITE_LEDGER_H

#include "base/list.h"
#include "tablet/read/deltas.h"

/* All zero is closed. */
struct ledger {
	const struct moved_tables *tables; /* NULL: closed */
	struct list entries;
	struct deltas due; /* of ledger_pack() */
};

void ledger_done(struct ledger *l);
/* Of one that is closed. tables are borrowed. */
void ledger_begin(struct ledger *l, const struct moved_tables *tables);
void ledger_end(struct ledger *l);
bool ledger_is_kept(const struct ledger *l);
/* What comes from the tail; nothing of one that is closed. */
void ledger_take(struct ledger *l, const struct source_txn *txn);
/* Appends what is due with that position; nothing of one that is closed. */
void ledger_pack(struct ledger *l, const struct position *end, struct buf *out);
/* It is stored. */
void ledger_forget(struct ledger *l, const struct position *end);

#endif
