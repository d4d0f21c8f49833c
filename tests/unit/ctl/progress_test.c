/*
 * progress_test.c - how often a stream is looked at.
 */
#include "ctl/progress.h"

#include "test.h"

TEST(a_phase_is_looked_at_by_what_it_has_taken)
{
	struct progress_look l = { 0 };

	expect_eq(progress_next_look(&l, STREAM_COPYING, 7 * SECOND), 10 * MSEC);
	expect_eq(progress_next_look(&l, STREAM_COPYING, 7 * SECOND + 100 * MSEC), 10 * MSEC);
	expect_eq(progress_next_look(&l, STREAM_COPYING, 9 * SECOND), 100 * MSEC);
	expect_eq(progress_next_look(&l, STREAM_COPYING, 90 * SECOND), 250 * MSEC);
	expect_eq(progress_next_look(&l, STREAM_INDEXING, 91 * SECOND), 10 * MSEC);
	expect_eq(progress_next_look(&l, STREAM_INDEXING, 93 * SECOND), 100 * MSEC);
}
