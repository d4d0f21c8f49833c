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
 * Texts of SQL, appended. def is the source's.
 */
#ifndef TABLET_TABLE_BARE_SQL_H
#define TABLET_TABLE_BARE_SQL_H

#include "tablet/table/schema.h"

void bare_sql_create(
    struct buf *out, const struct table_def *def, const char *database, const char *table);
/* One ALTER TABLE; nothing where the bare table lacks no index. The bare table's own are dropped and
 * added again in their places, but for those that stand there already (a definition lists indexes in the
 * order in which they were made). */
void bare_sql_complete(
    struct buf *out, const struct table_def *def, const char *database, const char *table);

#endif
