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
 * something and given back by packets_park() or when they run empty. An input buffer that a large packet
 * has enlarged is given back with the next packets_read(): no connection keeps its largest row for ever.
 *
 * Numbers begin anew with each command, so whoever reads or writes one says so first. With compression
 * (compressed.h) those of the frames do too; the packets have the numbers that they would have without, so
 * that a relay need not know.
 *
 * After an error of a read or a write the side that failed is marked broken; a
 * protocol error (ERR_CORRUPT) breaks the side that sent it.
 *
 * Belongs to one task; it does not own the conn.
 */
#ifndef MYSQL_PACKET_H
#define MYSQL_PACKET_H

#include "mysql/compressed.h"
#include "mysql/reply.h"
#include "task/bufpool.h"
#include "task/net.h"

enum {
	/* written packets wait for a flush; bufpool keeps such buffers */
	PACKET_FLUSH = 64 * 1024,
	/* put together on the stack: most statements, and all answers of our own */
	PACKET_SMALL = 512,
	/* of an input buffer that is kept for the next packet */
	PACKET_KEEP = 4 * 1024 * 1024,
};

struct packets {
	struct conn *conn;
	struct compressed *zip; /* on the conn; NULL: none */
	bool zip_turned;        /* something was written since the last read */
	struct buf *in, *out;   /* NULL while not borrowed */
	size_t in_at;           /* bytes of in already taken */
	uint8_t seq;            /* of the next packet, in either direction */
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

/* The same; borrowed until the next call. */
static inline struct slice
packets_input(const struct packets *p)
{
	return p->in == NULL ? SLICE_NULL : slice_of(p->in->data + p->in_at, p->in->len - p->in_at);
}

void packets_init(struct packets *p, struct conn *conn);
void packets_done(struct packets *p); /* gives buffers back; not the conn */
/* Gives empty buffers back: call it before a wait that may be long. */
void packets_park(struct packets *p);
/* From here on both sides compress: what is buffered and comes is frames. level: as compression_new().
 * Once. */
void packets_compress(struct packets *p, enum compression_algorithm algorithm, int level);

/* For the three below, of a connection that compresses. */
void packets_begin_frames(struct packets *p);
void packets_await_command_frame(struct packets *p);
void packets_await_answer_frame(struct packets *p);

/* A command is about to be written, whether those before it were answered or not. */
static inline void
packets_begin_command(struct packets *p)
{
	p->seq = 0;
	if (__builtin_expect(p->zip != NULL, 0))
		packets_begin_frames(p);
}

/* A command is about to be read. */
static inline void
packets_await_command(struct packets *p)
{
	p->seq = 0;
	if (__builtin_expect(p->zip != NULL, 0))
		packets_await_command_frame(p);
}

/* An answer is about to be read that begins with packet seq. Needed where commands were sent ahead. */
static inline void
packets_await_answer(struct packets *p, uint8_t seq)
{
	p->seq = seq;
	if (__builtin_expect(p->zip != NULL, 0))
		packets_await_answer_frame(p);
}

/* Takes what is buffered, packets or not; borrowed until the next call. */
struct slice packets_take_all(struct packets *p);
/* Parks until there is input or the peer has closed. */
int packets_wait(struct ctx *cx, struct packets *p) MUST_USE;
/* Has the next packet at least begun to arrive? Never waits. */
bool packets_has_input(const struct packets *p);
/* Has the peer closed the connection, or said something that nobody asked for? Does not wait, and may take
 * bytes: true is the end of it. */
bool packets_hung_up(struct packets *p);
/* A last command, as far as it goes without waiting. */
void packets_write_last(struct packets *p, struct slice payload);

/* The next payload, joined when it came in pieces; above max bytes ERR_CORRUPT with 1153.
 * Borrowed until the next call. */
int packets_read(struct ctx *cx, struct packets *p, size_t max, struct slice *payload) MUST_USE;
/* The next packet's header and first byte, not taken. */
int packets_peek(struct ctx *cx, struct packets *p, struct packet_head *head) MUST_USE;

/* Adds a packet to the output; writes when much has come together. */
int packets_write(struct ctx *cx, struct packets *p, struct slice payload) MUST_USE;
/* The same of a payload that lies in several places: a large one is not put together. */
int packets_write_parts(
    struct ctx *cx, struct packets *p, const struct slice *parts, size_t count) MUST_USE;
/* Adds bytes that are packets already. */
int packets_write_raw(struct ctx *cx, struct packets *p, struct slice bytes) MUST_USE;
int packets_flush(struct ctx *cx, struct packets *p) MUST_USE;
/* Both, for the last packet or the only one. Where nothing waits a small one needs no buffer. */
int packets_send(struct ctx *cx, struct packets *p, struct slice payload) MUST_USE;

/* ---- for whoever passes bytes on (reply_relay.h) ---- */

/* One read. want: how many bytes more the caller needs, as a hint. */
int packets_fill(struct ctx *cx, struct packets *p, size_t want) MUST_USE;
int packets_read_more(struct ctx *cx, struct packets *p, size_t len) MUST_USE;
/* Where packets collect that are not written yet. */
struct buf *packets_output(struct packets *p);

/* len bytes of input. Mostly they are there: a statement asks several times, and two reads bring all. */
static inline int
packets_need(struct ctx *cx, struct packets *p, size_t len)
{
	return packets_input(p).len >= len ? 0 : packets_read_more(cx, p, len);
}

#endif
