/* Rows that actions of foreign keys have deleted: a DELETE that comes twice is one. */
#include "tablet/write/gone_rows.h"

#include "test.h"

static struct column columns[2];
static struct table_def def = { .name = "t", .columns = columns, .columns_count = 2 };
static const struct moved_table table = { .def = &def };
static const struct moved_tables tables = { .items = &table, .count = 1, .ordered = true };

static struct change
change(enum change_kind kind, struct slice *row, bool unchecked)
{
	return (struct change){ .kind = kind,
		.before = kind == CHANGE_INSERT ? NULL : row,
		.after = kind == CHANGE_DELETE ? NULL : row,
		.unchecked = unchecked };
}

TEST(an_action_in_a_circle_deletes_a_row_twice)
{
	struct slice one[] = { slice_str("1"), SLICE_NULL },
		     two[] = { slice_str("1"), slice_str("") };
	struct change first = change(CHANGE_DELETE, one, true),
		      other = change(CHANGE_DELETE, two, true);
	struct change again = change(CHANGE_INSERT, one, true);
	struct gone_rows g;

	gone_rows_init(&g);
	expect(!gone_rows_repeats(&g, &tables, &first));
	expect(!gone_rows_repeats(&g, &tables, &other));
	expect(gone_rows_repeats(&g, &tables, &first));
	expect(!gone_rows_repeats(&g, &tables, &again));
	expect(!gone_rows_repeats(&g, &tables, &first)); /* it was there again */
	gone_rows_done(&g);
}

TEST(what_no_action_deletes_is_no_repetition)
{
	struct slice row[] = { slice_str("1"), slice_str("2") };
	struct change first = change(CHANGE_DELETE, row, false);
	struct gone_rows g;

	gone_rows_init(&g);
	expect(!gone_rows_repeats(&g, &tables, &first));
	expect(!gone_rows_repeats(&g, &tables, &first));
	gone_rows_done(&g);
}
