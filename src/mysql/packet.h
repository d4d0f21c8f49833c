/*
 * packet.h - packets on a connection: few system calls, no buffer while idle.
 *
 *   int<3> payload length | int<1> sequence | payload
 *   A payload of 0xffffff bytes and more is cut into pieces of 0xffffff; the
 *   last piece is shorter, and empty if need be.
 *
 * One read fills the input buffer with as many packets as there are; written
 * packets collect in the output buffer until packets_flush(), which writes them
 * with one call. Both buffers are borrowed from the loop's pool while they hold
 * something and given back by packets_park() or when they run empty.
 *
 * A relay looks at the first packet with packets_peek() and then lets bytes
 * through: packets_relay_reply() a reply, packets_relay_file() a file that
 * the client sends. Bytes are neither copied nor looked at beyond packet headers,
 * and a read waits until the last one was written: a slow reader stops its writer.
 *
 * After an error of a read or a write the side that failed is marked broken; a
 * protocol error (ERR_CORRUPT) breaks the side that sent it.
 *
 * Belongs to one task; it does not own the conn.
 */
#ifndef MYSQL_PACKET_H
#define MYSQL_PACKET_H

#include "mysql/reply.h"
#include "task/bufpool.h"
#include "task/net.h"

enum {
	/* written packets wait for a flush; bufpool keeps such buffers */
	PACKET_FLUSH = 64 * 1024,
	/* put together on the stack: most statements, and all answers of our own */
	PACKET_SMALL = 512,
};

struct packets {
	struct conn *conn;
	struct buf *in, *out; /* NULL while not borrowed */
	size_t in_at;         /* bytes of in already taken */
	uint8_t seq;          /* of the next packet, in either direction */
	bool broken;
	usec silence; /* each read of input must bring something within it; 0: no such bound */
	uint64_t bytes_in, bytes_out, reads, writes; /* counted for metrics */
};

struct packet_head {
	uint32_t len; /* of the (first) piece */
	uint8_t seq;
	int first; /* first payload byte, or -1 when empty */
};

/* Input that was read and not taken. */
static inline bool
packets_buffered(const struct packets *p)
{
	return p->in != NULL && p->in_at < p->in->len;
}

void packets_init(struct packets *p, struct conn *conn);
void packets_done(struct packets *p); /* gives buffers back; not the conn */
/* Gives empty buffers back: call it before a wait that may be long. */
void packets_park(struct packets *p);
/* Takes what is buffered, packets or not; borrowed until the next call. */
struct slice packets_take_all(struct packets *p);
/* Parks until there is input or the peer has closed. */
int packets_wait(struct ctx *cx, struct packets *p) MUST_USE;

/* The next payload, joined when it came in pieces; above max bytes ERR_CORRUPT with 1153.
 * Borrowed until the next call. */
int packets_read(struct ctx *cx, struct packets *p, size_t max, struct slice *payload) MUST_USE;
/* The next packet's header and first byte, not taken. */
int packets_peek(struct ctx *cx, struct packets *p, struct packet_head *head) MUST_USE;

/* Adds a packet to the output; writes when much has come together. */
int packets_write(struct ctx *cx, struct packets *p, struct slice payload) MUST_USE;
/* Adds bytes that are packets already. */
int packets_write_raw(struct ctx *cx, struct packets *p, struct slice bytes) MUST_USE;
int packets_flush(struct ctx *cx, struct packets *p) MUST_USE;
/* Both, for the last packet or the only one. Where nothing waits a small one needs no buffer. */
int packets_send(struct ctx *cx, struct packets *p, struct slice payload) MUST_USE;

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
