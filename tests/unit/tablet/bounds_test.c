/*
 * bounds_test.c - the texts that walk a table: conditions, loads, cuts.
 */
#include "tablet/copy/copy_plan.h"
#include "tablet/table/bounds.h"
#include "tablet/write/load.h"
#include "test.h"

/* clang-format off */
static struct column columns[] = {
	{ .name = "a", .type = { .kind = COLUMN_INT, .int_bytes = 4 }, .key_index = 0 },
	{ .name = "b`", .type = { .kind = COLUMN_BYTES, .length = 20 }, .key_index = 1 },
	{ .name = "e", .type = { .kind = COLUMN_ENUM }, .nullable = true, .key_index = -1 },
	{ .name = "t", .type = { .kind = COLUMN_STRING, .charset = "utf8mb4" }, .nullable = true,
	  .key_index = -1 },
};
/* clang-format on */
static int both[] = { 0, 1 };
static struct table_def def = {
	.database = "d",
	.name = "u",
	.columns = columns,
	.columns_count = 4,
	.key = both,
	.key_count = 2,
};

static void
expect_condition(bool after, struct slice bound, const char *want)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	struct err err = { 0 };

	expect_ok((after ? bound_after : bound_upto)(&b, &def, bound, &err), &err);
	expect_str(b.data, want);
}

TEST(bounds_are_written_out)
{
	SCOPED(buf) struct buf b = BUF_INIT, first = BUF_INIT, literal = BUF_INIT, want = BUF_INIT;
	struct slice row[] = { slice_str("-7"), slice_str("x"), SLICE_NULL, SLICE_NULL };

	bound_of_first(&first, slice_str("42"));
	expect_condition(true, buf_slice(&first), "`a`>42");
	expect_condition(false, buf_slice(&first), "`a`<=42");
	bound_of_row(&b, &def, row);
	column_literal(&literal, &columns[1].type, row[1]);
	buf_addf(&want, "`a`>=-7 AND ((`a`>-7) OR (`a`=-7 AND `b```>%s))", literal.data);
	expect_condition(true, buf_slice(&b), want.data);
	buf_reset(&want);
	buf_addf(&want, "`a`<=-7 AND ((`a`<-7) OR (`a`=-7 AND `b```<=%s))", literal.data);
	expect_condition(false, buf_slice(&b), want.data);
}

/* MariaDB reads all of an index for `e`>1, and finds what the ENUM equals in it. */
TEST(bounds_of_an_enum_are_lists)
{
	static struct column enum_columns[] = {
		{ .name = "e", .type = { .kind = COLUMN_ENUM, .length = 3 }, .key_index = 0 },
		{ .name = "a", .type = { .kind = COLUMN_INT, .int_bytes = 4 }, .key_index = 1 },
	};
	static const struct {
		const char *value;
		bool after;
		const char *one, *two;
	} cases[] = {
		{ "1", true, "`e` IN (2,3)",
		    "`e` IN (1,2,3) AND ((`e` IN (2,3)) OR (`e`=1 AND `a`>5))" },
		{ "1", false, "`e` IN (0,1)",
		    "`e` IN (0,1) AND ((`e` IN (0)) OR (`e`=1 AND `a`<=5))" },
		{ "3", true, "FALSE", "`e` IN (3) AND ((FALSE) OR (`e`=3 AND `a`>5))" },
		{ "0", false, "`e` IN (0)", "`e` IN (0) AND ((FALSE) OR (`e`=0 AND `a`<=5))" },
	};
	struct table_def of_enum = { .name = "u", .columns = enum_columns, .key = both };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (of_enum.key_count = 1; of_enum.key_count <= 2; of_enum.key_count++) {
			SCOPED(buf) struct buf b = BUF_INIT, bound = BUF_INIT;
			struct slice row[] = { slice_str(cases[i].value), slice_str("5") };
			struct err err = { 0 };

			bound_of_row(&bound, &of_enum, row);
			expect_ok((cases[i].after ? bound_after : bound_upto)(
				      &b, &of_enum, buf_slice(&bound), &err),
			    &err);
			expect_str(b.data, of_enum.key_count == 1 ? cases[i].one : cases[i].two);
		}
	}
	/* More members than are listed: what the server reads more is no error. */
	enum_columns[0].type.length = 256;
	SCOPED(buf) struct buf b = BUF_INIT, bound = BUF_INIT;
	struct err err = { 0 };

	bound_of_first(&bound, slice_str("7"));
	expect_ok(bound_after(&b, &of_enum, buf_slice(&bound), &err), &err);
	expect_str(b.data, "`e`>7");
}

