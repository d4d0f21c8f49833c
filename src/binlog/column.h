/*
 * column.h - column types, and values in one text form.
 *
 * A value is a slice, SLICE_NULL for NULL, in the form that a SELECT in the
 * text protocol gives on a connection with character_set_results=NULL and
 * time_zone='+00:00', so that one row looks the same whether it was read by a
 * chunk or decoded from a row event:
 *
 *   COLUMN_INT             decimal digits, '-' when negative
 *   COLUMN_FLOAT, _DOUBLE  the shortest or any digits that read back to the same double; the
 *                          float's value as a double (a chunk selects f*1e0); -0 keeps its sign
 *   COLUMN_DECIMAL         "-12.30", all digits of the scale
 *   COLUMN_STRING          the stored bytes in the column's character set; CHAR without its padding
 *   COLUMN_JSON            text in utf8mb4, as it is stored or as MySQL prints what it keeps of it (json.h)
 *   COLUMN_BYTES           the stored bytes; BINARY(n) padded to n with zero bytes
 *   COLUMN_ADDRESS         UUID, INET4, INET6: the bytes of the number that their text shows, all of
 *                          them (a chunk selects CAST(c AS BINARY(n)))
 *   COLUMN_GEOMETRY        SRID in 4 bytes, then WKB; the same bytes at both flavours
 *   COLUMN_VECTOR          4-byte floats, little-endian; the same bytes at both flavours
 * COLUMN_DATE ... _YEAR  "2026-01-31", "-12:00:00.5" with exactly fsp digits, zero
 *                          dates as stored; "2026"
 *   COLUMN_ENUM, _SET, _BIT  the number in decimal (a chunk selects c+0)
 *
 * Canonical key bytes (key_bytes) are equal exactly when the stored key values are
 * equal as bytes; they serve the touched sets and nothing else.
 */
#ifndef BINLOG_COLUMN_H
#define BINLOG_COLUMN_H

#include "base/buf.h"
#include "base/err.h"

/* clang-format off */
enum column_kind {
	COLUMN_INT, COLUMN_FLOAT, COLUMN_DOUBLE, COLUMN_DECIMAL,
	COLUMN_STRING, COLUMN_BYTES, COLUMN_JSON, COLUMN_ADDRESS, COLUMN_GEOMETRY, COLUMN_VECTOR,
	COLUMN_DATE, COLUMN_TIME, COLUMN_DATETIME, COLUMN_TIMESTAMP, COLUMN_YEAR,
	COLUMN_ENUM, COLUMN_SET, COLUMN_BIT,
};
/* clang-format on */

struct column_type {
	enum column_kind kind;
	bool is_unsigned;
	bool fixed; /* CHAR, BINARY: padded in storage or result */
	/* STRING: bytes equal if and only if the collation says equal */
	bool binary_collation;
	bool compressed; /* STRING, BYTES of MariaDB: so in row events (compressed.h), plain elsewhere */
	/* Its value is the server's to make: none travels, and later servers leave it out of images. */
	bool generated;
	bool common; /* JSON, VECTOR: servers of every flavour are to take its values */
	/* INT: 1, 2, 3, 4, 8; the row event's size is compared with it */
	uint8_t int_bytes;
	uint8_t precision, scale; /* DECIMAL; scale of a rounding FLOAT or DOUBLE too */
	bool rounds;              /* FLOAT(M,D), DOUBLE(M,D), JSON */
	uint8_t fsp;              /* TIME, DATETIME, TIMESTAMP: 0 to 6 */
	/* STRING: characters; BYTES, ADDRESS, VECTOR: bytes; BIT: bits; ENUM, SET: members */
	uint32_t length;
	char charset[33]; /* STRING: "utf8mb4", "latin1"; JSON: always "utf8mb4" */
};

enum { ROW_COLUMNS_MAX = 4096 }; /* the servers' own limit */

/*
 * Appends the canonical bytes of one key column's value, which is not NULL. Numbers are 8 bytes BE
 * turned so that they sort (digits and ZEROFILL do not matter, both float zeros are one); the
 * others are their bytes, ended unambiguously. So keys of several columns cannot run into each
 * other, and keys of integer and binary columns sort by memcmp as their index does.
 */
void key_bytes(struct buf *out, const struct column_type *type, struct slice value);

/* Appends the value as an SQL literal for this column: NULL, a bare number, or a string or hex
 * literal that a connection with SET NAMES binary and strict sql_mode stores back to the same
 * bytes. */
void column_literal(struct buf *out, const struct column_type *type, struct slice value);

/*
 * No literal gives it in strict mode: the number 0 of an ENUM, which is stored for what was no member
 * while the mode was not strict. Without strict mode it is taken, with exactly one warning for each.
 */
bool column_is_unsayable(const struct column_type *type, struct slice value);
/*
 * Would a column of this type, written anew, keep the value? FLOAT(M,D) and DOUBLE(M,D) may still hold what
 * was stored before the definition said D; JSON that is kept as a text has numbers of any length. What is
 * common is within what the strictest flavour takes: MariaDB's JSON_VALID() ends at JSON_DEPTH_COMMON
 * brackets in one another, and its VECTOR(n) has n numbers, of which the sum of the squares is a float, where
 * MySQL's has n at most, and any.
 */
enum column_fit { COLUMN_FITS, COLUMN_ROUNDED, COLUMN_TOO_DEEP, COLUMN_TOO_FEW, COLUMN_TOO_LONG };
/* *what: COLUMN_ROUNDED: that of the value which would be rounded. */
enum column_fit column_fit(const struct column_type *type, struct slice value, struct slice *what);

#endif
