/*
 * reply_relay.h - replies and files that pass from one connection to another.
 *
 * A relay looks at the first packet with packets_peek() and then lets bytes
 * through: packets_relay_reply() a reply, packets_relay_file() a file that
 * the client sends. Bytes are neither copied nor looked at beyond packet headers,
 * and a read waits until the last one was written: a slow reader stops its writer.
 */
#ifndef MYSQL_REPLY_RELAY_H
#define MYSQL_REPLY_RELAY_H

#include "mysql/packet.h"

/* Lets a reply through until it has ended or asks for a file (REPLY_AT_FILE), then flushes. */
int packets_relay_reply(
    struct ctx *cx, struct packets *from, struct packets *to, struct reply_scan *scan) MUST_USE;
/* The same, but an ERR that ends the reply is not written: reply_scan_tail() has it, and the next packet
 * that is written takes its number. */
int packets_relay_to_err(
    struct ctx *cx, struct packets *from, struct packets *to, struct reply_scan *scan) MUST_USE;
typedef int mend_fn(void *names, struct slice told, struct buf *out, struct err *err);

/* What is changed in a reply on its way. */
struct reply_mend {
	uint16_t (*status)(const void *arg, uint16_t told);
	const void *arg;
	/* Column definitions and rows: write what is to be sent. NULL: as they are. */
	mend_fn *definition, *row;
	void *names;
};
/* Lets a reply through with its packets changed and numbered anew, from to->seq on: for a reply that is not
 * the only one of its command, or comes from a server that does not know all of the session. Slower. Ends
 * as packets_relay_to_err(). */
int packets_relay_mended(struct ctx *cx, struct packets *from, struct packets *to,
    struct reply_scan *scan, const struct reply_mend *mend) MUST_USE;
/* The same up to the first row, or to the end where there is none; nothing is flushed. What follows may
 * pass by packets_relay_to_err() if the numbers are the same. */
int packets_relay_head(struct ctx *cx, struct packets *from, struct packets *to,
    struct reply_scan *scan, const struct reply_mend *mend) MUST_USE;
/* As packets_relay_file(), numbered anew. */
int packets_relay_file_mended(struct ctx *cx, struct packets *from, struct packets *to) MUST_USE;
/* Lets packets through up to and with an empty one. */
int packets_relay_file(struct ctx *cx, struct packets *from, struct packets *to) MUST_USE;
/* Reads a reply to its end and drops it; a request for a file is answered with nothing. */
int packets_drop_reply(struct ctx *cx, struct packets *from, struct reply_scan *scan) MUST_USE;

#endif
