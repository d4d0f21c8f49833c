/* What actions of foreign keys have made of rows: a DELETE that comes twice, and one of a row as it was. */
#include "tablet/write/gone_rows.h"

#include "tablet/table/referrers.h"
#include "test.h"

/* CREATE TABLE t (id INT, p INT, UNIQUE KEY u (id), FOREIGN KEY (p) REFERENCES t (id) ON DELETE ...) */
static struct column columns[] = { { .name = "id" }, { .name = "p" } };
static struct index_def unique = { .name = "u", .clause = "UNIQUE KEY `u` (`id`)", .unique = true };
static const char *own[] = { "p" }, *referred[] = { "id" };
static struct foreign_key key = {
	.database = "d", .table = "t", .columns = own, .refers = referred, .count = 1, .cascades = true
};
static struct table_def def = { .database = "d",
	.name = "t",
	.columns = columns,
	.columns_count = 2,
	.indexes = &unique,
	.indexes_count = 1,
	.foreign_keys = &key,
	.foreign_count = 1,
	.silent = true,
	.primary_first = -1 };
static const int by_id[] = { 0 };
static struct referred sets[] = { { by_id, 1 } };
static struct moved_table table = { .def = &def, .referrers = { sets, 1 } };
static const struct moved_tables tables = { .items = &table, .count = 1, .ordered = true };

static struct slice one[] = { { (const uint8_t *)"1", 1 }, SLICE_NULL };
static struct slice one_one[] = { { (const uint8_t *)"1", 1 }, { (const uint8_t *)"1", 1 } };
static struct slice one_two[] = { { (const uint8_t *)"1", 1 }, { (const uint8_t *)"2", 1 } };
static struct slice none[] = { SLICE_NULL, { (const uint8_t *)"1", 1 } };

static struct change
change(struct slice *before, struct slice *after)
{
	return (struct change){ .kind = before == NULL ? CHANGE_INSERT
		    : after == NULL                    ? CHANGE_DELETE
						       : CHANGE_UPDATE,
		.before = before,
		.after = after,
		.unchecked = true };
}

/* The row that a DELETE is applied to; NULL: none. */
static const struct slice *
deleted(struct gone_rows *g, struct slice *row, bool unchecked)
{
	struct change c = change(row, NULL), changed;
	const struct change *now;

	c.unchecked = unchecked;
	now = gone_rows_note(g, &tables, &c, &changed);
	return now == NULL ? NULL : now->before;
}

static void
note(struct gone_rows *g, struct slice *before, struct slice *after)
{
	struct change c = change(before, after), changed;

	expect(gone_rows_note(g, &tables, &c, &changed) == &c);
}

TEST(an_action_in_a_circle_deletes_a_row_twice)
{
	struct gone_rows g;

	gone_rows_init(&g);
	expect(deleted(&g, one, true) == one);
	expect(deleted(&g, one_two, true) == one_two);
	expect(deleted(&g, one, true) == NULL);
	note(&g, NULL, one);
	expect(deleted(&g, one, true) == one); /* it was there again */
	gone_rows_done(&g);
}

TEST(an_action_in_a_circle_changes_a_row_before_it_is_deleted)
{
	struct gone_rows g;

	gone_rows_init(&g);
	note(&g, one_one, one);
	expect(deleted(&g, one_one, true) == one);
	expect(deleted(&g, one_one, true) == NULL);
	note(&g, one_one, one_two);
	note(&g, one_two, one);
	expect(deleted(&g, one_one, true) == one); /* it was changed twice */
	note(&g, one_one, one);
	note(&g, one, one_one);
	expect(deleted(&g, one_one, true) == one_one); /* and back */
	note(&g, one, one);
	expect(deleted(&g, one, true) == one);
	gone_rows_done(&g);
}

TEST(rows_that_are_equal_are_each_deleted)
{
	struct gone_rows g;

	gone_rows_init(&g);
	expect(deleted(&g, none, true) == none && deleted(&g, none, true) == none);
	table.referrers.count = 0;
	expect(deleted(&g, one, true) == one && deleted(&g, one, true) == one);
	note(&g, one_one, one);
	expect(deleted(&g, one_one, true) == one_one);
	table.referrers.count = 1;
	gone_rows_done(&g);
}

TEST(what_no_action_deletes_is_no_repetition)
{
	struct gone_rows g;

	gone_rows_init(&g);
	expect(deleted(&g, one_two, false) == one_two && deleted(&g, one_two, false) == one_two);
	gone_rows_done(&g);
}

/* How many the table has, of itself. */
static int
referrers_of(struct foreign_key k, const char *index, bool is_unique, int primary)
{
	struct index_def one_index = { .name = "u", .clause = index, .unique = is_unique };
	struct table_def of = def, *defs[] = { &of };
	struct referrers *found;
	struct arena a;
	int count;

	arena_init(&a);
	of.indexes = &one_index;
	of.primary_first = primary;
	of.foreign_keys = &k;
	found = referrers_find(&a, defs, 1);
	count = found->count;
	expect(count == 0 || (found->sets[0].count == 1 && found->sets[0].columns[0] == 0));
	arena_done(&a);
	return count;
}

TEST(only_a_unique_key_of_the_table_tells_its_rows_apart)
{
	struct foreign_key other_database = key, other_table = key, no_action = key;

	other_database.database = "e";
	other_table.table = "u";
	no_action.cascades = false;
	expect(referrers_of(key, "UNIQUE KEY `u` (`id`)", true, -1) == 1);
	expect(referrers_of(key, "UNIQUE KEY `u` (`id`,`p`)", true, -1) == 0);
	expect(referrers_of(key, "KEY `u` (`id`)", false, -1) == 0);
	expect(referrers_of(key, "KEY `u` (`id`)", false, 0) == 1);
	expect(referrers_of(other_database, "UNIQUE KEY `u` (`id`)", true, -1) == 0);
	expect(referrers_of(other_table, "UNIQUE KEY `u` (`id`)", true, -1) == 0);
	expect(referrers_of(no_action, "UNIQUE KEY `u` (`id`)", true, -1) == 0);
	def.silent = false;
	expect(referrers_of(key, "UNIQUE KEY `u` (`id`)", true, -1) == 0);
	def.silent = true;
}

TEST(many_keys_to_the_same_columns_are_one)
{
	struct foreign_key many[] = { key, key, key };
	struct table_def of = def, *defs[] = { &of };
	struct arena a;

	arena_init(&a);
	of.foreign_keys = many;
	of.foreign_count = 3;
	expect_eq(referrers_find(&a, defs, 1)->count, 1);
	arena_done(&a);
}
