/*
 * column_packed.h - values of MariaDB's COMPRESSED columns, as row events have them.
 *
 *   empty         an empty value
 *   00, bytes     the bytes as they are: they would not have become fewer
 *   8x, n, bytes  zlib's; x: bytes of n, and 8 more where zlib's header and check are left out
 *                 (column_compression_zlib_wrap); n: how many come out, the highest byte first
 */
#ifndef BINLOG_COLUMN_PACKED_H
#define BINLOG_COLUMN_PACKED_H

#include "base/arena.h"
#include "base/err.h"

/* *out is in the arena, or borrowed from packed. False on bytes that mean nothing. */
bool column_unpack(struct slice packed, struct arena *a, struct slice *out) MUST_USE;

#endif
