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

/* *next: 0 for a table without such a column. */
int auto_increment_read(struct ctx *cx, struct mysql_client *c, const char *database,
    const char *table, uint64_t *next) MUST_USE;

struct auto_increment {
	const char *database, *table;
	uint64_t next; /* 0: nothing to set */
	bool exact;    /* else a higher counter stays: rows are being written */
};

int auto_increment_set(struct ctx *cx, struct ddl *d, const struct auto_increment *wanted) MUST_USE;

#endif
