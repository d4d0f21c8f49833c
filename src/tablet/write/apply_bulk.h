/*
 * apply_bulk.h - many rows of a run in the mode EXACT without literals, where the target's server has that
 * way (mysql/bulk.h).
 *
 * It parses nothing and makes no items of literals. A statement is prepared for a table's rows of one run,
 * and forgotten behind them: for fewer than BULK_ROWS_MIN that is no gain.
 */
#ifndef TABLET_WRITE_APPLY_BULK_H
#define TABLET_WRITE_APPLY_BULK_H

#include "mysql/bulk.h"
#include "tablet/table/moved_table.h"

enum { BULK_ROWS_MIN = 50 };

/* Rows of a table that are collected, and what the server has said of those that were sent. */
struct apply_bulk {
	const struct moved_table *table;
	struct bulk statement;
	size_t room; /* of the rows of one execution */
	struct buf rows;
	size_t count; /* in all */
	uint64_t affected, warnings;
};

/* updates: INSERTs that become updates (apply_sql_update_end()). packet_max: the session's. ERR_SERVER: the
 * server prepares no more statements, for one. */
int apply_bulk_begin(struct ctx *cx, struct mysql_client *c, struct apply_bulk *b, bool updates,
    uint64_t packet_max) MUST_USE;
int apply_bulk_add(
    struct ctx *cx, struct mysql_client *c, struct apply_bulk *b, const struct slice *row) MUST_USE;
int apply_bulk_end(struct ctx *cx, struct mysql_client *c, struct apply_bulk *b) MUST_USE;
void apply_bulk_done(struct apply_bulk *b);

#endif
