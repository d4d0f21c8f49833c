/*
 * tablemap.h - what a Table_map event says of a table: names, wire types, metadata.
 *
 * It precedes the row events of a statement and gives the table a number for
 * them. It is no definition: it does not know UNSIGNED, character sets or
 * lengths in characters unless binlog_row_metadata says so; the definition is
 * struct coltype, and coltype_match() compares the two (design rule 4).
 */
#ifndef BINLOG_TABLEMAP_H
#define BINLOG_TABLEMAP_H

#include "base/arena.h"
#include "base/err.h"

/* Types as in the event; the servers' MYSQL_TYPE_*. */
enum wire_type {
	WIRE_DECIMAL_OLD = 0,
	WIRE_TINY        = 1,
	WIRE_SHORT       = 2,
	WIRE_LONG        = 3,
	WIRE_FLOAT       = 4,
	WIRE_DOUBLE      = 5,
	WIRE_NULL        = 6,
	WIRE_TIMESTAMP   = 7,
	WIRE_LONGLONG    = 8,
	WIRE_INT24       = 9,
	WIRE_DATE        = 10,
	WIRE_TIME        = 11,
	WIRE_DATETIME    = 12,
	WIRE_YEAR        = 13,
	WIRE_NEWDATE     = 14,
	WIRE_VARCHAR     = 15,
	WIRE_BIT         = 16,
	WIRE_TIMESTAMP2  = 17,
	WIRE_DATETIME2   = 18,
	WIRE_TIME2       = 19,
	WIRE_BLOB_COMPRESSED    = 140,   /* MariaDB */
	WIRE_VARCHAR_COMPRESSED = 141,   /* MariaDB */
	WIRE_JSON        = 245,          /* MySQL's binary JSON */
	WIRE_DECIMAL     = 246,
	WIRE_ENUM        = 247,
	WIRE_SET         = 248,
	WIRE_BLOB        = 252,
	WIRE_VAR_STRING  = 253,
	WIRE_STRING      = 254,
	WIRE_GEOMETRY    = 255,
};

struct wire_column {
	uint8_t      type;         /* enum wire_type; ENUM and SET resolved from STRING */
	bool         nullable;
	bool         is_unsigned;  /* only with has_signedness */
	/*
	 * bytes: VARCHAR and STRING maximum, BLOB of its length field, ENUM and SET of the value;
	 * BIT: bits
	 */
	uint32_t     length;
	uint8_t      precision;    /* DECIMAL */
	/* DECIMAL; digits of the fraction of TIME2, DATETIME2, TIMESTAMP2 */
	uint8_t      scale;
	struct slice name;         /* SLICE_NULL unless binlog_row_metadata=FULL */
};

/* In the arena; text borrows from the event's body. */
struct tablemap {
	uint64_t            id;
	uint16_t            flags;
	struct slice        database, table;
	struct wire_column *columns;
	size_t              count;
	bool                has_signedness;
};

/* The columns limit of the servers, and more than any event may claim. */
enum { TABLEMAP_COLUMNS_MAX = 4096 };

int tablemap_read(struct arena *a, struct slice body, struct tablemap *out,
    struct err *err) MUST_USE;
/* A copy with its own text, for keeping beyond the event. */
void tablemap_dup(struct arena *a, const struct tablemap *from, struct tablemap *out);
const char *wire_type_name(uint8_t type);   /* "int24", "varchar", ...; "unknown" */

#endif
