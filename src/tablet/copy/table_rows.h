/*
 * table_rows.h - rows of a table, read in the order of its key.
 *
 * They are kept as load.h has them, with the canonical key of each beside it. Which rows: those of a span
 * of the key, or those whose keys are listed. The same rows are asked for at both ends of a move, where
 * the table has two names and one definition.
 */
#ifndef TABLET_COPY_TABLE_ROWS_H
#define TABLET_COPY_TABLE_ROWS_H

#include "mysql/client.h"
#include "rpc/tablet.h"
#include "tablet/table/moved_table.h"

enum { ROWS_BYTES_MAX = 8 * 1024 * 1024 }; /* rows came out longer than those before */

/* Up to limit rows behind after (SLICE_NULL: the beginning), up to upper (the same: the end); of
 * these, where keys is not NULL, those alone that equal one of these bounds (bounds.h). */
struct row_span {
	struct slice after, upper;
	size_t limit;
	const struct slice *keys;
	size_t keys_count;
};

/* Where the row's bytes end in the two buffers; they begin where those of the row before end. */
struct row_end {
	size_t values, key;
	size_t unsayable; /* values that a load warns of (table_row_unsayable()) */
};

struct table_rows {
	struct buf values, keys;
	struct row_end *ends;
	size_t count, cap;
	struct buf last; /* bound of the last row; empty: there is none */
	bool cut;        /* too large, or told so: there may be more */
	bool full;       /* cut, since the next row has no room beside these */
};

/* What table_rows_read() is to read. */
struct rows_wanted {
	const struct moved_table *table;
	struct slice from; /* table_rows_from()'s */
	const bool *cut;
	bool as_is; /* rows are not refused that the target would not keep (table_row_check()) */
};

void table_rows_init(struct table_rows *r);
void table_rows_done(struct table_rows *r);
/* In bytes. */
size_t table_rows_size(const struct table_rows *r);
struct slice table_rows_key(const struct table_rows *r, size_t i);
/* Bytes of one row, as load_add_row() makes them. */
struct slice table_rows_values(const struct table_rows *r, size_t i);
/* Its key as a bound, appended. */
void table_rows_bound(
    struct buf *out, const struct table_def *def, const struct table_rows *r, size_t i);

/* " FROM `d`.`t` FORCE INDEX (...) WHERE ... ORDER BY ... LIMIT n", of the table at that end. */
int table_rows_from(struct buf *out, const struct moved_table *t, enum move_side end,
    const struct row_span *span, struct err *err) MUST_USE;
/* Adds the rows that the statement's rest finds. Before one, not the first, with which they would have more
 * than ROWS_BYTES_MAX, or once *cut is true (NULL: never), it ends with r->cut: the connection is in the
 * middle of an answer then, close it. ERR_CONFLICT: the answer has other columns. */
int table_rows_read(struct ctx *cx, struct mysql_client *c, const struct rows_wanted *wanted,
    struct table_rows *r) MUST_USE;

#endif
