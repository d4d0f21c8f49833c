/*
 * rehearse.h - can the target's server make a table, and does it mean the same by its definition?
 *
 * SHOW CREATE TABLE is not the whole definition: what a server makes of it depends on its settings,
 * its plugins and on what else is there (a sequence that a default takes from, a collation). So the
 * table is made under another name, without a row, read back, compared, and dropped again, before
 * anything of the move exists.
 */
#ifndef TABLET_TABLE_REHEARSE_H
#define TABLET_TABLE_REHEARSE_H

#include "tablet/server/env.h"

struct rehearsal {
	const char *database;
	const char *definition; /* the source's, as schema.h tells it */
	bool common;            /* in common form */
};

/* ERR_REFUSED, by name, with a hint. */
int rehearse_table(struct ctx *cx, struct mysql_client *dba, const struct rehearsal *r) MUST_USE;

#endif
