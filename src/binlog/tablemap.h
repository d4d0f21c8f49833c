/*
 * tablemap.h - what a Table_map event says of a table: names, wire types, metadata.
 *
 * It precedes the row events of a statement and gives the table a number for
 * them. It is no definition: it does not know UNSIGNED, character sets or
 * lengths in characters unless binlog_row_metadata says so; the definition is
 * struct column_type, and coltype_match() compares the two (design rule 4).
 */
#ifndef BINLOG_TABLEMAP_H
#define BINLOG_TABLEMAP_H

#include "base/arena.h"
#include "base/err.h"
#include "binlog/cursor.h"

/* Types as in the event; the servers' MYSQL_TYPE_*. */
/* clang-format off */
enum binlog_type {
	BINLOG_DECIMAL_OLD = 0,
	BINLOG_TINY        = 1,
	BINLOG_SHORT       = 2,
	BINLOG_LONG        = 3,
	BINLOG_FLOAT       = 4,
	BINLOG_DOUBLE      = 5,
	BINLOG_NULL        = 6,
	BINLOG_TIMESTAMP   = 7,
	BINLOG_LONGLONG    = 8,
	BINLOG_INT24       = 9,
	BINLOG_DATE        = 10,
	BINLOG_TIME        = 11,
	BINLOG_DATETIME    = 12,
	BINLOG_YEAR        = 13,
	BINLOG_NEWDATE     = 14,
	BINLOG_VARCHAR     = 15,
	BINLOG_BIT         = 16,
	BINLOG_TIMESTAMP2  = 17,
	BINLOG_DATETIME2   = 18,
	BINLOG_TIME2       = 19,
	BINLOG_BLOB_COMPRESSED    = 140,   /* MariaDB */
	BINLOG_VARCHAR_COMPRESSED = 141,   /* MariaDB */
	BINLOG_VECTOR      = 242,          /* MySQL */
	BINLOG_JSON        = 245,          /* MySQL's binary JSON */
	BINLOG_DECIMAL     = 246,
	BINLOG_ENUM        = 247,
	BINLOG_SET         = 248,
	BINLOG_BLOB        = 252,
	BINLOG_VAR_STRING  = 253,
	BINLOG_STRING      = 254,
	BINLOG_GEOMETRY    = 255,
};
/* clang-format on */

struct wire_column {
	uint8_t type; /* enum binlog_type; ENUM and SET resolved from STRING */
	bool nullable;
	bool is_unsigned; /* only with has_signedness */
	/*
	 * bytes: VARCHAR and STRING maximum, BLOB of its length field, ENUM and SET of the value;
	 * BIT: bits
	 */
	uint32_t length;
	uint8_t precision; /* DECIMAL */
	/* DECIMAL; digits of the fraction of TIME2, DATETIME2, TIMESTAMP2 */
	uint8_t scale;
	struct slice name; /* SLICE_NULL unless binlog_row_metadata=FULL */
};

/* In the arena; text borrows from the event's body. */
struct tablemap {
	uint64_t id;
	uint16_t flags;
	struct slice database, table;
	struct wire_column *columns;
	size_t count;
	bool has_signedness;
};

/* The columns limit of the servers, and more than any event may claim. */
enum { TABLEMAP_COLUMNS_MAX = 4096 };

int tablemap_read(
    struct arena *a, struct slice body, struct tablemap *out, struct err *err) MUST_USE;
/* A copy with its own text, for keeping beyond the event. */
void tablemap_dup(struct arena *a, const struct tablemap *from, struct tablemap *out);
/*
 * Steps over one value that is not NULL, knowing no more of the column than the wire does. Unknown
 * types fail.
 */
void wire_column_skip(const struct wire_column *w, struct cursor *c);
const char *binlog_type_name(uint8_t type); /* "int24", "varchar", ...; "unknown" */

#endif
