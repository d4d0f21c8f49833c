/*
 * table_set.h - tables of one database that are to be moved together.
 */
#ifndef TABLET_TABLE_TABLE_SET_H
#define TABLET_TABLE_TABLE_SET_H

#include "rpc/tablet.h"

#include <stddef.h>
#include <string.h>

/* Borrowed. */
struct table_set {
	const char *database;
	const char *const *tables;
	size_t count;
};

/* The tables of a move, as they are called at that end. In the arena, but for the names. */
struct table_set table_set_at(struct arena *a, const struct move_request *q, enum move_side side);

/* Which of the set it is; -1: none. Names are compared byte by byte, as the server does. */
static inline int
table_set_find(const struct table_set *set, const char *database, const char *table)
{
	for (size_t i = 0; strcmp(set->database, database) == 0 && i < set->count; i++) {
		if (strcmp(set->tables[i], table) == 0)
			return (int)i;
	}
	return -1;
}

#endif
