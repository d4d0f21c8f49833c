/*
 * gone_rows.h - what the actions of foreign keys have made of rows, in changes that are applied in order.
 *
 * Where rows refer to one another in a circle, MySQL's actions come back to the row that a client
 * deletes. Its binlog has what they do to that row, and behind it the DELETE, of the row as it was when the
 * statement began (settled on 9.7):
 *
 *   DELETE FROM t WHERE id = 1    1 <- 2 <- 1  CASCADE     logged: DELETE 2, DELETE 1, DELETE 1
 *   DELETE FROM t WHERE id = 1    1 <- 1       SET NULL    logged: UPDATE (1,1) to (1,NULL), DELETE (1,1)
 *
 * The second DELETE of the first one is left out, and the one of the second is of (1,NULL).
 *
 * Only of rows that actions can come back to, and of which there are no two (table/referrers.h). Rows that
 * are equal are each deleted by a DELETE of its own, and nothing else may be made of them.
 */
#ifndef TABLET_WRITE_GONE_ROWS_H
#define TABLET_WRITE_GONE_ROWS_H

#include "base/map.h"
#include "tablet/read/txn.h"

struct gone_rows {
	/* table and all values of a row that is no more: the row that it has become, or the map itself */
	struct map rows;
};

void gone_rows_init(struct gone_rows *g);
void gone_rows_done(struct gone_rows *g);
/*
 * Notes a change, in the order of the source; what it points to lives as long as g. NULL: it deletes a row
 * that is gone already. Else the change to apply: c, or *own, which is c of the row as it is now.
 */
const struct change *gone_rows_note(struct gone_rows *g, const struct moved_tables *tables,
    const struct change *c, struct change *own);

#endif
