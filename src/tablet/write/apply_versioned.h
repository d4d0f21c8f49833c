/*
 * apply_versioned.h - changes of a table that keeps its history (table/versioned.h), each at its time.
 *
 * The target's server writes the history as the source's did: what the binlog has of it behind an UPDATE is
 * there by then. Rows of history that a client has written himself are written as they are.
 */
#ifndef TABLET_WRITE_APPLY_VERSIONED_H
#define TABLET_WRITE_APPLY_VERSIONED_H

#include "tablet/read/txn.h"
#include "tablet/table/moved_table.h"

enum versioned_verb {
	VERSIONED_INSERT,
	VERSIONED_UPDATE,
	VERSIONED_DELETE, /* the row ends */
	VERSIONED_MADE,   /* the server has made it */
};

/* The row that the last UPDATE has left, which the next change tells. */
struct versioned_last {
	const struct slice *before; /* NULL: none */
	int columns;
	struct slice end;
};

/* What a change is, and when. */
struct versioned_change {
	enum versioned_verb verb;
	struct slice at; /* NULL: it needs no time */
};

/* ERR_REFUSED: history was taken away or changed. last goes from one change of a transaction to the next. */
int versioned_read(const struct table_def *def, const struct change *c, struct versioned_last *last,
    struct versioned_change *out, struct err *err) MUST_USE;
/* An UPDATE of what has no versions: the columns that differ alone, or the server takes it for another. */
void versioned_update_sql(struct buf *out, const struct moved_table *t, const struct change *c,
    const struct dialect *dialect);

#endif
