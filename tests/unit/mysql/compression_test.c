/*
 * compression_test.c - frames, cut in every way, and those that lie.
 */
#include "mysql/compression.h"

#include "base/rand.h"
#include "test.h"

#include <sys/resource.h>

static const enum compression_algorithm algorithms[] = { COMPRESSION_ZLIB, COMPRESSION_ZSTD };
static struct err err;

/* Half of it compresses. */
static void
fill(struct buf *b, size_t len)
{
	struct rand r;

	rand_seed(&r, test_seed());
	for (size_t i = 0; i < len; i++)
		buf_add_char(b, i % 2 == 0 ? 'x' : (char)rand_below(&r, 256));
}

static void
put_head(struct buf *b, size_t body, uint8_t number, size_t plain)
{
	for (int i = 0; i < 3; i++)
		buf_add_char(b, (char)(body >> (8 * i)));
	buf_add_char(b, (char)number);
	for (int i = 0; i < 3; i++)
		buf_add_char(b, (char)(plain >> (8 * i)));
}

static struct compression *
begin(enum compression_algorithm algorithm)
{
	struct compression *c = compression_new(algorithm, PACK_ZSTD_LEVEL);

	compression_command_in(c);
	return c;
}

/* Reads by pieces of raw into rooms of a size, until nothing more comes. */
static int
read_all(struct compression *c, struct slice raw, size_t piece, size_t room, struct buf *out)
{
	while (raw.len > 0) {
		struct slice some = slice_cut(raw, 0, piece);
		struct room to;

		raw = slice_cut(raw, some.len, raw.len);
		do {
			to = (struct room){ buf_grow(out, room), room };
			TRY(compression_read(c, &some, &to, &err));
			buf_truncate(out, out->len - to.left);
		} while (to.left < room);
		expect_eq(some.len, 0);
	}
	return 0;
}

TEST(frames_carry_bytes_of_any_number_in_pieces_of_any_size)
{
	static const size_t sizes[] = { 1, 49, 50, 51, 4000, COMPRESSION_PIECE - 1,
		COMPRESSION_PIECE, COMPRESSION_PIECE + 1, 300000 };
	static const size_t pieces[] = { 1, 6, 7, 8, 1000, 1 << 20 },
			    rooms[] = { 1, 3, 1000, 1 << 20 };

	for (size_t k = 0; k < 2 * 9 * 6 * 4; k++) {
		enum compression_algorithm algorithm = algorithms[k % 2];
		size_t size = sizes[k / 2 % 9], piece = pieces[k / 18 % 6], room = rooms[k / 108];
		struct compression *from = compression_new(algorithm, 1), *to = begin(algorithm);
		SCOPED(buf) struct buf plain = BUF_INIT, raw = BUF_INIT, out = BUF_INIT;

		fill(&plain, size);
		compression_command_out(from);
		for (int n = 0; n < 2; n++)
			compression_write(from, buf_slice(&plain), &raw);
		expect_ok(read_all(to, buf_slice(&raw), piece, room, &out), &err);
		expect_eq(out.len, 2 * size);
		expect_slice(slice_cut(buf_slice(&out), size, 2 * size), buf_slice(&plain));
		compression_park(to); /* between two frames it may */
		compression_free(from);
		compression_free(to);
	}
}

static struct buf
written(size_t len, char c)
{
	struct compression *z = compression_new(COMPRESSION_ZLIB, 0);
	SCOPED(buf) struct buf plain = BUF_INIT;
	struct buf raw = BUF_INIT;

	memset(buf_grow(&plain, len), c, len);
	if (c == 0)
		for (size_t i = 0; i < len; i++)
			plain.data[i] = (char)(i * 37);
	compression_command_out(z);
	compression_write(z, buf_slice(&plain), &raw);
	compression_free(z);
	return raw;
}

TEST(what_does_not_become_smaller_is_not_packed)
{
	SCOPED(buf)
	struct buf small = written(COMPRESSION_LEAST - 1, 'a'),
		   packed = written(COMPRESSION_LEAST, 'a'), random = written(COMPRESSION_LEAST, 0);

	expect_slice(slice_cut(buf_slice(&small), 0, 8), slice_of("\x31\0\0\0\0\0\0a", 8));
	expect_eq(small.len, COMPRESSION_HEADER + COMPRESSION_LEAST - 1);
	expect(packed.len < small.len);
	expect_slice(slice_cut(buf_slice(&packed), 3, 7), slice_of("\0\x32\0\0", 4));
	expect_slice(slice_cut(buf_slice(&random), 0, 7), slice_of("\x32\0\0\0\0\0\0", 7));
}

