/* What is the same at two ends, and what is not: values, documents, rows by their keys; how it is told. */
#include "base/mem.h"
#include "tablet/table/json_meaning.h"
#include "tablet/compare/sample.h"
#include "tablet/compare/table_diff.h"

#include "tablet/table/same.h"
#include "tablet/table/table_row.h"
#include "tablet/write/load.h"
#include "test.h"

/* ---- Values */

static bool
same(enum column_kind kind, const char *a, const char *b)
{
	const struct column_type t = { .kind = kind };

	return same_value(
	    &t, a == NULL ? SLICE_NULL : slice_str(a), b == NULL ? SLICE_NULL : slice_str(b));
}

TEST(values_are_the_same_byte_by_byte)
{
	expect(same(COLUMN_STRING, "a", "a") && same(COLUMN_STRING, "", "") &&
	    same(COLUMN_STRING, NULL, NULL));
	expect(!same(COLUMN_STRING, "a", "A") && !same(COLUMN_STRING, "a", "a ") &&
	    !same(COLUMN_STRING, "", " "));
	expect(!same(COLUMN_STRING, "", NULL) && !same(COLUMN_INT, NULL, "0") &&
	    !same(COLUMN_ENUM, "0", NULL));
	expect(!same(COLUMN_DECIMAL, "1.0", "1.00") && !same(COLUMN_INT, "-1", "1"));
	expect(!same(COLUMN_JSON, "{\"a\":1}", "{\"a\": 1}")); /* of one flavour: as it is stored */
}

TEST(floating_point_numbers_are_the_same_bit_by_bit)
{
	struct column_type between = { .kind = COLUMN_DOUBLE, .common = true };

	expect(same(COLUMN_DOUBLE, "1e20", "100000000000000000000") &&
	    same(COLUMN_FLOAT, "0.10", "0.1"));
	expect(
	    !same(COLUMN_DOUBLE, "0.1", "0.10000000000000002") && !same(COLUMN_DOUBLE, "0", "-0"));
	expect(!same(COLUMN_DOUBLE, "0", NULL) && !same(COLUMN_DOUBLE, "0", "") &&
	    !same(COLUMN_DOUBLE, "1", "1x"));
	expect(same_value(&between, slice_str("-0"), slice_str("0")));
	expect(!same_value(&between, slice_str("-1"), slice_str("1")));
}

/* ---- Documents */

static bool
means_the_same(const char *a, const char *b)
{
	const struct column_type t = { .kind = COLUMN_JSON, .common = true };

	return same_value(&t, slice_str(a), slice_str(b));
}

TEST(documents_are_the_same_by_what_they_mean)
{
	expect(means_the_same(" {\"b\": 1, \"a\": [1,2 ]} ", "{\"a\":[1,2],\"b\":1}"));
	expect(means_the_same("{\"x\":1,\"x\":2}", "{\"x\":2}"));
	expect(
	    means_the_same("\"\\u00e9\\/\\n\\ud83d\\ude00\"", "\"\xc3\xa9/\\n\xf0\x9f\x98\x80\""));
	expect(means_the_same(
	    "[1e2, 0.10, 18446744073709551615]", "[100.0, 0.1, 18446744073709551615]"));
	expect(means_the_same("[[], {}, null, true]", "[ [ ] ,{ },null,true ]") &&
	    means_the_same("-0", "0"));
}

TEST(documents_differ_by_what_they_mean)
{
	expect(!means_the_same("[1]", "[1.0]") && !means_the_same("[1,2]", "[2,1]"));
	expect(!means_the_same("{\"a\":1}", "{\"a\":-1}") &&
	    !means_the_same("{\"a\":1}", "{\"A\":1}"));
	expect(!means_the_same("{\"a\":null}", "{}") && !means_the_same("[]", "{}") &&
	    !means_the_same("[[]]", "[]"));
	expect(!means_the_same("[\"1\"]", "[1]") && !means_the_same("\"a\"", "\"a \""));
	expect(!means_the_same("[-9223372036854775808]", "[9223372036854775808]"));
	expect(!means_the_same("{\"a\":\"b\",\"c\":1}", "{\"a\":\"b\\\",\\\"c\",\"c\":1}"));
}

