/*
 * load.h - rows as the text of LOAD DATA, and the statement that reads it (rule 13).
 *
 * Values are separated by tabs, rows by newlines; backslash, tab, newline and NUL are
 * escaped, NULL is \N. The statement reads bytes as they are (CHARACTER SET binary);
 * ENUM, SET and BIT travel as their numbers through a variable.
 */
#ifndef TABLET_WRITE_LOAD_H
#define TABLET_WRITE_LOAD_H

#include "tablet/table/moved_table.h"

/* What the server says of a load: "Records: 3  Deleted: 0  Skipped: 0  Warnings: 0". */
struct load_counts {
	uint64_t records, deleted, skipped, warnings;
};

/* Appends a row's line; values as in binlog/column.h, one for each column. */
void load_add_row(struct buf *out, const struct table_def *def, const struct slice *row);
void load_sql(struct buf *out, const struct moved_table *t);
/* Of the info text in the server's OK. ERR_CORRUPT when it is another text: the rows are then not known
 * to have been taken. */
int load_counts_read(const char *info, struct load_counts *out, struct err *err) MUST_USE;

#endif
