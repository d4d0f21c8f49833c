/*
 * apply_large.h - changes of rows that are too large for a statement of literals.
 *
 * A literal is longer than its value, and a statement is no longer than the target's max_allowed_packet.
 * Such a row is written as the copy writes rows (load.h), which needs no literals, or no statement.
 */
#ifndef TABLET_WRITE_APPLY_LARGE_H
#define TABLET_WRITE_APPLY_LARGE_H

#include "tablet/write/load.h"

enum {
	STATEMENT_ROOM = 256, /* for what a writer may put before one (lenient, in mysql/dialect.h) */
};

/* Does a statement of that length need this? */
static inline bool
apply_is_large(uint64_t packet_max, size_t len)
{
	return len + STATEMENT_ROOM >= packet_max;
}

/* Nothing is under way on c. fresh: it is an error if the row is there; else it takes that one's place.
 * ERR_REFUSED, by key: it cannot be written in that way either. */
int apply_large_row(struct ctx *cx, struct mysql_client *c, const struct moved_table *t,
    const struct slice *row, bool fresh) MUST_USE;

#endif
