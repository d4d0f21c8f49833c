/*
 * temporal.h - dates and times of row events, both encodings, to the servers' own text.
 *
 *   DATE        3 bytes LE   day 5 bits, month 4, year 15
 *   TIME        3 bytes LE   signed decimal HHHMMSS
 *   DATETIME    8 bytes LE   decimal YYYYMMDDHHMMSS
 *   TIMESTAMP   4 bytes LE   seconds since 1970, 0 is '0000-00-00 00:00:00'
 * TIME2       3 bytes BE   sign 1 (inverted), reserved 1, hour 10, minute 6, second 6; then the
 * fraction
 * DATETIME2   5 bytes BE   sign 1, year*13+month 17, day 5, hour 5, minute 6, second 6; then the
 * fraction
 *   TIMESTAMP2  4 bytes BE   seconds; then the fraction
 * A fraction of n digits takes (n+1)/2 bytes BE. A negative TIME2 is the two's
 * complement of the whole number, fraction included.
 * (MariaDB sql/compat56.cc.)
 *
 * The text is what SELECT gives with time_zone='+00:00' and a column of that
 * many digits, zero dates included.
 */
#ifndef BINLOG_TEMPORAL_H
#define BINLOG_TEMPORAL_H

#include "binlog/cursor.h"

enum {
	TEMPORAL_TEXT_MAX = 32, /* "9999-12-31 23:59:59.999999" is 26 */
	TEMPORAL_FRACTION_MAX = 6,
};

/*
 * Each returns the length of the text and 0 when the bytes are not there or mean nothing; digits <=
 * 6.
 */
size_t temporal_date(struct cursor *c, char text[TEMPORAL_TEXT_MAX]);
size_t temporal_time_old(struct cursor *c, char text[TEMPORAL_TEXT_MAX]);
size_t temporal_datetime_old(struct cursor *c, char text[TEMPORAL_TEXT_MAX]);
size_t temporal_timestamp_old(struct cursor *c, char text[TEMPORAL_TEXT_MAX]);
size_t temporal_time(struct cursor *c, int digits, char text[TEMPORAL_TEXT_MAX]);
size_t temporal_datetime(struct cursor *c, int digits, char text[TEMPORAL_TEXT_MAX]);
size_t temporal_timestamp(struct cursor *c, int digits, char text[TEMPORAL_TEXT_MAX]);

#endif
