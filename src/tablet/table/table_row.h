/*
 * table_row.h - a row of a table whose definition is known.
 *
 * A row is a slice for each of the definition's columns, in their order, in column.h's form.
 */
#ifndef TABLET_TABLE_TABLE_ROW_H
#define TABLET_TABLE_TABLE_ROW_H

#include "tablet/table/schema.h"

/* ERR_REFUSED, by name: a value that the target's column would not keep as it is. */
int table_row_check(const struct table_def *def, const struct slice *row, struct err *err) MUST_USE;
/* How many of the values are taken only without strict mode, with a warning each (column.h). */
size_t table_row_unsayable(const struct table_def *def, const struct slice *row);
/* Bytes of the values that are written: less than their literals have. */
size_t table_row_bytes(const struct table_def *def, const struct slice *row);

/* Appends "`f`*1e0": the expression that gives the column's value in column.h's form. */
void table_row_select_column(struct buf *out, const struct table_def *def, int i);
/* Appends "`id`,`f`*1e0,`e`+0": those of all columns. */
void table_row_select_list(struct buf *out, const struct table_def *def);
/* Behind the name of a table that is read whole: its history too, where it keeps one. */
const char *table_row_all_of(const struct table_def *def);

/* The key's canonical bytes from a whole row. */
void table_row_key(struct buf *out, const struct table_def *def, const struct slice *row);

#endif
