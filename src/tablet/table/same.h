/*
 * same.h - are two values of a column, one of each end of a move, the same?
 *
 * Bytes decide, as column.h has values: case, trailing spaces, padding, NULL and the empty string, digits
 * of a DECIMAL. Two types have several texts for one value, which depend on the server that prints it:
 * FLOAT and DOUBLE are compared as the numbers that they are, bit by bit, so that -0 is not 0 where both
 * servers have it; JSON between two flavours, where one keeps the text and the other what it means, as
 * documents (json_meaning.h).
 */
#ifndef TABLET_TABLE_SAME_H
#define TABLET_TABLE_SAME_H

#include "binlog/column.h"

bool same_value(const struct column_type *t, struct slice a, struct slice b);
/* Appends bytes that two values have in common when they are the same, and no others. */
void same_bytes(struct buf *out, const struct column_type *t, struct slice value);

#endif
