/*
 * sample.h - a difference as an object of JSON, for whoever has to mend it.
 *
 *   {"Row":{"id":"7","email":"a@b "},"Query":""}                        a row at one end alone: all columns
 *   {"Source":{"Row":{"id":"7","n":"1"},"Query":""},"Target":{...}}     the key, and what differs
 *
 * Values are strings, NULL is null. What is no UTF-8, and bytes of a binary column, are in hexadecimal with
 * 0x before them, so that what is shown differs where the rows do. A value longer than truncate_at ends with
 * "...[TRUNCATED]".
 */
#ifndef TABLET_COMPARE_SAMPLE_H
#define TABLET_COMPARE_SAMPLE_H

#include "tablet/table/table_def.h"

/* Rows as load_add_row() makes them. Appended; a comma comes before all but the first. */
void sample_add_row(struct buf *out, const struct table_def *def, struct slice row, int truncate_at);

struct sample_pair {
	struct slice source, target;
};
void sample_add_pair(
    struct buf *out, const struct table_def *def, const struct sample_pair *pair, int truncate_at);

#endif
