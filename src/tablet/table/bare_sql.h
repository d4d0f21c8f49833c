/*
 * bare_sql.h - the target's table while it is copied, and what makes it whole (rule 12).
 *
 * A bare table has its source's columns, checks and key (key.h), and no foreign key: those are
 * added when all tables of the set are whole (foreign.h). Of the other indexes it has one, where
 * AUTO_INCREMENT needs it (the key does not begin with its column), and that one is never
 * unique: chunks are of different moments, so that a value which changes hands may be in two rows
 * for a while. An index of the source's serves if it is a plain one. Where only unique ones would,
 * the first of them lends its name to a plain index of that one column: AUTO_INCREMENT asks for no
 * more, and a plain index cannot have all that a unique one may (WITHOUT OVERLAPS).
 *
 * A table may be copied without AUTO_INCREMENT, where that is in the way of connections that load it
 * together: unnumbered. ALTER TABLE cannot add AUTO_INCREMENT without copying the table, but the one
 * partition of a table without can become the rows of a table with it (write/exchange.h). So an unnumbered
 * table has one partition.
 *
 * Texts of SQL, appended. def is the source's.
 */
#ifndef TABLET_TABLE_BARE_SQL_H
#define TABLET_TABLE_BARE_SQL_H

#include "tablet/table/schema.h"

void bare_sql_create(
    struct buf *out, const struct table_def *def, const char *database, const char *table);
#define BARE_PARTITION "p0"

/* Its primary key begins with the AUTO_INCREMENT column, and it is of no kind that a partition cannot be
 * (what else a server asks for it tells itself). */
bool bare_sql_may_be_unnumbered(const struct table_def *def);
/* The same bare table but for AUTO_INCREMENT and the partition. Of one that may be. */
void bare_sql_create_unnumbered(
    struct buf *out, const struct table_def *def, const char *database, const char *table);
/* One ALTER TABLE; nothing where the bare table lacks no index. The bare table's own are dropped and
 * added again in their places, but for those that stand there already (a definition lists indexes in the
 * order in which they were made). */
void bare_sql_complete(
    struct buf *out, const struct table_def *def, const char *database, const char *table);

#endif
