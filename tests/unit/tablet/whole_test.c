/* whole_test.c - lists that were cut short are told from whole ones. */
#include "tablet/copy/copy_state.h"
#include "tablet/table/create_table.h"
#include "tablet/table/schema.h"
#include "test.h"

static struct err err;
static struct arena arena;

/* ---- Columns and key of a table */

static struct create_table
definition(const char *lines)
{
	struct create_table t;

	expect_ok(
	    create_table_read(&arena,
		slice_str(arena_printf(&arena, "CREATE TABLE `t` (\n%s\n) ENGINE=InnoDB", lines)),
		&t, &err),
	    &err);
	return t;
}

static int
check_key(const char *lines, struct column *columns, int columns_count, const char *key_name,
    int key_count)
{
	struct create_table t = definition(lines);
	struct table_def def = { .database = "d",
		.name = "t",
		.columns = columns,
		.columns_count = columns_count,
		.key_name = key_name,
		.key_count = key_count };

	err_clear(&err);
	return schema_check_lists(&def, &t, &err);
}

static int
check_lists(const char *lines, struct column *columns, int columns_count, int key_count)
{
	return check_key(lines, columns, columns_count, "PRIMARY", key_count);
}

static const char two_of_three[] = "  `a` int(11) NOT NULL,\n"
				   "  `b``,(` varchar(10) DEFAULT 'x, `c`',\n"
				   "  `c` int(11) NOT NULL,\n"
				   "  PRIMARY KEY (`a`,`c`),\n"
				   "  KEY `k` (`b``,(`(3))";

TEST(whole_lists_fit_the_definition)
{
	struct column columns[] = { { .name = "a" }, { .name = "b`,(" }, { .name = "c" } };

	expect_ok(check_lists(two_of_three, columns, 3, 2), &err);
	arena_done(&arena);
}

TEST(lists_that_were_cut_short_do_not)
{
	struct column columns[] = { { .name = "a" }, { .name = "b`,(" }, { .name = "c" },
		{ .name = "d" } };

	for (int i = 0; i <= 4; i++) {
		for (int keys = 1; keys <= 3; keys++) {
			int rc = check_lists(two_of_three, columns, i, keys);

			expect_eq(rc == 0, i == 3 && keys == 2);
			expect(rc == 0 || err.kind == ERR_CORRUPT);
		}
	}
	columns[1].name = "other";
	expect(check_lists(two_of_three, columns, 3, 2) != 0);
	arena_done(&arena);
}

/* Of a primary key that tells no rows apart nothing is known but that it is there. */
TEST(the_lists_of_strict_tables)
{
	static const char none[] = "  `a` int(11) NOT NULL,\n  UNIQUE KEY `u` (`a`)";
	struct column columns[] = { { .name = "a" }, { .name = "b`,(" }, { .name = "c" } };

	expect_ok(check_key(two_of_three, columns, 3, "PRIMARY", 0), &err);
	expect_ok(check_key(none, columns, 1, "", 0), &err);
	expect(check_key(two_of_three, columns, 3, "", 0) != 0);
	expect_eq(err.kind, ERR_CORRUPT);
	expect(check_key(none, columns, 2, "", 0) != 0);
	arena_done(&arena);
}

TEST(the_list_of_a_unique_key_that_stands_in_was_cut_short)
{
	static const char lines[] = "  `a` int(11) NOT NULL,\n  `b` int(11) NOT NULL,\n"
				    "  UNIQUE KEY `v` (`b`),\n  UNIQUE KEY `u` (`a`,`b`)";
	struct column columns[] = { { .name = "a" }, { .name = "b" } };

	expect_ok(check_key(lines, columns, 2, "u", 2), &err);
	expect(check_key(lines, columns, 2, "u", 1) != 0);
	expect_eq(err.kind, ERR_CORRUPT);
	expect_ok(check_key(lines, columns, 2, "v", 1), &err);
	arena_done(&arena);
}

