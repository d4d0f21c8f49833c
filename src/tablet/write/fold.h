/*
 * fold.h - a run of transactions to one final image per key.
 *
 * Of each key only this is left: did it exist before the run (from its first
 * change) and does it exist after (from its last).
 *
 *   existed  exists
 *   yes      yes      the row has another image
 *   no       yes      a new row
 *   yes      no       a row less
 *   no       no       came and went
 * An update that changes the key is a delete of the old one and an insert of
 * the new one. A key that is inserted while it exists, or changed while it does
 * not, cannot come from a binlog: ERR_CORRUPT.
 *
 * Rows keep the order in which their keys were first seen. Everything borrows
 * from the transactions.
 *
 * Changes of strict tables (table_def.h) are not folded: they have no key. They are kept one by one, in the
 * order of the source, apart from the others. Where foreign keys change rows (table/cascade.h), so are all.
 */
#ifndef TABLET_WRITE_FOLD_H
#define TABLET_WRITE_FOLD_H

#include "base/map.h"
#include "tablet/read/txn.h"

struct fold_row {
	int table;
	struct slice key; /* canonical bytes */
	bool existed, exists;
	struct slice *before; /* first image when existed, else NULL; values by column */
	struct slice *after;  /* last image when exists, else NULL */
	struct fold_row *next;
};

struct fold_change {
	const struct change *change;
	struct fold_change *next;
};

struct fold {
	struct arena arena;
	struct map by_key; /* table and key bytes to row */
	struct fold_row *first, *last;
	struct fold_change *ordered, *ordered_last; /* of strict tables, or all */
	size_t count;
	uint64_t changes; /* folded */
};

void fold_init(struct fold *f);
void fold_done(struct fold *f);
/* Empty again; the memory is kept for the next run. */
void fold_reset(struct fold *f);
enum fold_how {
	FOLD_KEYED, /* without changes of strict tables */
	FOLD_ALL,   /* with them */
	FOLD_ORDERED, /* with them, and nothing is folded: all changes are kept in the order of the source */
};
/* In the order of the source. txn must live until the fold is reset. ERR_CORRUPT, as above: the fold is then
 * of no more use than to be reset. */
int fold_add(
    struct fold *f, const struct source_txn *txn, enum fold_how how, struct err *err) MUST_USE;

/* The rows table by table, each table's by their keys: where these sort as the index does (column.h), rows
 * that are neighbours in the target's pages are written one after the other. */
struct fold_by_table {
	const struct fold_row **rows;
	size_t *ends; /* by table: index in rows of the next one's first */
};
/* The order of them: by table, then by the bytes of keys. */
int fold_place_cmp(int table_a, struct slice key_a, int table_b, struct slice key_b);
/* In that arena. */
struct fold_by_table fold_group(struct arena *a, const struct fold *f, int tables);

#endif
