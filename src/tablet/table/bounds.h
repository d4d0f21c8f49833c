/*
 * bounds.h - places in the order of a table's key (key.h).
 *
 * A bound is the text values of the first key columns, each a str<lenenc>; it is what
 * copy_state stores. A range (after, upto] is walked in index order: conditions are
 * written out as OR and AND, since servers do not range-scan row comparisons (rule 10),
 * and compared by the server under the column's own collation.
 */
#ifndef TABLET_TABLE_BOUNDS_H
#define TABLET_TABLE_BOUNDS_H

#include "tablet/table/schema.h"

/* The key of a whole row, as a bound. */
void bound_of_row(struct buf *out, const struct table_def *def, const struct slice *row);
/* A bound of the first key column only. */
void bound_of_first(struct buf *out, struct slice value);
/* "`a`>1" or "`a`>=1 AND (`a`>1 OR (`a`=1 AND `b`>2))": rows behind the bound. */
int bound_after(
    struct buf *out, const struct table_def *def, struct slice bound, struct err *err) MUST_USE;
/* Rows up to and with it. */
int bound_upto(
    struct buf *out, const struct table_def *def, struct slice bound, struct err *err) MUST_USE;
/* "`a`=1 AND `b`=2": rows at it. */
int bound_equal(
    struct buf *out, const struct table_def *def, struct slice bound, struct err *err) MUST_USE;
/* " ORDER BY `a`,`b`" */
void bound_order(struct buf *out, const struct table_def *def);

#endif