/* Of what is no document nothing is said but that its bytes are others. */
TEST(what_is_no_document_has_no_meaning)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	static const char *const wrong[] = { "", " ", "{", "[1", "[1,]", "{\"a\"}", "{\"a\":}",
		"{a:1}", "nul", "\"", "\"\\", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"",
		"\"\\q\"", "1 2", "--1", "1e", "[1}" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		expect(!json_meaning(&out, slice_str(wrong[i])));
}

static void
nest(struct buf *out, int depth)
{
	for (int i = 0; i < depth; i++)
		buf_add_char(out, '[');
	for (int i = 0; i < depth; i++)
		buf_add_char(out, ']');
}

TEST(a_document_may_be_as_deep_as_servers_take_it)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	SCOPED(buf) struct buf out = BUF_INIT;

	nest(&text, JSON_MEANING_DEPTH);
	expect(json_meaning(&out, buf_slice(&text)));
	buf_reset(&text);
	nest(&text, JSON_MEANING_DEPTH + 1);
	expect(!json_meaning(&out, buf_slice(&text)));
}

/* ---- Rows */

static struct column columns[] = {
	{ .name = "id", .type = { .kind = COLUMN_INT, .int_bytes = 4 }, .key_index = 0 },
	{ .name = "made",
	    .type = { .kind = COLUMN_INT, .int_bytes = 4, .generated = true },
	    .key_index = -1 },
	{ .name = "v",
	    .type = { .kind = COLUMN_STRING, .charset = "utf8mb4" },
	    .nullable = true,
	    .key_index = -1 },
	{ .name = "x", .type = { .kind = COLUMN_BYTES }, .nullable = true, .key_index = -1 },
};
static int key[] = { 0 };
static const struct table_def def = {
	.database = "s", .name = "t", .columns = columns, .columns_count = 4, .key = key, .key_count = 1
};

static void
add(struct table_rows *r, const char *id, const char *v, const char *x)
{
	const struct slice row[] = { slice_str(id), SLICE_NULL,
		v == NULL ? SLICE_NULL : slice_str(v), x == NULL ? SLICE_NULL : slice_str(x) };

	r->ends = mem_grow(r->ends, &r->cap, r->count + 1, sizeof(*r->ends));
	load_add_row(&r->values, &def, row);
	table_row_key(&r->keys, &def, row);
	r->ends[r->count++] = (struct row_end){ r->values.len, r->keys.len, 0 };
}

struct sides {
	struct table_rows source, target;
	struct differences found;
};

static struct sides
sides(void)
{
	struct sides s = { .found = { 0 } };

	table_rows_init(&s.source);
	table_rows_init(&s.target);
	return s;
}

static void
sides_done(struct sides *s)
{
	table_rows_done(&s->source);
	table_rows_done(&s->target);
	differences_done(&s->found);
}

/* "=1 <2 >3": of source 1 the row differs, 2 is at the source alone, 3 at the target; by their numbers. */
static void
expect_found(struct sides *s, size_t matching, const char *list)
{
	static const char signs[] = { '=', '<', '>' };
	SCOPED(buf) struct buf text = BUF_INIT;

	differences_find(&def, &s->source, &s->target, &s->found);
	for (size_t i = 0; i < s->found.count; i++) {
		const struct difference *d = &s->found.items[i];

		buf_addf(&text, "%s%c%zu", i > 0 ? " " : "", signs[d->kind],
		    d->kind == DIFFERENCE_TARGET_ONLY ? d->target : d->source);
	}
	expect_str(text.data, list);
	expect_eq(s->found.matching, matching);
	sides_done(s);
}

TEST(the_same_rows_have_no_difference)
{
	struct sides s = sides();

	expect_found(&s, 0, "");
	s = sides();
	for (int i = 0; i < 2; i++) {
		add(i == 0 ? &s.source : &s.target, "1", "a", "");
		add(i == 0 ? &s.source : &s.target, "2", NULL, NULL);
	}
	expect_found(&s, 2, "");
}

