/*
 * decimal.h - packed decimals to exact text.
 *
 * Nine digits to four bytes, big endian; the digits in front of the first full
 * group and behind the last take 0 to 4 bytes: {0,1,1,2,2,3,3,4,4}. The first bit is
 * inverted; a negative number has all bits inverted. (MariaDB and MySQL
 * strings/decimal.c, decimal2bin.)
 */
#ifndef BINLOG_DECIMAL_H
#define BINLOG_DECIMAL_H

#include "base/err.h"
#include "binlog/cursor.h"

enum {
	DECIMAL_DIGITS_MAX = 65,                   /* the servers' */
	DECIMAL_SCALE_MAX = 38,                    /* MariaDB's; MySQL's is 30 */
	DECIMAL_TEXT_MAX = DECIMAL_DIGITS_MAX + 4, /* sign, leading zero, point, NUL */
};

size_t decimal_bytes(int precision, int scale);
/*
 * "-12.30": at least one digit before the point, exactly scale behind it, no "-0". Returns the
 * length, 0 on bad bytes.
 */
size_t decimal_read(struct cursor *c, int precision, int scale, char text[DECIMAL_TEXT_MAX]);
/*
 * The same form from a server's text (ZEROFILL, "-0.00"); 0 when it is no decimal of at most this
 * size.
 */
size_t decimal_canonical(struct slice in, int precision, int scale, char text[DECIMAL_TEXT_MAX]);

#endif
