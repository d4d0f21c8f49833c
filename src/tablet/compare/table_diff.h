/*
 * table_diff.h - one table of a comparison: look after look (look.h) from its first key to its last.
 *
 *              look_at()             table_diff_settle()            each is quiet, or was
 *   AT A KEY <----------> JUDGING ------------------------> SETTLING --------------------> AT A KEY
 *             a later key            before it is stored               looked at so often
 *
 * Meanwhile the source's rows of the next look are read (ahead.h).
 *
 * JUDGING   A difference of a key that was not touched is one: it is counted, and kept as a sample. The
 *           others are suspects: nothing is known of them.
 * SETTLING  Suspects alone are looked at, those of many looks together, since the servers have little to do
 *           meanwhile; in small looks, which are over sooner than a hot row changes again. What is the same
 *           then, is; what differs untouched, differs. After SETTLE_TRIES those that are left are counted as
 *           not settled: neither equal nor different. Then what differs is repaired, if that was asked for
 *           (repair.h): it stays counted as it was found.
 *
 * Invariants (table_diff_check() looks at those with a *)
 *   (1)* Each row compared is counted once: compared = matching + mismatched + extra_source + extra_target +
 *        unsettled.
 *   (2)  The key in progress is stored only when everything up to it has been counted, so that no suspect is
 *        left (table_diff_settle()): it can be gone on from after a kill, and no row is counted twice or left
 *        out.
 *   (3)* There are no more samples of a kind than differences of it, and no more than asked for.
 *   (4)* No more is repaired than differed.
 *
 * Two spellings of a key that the collation takes for one ('a', 'A') are a row at each end alone by
 * their bytes. They are one row that differs, in its key: so of a table whose key has such a collation the
 * target is asked, for at most options->max_extra rows, whether it has one under another spelling.
 *
 * An example: keys 1 to 3; row 2 is hot, and 3 has been changed at the target by hand.
 *
 *   look (.. 3]    source 1 a, 2 x, 3 c; target 1 a, 2 y, 3 C; touched { 2 }
 *   judging        1 matches; 3 differs; 2 is a suspect; the key is 3
 *   settling       2 alone: source z, target z: it matches
 *   counted        compared 3, matching 2, mismatched 1; then the key is stored
 */
#ifndef TABLET_COMPARE_TABLE_DIFF_H
#define TABLET_COMPARE_TABLE_DIFF_H

#include "tablet/compare/diff_rows.h"
#include "tablet/compare/ahead.h"
#include "tablet/compare/key_list.h"

struct table_diff {
	struct looker looker;
	struct ahead ahead; /* the next look's first half */
	const struct vdiff_options *options;
	struct diff_table *progress;
	size_t limit;              /* rows of the next look */
	size_t row_bytes;          /* of the last look's rows; 0: not known */
	int64_t asked;             /* how often for another spelling */
	struct buf upper;          /* the next look goes no further; empty: no bound */
	struct key_list suspects;  /* nothing is known of them yet, and they are not counted */
	struct key_list differing; /* found, and to be repaired before the key moves on */
	bool ended;                /* nothing is left, or enough was compared */
};

/* Goes on behind the key in progress. Connects. table_diff_close() after -1 too. */
int table_diff_open(struct ctx *cx, const struct compare_params *params,
    const struct moved_table *table, struct table_diff *d) MUST_USE;
void table_diff_close(struct table_diff *d);
/* One look. */
int table_diff_step(struct ctx *cx, struct table_diff *d) MUST_USE;
/* Until there are no suspects: progress can be stored. */
int table_diff_settle(struct ctx *cx, struct table_diff *d) MUST_USE;
/* Of one that has compared nothing: the rows at these keys alone, until each is quiet; what differs is
 * repaired where that was asked for. The keys go. */
int table_diff_keys(struct ctx *cx, struct table_diff *d, struct key_list *keys) MUST_USE;
/* What was read ahead for the next step goes, with its window. */
void table_diff_drop_ahead(struct table_diff *d);
/* Aborts where (1), (3) or (4) does not hold. */
void table_diff_check(const struct table_diff *d);

#endif
