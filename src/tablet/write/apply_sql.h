/*
 * apply_sql.h - the applier's statements.
 *
 * Every one names all columns, keys by equality of each key column with a
 * literal of the column's own character set, so that the target's index serves it.
 *
 * All functions append to out. Rows are arrays of values as in binlog/column.h, one for each column of
 * t->def, which is the source's definition: the target's has the same columns in the same order.
 */
#ifndef TABLET_WRITE_APPLY_SQL_H
#define TABLET_WRITE_APPLY_SQL_H

#include "tablet/table/moved_table.h"

/* " (`id`,`d`)", of an INSERT */
void apply_sql_columns(struct buf *out, const struct table_def *def);

/* "(`id`=5 AND `d`='x')" for the key of row */
void apply_sql_key(struct buf *out, const struct moved_table *t, const struct slice *row);
/* A row of a strict table, by all of its values as they are told (table_row.h): bytes, not what a collation
 * calls the same. Where an index begins with a column that is also asked for by its value, for the index. */
void apply_sql_row(struct buf *out, const struct moved_table *t, const struct slice *row,
    const struct dialect *dialect);
/* One of the rows that are like that; the others stay. */
void apply_sql_delete_one(struct buf *out, const struct moved_table *t, const struct slice *row,
    const struct dialect *dialect);
void apply_sql_update_one(struct buf *out, const struct moved_table *t, const struct slice *before,
    const struct slice *after, const struct dialect *dialect);
/* All columns of the row that has after's key. */
void apply_sql_update(struct buf *out, const struct moved_table *t, const struct slice *after);

/* Many rows in one statement: add the first with an empty buf, the others behind it. */
void apply_sql_delete_more(struct buf *out, const struct moved_table *t, const struct slice *row);
void apply_sql_insert_more(struct buf *out, const struct moved_table *t, const struct slice *row);
/* Makes upserts of inserts, for a server of that dialect. */
void apply_sql_upsert_end(
    struct buf *out, const struct moved_table *t, const struct dialect *dialect);
/* Beside its key. */
bool apply_has_another_unique(const struct table_def *def);
/* Can that be said of the table? */
bool apply_sql_updates_many(const struct table_def *def);
/* Makes updates of inserts, of rows that are there: each counts 2 then when it becomes another one. Where
 * another row has one of its unique values the statement is refused: it writes no row of another key. */
void apply_sql_update_end(
    struct buf *out, const struct moved_table *t, const struct dialect *dialect);
/* Is it the error of such a statement? */
bool apply_sql_met_another(const struct err *err);

/* Does a value that is written differ, as bytes? */
bool apply_changes(
    const struct table_def *def, const struct slice *before, const struct slice *after);
/* Does a column of a unique index differ, as bytes? Then an UPDATE could meet the value of a row
 * that changes later in the run. */
bool apply_moves_unique(
    const struct table_def *def, const struct slice *before, const struct slice *after);

#endif
