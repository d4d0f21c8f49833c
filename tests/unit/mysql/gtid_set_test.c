#include "mysql/gtids.h"

#include "base/rand.h"
#include "test.h"

#include <stdio.h>

#define A "11111111-2222-3333-4444-555555555555"
#define B "8c6bb6ee-ebd4-11f1-9b69-02fc00000001"

static struct gtid_set
set(const char *text)
{
	struct gtid_set s = { 0 };
	struct err err = { 0 };

	expect_ok(gtid_set_parse(&s, slice_str(text), &err), &err);
	return s;
}

static void
expect_printed(const struct gtid_set *s, const char *text)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	gtid_set_print(&b, s);
	expect_slice(buf_slice(&b), slice_str(text));
}

TEST(gtid_set_print_what_was_parsed)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ " \n", "" },
		{ B ":1", B ":1" },
		{ B ":1-5:7", B ":1-5:7" },
		{ B ":7:1-5", B ":1-5:7" },
		/* what touches is one */
		{ B ":1-3:4:6:5", B ":1-6" },
		/* as MySQL 9.7 prints it */
		{ A ":7,\n" B ":1-18:abc:5:tagone:1", A ":7," B ":1-18:abc:5:tagone:1" },
		{ B ":tagone:1:3:abc:5," A ":7," B ":1-18", A ":7," B ":1-18:abc:5:tagone:1:3" },
		{ "8C6BB6EE-EBD4-11F1-9B69-02FC00000001:TagOne:2", B ":tagone:2" },
		{ B ":9223372036854775806", B ":9223372036854775806" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gtid_set s = set(rows[i][0]);

		expect_printed(&s, rows[i][1]);
		gtid_set_done(&s);
	}
}

TEST(gtid_set_refuse_what_is_none)
{
	static const char *const rows[] = {
		"0-1-42",
		B,
		B ":",
		B ":0",
		B ":5-3",
		B ":1-",
		B ":-1",
		B ":1-3:2",
		B ":1-3:3-9",
		B ":1,",
		"," B ":1",
		B ":9223372036854775807",
		B ":1-2-3",
		B ":tag-one:1",
		B ":a23456789012345678901234567890123:1",
		"8c6bb6ee-ebd4-11f1-9b69-02fc0000000:1",
		"8c6bb6ee-ebd4-11f1-9b69-02fc0000000g:1",
		"8c6bb6eee-bd4-11f1-9b69-02fc00000001:1",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gtid_set s = { 0 };
		struct err err = { 0 };

		if (gtid_set_parse(&s, slice_str(rows[i]), &err) == 0)
			test_fail(__FILE__, __LINE__, "'%s' was accepted", rows[i]);
		expect_eq(err.kind, ERR_REFUSED);
		gtid_set_done(&s);
	}
}

static struct gtid_member
member(uint8_t uuid, const char *tag, uint64_t number)
{
	struct gtid_member m = { .uuid = { uuid }, .number = number };

	snprintf(m.tag, sizeof(m.tag), "%s", tag);
	return m;
}

/* ---- Against a table of what is in it */

enum { UUIDS = 2, TAGS = 2, NUMBERS = 40, NAMES = UUIDS * TAGS };

struct table {
	struct gtid_set set;
	bool in[NAMES][NUMBERS + 2]; /* 0 and the one behind the last are never in */
};

static struct gtid_member
member_of(size_t name, uint64_t number)
{
	return member((uint8_t)(name / TAGS), name % TAGS == 0 ? "" : "t", number);
}

static void
add_to(struct table *t, size_t name, uint64_t number)
{
	struct gtid_member m = member_of(name, number);
	struct err err = { 0 };
	bool known = t->in[name][number];

	expect_eq(gtid_set_contains(&t->set, &m), known);
	expect_eq(gtid_set_add(&t->set, &m, &err), known ? -1 : 0);
	if (known)
		expect_eq(err.kind, ERR_CORRUPT);
	t->in[name][number] = true;
}

static size_t
runs_in(const struct table *t)
{
	size_t runs = 0;

	for (size_t name = 0; name < NAMES; name++)
		for (size_t n = 1; n <= NUMBERS; n++)
			runs += t->in[name][n] && !t->in[name][n - 1];
	return runs;
}

static void
expect_same_when_read_back(const struct gtid_set *s)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	struct gtid_set again;

	gtid_set_print(&text, s);
	again = set(text.data);
	expect(gtid_set_same(s, &again));
	gtid_set_done(&again);
}

TEST(gtid_set_add_in_any_order)
{
	struct table t = { 0 };
	struct rand r;

	rand_seed(&r, test_seed());
	for (int i = 0; i < 2 * NAMES * NUMBERS; i++) {
		add_to(&t, rand_below(&r, NAMES), 1 + rand_below(&r, NUMBERS));
		expect_eq(t.set.count, runs_in(&t));
		expect_same_when_read_back(&t.set);
	}
	gtid_set_done(&t.set);
}

