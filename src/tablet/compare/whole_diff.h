/*
 * whole_diff.h - one strict table (table_def.h) of a comparison: no key tells its rows apart, so it is read
 * whole at both ends, as of one place, and compared as rows that are there so many times.
 *
 *               views of one place        both ends were read         no bucket differs
 *   OPENED ----------------------> SUMS ----------------------> JUDGED ------------------> ENDED
 *                                                               |    ^
 *                                          some buckets differ  v    |  both ends were read
 *                                                              ROWS of these
 *
 * The applier is suspended, a view of the source is opened whose place is known (copy/still_view.h),
 * the applier goes on to that place and is held there until a view of the target is open: some
 * milliseconds. Then it goes on, and both views are read: nothing that is written meanwhile is in
 * either. They are as old as reading takes, as a copy of such a table is.
 *
 * SUMS   Each row has a hash of its values (row_sum.h), and falls by one half of it into one of BUCKETS,
 *        which has a count of rows and a sum of the other half: the source's are added, the target's taken
 *        away. Equal tables leave nothing.
 * ROWS   Of buckets that are not 0 the rows are counted one by one, by both halves: so many buckets at
 *        a time as memory allows, for which both ends are read again in the same views.
 *
 * A row that has changed is one less at one end and one more at the other: nothing tells that they were one.
 *
 * Invariants
 *   (1) In the end compared = matching + extra_source + extra_target.
 *   (2) Nothing of it is stored to go on from: whoever dies compares the table from its beginning.
 */
#ifndef TABLET_COMPARE_WHOLE_DIFF_H
#define TABLET_COMPARE_WHOLE_DIFF_H

#include "tablet/compare/compare_params.h"
#include "tablet/compare/diff_rows.h"

struct whole_diff;

/* What it borrows. */
struct whole_params {
	const struct compare_params *compare;
	const struct moved_table *table;
	const struct vdiff_options *options;
	struct diff_table *progress; /* its counts and samples are set anew */
};

/* Connects, and opens both views. *out is the caller's until whole_diff_close(). */
int whole_diff_open(
    struct ctx *cx, const struct whole_params *params, struct whole_diff **out) MUST_USE;
void whole_diff_close(struct whole_diff *w); /* NULL: nothing */
/* Reads on for a while. */
int whole_diff_step(struct ctx *cx, struct whole_diff *w) MUST_USE;
bool whole_diff_ended(const struct whole_diff *w);

#endif
