#include "tablet/read/spool.h"

#include "test.h"

static void
expect_bytes(const struct spool *s, uint64_t at, const char *bytes)
{
	struct err err = { 0 };
	char out[64];
	size_t len = strlen(bytes);

	expect_ok(spool_read(s, at, out, len, &err), &err);
	expect_slice(slice_of(out, len), slice_str(bytes));
}

TEST(bytes_come_back_from_memory_file_and_both)
{
	struct err err = { 0 };
	struct spool s;

	spool_init(&s, test_dir(), 8);
	expect_ok(spool_add(&s, slice_str("abcd"), &err), &err);
	expect_bytes(&s, 1, "bcd");
	expect_eq(s.file, -1);
	expect_ok(spool_add(&s, slice_str("efghij"), &err), &err);
	expect(s.file >= 0);
	expect_eq(s.newest.len, 0);
	expect_ok(spool_add(&s, slice_str("kl"), &err), &err);
	expect_eq(spool_bytes(&s), 12);
	expect_bytes(&s, 0, "abcdefghijkl");
	expect_bytes(&s, 10, "kl");
	expect_bytes(&s, 8, "ijk");
	spool_done(&s);
}

TEST(what_is_cut_off_is_written_over)
{
	struct err err = { 0 };
	struct spool s;

	spool_init(&s, test_dir(), 4);
	expect_ok(spool_add(&s, slice_str("abcdef"), &err), &err);
	expect_ok(spool_add(&s, slice_str("gh"), &err), &err);
	spool_truncate(&s, 7);
	expect_bytes(&s, 0, "abcdefg");
	spool_truncate(&s, 2);
	expect_eq(spool_bytes(&s), 2);
	expect_ok(spool_add(&s, slice_str("xyz12"), &err), &err);
	expect_bytes(&s, 0, "abxyz12");
	spool_reset(&s);
	expect_eq(spool_bytes(&s), 0);
	spool_done(&s);
}
