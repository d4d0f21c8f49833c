/*
 * payload.h - MySQL's compressed transactions, event by event.
 *
 * A Transaction_payload event is a whole group but for its GTID: fields (type lenenc, length lenenc,
 * value): 1 compressed bytes, 2 algorithm (0 zstd, 255 none), 3 bytes before, 0 the end, without
 * length; then the compressed bytes. What comes out are events with header and body, without
 * checksums, whose positions mean nothing. (dev.mysql.com: Binary Log Transaction Compression)
 *
 *   payload_open()
 *   payload_next() until it gives no event more
 *   payload_close()
 *
 * Memory is one event and zstd's window, whatever the size of the transaction.
 */
#ifndef BINLOG_PAYLOAD_H
#define BINLOG_PAYLOAD_H

#include "base/buf.h"
#include "binlog/event.h"

struct payload {
	struct unpacker *unpacker; /* NULL: not compressed */
	struct slice packed;       /* what is left of it; borrowed */
	struct buf event;
};

/* Borrows body. ERR_CORRUPT; ERR_REFUSED: another algorithm. payload_close() in any case. */
int payload_open(struct payload *p, struct slice body, struct err *err) MUST_USE;
/* *more: out is the next event, until the next call. Else all of them were given. */
int payload_next(struct payload *p, struct event *out, bool *more, struct err *err) MUST_USE;
void payload_close(struct payload *p);

#endif
