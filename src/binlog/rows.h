/*
 * rows.h - the rows of a write, update or delete event as values in column.h's form.
 *
 * rows_read() takes the event, rows_next() gives one change after the other.
 * Images must be full: a column that is missing from a bitmap (somebody's
 * session has binlog_row_image other than FULL) is an error (design rule 3). Of hidden columns, behind
 * the others, and of generated ones MariaDB 11.8 leaves out what 10.11 writes.
 */
#ifndef BINLOG_ROWS_H
#define BINLOG_ROWS_H

#include "binlog/coltype.h"
#include "binlog/event.h"

enum row_kind { ROW_INSERT, ROW_UPDATE, ROW_DELETE };

enum {
	/* flags: last event of its statement; the table numbers end here */
	ROWS_STATEMENT_END = 1,
	ROWS_NO_FK_CHECKS = 2,
	/* of MySQL from 9.6 on: what foreign keys have changed is in events of its own, before this one */
	ROWS_SQL_FK = 16,
};

/* Borrows from the event. */
struct rows {
	enum row_kind kind;
	uint64_t table_id;
	uint16_t flags;
	size_t columns;
	/* a bit for each of these that an image has: of an update before and after */
	struct slice present[2];
	bool second; /* an update's second image is read */
	struct cursor data;
};

/*
 * What the definition says. hidden: columns behind those that only the binlog has. MariaDB keeps a hash
 * (DB_ROW_HASH_1, a bigint) for each unique key that is longer than an index may be or says USING HASH;
 * the target's server makes its own.
 */
struct row_columns {
	const struct column_type *types;
	size_t count, hidden;
};

/* A table as both sides see it: types[i] belongs to map->columns[i]. */
struct row_shape {
	const struct tablemap *map;
	struct row_columns columns;
};

/* before is NULL for an insert, after for a delete; values as in column.h, in table order. */
struct row_change {
	enum row_kind kind;
	struct slice *before, *after;
};

bool event_is_rows(uint8_t type);

/* What stands before the rows: columns, and of which of them images have values. Of no partial event. */
int rows_read_head(const struct event *e, struct rows *out, struct err *err) MUST_USE;
/*
 * The same, and partial events are refused by name, and images without a column that is neither hidden nor
 * generated. columns: NULL where none is either.
 */
int rows_read(const struct event *e, const struct row_columns *columns, struct rows *out,
    struct err *err) MUST_USE;
/* ERR_CONFLICT unless the definition's columns are those of the event, by number and type. */
int row_shape_init(struct row_shape *s, const struct tablemap *map,
    const struct row_columns *columns, struct err *err) MUST_USE;
/* 1: out is set, values of the columns that are not hidden in the arena, their bytes there or in the
 * event, SLICE_NULL for a generated one; 0: no more; -1. */
int rows_next(struct rows *r, const struct row_shape *s, struct arena *a, struct row_change *out,
    struct err *err) MUST_USE;

#endif
