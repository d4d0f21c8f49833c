/*
 * row_sum.h - a number for a row's values, and sums of such numbers: what a set of rows comes to, in whatever
 * order they are met, and what a change adds to it.
 *
 * A row's hash is XXH3's of 128 bits over its values as same_bytes() has them, so that it is one and the same
 * wherever the row lies: at either flavour, read from a table or from a binlog. A sum adds the two halves of
 * each modulo 2^64. It forgets the order, a row that is there twice counts twice, which an exclusive or would
 * not do, and what was added can be taken away again: so a row that comes and goes leaves nothing.
 *
 * Two sets of rows that differ by chance have the same sum once in 2^128, however often they are compared.
 * Who looks for two such sets on purpose finds them: it is no proof against somebody who may write the rows.
 */
#ifndef TABLET_TABLE_ROW_SUM_H
#define TABLET_TABLE_ROW_SUM_H

#include "tablet/table/table_def.h"

struct row_sum {
	int64_t rows; /* more than there were; below 0: fewer */
	uint64_t halves[2];
};

/* Of every column that is written. */
void row_hash(const struct table_def *def, const struct slice *row, uint64_t out[2]);

void row_sum_add(struct row_sum *s, const struct table_def *def, const struct slice *row);
void row_sum_take(struct row_sum *s, const struct table_def *def, const struct slice *row);
void row_sum_join(struct row_sum *s, const struct row_sum *more);
void row_sum_part(struct row_sum *s, const struct row_sum *less);
bool row_sum_is_zero(const struct row_sum *s);

#endif
