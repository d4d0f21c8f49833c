#include "tablet/read/xids.h"

#include "test.h"

static struct xid
xid(uint32_t format, const char *gtrid, const char *bqual)
{
	return (struct xid){ format, slice_str(gtrid), slice_str(bqual) };
}

static bool
remove_xid(struct buf *set, const struct xid *x)
{
	SCOPED(buf) struct buf text = BUF_INIT;

	xid_print(&text, x);
	return xids_remove(set, buf_slice(&text));
}

TEST(an_xid_is_printed_as_the_server_prints_it)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct xid x = xid(7, "gt", "");

	xid_print(&out, &x);
	expect_str(out.data, "X'6774',X'',7");
}

static int
add_xid(struct buf *set, const struct xid *x, bool with_rows, struct err *err)
{
	SCOPED(buf) struct buf text = BUF_INIT;

	xid_print(&text, x);
	return xids_add(set, buf_slice(&text), with_rows, err);
}

TEST(sets_of_xids)
{
	SCOPED(buf) struct buf set = BUF_INIT;
	SCOPED(buf) struct buf other = BUF_INIT;
	struct err err = { 0 };
	struct xid a = xid(1, "a", "b"), b = xid(1, "ab", ""), c = xid(11, "a", "b");

	expect_ok(add_xid(&set, &a, false, &err), &err);
	expect_ok(add_xid(&set, &b, false, &err), &err);
	expect_str(set.data, "X'61',X'62',1;X'6162',X'',1;");
	expect_ok(add_xid(&set, &a, true, &err), &err);
	expect_str(set.data, "X'6162',X'',1;X'61',X'62',1+;");
	expect(!remove_xid(&set, &c));
	expect_ok(add_xid(&other, &c, true, &err), &err);
	expect(!xids_meet(&set, &other));
	expect_ok(add_xid(&other, &b, true, &err), &err);
	expect(xids_meet(&set, &other));
	expect(remove_xid(&set, &a));
	expect(!remove_xid(&set, &a));
	expect_str(set.data, "X'6162',X'',1;");
	expect(remove_xid(&set, &b));
	expect_str(set.data, "");
	expect(!xids_meet(&set, &other));
}

TEST(a_set_says_whose_rows_are_kept)
{
	struct slice rest = slice_str("X'61',X'',1+;X'62',X'',1;"), one;
	bool with_rows = false;

	rest = xids_split(rest, &one, &with_rows);
	expect_slice(one, slice_str("X'61',X'',1"));
	expect(with_rows);
	rest = xids_split(rest, &one, &with_rows);
	expect_slice(one, slice_str("X'62',X'',1"));
	expect(!with_rows);
	expect_eq(rest.len, 0);
}

TEST(more_xids_than_a_set_holds_are_refused)
{
	SCOPED(buf) struct buf set = BUF_INIT;
	struct err err = { 0 };
	uint32_t n = 0;
	struct xid x;

	do {
		x = xid(n++, "0123456789012345678901234567890123456789012345678901234567890123", "");
	} while (add_xid(&set, &x, true, &err) == 0);
	expect_eq(err.kind, ERR_REFUSED);
	expect(n > 900);
	expect(set.len <= XIDS_BYTES_MAX);
}

TEST(an_xid_of_xa_recover)
{
	struct slice row[] = { slice_str("7"), slice_str("2"), slice_str("1"), slice_str("gtb") };
	struct err err = { 0 };
	struct xid x;

	expect_ok(xid_of_recover(row, &x, &err), &err);
	expect_eq(x.format, 7);
	expect_slice(x.gtrid, slice_str("gt"));
	expect_slice(x.bqual, slice_str("b"));
	row[3] = slice_str("gt");
	expect_eq(xid_of_recover(row, &x, &err), -1);
}
