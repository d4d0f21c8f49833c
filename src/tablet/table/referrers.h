/*
 * referrers.h - which foreign keys of a set's tables refer to a table, with actions (CASCADE, SET NULL), by
 * the columns of a unique key: a row with a value in each of these is the only one with its values.
 */
#ifndef TABLET_TABLE_REFERRERS_H
#define TABLET_TABLE_REFERRERS_H

#include "tablet/table/table_def.h"

/* A table's; all zero: none. */
struct referrers {
	const struct foreign_key **keys;
	int count;
};

/* Of each of the tables, in their order. In the arena; the keys are the definitions'. */
struct referrers *referrers_find(struct arena *a, struct table_def *const *defs, size_t count);
/* May rows of other tables, or of its own, refer to this one of the table with an action? Then there are no
 * two rows of its values. */
bool referrers_may_have(
    const struct referrers *r, const struct table_def *def, const struct slice *row);

#endif
