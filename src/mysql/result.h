/*
 * result.h - column definitions and text rows.
 *
 * definition   str<lenenc> catalog "def", schema, table, table as named, name, name as named
 *              int<lenenc> 12 | int<2> charset | int<4> length | int<1> type | int<2> flags | int<1> decimals
 *              (MariaDB's extended metadata stands before the 12 when its capability is on: we never ask)
 * text row     one str<lenenc> or 0xfb (NULL) for each column
 */
#ifndef MYSQL_RESULT_H
#define MYSQL_RESULT_H

#include "mysql/caps.h"
#include "mysql/wire.h"

/* Slices are borrowed from the packet. */
struct column_def {
	struct slice schema, table, org_table, name, org_name;
	uint16_t     charset, flags;
	uint32_t     length;
	uint8_t      type, decimals;
};

int  column_def_read(struct slice packet, struct column_def *out, struct err *err) MUST_USE;
void column_def_put(struct buf *b, const struct column_def *c);
/* Exactly columns values; SLICE_NULL ptr for NULL. */
int  text_row_read(struct slice packet, struct slice *values, size_t columns,
    struct err *err) MUST_USE;
void text_row_put(struct buf *b, const struct slice *values, size_t columns);

#endif