TEST(rows_that_differ_or_are_at_one_end_alone_are_found)
{
	struct sides s = sides();

	add(&s.source, "1", "a", "");
	add(&s.source, "2", "b", "");
	add(&s.source, "4", "d", "");
	add(&s.target, "1", "a", NULL);
	add(&s.target, "3", "c", "");
	add(&s.target, "4", "d", "");
	add(&s.target, "5", "", "");
	expect_found(&s, 1, "=0 <1 >1 >3");
}

TEST(one_end_may_be_empty)
{
	struct sides s = sides();

	add(&s.source, "1", "a", "");
	expect_found(&s, 0, "<0");
	s = sides();
	add(&s.target, "1", "a", "");
	add(&s.target, "2", "a", "");
	expect_found(&s, 0, ">0 >1");
}

/* Servers may have the keys in another order than we think. */
TEST(the_order_of_rows_means_nothing)
{
	struct sides s = sides();

	add(&s.source, "1", "a", "");
	add(&s.source, "3", "c", "");
	add(&s.source, "2", "b", "");
	add(&s.target, "2", "b", "");
	add(&s.target, "1", "a", "");
	add(&s.target, "3", "C", "");
	expect_found(&s, 2, "=1");
}

TEST(values_do_not_run_into_each_other)
{
	struct sides s = sides();

	add(&s.source, "1", "x0", "y");
	add(&s.target, "1", "x", "0y");
	expect_found(&s, 0, "=0");
}

/* ---- How it is told */

static const char *
told(struct buf *out, const char *const row[2], const char *const other[2], int truncate_at)
{
	struct sides s = sides();

	buf_reset(out);
	add(&s.source, "7", row[0], row[1]);
	if (other == NULL) {
		sample_add_row(out, &def, buf_slice(&s.source.values), truncate_at);
	} else {
		add(&s.target, "7", other[0], other[1]);
		sample_add_pair(out, &def,
		    &(struct sample_pair){ buf_slice(&s.source.values), buf_slice(&s.target.values) },
		    truncate_at);
	}
	sides_done(&s);
	return out->data;
}

TEST(a_sample_has_the_key_and_what_differs)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	const char *a[] = { "it's \"a\"\n", "" }, *b[] = { NULL, "" };

	expect_str(told(&out, a, NULL, 99),
	    "{\"Row\":{\"id\":\"7\",\"v\":\"it's \\\"a\\\"\\n\",\"x\":\"0x\"},"
	    "\"Query\":\"\"}");
	expect_str(told(&out, a, b, 99),
	    "{\"Source\":{\"Row\":{\"id\":\"7\",\"v\":\"it's \\\"a\\\"\\n\"},\"Query\":\"\"},"
	    "\"Target\":{\"Row\":{\"id\":\"7\",\"v\":null},\"Query\":\"\"}}");
}

TEST(a_sample_shows_bytes_and_is_no_longer_than_wanted)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	const char *a[] = { "\xc3\x28", "ab" }, *b[] = { "\xe2\x82\xac\xe2\x82\xac", NULL };

	expect_str(told(&out, a, NULL, 99),
	    "{\"Row\":{\"id\":\"7\",\"v\":\"0xc328\",\"x\":\"0x6162\"},\"Query\":\"\"}");
	expect_str(told(&out, b, NULL, 5),
	    "{\"Row\":{\"id\":\"7\",\"v\":\"\xe2\x82\xac...[TRUNCATED]\",\"x\":null},\"Query\":\"\"}");
	expect_str(told(&out, a, NULL, 1),
	    "{\"Row\":{\"id\":\"7\",\"v\":\"0xc3...[TRUNCATED]\",\"x\":"
	    "\"0x61...[TRUNCATED]\"},\"Query\":\"\"}");
}

/* ---- Counts */

static struct diff_table progress;

static void
count_none(void)
{
	struct table_diff d = { .progress = &progress };

	progress.seen.compared = 1;
	table_diff_check(&d);
}

static void
sample_none(void)
{
	struct table_diff d = { .progress = &progress };

	buf_add_str(&progress.unsettled, "{}");
	table_diff_check(&d);
}

TEST(counts_of_a_comparison_add_up)
{
	struct table_diff d = { .progress = &progress };

	diff_table_init(&progress);
	table_diff_check(&d);
	expect_check_fails(count_none, "n->compared == n->matching");
	expect_check_fails(sample_none, "n->unsettled > 0");
}
