/*
 * load.h - a chunk's rows into the bare table, by the quickest way that its server has (rule 13).
 *
 *   LOAD_BULK    REPLACE ... VALUES (?,...) run for many rows at once (mysql/bulk.h): MariaDB. A third less
 *                of the server's time than LOAD_FILE takes, and two connections do not wait for each
 *                other at the table's next AUTO_INCREMENT value.
 *   LOAD_FILE    LOAD DATA LOCAL INFILE, where the server allows it (local_infile)
 *   LOAD_INSERT  REPLACE ... VALUES with the rows as literals: twice the time of LOAD_BULK; any server
 *                takes it
 *
 * Whichever it is, rows are kept as bulk_add() makes them. LOAD_FILE reads them as text: values are separated
 * by tabs, rows by newlines; backslash, tab, newline and NUL are escaped, NULL is \N; CHARACTER SET binary
 * takes bytes as they are. ENUM, SET and BIT travel as their numbers, and JSON
 * as a text that is told to be one: MySQL takes no bytes for it.
 */
#ifndef TABLET_WRITE_LOAD_H
#define TABLET_WRITE_LOAD_H

#include "mysql/bulk.h"
#include "tablet/table/moved_table.h"

enum load_way { LOAD_BULK, LOAD_FILE, LOAD_INSERT };

/* Of one table, on one connection: a prepared statement belongs to it. */
struct load {
	const struct moved_table *table;
	bool fresh; /* INSERT, not REPLACE: it has no row with the keys of those that come */
	enum load_way way;
	bool file_allowed;
	uint64_t packet_max;
	struct bulk bulk; /* LOAD_BULK */
};

/* What the server says of a load. */
struct load_counts {
	uint64_t records, replaced, skipped, warnings;
};

/* Chooses the way; l->table and l->fresh are set. */
int load_open(struct ctx *cx, struct mysql_client *target, struct load *l) MUST_USE;
/* The server forgets what it has prepared for it. A connection that ends does too. */
int load_close(struct ctx *cx, struct mysql_client *target, const struct load *l) MUST_USE;
/* Does the server take files of clients? */
int load_may_file(struct ctx *cx, struct mysql_client *target, bool *out) MUST_USE;
/* For people, behind "by": "bulk execution", "LOAD DATA". */
const char *load_way_name(enum load_way way);
/* Appends a row; values as in binlog/column.h, one for each column. */
void load_add_row(struct buf *rows, const struct table_def *def, const struct slice *row);
/* Takes the first one off again; NULL for what is not written. */
void load_take_row(struct slice *rows, const struct table_def *def, struct slice *row);
/* Of one row or more. ERR_CORRUPT when the server does not say what it took. */
int load_rows(struct ctx *cx, struct mysql_client *target, const struct load *l, struct slice rows,
    struct load_counts *out) MUST_USE;

/* ---- Its texts */

/* "REPLACE INTO `d`.`t` (`a`,`e`) VALUES (?,CAST(? AS UNSIGNED))" */
void load_bulk_sql(struct buf *out, const struct load *l);
void load_file_sql(struct buf *out, const struct load *l);
/* Rows as the text that it reads. */
void load_file_text(struct buf *out, const struct table_def *def, struct slice rows);
/* Of the info text in the server's OK, which is empty for a statement of one row. */
int load_counts_read(const char *info, struct load_counts *out, struct err *err) MUST_USE;

#endif
