/*
 * chunk.h - one bounded read of a table, and its load into the target.
 *
 *   chunk_read   window_open ; read view that contains the tail's position (8) ; SELECT ;
 *                definition compared (9) ; view given up
 *   chunk_load   touched rows dropped and the window sealed, in one step (7) ; one target
 *                transaction: rows loaded (13), progress ; window_close
 *   chunk_free   closes the window if it is still there: the chunk was given up
 *
 * Numbers are the rules of docs/architecture.md, "life of a row". Rows are kept as load.h has them,
 * with the canonical key of each beside it; memory is bounded by CHUNK_BYTES_MAX unless a single row
 * is larger.
 *
 * A chunk that came out too large, or whose window overflowed, says overflowed: nothing was
 * written; it is to be read again, smaller.
 */
#ifndef TABLET_COPY_CHUNK_H
#define TABLET_COPY_CHUNK_H

#include "tablet/copy/copy_state.h"
#include "tablet/read/window.h"
#include "tablet/write/load.h"

enum {
	/* aimed at: tens of milliseconds of a server's time */
	CHUNK_BYTES = 1024 * 1024,         /* aimed at: 4 MB was slower, less of it overlaps */
	CHUNK_BYTES_MAX = 8 * 1024 * 1024, /* rows came out longer than those before */
	CHUNK_ROWS_FIRST = 1000,           /* nothing is known of the rows yet */
	CHUNK_ROWS_MAX = 100 * 1000,       /* short rows: their keys cost memory too */
};

/* Which table, from where to where. */
struct chunk_job {
	const struct moved_table *table;
	struct stream_id id; /* with the table's full name: of the rows in copy_state */
	int range_no;
	struct windows *windows;
};

/* What to read: up to limit rows behind after (SLICE_NULL: the beginning), up to upper. */
struct chunk_span {
	struct slice after, upper;
	size_t limit;
	const struct position *tail; /* where the tail is now, as the window opens (rule 8) */
};

/* Where the row's bytes end in the chunk's two buffers; they begin where those of the row before end. */
struct chunk_row {
	size_t values_end, key_end; /* in values and keys */
	size_t unsayable;           /* values that the load warns of (table_row_unsayable()) */
};

struct chunk {
	struct window *window; /* NULL once closed */
	struct buf values, keys;
	struct chunk_row *rows;
	size_t count, cap;
	struct buf last;      /* bound of the last row */
	struct position view; /* the source's place that the read view was opened at */
	bool ends;            /* nothing of the range is behind it */
	bool overflowed;
	size_t dropped;   /* touched rows, after chunk_load() */
	size_t unsayable; /* in the rows that are kept, then */
};

struct chunk *chunk_new(void);
void chunk_free(struct chunk *c); /* NULL is fine */
/* Into an empty chunk, up to its bounds. ERR_CONFLICT: the table's definition is another one now (rule 9).
 * After overflowed the connection is in the middle of an answer: close it. */
int chunk_read(struct ctx *cx, struct mysql_client *source, const struct chunk_job *job,
    const struct chunk_span *span, struct chunk *c) MUST_USE;
/* Of a chunk that was read and has not overflowed; load is of that connection and table. 0 and overflowed:
 * nothing was written. -1 may mean that the commit has happened and its answer was lost: copy_state
 * says so. */
int chunk_load(struct ctx *cx, struct mysql_client *target, const struct chunk_job *job,
    const struct load *load, struct chunk *c) MUST_USE;

#endif
