/*
 * definition.h - is a table defined as another one is, whatever both are called?
 */
#ifndef TABLET_TABLE_DEFINITION_H
#define TABLET_TABLE_DEFINITION_H

#include "tablet/table/foreign.h"

/*
 * The same, in hex, for two tables that are defined the same. text: SHOW CREATE TABLE, as create_table.h
 * leaves it, of a table of the set. Of the foreign keys those count that refer to a table of the set, by
 * the place of that table in it: one table is the other's copy in a set when this is the same for both,
 * each with its own names. set NULL: without foreign keys. ERR_CORRUPT when the text is not understood.
 */
int definition_hash(struct arena *a, const char *text, const struct table_set *set,
    const char **out, struct err *err) MUST_USE;

/* Of a set's tables as the other end was told of them (schema.h). */
struct definition_hashes {
	const char **items; /* by table */
	bool common;        /* of common forms */
};

#endif
