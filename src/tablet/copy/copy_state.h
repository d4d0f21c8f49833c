/*
 * copy_state.h - ranges of tables, and how far each is copied: rows of the sidecar
 * database's copy_state.
 *
 * A range is the keys in (lower, upper] of one table; an absent bound is an end of the
 * table. done is the key of the last row committed; it moves in the transaction that
 * commits the rows. Ranges are fixed before the first chunk and never change.
 */
#ifndef TABLET_COPY_COPY_STATE_H
#define TABLET_COPY_COPY_STATE_H

#include "tablet/server/position.h"

struct copy_range {
	int table, no;
	/* SLICE_NULL: an end of the table; in the arena of the one who loaded */
	struct slice lower, upper;
	struct buf done; /* the key of the last row committed; empty: nothing yet */
	int64_t rows;    /* committed ones, also those from before a restart */
	bool finished;   /* nothing of the range is behind done */
};

struct copy_ranges {
	struct copy_range *items;
	size_t count;
};

/* name: of a table in the rows, "database.table" of the target. In cx->arena. */
int copy_state_load(struct ctx *cx, struct mysql_client *target, struct stream_id id,
    const char *name, struct copy_ranges *out) MUST_USE;
/* Each range begins where the one before ends, from one end of the table to the other: a list with a
 * hole would be a table with one. Loading checks it. ERR_CORRUPT */
int copy_ranges_check(const struct copy_ranges *ranges, const char *name, struct err *err) MUST_USE;
/* Stores new ranges of one table, all or none. */
int copy_state_insert(struct ctx *cx, struct mysql_client *target, struct stream_id id,
    const char *name, const struct copy_ranges *ranges) MUST_USE;
/* Reads done, rows and finished again; waits for a transaction that is still writing them. */
int copy_state_reload(struct ctx *cx, struct mysql_client *target, struct stream_id id,
    const char *name, struct copy_range *range) MUST_USE;

/* Of one table. Nothing to delete is no error. */
int copy_state_forget(
    struct ctx *cx, struct mysql_client *target, struct stream_id id, const char *name) MUST_USE;

struct copy_step {
	struct slice done;
	size_t rows;
	bool finished;
	const struct position *view; /* the read view that the rows are of */
};

/* "UPDATE ...", to run in the transaction of the rows; changes one row. */
void copy_state_step_sql(struct buf *out, struct stream_id id, const char *name, int range_no,
    const struct copy_step *step);

#endif
