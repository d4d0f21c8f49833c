#include "mysql/wire.h"
#include "test.h"

static struct slice
bytes(const char *data, size_t len)
{
	return slice_of(data, len);
}

TEST(wire_lenenc_edges)
{
	static const struct {
		uint64_t v;
		size_t len;
		/* clang-format off */
	} rows[] = {
		{ 0, 1 }, { 250, 1 }, { 251, 3 }, { 0xffff, 3 }, { 0x10000, 4 }, { 0xffffff, 4 },
		{ 0x1000000, 9 },
		{ UINT64_MAX, 9 },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		SCOPED(buf) struct buf b = BUF_INIT;
		struct wire_reader r;

		wire_put_lenenc(&b, rows[i].v);
		expect_eq(b.len, rows[i].len);
		r = wire_reader(buf_slice(&b));
		expect_eq(wire_lenenc(&r), rows[i].v);
		expect(!r.failed && wire_left(&r) == 0);
		/* One byte less, and it is an error, not a number. */
		for (size_t cut = 0; cut < b.len; cut++) {
			r = wire_reader(slice_cut(buf_slice(&b), 0, cut));
			expect_eq(wire_lenenc(&r), 0);
			expect(r.failed);
		}
	}
}

TEST(wire_lenenc_refuses_null_and_err)
{
	struct wire_reader r = wire_reader(bytes("\xfb", 1));

	wire_lenenc(&r);
	expect(r.failed);
	r = wire_reader(bytes("\xff\1\2", 3));
	wire_lenenc(&r);
	expect(r.failed);
}

TEST(wire_error_sticks)
{
	struct wire_reader r = wire_reader(bytes("\1\2\3", 3));
	struct err err = { 0 };

	expect_eq(wire_u32(&r), 0);
	expect_eq(wire_u8(&r), 0);
	expect_eq(wire_rest(&r).len, 0);
	expect(wire_done(&r, "thing", &err) != 0 && err.kind == ERR_CORRUPT);
}

TEST(wire_strings)
{
	struct wire_reader r = wire_reader(bytes("ab\0\3xyz\xfb\0rest", 13));

	expect_slice(wire_nul_str(&r), slice_str("ab"));
	expect_slice(wire_lenenc_or_null(&r), slice_str("xyz"));
	expect(slice_is_null(wire_lenenc_or_null(&r)));
	expect_slice(wire_lenenc_or_null(&r), slice_str(""));
	expect(!slice_is_null(wire_lenenc_or_null(&r)) || r.failed);
	r = wire_reader(bytes("no end", 6));
	wire_nul_str(&r);
	expect(r.failed);
}

TEST(wire_length_larger_than_packet)
{
	/* A length of 2^64-1 must not wrap around into something small. */
	struct wire_reader r = wire_reader(bytes("\xfe\xff\xff\xff\xff\xff\xff\xff\xff"
						 "abc",
	    12));

	expect_eq(wire_lenenc_str(&r).len, 0);
	expect(r.failed);
}
