/*
 * referrers.h - by which columns rows refer to a table with actions (CASCADE, SET NULL), where such an
 * action can come back to the row that a client deletes: the table has a key with actions itself, and the
 * columns are those of a unique key, so that a row with a value in each is the only one with its values.
 */
#ifndef TABLET_TABLE_REFERRERS_H
#define TABLET_TABLE_REFERRERS_H

#include "tablet/table/table_def.h"

struct referred {
	const int *columns; /* numbers of the table's */
	int count;
};

/* A table's, each set of columns once, however many keys refer to it; all zero: none. */
struct referrers {
	struct referred *sets;
	int count;
};

/* Of each of the tables, in their order. In the arena. */
struct referrers *referrers_find(struct arena *a, struct table_def *const *defs, size_t count);
/* May rows refer to this one? Then there are no two rows of its values. */
bool referrers_may_have(const struct referrers *r, const struct slice *row);

#endif
