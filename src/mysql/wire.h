/*
 * wire.h - the protocol's integers and strings, read and written.
 *
 *   int<n>      n bytes, least first
 *   int<lenenc> < 0xfb: itself; 0xfc, 0xfd, 0xfe: 2, 3, 8 bytes follow; 0xfb is
 *               NULL in a text row, 0xff begins an ERR packet: neither is an int
 *   str<NUL>    up to a zero byte      str<lenenc>  int<lenenc>, then the bytes
 *   str<EOF>    the rest of the packet
 * (dev.mysql.com, MySQL Internals: Basic Types; mariadb.com/kb: Protocol Data Types)
 *
 * A reader has a sticky error: past the end it gives zeros and empty slices
 * and stays failed, so a decoder reads all its fields and asks once at the
 * end. Slices point into the packet.
 */
#ifndef MYSQL_WIRE_H
#define MYSQL_WIRE_H

#include "base/buf.h"
#include "base/err.h"

#include <endian.h>

enum {
	PACKET_HEADER = 4,           /* int<3> payload length, int<1> sequence: see packet.h */
	PACKET_PIECE_MAX = 0xffffff, /* a payload of this length goes on in the next packet */
};

static inline uint32_t
packet_header_len(const uint8_t *header)
{
	uint32_t all;

	/* One load: compilers do not make one of three bytes. */
	memcpy(&all, header, sizeof(all));
	return le32toh(all) & PACKET_PIECE_MAX;
}

static inline void
packet_header_write(char *at, size_t len, uint8_t seq)
{
	at[0] = (char)(len & 0xff);
	at[1] = (char)(len >> 8 & 0xff);
	at[2] = (char)(len >> 16 & 0xff);
	at[3] = (char)seq;
}

static inline void
packet_header_put(struct buf *b, size_t len, uint8_t seq)
{
	packet_header_write(buf_grow(b, PACKET_HEADER), len, seq);
}

/* Adds a payload with its header(s); *seq is the first one's number and becomes the next. */
void packet_put(struct buf *out, uint8_t *seq, struct slice payload);

struct wire_reader {
	const uint8_t *pos, *end;
	bool failed;
};

static inline struct wire_reader
wire_reader(struct slice packet)
{
	return (struct wire_reader){ packet.ptr,
		packet.ptr == NULL ? NULL : packet.ptr + packet.len, false };
}

/* Bytes not read yet; 0 once it has failed. */
static inline size_t
wire_left(const struct wire_reader *r)
{
	return (size_t)(r->end - r->pos);
}

/* The next len bytes, or NULL with the reader failed and at its end. */
static inline const uint8_t *
wire_take(struct wire_reader *r, uint64_t len)
{
	const uint8_t *at = r->pos;

	if (__builtin_expect(r->failed || len > wire_left(r), 0)) {
		r->failed = true;
		r->pos = r->end;
		return NULL;
	}
	r->pos += len;
	return at;
}

static inline uint8_t
wire_u8(struct wire_reader *r)
{
	const uint8_t *p = wire_take(r, 1);

	return p == NULL ? 0 : *p;
}

static inline uint16_t
wire_u16(struct wire_reader *r)
{
	const uint8_t *p = wire_take(r, 2);

	return p == NULL ? 0 : (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
wire_u32(struct wire_reader *r)
{
	const uint8_t *p = wire_take(r, 4);

	return p == NULL
	    ? 0
	    : (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void
wire_skip(struct wire_reader *r, uint64_t len)
{
	(void)wire_take(r, len);
}

uint32_t wire_u24(struct wire_reader *r);
uint64_t wire_u64(struct wire_reader *r);
uint64_t wire_int(struct wire_reader *r, int bytes); /* 1 to 8 bytes, least first */
/* An int<lenenc> of the first byte, which was read. */
uint64_t wire_lenenc_rest(struct wire_reader *r, uint8_t first);

static inline uint64_t
wire_lenenc(struct wire_reader *r)
{
	uint8_t first = wire_u8(r);

	return first < 0xfb ? first : wire_lenenc_rest(r, first);
}

/* Each of these: a slice of the packet, valid as long as that; empty once the reader has failed. */
struct slice wire_bytes(struct wire_reader *r, uint64_t len);
struct slice wire_lenenc_str(struct wire_reader *r);
/* As in a text row: SLICE_NULL for NULL. */
struct slice wire_lenenc_or_null(struct wire_reader *r);
struct slice wire_nul_str(struct wire_reader *r);
struct slice wire_rest(struct wire_reader *r);
/* 0, or ERR_CORRUPT "<what>: the packet ends too early". */
static inline int MUST_USE
wire_done(const struct wire_reader *r, const char *what, struct err *err)
{
	if (__builtin_expect(r->failed, 0))
		return err_set(err, ERR_CORRUPT, "%s: the packet ends too early", what);
	return 0;
}

/* Appended. What does not fit in bytes is cut off: the caller has checked. */
void wire_put_int(struct buf *b, uint64_t v, int bytes);
void wire_put_lenenc(struct buf *b, uint64_t v); /* in the shortest form, as servers do */
void wire_put_lenenc_str(struct buf *b, struct slice s);
void wire_put_null(struct buf *b); /* NULL of a text row */
void wire_put_nul_str(
    struct buf *b, struct slice s); /* s has no zero byte: a reader would stop there */

#endif