/* Constraints have names of their own: link tables often call a foreign key as its index. */
TEST(a_constraint_of_the_keys_name_is_not_its_list)
{
	static const char lines[] = "  `a` int(11) NOT NULL,\n  UNIQUE KEY `u` (`a`),\n"
				    "  CONSTRAINT `u` FOREIGN KEY (`a`) REFERENCES `p` (`a`),\n"
				    "  CONSTRAINT `u` CHECK (`a` > 0)";
	struct column columns[] = { { .name = "a" } };

	expect_ok(check_key(lines, columns, 1, "u", 1), &err);
	arena_done(&arena);
}

TEST(a_primary_key_that_was_cut_off_gives_its_place_to_no_other)
{
	static const char lines[] = "  `a` int(11) NOT NULL,\n  `b` int(11) NOT NULL,\n"
				    "  PRIMARY KEY (`a`),\n  UNIQUE KEY `u` (`b`)";
	struct column columns[] = { { .name = "a" }, { .name = "b" } };

	expect_ok(check_key(lines, columns, 2, "PRIMARY", 1), &err);
	expect(check_key(lines, columns, 2, "u", 1) != 0);
	expect_eq(err.kind, ERR_CORRUPT);
	arena_done(&arena);
}

TEST(parts_of_a_key_are_counted)
{
	static const struct {
		const char *clause;
		int parts;
	} rows[] = {
		{ "UNIQUE KEY `u``(v` (`a`,`b`(10)) COMMENT 'x`y'", 2 },
		{ "KEY `k` (`b` DESC,`a`) USING BTREE", 2 },
		{ "PRIMARY KEY (`a`)", 1 },
		{ "PRIMARY KEY (`a`,`b`(10),`c` DESC) USING BTREE", 3 },
		{ "PRIMARY KEY (`a``b`,```c`,`d```)", 3 },
		{ "PRIMARY KEY (`,`,`(`,`)`)", 3 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct create_table t = definition(arena_printf(&arena, "  %s", rows[i].clause));

		expect_eq(t.clauses[0].kind, i < 2 ? CLAUSE_INDEX : CLAUSE_PRIMARY);
		expect_eq(t.clauses[0].parts, rows[i].parts);
	}
	arena_done(&arena);
}

/* ---- Ranges */

/* clang-format off */
#define BOUND(text) { .ptr = (const uint8_t *)(text), .len = sizeof(text) - 1 }
#define END { .ptr = NULL }
/* clang-format on */

TEST(ranges_join_from_end_to_end)
{
	struct copy_range all[] = {
		{ .no = 0, .lower = END, .upper = BOUND("b") },
		{ .no = 1, .lower = BOUND("b"), .upper = BOUND("c") },
		{ .no = 2, .lower = BOUND("c"), .upper = END },
	};
	struct copy_range one = { .no = 0, .lower = END, .upper = END };

	expect_ok(copy_ranges_check(&(struct copy_ranges){ all, 3 }, "d.t", &err), &err);
	expect_ok(copy_ranges_check(&(struct copy_ranges){ &one, 1 }, "d.t", &err), &err);
	expect_ok(copy_ranges_check(&(struct copy_ranges){ NULL, 0 }, "d.t", &err), &err);
	/* without the last ones, the first ones, the one between */
	expect(copy_ranges_check(&(struct copy_ranges){ all, 2 }, "d.t", &err) != 0);
	expect(copy_ranges_check(&(struct copy_ranges){ all, 1 }, "d.t", &err) != 0);
	expect(copy_ranges_check(&(struct copy_ranges){ all + 1, 2 }, "d.t", &err) != 0);
	all[1] = all[2];
	expect(copy_ranges_check(&(struct copy_ranges){ all, 2 }, "d.t", &err) != 0);
	expect_eq(err.kind, ERR_CORRUPT);
	expect_str(err.text, "range 2 of 'd.t' in copy_state does not join the others");
}
