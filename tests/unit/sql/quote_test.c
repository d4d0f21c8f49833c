#include "sql/quote.h"
#include "test.h"

TEST(identifiers)
{
	SCOPED(buf)
	struct buf out = BUF_INIT;

	quote_ident(&out, slice_str("a`b"));
	expect_str(out.data, "`a``b`");
	buf_reset(&out);
	quote_table(&out, slice_str("my db"), slice_str("t"));
	expect_str(out.data, "`my db`.`t`");
}

TEST(strings)
{
	SCOPED(buf)
	struct buf out = BUF_INIT;

	quote_string(&out, slice_of("a'b\"c\\d\n\r\0\x1a", 11));
	expect_str(out.data, "'a\\'b\\\"c\\\\d\\n\\r\\0\\Z'");
	buf_reset(&out);
	quote_string(&out, slice_str(""));
	expect_str(out.data, "''");
}

TEST(hex)
{
	SCOPED(buf)
	struct buf out = BUF_INIT;

	quote_hex(&out, slice_of("\0\xff\x10", 3));
	expect_str(out.data, "0x00ff10");
	buf_reset(&out);
	quote_hex(&out, slice_str(""));
	expect_str(out.data, "''");
}
