/*
 * gone_rows.h - which rows the actions of foreign keys have deleted, in changes that are applied in order.
 *
 * Where rows refer to one another in a circle, MySQL's actions come back to the row that a client
 * deletes, and its binlog has that DELETE twice (settled on 9.7):
 *
 *   DELETE FROM t WHERE id = 1    1 <- 2 <- 1 (ON DELETE CASCADE)    logged: DELETE 2, DELETE 1, DELETE 1
 *
 * The second one is left out. No two rows of such a table have the same values, since others refer to them.
 */
#ifndef TABLET_WRITE_GONE_ROWS_H
#define TABLET_WRITE_GONE_ROWS_H

#include "base/map.h"
#include "tablet/read/txn.h"

struct gone_rows {
	struct map rows; /* table and all values */
};

void gone_rows_init(struct gone_rows *g);
void gone_rows_done(struct gone_rows *g);
/* Notes a change, in the order of the source. true: it deletes a row that is gone already. */
bool gone_rows_repeats(
    struct gone_rows *g, const struct moved_tables *tables, const struct change *c);

#endif
