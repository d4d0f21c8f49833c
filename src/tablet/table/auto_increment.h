/*
 * auto_increment.h - the value that a table gives to its next row.
 *
 * It is InnoDB's counter, kept on disk. What can be set is the counter that the other side shows, to the
 * number: under the locks of a cutover no row can be given one meanwhile. A server moves what is set
 * up to the highest row's value plus one, and on to its own series (auto_increment_increment,
 * auto_increment_offset) when it gives the next value. A counter past the column's maximum means that
 * the column is full, and says so at the other side too.
 */
#ifndef TABLET_TABLE_AUTO_INCREMENT_H
#define TABLET_TABLE_AUTO_INCREMENT_H

#include "tablet/server/ddl.h"

/* Of tables of one database; next[i] is that of tables[i], 0 where there is no such column. */
struct auto_values {
	const char *database;
	const char *const *tables;
	size_t count;
	uint64_t *next;
};

/* Fills next. ERR_REFUSED: one of them does not exist. */
int auto_increment_read(
    struct ctx *cx, struct mysql_client *c, const struct auto_values *values) MUST_USE;
/* The same of tables that are locked. next: as it was read before, when they had the columns that they have
 * now. Of many it asks InnoDB, and the server only for what that does not tell: the server would open each
 * table once more, beside the lock's, which takes 1.7 ms where a table has triggers. */
int auto_increment_read_locked(
    struct ctx *cx, struct mysql_client *c, const struct auto_values *values) MUST_USE;
/* exact: to the number; else a higher counter stays, since rows are being written. 0 is not set. */
int auto_increment_set(
    struct ctx *cx, struct ddl *d, const struct auto_values *wanted, bool exact) MUST_USE;

#endif