/* ---- numbers ---- */

/* Frames of a byte each, by their numbers, which is also what they carry. */
static struct slice
numbered(struct buf *b, const char *numbers, size_t count)
{
	buf_reset(b);
	for (size_t i = 0; i < count; i++) {
		put_head(b, 1, (uint8_t)numbers[i], 0);
		buf_add_char(b, numbers[i]);
	}
	return buf_slice(b);
}

static int
read_some(struct compression *c, struct slice *raw, struct buf *out)
{
	struct room room = { buf_grow(out, 100), 100 };
	int rc = compression_read(c, raw, &room, &err);

	buf_truncate(out, out->len - room.left);
	return rc;
}

TEST(commands_sent_ahead_wait_until_they_are_asked_for)
{
	struct compression *c = begin(COMPRESSION_ZLIB);
	SCOPED(buf) struct buf b = BUF_INIT, out = BUF_INIT;
	struct slice raw = numbered(&b, "\0\1\0\0\1\2", 6);

	expect_ok(read_some(c, &raw, &out), &err);
	expect_slice(buf_slice(&out), slice_of("\0\1", 2));
	compression_command_in(c);
	expect_ok(read_some(c, &raw, &out), &err);
	expect_eq(out.len, 3);
	buf_reset(&out);
	expect(
	    read_some(c, &raw, &out) != 0); /* one more byte of the same command, which has ended */
	expect_eq(err.mysql_errno, 1156);
	expect_str(err.sqlstate, "08S01");
	compression_command_in(c);
	expect_ok(read_some(c, &raw, &out), &err);
	expect_slice(buf_slice(&out), slice_of("\0\1\2", 3));
	compression_free(c);
}

TEST(answers_begin_with_the_number_behind_their_command_and_go_around)
{
	struct compression *c = compression_new(COMPRESSION_ZLIB, 0), *d = begin(COMPRESSION_ZLIB);
	SCOPED(buf) struct buf raw = BUF_INIT, out = BUF_INIT, b = BUF_INIT;
	struct slice left;

	compression_command_out(c);
	for (int n = 0; n < 300; n++)
		compression_write(c, slice_str("x"), &raw);
	expect_eq((uint8_t)raw.data[299 * 8 + 3], 299 - 256);
	expect_ok(read_all(d, buf_slice(&raw), 1000, 1000, &out), &err);
	expect_eq(out.len, 300);
	buf_reset(&raw);
	compression_write(d, slice_str("answer"), &raw);
	expect_eq((uint8_t)raw.data[3], 300 - 256);
	/* Their numbers are known to who asked one at a time, and may be any where more were sent. */
	compression_answer_in(c);
	left = numbered(&b, "\1\2\1", 3);
	expect_ok(read_some(c, &left, &out), &err);
	compression_answer_in(c);
	expect_ok(read_some(c, &left, &out), &err);
	expect_eq(out.len, 303);
	left = numbered(&b, "\5", 1);
	expect(read_some(c, &left, &out) != 0);
	compression_free(c);
	compression_free(d);
}

TEST(packets_are_numbered_anew_whatever_their_numbers_were)
{
	SCOPED(buf) struct buf raw = BUF_INIT;
	struct compression *c = compression_new(COMPRESSION_ZLIB, 0);

	for (size_t piece = 1; piece < 12; piece++) {
		buf_reset(&raw);
		buf_add(&raw, "\5\0\0\7hello\0\0\0\7\6\0\0\2world!", 23);
		compression_number_from(c, 254);
		for (size_t at = 0; at < raw.len; at += piece)
			compression_number(
			    c, raw.data + at, piece < raw.len - at ? piece : raw.len - at);
		expect_slice(
		    buf_slice(&raw), slice_of("\5\0\0\xfehello\0\0\0\xff\6\0\0\0world!", 23));
	}
	compression_free(c);
}

/* ---- frames that lie ---- */

