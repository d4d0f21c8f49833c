/*
 * merge.h - rows of both ends, told apart by their keys: which are the same, differ, or are at one end alone.
 *
 * Keys are compared as canonical bytes. So nothing is believed of the order in which either server gives
 * its rows, and two spellings of a key that a collation takes for one are two rows here: one at each end
 * alone (table_diff.h brings them together).
 */
#ifndef TABLET_COMPARE_MERGE_H
#define TABLET_COMPARE_MERGE_H

#include "tablet/copy/table_rows.h"

enum difference_kind { DIFFERENCE_ROWS, DIFFERENCE_SOURCE_ONLY, DIFFERENCE_TARGET_ONLY };

struct difference {
	enum difference_kind kind;
	size_t source, target; /* numbers of the rows; of the one that is not there 0 */
};

struct differences {
	struct difference *items;
	size_t count, cap;
	size_t matching; /* rows that are the same */
};

/* All zero before. */
void differences_find(const struct table_def *def, const struct table_rows *source,
    const struct table_rows *target, struct differences *out);
void differences_done(struct differences *d);
/* Are the two rows, of load_add_row(), the same in every column that travels? */
bool rows_same(const struct table_def *def, struct slice source, struct slice target);

#endif
