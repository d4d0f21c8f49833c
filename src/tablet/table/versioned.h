/*
 * versioned.h - tables WITH SYSTEM VERSIONING: each change of a row leaves one that says how it was, and
 * when.
 *
 * MariaDB keeps a row's history in the table itself, under the same key with the end of its time. The binlog
 * has what becomes of the table's rows: an UPDATE changes the present row, which begins at the time of the
 * statement, and writes the former one; a DELETE ends the present row. So a stream has the times, and its
 * writer does each change at its time (write/apply_versioned.h). Nothing tells these rows apart but all of
 * their values: they are a strict table's (table_def_is_strict()).
 *
 * Not carried: history by transactions (BIGINT), whose changes are in no binlog as rows; partitions by
 * SYSTEM_TIME, which a server makes and fills by its own clock.
 */
#ifndef TABLET_TABLE_VERSIONED_H
#define TABLET_TABLE_VERSIONED_H

#include "mysql/client.h"
#include "tablet/table/create_table.h"
#include "tablet/table/table_def.h"

enum { VERSIONED_COLUMNS = 2 };

/* expression: of the column, as the catalogue has it. ERR_REFUSED: it counts transactions. */
int versioned_take_column(
    struct table_def *def, struct slice expression, struct column *out, struct err *err) MUST_USE;
/* Once the named ones are there; the array has room. */
void versioned_add_columns(struct table_def *def);
/* Makes it strict. ERR_REFUSED, by name. */
int versioned_check(
    struct table_def *def, const struct create_table *create, struct err *err) MUST_USE;
/* Does a server's TIMESTAMP end where the other's does? A present row ends with it. ERR_REFUSED: no. */
int versioned_check_ends(
    struct ctx *cx, struct mysql_client *one, struct mysql_client *other) MUST_USE;
/* Is the row the present one, which has not ended? */
bool versioned_is_present(const struct table_def *def, const struct slice *row);

#endif
