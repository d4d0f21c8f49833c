/*
 * event_packed.h - MariaDB's compressed events (log_bin_compress) as what they would have been.
 *
 * A Query_compressed event is a Query whose text is packed (packed.h), one of rows a rows event whose rows
 * are: all behind the bitmaps of the columns. What stands before that is as it is without compression.
 * (MariaDB sql/log_event.cc, query_event_uncompress() and row_log_event_uncompress().)
 */
#ifndef BINLOG_EVENT_PACKED_H
#define BINLOG_EVENT_PACKED_H

#include "base/buf.h"
#include "binlog/event.h"

bool event_is_packed(uint8_t type);
/* *out is e with the type and the body that it stands for; its length and place are still those in the file.
 * The body is added to room, which out borrows. ERR_CORRUPT. */
int event_unpack(
    const struct event *e, struct buf *room, struct event *out, struct err *err) MUST_USE;

#endif