/* One frame that says plain, of packed and what stands behind. */
static void
expect_lie(
    enum compression_algorithm algorithm, size_t plain, struct slice packed, const char *behind)
{
	static const size_t pieces[] = { 1, 5, 1 << 20 }, rooms[] = { 1, 100, 1 << 20 };
	SCOPED(buf) struct buf frame = BUF_INIT;

	put_head(&frame, packed.len + strlen(behind), 0, plain);
	buf_add_slice(&frame, packed);
	buf_add_str(&frame, behind);
	/* The next frame's, which must not be taken for this one's. */
	put_head(&frame, 1, 1, 0);
	buf_add_str(&frame, "y");
	for (int k = 0; k < 9; k++) {
		struct compression *c = begin(algorithm);
		SCOPED(buf) struct buf out = BUF_INIT;

		expect(read_all(c, buf_slice(&frame), pieces[k % 3], rooms[k / 3], &out) != 0);
		expect_eq(err.kind, ERR_CORRUPT);
		expect_eq(err.mysql_errno, 1157);
		expect(out.len <= plain + rooms[k / 3]);
		compression_free(c);
	}
}

TEST(a_frame_holds_what_it_says_or_is_an_error)
{
	for (int k = 0; k < 2; k++) {
		enum compression_algorithm algorithm = algorithms[k];
		enum pack_kind kind = k == 0 ? PACK_ZLIB : PACK_ZSTD;
		struct packer *p = packer_new(kind, 3);
		SCOPED(buf) struct buf plain = BUF_INIT, packed = BUF_INIT;
		struct slice all;

		fill(&plain, 1000);
		packer_add(p, buf_slice(&plain), &packed);
		all = buf_slice(&packed);
		expect_lie(algorithm, 999, all, "");
		expect_lie(algorithm, 1, all, "");
		expect_lie(algorithm, 1001, all, "");
		expect_lie(algorithm, 0xffffff, all, "");
		expect_lie(algorithm, 1000, all, "z");
		expect_lie(algorithm, 1000, slice_cut(all, 0, all.len - 1), "");
		expect_lie(algorithm, 1000, slice_cut(all, 0, all.len / 2), "");
		expect_lie(algorithm, 1000, slice_of("", 0), "");
		expect_lie(algorithm, 1000, slice_str("no form of anything, and long enough"), "");
		packer_free(p);
	}
}

static long
largest_kb(void)
{
	struct rusage r;

	expect_eq(getrusage(RUSAGE_SELF, &r), 0);
	return r.ru_maxrss;
}

/* 200 MB that came as a few kilobytes. */
TEST(a_bomb_gives_what_it_says_and_ends)
{
	for (int k = 0; k < 2; k++) {
		struct packer *p = packer_new(k == 0 ? PACK_ZLIB : PACK_ZSTD, k == 0 ? 9 : 19);
		SCOPED(buf) struct buf plain = BUF_INIT, packed = BUF_INIT;
		long before;

		memset(buf_grow(&plain, 200u << 20), 0, 200u << 20);
		packer_add(p, buf_slice(&plain), &packed);
		packer_free(p);
		buf_done(&plain);
		before = largest_kb();
		expect_lie(algorithms[k], 70000, buf_slice(&packed), "");
		expect(largest_kb() - before < 40 * 1024);
	}
}

/* Servers that pack by streams, and whoever sends nothing. */
TEST(zstd_of_two_parts_and_frames_without_anything_are_good)
{
	struct packer *p = packer_new(PACK_ZSTD, 3);
	struct compression *c = begin(COMPRESSION_ZSTD);
	SCOPED(buf)
	struct buf plain = BUF_INIT, packed = BUF_INIT, frames = BUF_INIT, out = BUF_INIT;

	fill(&plain, 1000);
	packer_add(p, buf_slice(&plain), &packed);
	packer_add(p, buf_slice(&plain), &packed);
	put_head(&frames, 0, 0, 0);
	put_head(&frames, packed.len, 1, 2000);
	buf_add_slice(&frames, buf_slice(&packed));
	put_head(&frames, 0, 2, 0);
	expect_ok(read_all(c, buf_slice(&frames), 3, 7, &out), &err);
	expect_eq(out.len, 2000);
	packer_free(p);
	compression_free(c);
}
