/*
 * apply_exact.h - a run of the mode EXACT (apply.h): every statement's row count is known and compared.
 *
 * Statements are sent ahead of their answers, by one session; of large runs several write at once
 * (apply_parts.h). Rows of tables with a key: deletes first,
 * then inserts, then updates, table by table, many rows a statement. Those of strict tables last, one by one,
 * in the order of the source.
 *
 * Updates of many rows are INSERT ... ON DUPLICATE KEY UPDATE, a quarter of what as many UPDATEs take of
 * the target's CPU (a sixth on MySQL), and many of either are run in bulk (apply_bulk.h). An answer counts
 * 2 for a row that was there and has become another one, and 1 for one that was not there, so their sum
 * tells that all were there. A row that is to become what it is would count 1 too: it has an UPDATE of its
 * own.
 */
#ifndef TABLET_WRITE_APPLY_EXACT_H
#define TABLET_WRITE_APPLY_EXACT_H

#include "tablet/write/apply_kinds.h"
#include "tablet/write/apply_write.h"

/* The rows that k has and passes not over, and then, of all that f is of, what is written in order (f NULL:
 * nothing is): into the transaction of conns[slot], begun when there is none. Of k becomes ROW_PASSED what is
 * written. ERR_CORRUPT: a count that differs; several says then whether its statement was of several rows,
 * and of any other error that such a statement alone has. */
int writers_exact(
    struct ctx *cx, struct writers *w, const struct fold *f, struct kinds *k, int slot) MUST_USE;

#endif
