/*
 * deltas.h - by how much transactions have changed tables: for each table the rows that came less those that
 * went, as sums (table/row_sum.h).
 *
 * Whoever folds transactions, or writes their rows in another order, changes nothing of it: for each row
 * what it was before the first change goes, and what it is after the last one comes.
 *
 * As bytes they lie in the stream's row (server/position.h), which the applier writes in the transaction that
 * has the rows: what the source has said of that transaction, up to the place that is stored there too.
 */
#ifndef TABLET_READ_DELTAS_H
#define TABLET_READ_DELTAS_H

#include "tablet/read/txn.h"
#include "tablet/table/row_sum.h"

struct table_delta {
	int table;
	uint64_t changes; /* of rows, each of which counts once */
	struct row_sum sum;
};

/* All zero is none. */
struct deltas {
	struct table_delta *items; /* one for each table that was changed, in no order */
	size_t count, cap;
};

/* Frees; it is none again. */
void deltas_done(struct deltas *d);
/* Nothing of any table, with the memory that it has. */
void deltas_reset(struct deltas *d);
/* A transaction's or a fragment's. tables has the types that values are taken by: at the source and at the
 * target the same ones. */
void deltas_add(struct deltas *d, const struct moved_tables *tables, const struct source_txn *txn);
void deltas_join(struct deltas *d, const struct deltas *more);
/* Of one table; NULL: none. */
const struct table_delta *deltas_find(const struct deltas *d, int table);
/* Of one table, made where there is none. */
struct table_delta *deltas_of(struct deltas *d, int table);
uint64_t deltas_changes(const struct deltas *d);

/* What the source has changed up to a place since the one that was stored before. */
struct placed_deltas {
	struct position end; /* file and offset alone */
	struct deltas deltas;
};
void placed_deltas_done(struct placed_deltas *g);
void deltas_pack(struct buf *out, const struct position *end, const struct deltas *d);
/* Into one that is all zero; placed_deltas_done() after -1 too. tables: how many there are. */
int deltas_unpack(
    struct slice bytes, int tables, struct placed_deltas *out, struct err *err) MUST_USE;

#endif
