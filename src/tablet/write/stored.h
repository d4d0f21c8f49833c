/*
 * stored.h - what an applier has on disk: its position, in the transaction that it writes or in one of
 * its own.
 */
#ifndef TABLET_WRITE_STORED_H
#define TABLET_WRITE_STORED_H

#include "tablet/write/apply_run.h"
#include "tablet/write/apply_write.h"
#include "tablet/write/ledger.h"

/*
 * Behind a run's changes: what its XA transactions have prepared or ended, into the transaction that is
 * open, or else is begun. Of a whole run its end then, with the ledger's deltas, and a COMMIT; as frozen by
 * the attempt when the run freezes.
 * ERR_CORRUPT: rows that were kept are gone.
 */
struct stored_with {
	int attempt;           /* of the freeze */
	struct ledger *ledger; /* what it has up to the run's end goes with it */
};
int stored_end(struct ctx *cx, struct writers *w, const struct stream_state *s,
    const struct apply_run *r, const struct stored_with *with) MUST_USE;
/* ERR_RETRY: the run freezes, and at its end an XA transaction that has changed the tables is prepared. */
int stored_none_kept(const struct apply_run *r, struct err *err) MUST_USE;
/* A run up to end may be half written from here to its position: a replay converges. */
int stored_dirty(
    struct ctx *cx, struct writers *w, struct stream_state *s, const struct position *end) MUST_USE;
/* A statement of the source's is met: its row, and that all before it is applied. */
int stored_ddl(struct ctx *cx, struct writers *w, const struct stream_state *s,
    struct slice prepared, const struct source_txn *met) MUST_USE;
/* With connections that were closed their named locks were let go: another process may have gone on
 * with the stream meanwhile, and a run be long past. ERR_RETRY then. */
int stored_still_ours(struct ctx *cx, struct writers *w, const struct stream_state *s) MUST_USE;

#endif
