/*
 * pack_test.c - what was packed comes out the same, however it is cut.
 */
#include "base/pack.h"

#include "base/rand.h"
#include "test.h"

static const enum pack_kind kinds[] = { PACK_ZLIB, PACK_DEFLATE, PACK_ZSTD };

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* Half of it compresses. */
static void
fill(struct buf *b, size_t len)
{
	struct rand r;

	rand_seed(&r, test_seed());
	for (size_t i = 0; i < len; i++)
		buf_add_char(b, i % 2 == 0 ? 'x' : (char)rand_below(&r, 256));
}

/* How bytes are cut: what comes, and the room for what comes out. */
struct cut {
	size_t piece, room;
};

/* -1 with err. */
static int
unpack(struct unpacker *u, struct slice in, struct cut cut, struct buf *out, struct err *err)
{
	while (in.len > 0) {
		struct slice some = slice_cut(in, 0, cut.piece);
		size_t had = some.len, got;

		do {
			struct room to = { buf_grow(out, cut.room), cut.room };

			if (unpacker_next(u, &some, &to, err) != 0)
				return -1;
			got = cut.room - to.left;
			buf_truncate(out, out->len - to.left);
		} while (got > 0);
		in = slice_cut(in, had - some.len, in.len);
		if (some.len == had)
			return 0;
	}
	return 0;
}

TEST(packed_bytes_come_out_the_same_in_pieces_of_any_size)
{
	static const size_t sizes[] = { 0, 1, 1000, 200000 }, cuts[] = { 1, 7, 4096, 1 << 20 };
	struct err err = { 0 };

	for (size_t k = 0; k < KINDS * 4 * 4 * 4; k++) {
		enum pack_kind kind = kinds[k / 64];
		size_t size = sizes[k & 3], piece = cuts[k >> 2 & 3], room = cuts[k >> 4 & 3];
		SCOPED(buf) struct buf plain = BUF_INIT, packed = BUF_INIT, out = BUF_INIT;
		struct packer *p = packer_new(kind, PACK_ZSTD_LEVEL);
		struct unpacker *u = unpacker_new(kind, 24);

		fill(&plain, size);
		packer_add(p, buf_slice(&plain), &packed);
		expect(size < 1000 || packed.len < size);
		for (int again = 0; again < 2; again++) {
			buf_reset(&out);
			expect_ok(
			    unpack(u, buf_slice(&packed), (struct cut){ piece, room }, &out, &err),
			    &err);
			expect_slice(buf_slice(&out), buf_slice(&plain));
			expect(unpacker_ended(u));
			unpacker_restart(u);
		}
		packer_free(p);
		unpacker_free(u);
	}
}

TEST(what_is_no_form_or_only_its_beginning_is_seen)
{
	struct err err = { 0 };

	for (int k = 0; k < KINDS; k++) {
		SCOPED(buf) struct buf plain = BUF_INIT, packed = BUF_INIT, out = BUF_INIT;
		struct packer *p = packer_new(kinds[k], PACK_ZSTD_LEVEL);
		struct unpacker *u = unpacker_new(kinds[k], 0);

		fill(&plain, 5000);
		packer_add(p, buf_slice(&plain), &packed);
		expect_ok(unpack(u, slice_cut(buf_slice(&packed), 0, packed.len - 1),
			      (struct cut){ 100, 100 }, &out, &err),
		    &err);
		expect(!unpacker_ended(u));
		unpacker_restart(u);
		expect(unpack(u, slice_str("what is none of these"), (struct cut){ 5, 100 }, &out,
			   &err) != 0);
		expect_eq(err.kind, ERR_CORRUPT);
		packer_free(p);
		unpacker_free(u);
	}
}

/* As version 0.7 began; by pieces of any size. */
TEST(zstd_of_before_version_1_is_none)
{
	for (size_t piece = 1; piece < 6; piece++) {
		struct unpacker *u = unpacker_new(PACK_ZSTD, 24);
		SCOPED(buf) struct buf out = BUF_INIT;
		struct err err = { 0 };

		expect(unpack(u, slice_of("\x27\xb5\x2f\xfd", 4), (struct cut){ piece, 100 }, &out,
			   &err) != 0);
		expect_str(err.text, "zstd: not what it packs");
		unpacker_free(u);
	}
}

/* Says that it needs a window of 128 MB. */
TEST(zstd_gets_no_larger_window_than_it_may_have)
{
	static const uint8_t frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0x00, 0x00 };
	struct unpacker *u = unpacker_new(PACK_ZSTD, 24);
	SCOPED(buf) struct buf out = BUF_INIT;
	struct err err = { 0 };

	expect(unpack(u, slice_of(frame, sizeof(frame)), (struct cut){ 100, 100 }, &out, &err) != 0);
	expect_str(err.text, "zstd: Frame requires too much memory for decoding");
	unpacker_free(u);
}
