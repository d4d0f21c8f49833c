/*
 * chunk_load.h - a chunk's rows into the target: the sink of a copy.
 *
 * Touched rows are dropped and the window is sealed, in one step (rule 7); then one target transaction
 * has the rows (rule 13) and the progress; then the window is closed.
 *
 * Rows of a table with AUTO_INCREMENT go in by one connection at a time: MariaDB writes the value into
 * the root page of the clustered index with each row, and two connections that do so spin for that
 * page, as it seems, and are no quicker for it (bench/README.md); a large table is copied without it
 * for that (write/exchange.h). The turn ends before the commit: its
 * writing to disk overlaps with the next one's rows.
 */
#ifndef TABLET_COPY_CHUNK_LOAD_H
#define TABLET_COPY_CHUNK_LOAD_H

#include "tablet/copy/chunk.h"
#include "tablet/copy/copy_state.h"
#include "tablet/write/load.h"

/* All zero: nobody has it. */
struct load_turn {
	bool taken;
	struct waitlist freed;
};

/* Which table, and whose progress. */
struct chunk_job {
	struct chunk_source source;
	struct load_turn *turn; /* to be waited for where it is loaded in bulk; NULL: none */
	struct stream_id id;    /* with the table's full name: of the rows in copy_state */
	int range_no;
};

/* Of a chunk that was read and has not overflowed; load is of that connection and table. 0 and overflowed:
 * nothing was written. -1 may mean that the commit has happened and its answer was lost: copy_state
 * says so. */
int chunk_load(struct ctx *cx, struct mysql_client *target, const struct chunk_job *job,
    const struct load *load, struct chunk *c) MUST_USE;

#endif
