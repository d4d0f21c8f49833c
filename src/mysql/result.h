/*
 * result.h - column definitions and text rows.
 *
 * definition   str<lenenc> catalog "def", schema, table, table as named, name, name as named
 *              int<lenenc> 12 | int<2> charset | int<4> length | int<1> type | int<2> flags |
 *              int<1> decimals
 *              Under CAP_MARIADB_EXTENDED_METADATA a str<lenenc> stands before the 12: int<1> 0 (type) or
 *              1 (format) and a str<lenenc>, as often as there is something to say; mostly empty.
 * text row     one str<lenenc> or 0xfb (NULL) for each column
 */
#ifndef MYSQL_RESULT_H
#define MYSQL_RESULT_H

#include "mysql/caps.h"
#include "mysql/wire.h"

/* Slices are borrowed from the packet. */
struct column_def {
	struct slice schema, table, org_table, name, org_name, extended;
	uint16_t charset, flags;
	uint32_t length;
	uint8_t type, decimals;
};

int column_def_read(
    struct slice packet, uint64_t caps, struct column_def *out, struct err *err) MUST_USE;
void column_def_put(struct buf *b, uint64_t caps, const struct column_def *c);
/* Exactly columns values; SLICE_NULL ptr for NULL. */
int text_row_read(
    struct slice packet, struct slice *values, size_t columns, struct err *err) MUST_USE;
void text_row_put(struct buf *b, const struct slice *values, size_t columns);

#endif
