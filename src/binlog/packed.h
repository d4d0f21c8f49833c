/*
 * packed.h - bytes that MariaDB has made smaller.
 *
 *   8x, n, bytes  zlib's; x: bytes of n, and 8 more where zlib's header and check are left out
 *                 (column_compression_zlib_wrap); n: how many come out, the highest byte first
 *
 * Values of COMPRESSED columns, as row events have them, are in that form, or:
 *
 *   empty         an empty value
 *   00, bytes     the bytes as they are: they would not have become fewer
 *
 * So are a statement's text and an event's rows with log_bin_compress (event_packed.h): 8x stands always.
 */
#ifndef BINLOG_PACKED_H
#define BINLOG_PACKED_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* *out is in the arena, or borrowed from packed. False on bytes that mean nothing. */
bool packed_value(struct slice packed, struct arena *a, struct slice *out) MUST_USE;
/* Adds what comes out; where that is false out is as it was. */
bool packed_add(struct slice packed, struct buf *out) MUST_USE;

#endif
