/*
 * exchange.h - AUTO_INCREMENT for tables that were copied without it.
 *
 * A server that notes each AUTO_INCREMENT value in the root page of the clustered index
 * (mysql/dialect.h, numbers_in_root) lets connections that load one table wait for one another. There a
 * large table is copied unnumbered (bare_sql.h), and its rows go into a numbered table when the applier is
 * exact and before the indexes are built:
 *
 *   step                               the table           twin in the sidecar   spent in the sidecar
 *   (copied)                           rows, partitioned   -                     -
 *   1  CREATE the twin, numbered       rows, partitioned   empty                 -
 *   2  EXCHANGE PARTITION              empty, partitioned  rows                  -
 *   3  RENAME both in one statement    rows, numbered      -                     empty, partitioned
 *   4  set the next value, and         rows, numbered      -                     -
 *      DROP the one that is spent
 *
 * No row is copied or read. What is there tells which step was the last, so that nothing of it is stored:
 * after a kill exchange_finish() goes on with the next. Between 2 and 3 the table is empty: nobody may
 * apply or read, so the applier is suspended, and a pass that begins in the phase INDEXING finishes this
 * before it applies.
 *
 * Its statements go by the session that the caller has, which is known to have no former one at work
 * (state_succeed()): step 2 of a killed process between steps 2 and 3 of its successor would undo it. Where
 * somebody reads the table they are tried again, for ten seconds; then the pass ends with an error that says
 * who, and the session with it.
 */
#ifndef TABLET_WRITE_EXCHANGE_H
#define TABLET_WRITE_EXCHANGE_H

#include "tablet/server/ddl.h"
#include "tablet/table/moved_table.h"
#include "tablet/write/apply.h"

/* Is it worth it, and may it be tried? */
bool exchange_suits(const struct mysql_client *target, const struct moved_table *t);
/* Makes the bare table, which is not there, unnumbered, and tries steps 1 and 2 while it is empty. *made is
 * false where the server refuses one of them for such a table: then it is not there. */
int exchange_create(struct ctx *cx, struct ddl *d, const char *sidecar, const struct moved_table *t,
    bool *made) MUST_USE;
/* Gives each table of a stream that is unnumbered AUTO_INCREMENT; tables that are not stay as they are.
 * Idempotent. applier: NULL, or what is suspended meanwhile (exact). */
int exchange_finish(struct ctx *cx, struct mysql_client *c, const char *sidecar,
    const struct moved_tables *tables, struct applier *applier) MUST_USE;
/* Drops what a stream that is taken back may have left in the sidecar for a table. */
int exchange_drop(struct ctx *cx, struct ddl *d, const char *sidecar, const char *database,
    const char *table) MUST_USE;

#endif
