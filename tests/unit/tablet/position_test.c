/* GTID lists of any length, shared by the positions that have them. */
#include "tablet/server/position.h"

#include "test.h"

#include <stdio.h>

enum { LONG = 300 * 20 };

static struct position
long_one(void)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	struct position p = { .file = "bin.000001", .offset = 7 };

	for (int domain = 0; text.len < LONG; domain++)
		buf_addf(&text, "%s%d-1-123456789", domain == 0 ? "" : ",", domain);
	position_set_gtid(&p, buf_slice(&text));
	return p;
}

TEST(position_list_is_shared_and_outlives_the_first)
{
	struct position a = long_one(), b = { 0 };

	position_copy(&b, &a);
	expect(b.gtid == a.gtid && b.offset == 7);
	position_copy(&b, &b);
	position_done(&a);
	expect(!position_is_set(&a) && position_gtid(&a)[0] == '\0');
	expect(strlen(position_gtid(&b)) >= LONG);
	expect_str(b.file, "bin.000001");
	position_done(&b);
}

TEST(position_keeps_what_it_copies_from_a_borrower)
{
	char text[] = "0-1-5,7-1-9";
	struct position borrower = { .gtid = text, .file = "bin.000002" }, kept = long_one();

	position_copy(&kept, &borrower);
	memset(text, 'x', sizeof(text) - 1);
	expect_str(position_gtid(&kept), "0-1-5,7-1-9");
	position_set_gtid(&kept, slice_str("0-1-6"));
	expect_str(position_gtid(&kept), "0-1-6");
	expect_str(kept.file, "bin.000002");
	position_done(&kept);
}
