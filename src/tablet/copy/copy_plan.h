/*
 * copy_plan.h - into which ranges a table is cut.
 *
 * A large table whose key begins with an integer is cut evenly between its smallest and its
 * largest value; any other is one range. The outer ranges have no bound on their outer side,
 * so that rows inserted there later belong to one of them.
 */
#ifndef TABLET_COPY_COPY_PLAN_H
#define TABLET_COPY_COPY_PLAN_H

#include "tablet/copy/copy_state.h"
#include "tablet/table/schema.h"

enum {
	COPY_RANGES_MAX = 16,
	COPY_RANGE_ROWS = 100 * 1000, /* a smaller range is not worth its connections */
};

/* At most parallel ranges, in cx->arena. */
int copy_plan(struct ctx *cx, struct mysql_client *source, const struct table_def *def,
    int parallel, struct copy_ranges *out) MUST_USE;
/* Where numbers 0 to span are cut into count ranges: count - 1 offsets at most, growing. */
size_t copy_plan_cuts(uint64_t span, size_t count, uint64_t *offsets);

#endif