TEST(gtid_set_covers_what_is_in_it)
{
	static const struct {
		const char *whole, *part;
		bool covers;
	} rows[] = {
		{ "", "", true },
		{ B ":1-5", "", true },
		{ "", B ":1", false },
		{ B ":1-5", B ":2-5", true },
		{ B ":1-5", B ":2-6", false },
		{ B ":1-5:7-9", B ":1:5:8-9", true },
		{ B ":1-5:7-9", B ":5-7", false },
		{ B ":1-5", A ":1", false },
		{ A ":1," B ":1-5", B ":5", true },
		{ B ":1-5", B ":t:1", false },
		{ B ":1-5:t:1-3", B ":t:2", true },
		{ B ":t:1-3", B ":1", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gtid_set whole = set(rows[i].whole), part = set(rows[i].part);

		if (gtid_set_covers(&whole, &part) != rows[i].covers)
			test_fail(__FILE__, __LINE__, "'%s' of '%s'", rows[i].part, rows[i].whole);
		gtid_set_done(&whole);
		gtid_set_done(&part);
	}
}

static void
expect_encoded(const char *text, const char *hex)
{
	SCOPED(buf) struct buf b = BUF_INIT, shown = BUF_INIT;
	struct gtid_set s = set(text);

	gtid_set_encode(&b, &s);
	for (size_t i = 0; i < b.len; i++)
		buf_addf(&shown, "%02x", (uint8_t)b.data[i]);
	expect_str(shown.data, hex);
	for (size_t len = 0; len <= b.len; len++) {
		struct gtid_set back = { 0 };
		struct err err = { 0 };

		/* all of it, and nothing less */
		expect_eq(gtid_set_decode(&back, slice_cut(buf_slice(&b), 0, len), &err),
		    len == b.len ? 0 : -1);
		if (len == b.len)
			expect(gtid_set_same(&s, &back));
		else
			expect_eq(err.kind, ERR_CORRUPT);
		gtid_set_done(&back);
	}
	gtid_set_done(&s);
}

/* The bodies of Previous_gtids events of MySQL 9.7.4. */
TEST(gtid_set_encode_as_the_server_does)
{
	expect_encoded("", "0000000000000000");
	expect_encoded(A ":7," B ":1-18:abc:5:tagone:1",
	    "0104000000000001"
	    "11111111222233334444555555555555"
	    "00"
	    "0100000000000000"
	    "07000000000000000800000000000000"
	    "8c6bb6eeebd411f19b6902fc00000001"
	    "00"
	    "0100000000000000"
	    "01000000000000001300000000000000"
	    "8c6bb6eeebd411f19b6902fc00000001"
	    "06616263"
	    "0100000000000000"
	    "05000000000000000600000000000000"
	    "8c6bb6eeebd411f19b6902fc00000001"
	    "0c7461676f6e65"
	    "0100000000000000"
	    "01000000000000000200000000000000");
	expect_encoded(B ":1-6:8",
	    "0100000000000000"
	    "8c6bb6eeebd411f19b6902fc00000001"
	    "0200000000000000"
	    "01000000000000000700000000000000"
	    "08000000000000000900000000000000");
}

TEST(gtids_tell_their_form_by_their_text)
{
	struct gtids a = { 0 }, b = { 0 };
	struct err err = { 0 };
	struct gtid_id plain = { GTID_FORM_LIST, .plain = { 0, 1, 43 } };
	struct gtid_id uuid = { GTID_FORM_SET, .member = member(0x8c, "", 6) };

	expect_ok(gtids_parse(&a, slice_str("0-1-42"), &err), &err);
	expect_ok(gtids_parse(&b, slice_str(B ":1-5"), &err), &err);
	expect(!gtids_same(&a, &b) && !gtids_cover(&a, &b) && !gtids_cover(&b, &a));
	/* a binlog is one server's */
	expect_eq(gtids_add(&a, &uuid, &err), -1);
	expect_eq(err.kind, ERR_CORRUPT);
	expect_eq(gtids_add(&b, &plain, &err), -1);
	expect_eq(err.kind, ERR_CORRUPT);
	err_clear(&err);
	expect_ok(gtids_add(&a, &plain, &err), &err);
	expect_ok(gtids_add(&b, &uuid, &err), &err);
	/* the empty one is of either form, and replaces what was there */
	expect_ok(gtids_parse(&b, slice_str(""), &err), &err);
	expect(gtids_cover(&a, &b));
	expect_ok(gtids_add(&b, &plain, &err), &err);
	gtids_done(&a);
	gtids_done(&b);
}

TEST(gtids_have_a_domains_last_one_and_each_of_a_set)
{
	struct gtids g = { 0 };
	struct err err = { 0 };
	struct gtid_id id = { .form = GTID_FORM_LIST, .plain = { 1, 2, 7 } };

	expect_ok(gtids_parse(&g, slice_str("0-1-42,1-2-7"), &err), &err);
	expect(gtids_has(&g, &id));
	id.plain.seq = 6; /* gone by before the last one */
	expect(!gtids_has(&g, &id));
	id.plain = (struct gtid){ 1, 3, 7 };
	expect(!gtids_has(&g, &id));
	id.plain = (struct gtid){ 2, 2, 7 };
	expect(!gtids_has(&g, &id));
	expect_ok(gtids_parse(&g, slice_str(B ":1-5"), &err), &err);
	expect(!gtids_has(&g, &id));
	id = (struct gtid_id){ .form = GTID_FORM_SET, .member = g.set.items[0].first };
	id.member.number = 3;
	expect(gtids_has(&g, &id));
	gtids_done(&g);
}
