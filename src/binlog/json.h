/*
 * json.h - MySQL's binary JSON to the text that a SELECT gives, and what of a text MySQL would not keep.
 *
 *   value    type 1 byte, then what the type says
 *   object   count, size; a key entry and a value entry for each member; keys; values
 *   array    count, size; a value entry for each element; values
 *            Counts, sizes and offsets have 2 bytes, or 4 where the object or array is a large one. An
 *            offset counts from the object's or array's first byte, its size included.
 *   key      entry: offset, length 2 bytes
 *   value    entry: type, then the value itself where it fits in, else its offset
 *   string   length in groups of 7 bits, the lowest first, the top bit says that another follows; bytes
 *   opaque   type of a column, length as a string's, bytes: DECIMAL, dates and times, binary strings
 * Numbers are little endian. No bytes at all are null. (MySQL sql-common/json_binary.h)
 *
 * The text loses what an opaque value was: {"d": "2026-01-31"} from a DATE is no other than from a string.
 */
#ifndef BINLOG_JSON_H
#define BINLOG_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
	JSON_DEPTH_MAX = 100, /* MySQL's */
	/* What MariaDB's JSON_VALID() takes, and so the check of its JSON columns: 10.11 and 11.8 alike. */
	JSON_DEPTH_COMMON = 31,
};

/* False when the bytes mean nothing. */
bool json_text(struct slice doc, struct arena *a, struct slice *out) MUST_USE;

/* The first number that MySQL would round, an integer beyond 64 bits or a fraction of more than 17 digits;
 * SLICE_NULL: there is none. Of a text that is no JSON it is anything. */
struct slice json_rounded(struct slice text);
/* Brackets in one another, at most. Of a text that is no JSON it is anything. */
size_t json_depth(struct slice text);

#endif
