#include "mysql/wire.h"

#include "base/check.h"

uint64_t
wire_int(struct wire_reader *r, int bytes)
{
	const uint8_t *p = wire_take(r, (uint64_t)bytes);
	uint64_t v = 0;

	check(bytes >= 1 && bytes <= 8);
	if (p == NULL)
		return 0;
	for (int i = bytes; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

uint32_t
wire_u24(struct wire_reader *r)
{
	return (uint32_t)wire_int(r, 3);
}

uint64_t
wire_u64(struct wire_reader *r)
{
	return wire_int(r, 8);
}

uint64_t
wire_lenenc_rest(struct wire_reader *r, uint8_t first)
{
	switch (first) {
	case 0xfc: return wire_int(r, 2);
	case 0xfd: return wire_int(r, 3);
	case 0xfe: return wire_int(r, 8);
	default: wire_skip(r, UINT64_MAX); return 0;
	}
}

struct slice
wire_bytes(struct wire_reader *r, uint64_t len)
{
	const uint8_t *p = wire_take(r, len);

	if (p == NULL)
		return slice_of("", 0);
	return slice_of(p, (size_t)len);
}

struct slice
wire_lenenc_str(struct wire_reader *r)
{
	return wire_bytes(r, wire_lenenc(r));
}

struct slice
wire_lenenc_or_null(struct wire_reader *r)
{
	if (!r->failed && r->pos < r->end) {
		uint8_t first = *r->pos;

		if (first == 0xfb) {
			r->pos++;
			return SLICE_NULL;
		}
		/* Most values of most rows are shorter than 251 bytes: one compare, no loop. */
		if (first < 0xfb && (size_t)first < wire_left(r)) {
			struct slice s = slice_of(r->pos + 1, first);

			r->pos += 1 + (size_t)first;
			return s;
		}
	}
	return wire_lenenc_str(r);
}

struct slice
wire_nul_str(struct wire_reader *r)
{
	const uint8_t *nul = r->failed || r->pos == r->end ? NULL : memchr(r->pos, 0, wire_left(r));
	struct slice s;

	if (nul == NULL) {
		wire_skip(r, UINT64_MAX);
		return slice_of("", 0);
	}
	s = slice_of(r->pos, (size_t)(nul - r->pos));
	r->pos = nul + 1;
	return s;
}

struct slice
wire_rest(struct wire_reader *r)
{
	return wire_bytes(r, wire_left(r));
}

void
packet_put(struct buf *out, uint8_t *seq, struct slice payload)
{
	size_t at = 0, n;

	do {
		n = payload.len - at < PACKET_PIECE_MAX ? payload.len - at : PACKET_PIECE_MAX;
		packet_header_put(out, n, (*seq)++);
		buf_add_slice(out, slice_cut(payload, at, at + n));
		at += n;
	} while (n == PACKET_PIECE_MAX);
}

void
wire_put_int(struct buf *b, uint64_t v, int bytes)
{
	char *p = buf_grow(b, (size_t)bytes);

	for (int i = 0; i < bytes; i++, v >>= 8)
		p[i] = (char)(v & 0xff);
}

void
wire_put_lenenc(struct buf *b, uint64_t v)
{
	if (v < 0xfb) {
		wire_put_int(b, v, 1);
	} else if (v <= 0xffff) {
		wire_put_int(b, 0xfc, 1);
		wire_put_int(b, v, 2);
	} else if (v <= 0xffffff) {
		wire_put_int(b, 0xfd, 1);
		wire_put_int(b, v, 3);
	} else {
		wire_put_int(b, 0xfe, 1);
		wire_put_int(b, v, 8);
	}
}

void
wire_put_lenenc_str(struct buf *b, struct slice s)
{
	wire_put_lenenc(b, s.len);
	buf_add_slice(b, s);
}

void
wire_put_null(struct buf *b)
{
	wire_put_int(b, 0xfb, 1);
}

void
wire_put_nul_str(struct buf *b, struct slice s)
{
	buf_add_slice(b, s);
	wire_put_int(b, 0, 1);
}