TEST(bounds_that_do_not_fit_the_key)
{
	/* clang-format off */
	static const struct slice rows[] = {
		{ (const uint8_t *)"", 0 },
		{ (const uint8_t *)"\5ab", 3 },
		{ (const uint8_t *)"\1" "1\1x\1y", 6 },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		SCOPED(buf) struct buf b = BUF_INIT;
		struct err err = { 0 };

		expect(bound_after(&b, &def, rows[i], &err) != 0);
		expect_eq(err.kind, ERR_CORRUPT);
	}
}

static const struct moved_table loaded = { .def = &def, .database = "d2", .name = "u2" };

TEST(load_text_escapes_what_would_end_a_value)
{
	SCOPED(buf) struct buf rows = BUF_INIT, text = BUF_INIT, sql = BUF_INIT;
	struct slice row[] = { slice_str("1"), slice_of("a\tb\nc\\d\0e\r'\"", 12), SLICE_NULL,
		slice_str("") };

	load_add_row(&rows, &def, row);
	row[2] = slice_str("2");
	load_add_row(&rows, &def, row);
	load_file_text(&text, &def, buf_slice(&rows));
	expect_str(
	    text.data, "1\ta\\tb\\nc\\\\d\\0e\r'\"\t\\N\t\n1\ta\\tb\\nc\\\\d\\0e\r'\"\t2\t\n");
	load_file_sql(&sql, &(struct load){ .table = &loaded });
	expect_str(sql.data,
	    "LOAD DATA LOCAL INFILE 'rows' REPLACE INTO TABLE `d2`.`u2` CHARACTER SET binary "
	    "FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' (`a`,`b```,@v2,`t`) "
	    "SET `e`=CAST(@v2 AS UNSIGNED)");
}

TEST(load_in_bulk_takes_numbers_of_enums)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	load_bulk_sql(&sql, &(struct load){ .table = &loaded });
	expect_str(sql.data,
	    "REPLACE INTO `d2`.`u2` (`a`,`b```,`e`,`t`) VALUES (?,?,CAST(? AS UNSIGNED),?)");
	buf_reset(&sql);
	load_bulk_sql(&sql, &(struct load){ .table = &loaded, .fresh = true });
	expect(slice_starts(buf_slice(&sql), "INSERT INTO `d2`.`u2` ("));
	buf_reset(&sql);
	load_file_sql(&sql, &(struct load){ .table = &loaded, .fresh = true });
	expect(slice_starts(buf_slice(&sql), "LOAD DATA LOCAL INFILE 'rows' INTO TABLE "));
}

TEST(load_counts)
{
	struct load_counts c;
	struct err err = { 0 };

	expect_ok(load_counts_read("Records: 12  Deleted: 3  Skipped: 4  Warnings: 65535", &c, &err),
	    &err);
	expect(c.records == 12 && c.replaced == 3 && c.skipped == 4 && c.warnings == 65535);
	expect_ok(load_counts_read("Records: 7  Duplicates: 2  Warnings: 1", &c, &err), &err);
	expect(c.records == 7 && c.replaced == 2 && c.skipped == 0 && c.warnings == 1);
	expect_ok(load_counts_read("", &c, &err), &err);
	expect(c.records == 1 && c.replaced == 0 && c.skipped == 0 && c.warnings == 0);
	expect(load_counts_read("Rows matched: 1", &c, &err) != 0 && err.kind == ERR_CORRUPT);
}

TEST(cuts_grow_and_are_even)
{
	uint64_t cuts[COPY_RANGES_MAX];

	expect_eq(copy_plan_cuts(1000, 4, cuts), 3);
	expect(cuts[0] == 250 && cuts[1] == 500 && cuts[2] == 750);
	expect_eq(copy_plan_cuts(1000, 1, cuts), 0);
	expect_eq(copy_plan_cuts(0, 4, cuts), 1); /* one value: in the first range */
	expect_eq(copy_plan_cuts(2, 8, cuts), 2); /* fewer values than ranges */
	expect(cuts[0] == 0 && cuts[1] == 1);
	expect_eq(copy_plan_cuts(UINT64_MAX, 16, cuts), 15);
	for (int i = 1; i < 15; i++)
		expect(cuts[i] > cuts[i - 1]);
}
