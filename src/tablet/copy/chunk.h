/*
 * chunk.h - one bounded read of a table that moves: rows of one view, and a window that knows which of
 * them have changed since.
 *
 *   chunk_read   window_open ; read view that contains the tail's position (8) ; SELECT ;
 *                definition compared (9) ; view given up
 *   (a sink)     does something with the rows: chunk_load.h loads them, compare/ compares them
 *   chunk_free   closes the window if it is still there
 *
 * Where the rows go is the sink's affair; window, view and seal are this one's. Numbers are the rules of
 * docs/architecture.md, "life of a row". Memory is bounded by ROWS_BYTES_MAX (table_rows.h) unless a single
 * row is larger.
 *
 * A chunk that came out too large, that took too long, or whose window overflowed, says overflowed: it is to
 * be read again, smaller. So no view lasts (rule 14): each chunk is sized by how long the one before took,
 * and the server itself ends a SELECT after CHUNK_VIEW_MS, and a wait for a table that DDL has before that
 * (1205: to be tried again, later). A chunk of a single row is the one exception.
 */
#ifndef TABLET_COPY_CHUNK_H
#define TABLET_COPY_CHUNK_H

#include "tablet/copy/rows_room.h"
#include "tablet/copy/table_rows.h"
#include "tablet/read/window.h"

enum {
	/* aimed at: tens of milliseconds of a server's time */
	CHUNK_BYTES = 1024 * 1024, /* aimed at, at first: 4 MB was slower, less of it overlaps */
	/* Aimed at where it is a small part of its range: beside its rows each chunk takes of the source a
	 * view, its place, and the definition. */
	CHUNK_BYTES_MAX = 4 * CHUNK_BYTES,
	CHUNK_PART = 4,              /* of what the range has loaded */
	CHUNK_ROWS_FIRST = 1000,     /* nothing is known of the rows yet */
	CHUNK_ROWS_MAX = 100 * 1000, /* short rows: their keys cost memory too */
	/* A view for longer than some seconds keeps the source from purging what clients change. */
	CHUNK_VIEW_MS = 3000,
};

/* Which table's. */
struct chunk_source {
	const struct moved_table *table;
	struct windows *windows;
	bool as_is; /* rows_wanted's: nothing is loaded */
};

struct chunk_span {
	struct row_span rows;
	const struct position *tail; /* where the tail is now, as the window opens (rule 8) */
	struct settling *settling;   /* the tail's; NULL: none */
};

struct chunk {
	struct window *window; /* NULL once closed */
	struct table_rows rows;
	struct position view; /* the source's place that the read view was opened at */
	bool ends;            /* nothing of the span is behind it */
	bool overflowed;
	bool late;              /* that is because it was not read in CHUNK_VIEW_MS */
	size_t dropped;         /* touched rows, after chunk_seal() */
	size_t unsayable;       /* in the rows that are kept, then */
	struct rows_room *room; /* of which it has taken so much until chunk_free(); NULL: of none */
	size_t room_taken;
};

/* A connection for chunk_read(). */
int chunk_connect(
    struct ctx *cx, const struct mysql_params *source, struct mysql_client **out) MUST_USE;
struct chunk *chunk_new(void);
void chunk_free(struct chunk *c); /* NULL is fine */
/* Into an empty chunk, up to its bounds. ERR_CONFLICT: the table's definition is another one now (rule 9).
 * After overflowed the connection is in the middle of an answer, or of a transaction: close it. */
int chunk_read(struct ctx *cx, struct mysql_client *source, const struct chunk_source *of,
    const struct chunk_span *span, struct chunk *c) MUST_USE;
/* Of a chunk that was read, on the connection that has read it: a place of the source's binlog behind which
 * nothing of its view is. Where the view tells its own place that is the one. */
int chunk_place_behind(struct ctx *cx, struct mysql_client *source, const struct chunk_source *of,
    const struct chunk *c, struct position *out) MUST_USE;
/* How many rows the next one may have, of limit at present, so that it comes to that many bytes (CHUNK_BYTES
 * for those that are loaded) and takes half a second, when this one took so long. */
size_t chunk_next_limit(const struct chunk *c, size_t limit, size_t bytes, usec took);
/* Of one that has overflowed: fewer than limit, 1 at least. */
size_t chunk_smaller(const struct chunk *c, size_t limit);
/*
 * Takes the touched rows out of the values and seals the window (rule 7): the others are the chunk's to
 * write. The tail cannot come between: nothing waits here. Of one that has not overflowed.
 */
void chunk_seal(struct chunk *c);
void chunk_close_window(struct chunk *c); /* nothing where it is closed */

#endif
