/*
 * apply_exact.h - a run of the mode EXACT (apply.h): every statement's row count is known and compared.
 *
 * Statements are sent ahead of their answers, by conns[0] alone. Rows of tables with a key: deletes first,
 * then the others. Those of strict tables last, one by one, in the order of the source.
 */
#ifndef TABLET_WRITE_APPLY_EXACT_H
#define TABLET_WRITE_APPLY_EXACT_H

#include "tablet/write/apply_write.h"

/* Into the transaction of conns[0], begun when there is none. ERR_CORRUPT: a count that differs; several says
 * then whether its statement was of several rows. */
int writers_exact(struct ctx *cx, struct writers *w, const struct fold *f) MUST_USE;

#endif
