/* What a table that moves is, at both ends. */
#include "tablet/table/moved_table.h"

#include "test.h"

#define CREATE                                                                                     \
	"CREATE TABLE `t` (\n  `id` int(11) NOT NULL,\n  `v` varchar(20) DEFAULT NULL,\n"          \
	"  PRIMARY KEY (`id`)%s\n) ENGINE=InnoDB"

static struct column columns[] = {
	{ .name = "id", .type = { .kind = COLUMN_INT, .int_bytes = 4 }, .key_index = 0 },
	{ .name = "v", .type = { .kind = COLUMN_STRING, .charset = "utf8mb4" }, .key_index = -1 },
};

TEST(a_moved_table_has_both_names_its_plan_and_its_bare_form)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	int key[] = { 0 };
	struct index_def index = {
		.name = "v", .clause = "UNIQUE KEY `v` (`v`)", .first = 1, .unique = true
	};
	struct table_def one = { .database = "s",
		.name = "t",
		.columns = columns,
		.columns_count = 2,
		.key = key,
		.key_count = 1 };
	struct table_def two = one, *defs[] = { &one, &two };
	const char *to[] = { "t", "people" };
	struct moved_tables all;

	one.told_sql = arena_printf(&a, CREATE, "");
	two.name = "users";
	two.indexes = &index;
	two.indexes_count = 1;
	two.told_sql = arena_printf(&a, CREATE, ",\n  UNIQUE KEY `v` (`v`)");
	moved_tables_make(&a, defs, (struct table_set){ "d", to, 2 }, &all);
	expect_eq(all.count, 2);
	expect_str(all.items[0].complete_sql, "");
	expect(all.items[1].index == 1 && all.items[1].def == &two);
	expect_str(all.items[1].full_name, "d.people");
	expect_str(all.items[1].plan.columns, "`id`,`v`");
	expect(strncmp(all.items[1].bare_sql, "CREATE TABLE `d`.`people` (", 27) == 0);
	expect(strstr(all.items[1].bare_sql, "UNIQUE") == NULL);
	expect_str(all.items[1].complete_sql, "ALTER TABLE `d`.`people` ADD UNIQUE KEY `v` (`v`)");
	expect_eq(table_set_find(&all.from, "s", "users"), 1);
	expect_eq(table_set_find(&all.to, "d", "people"), 1);
}

TEST(a_table_that_is_read_alone_goes_nowhere)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct table_def one = { .database = "s", .name = "t" }, *defs[] = { &one };
	struct moved_tables all;

	moved_tables_of(&a, defs, 1, &all);
	expect(all.count == 1 && all.items[0].def == &one && all.items[0].name == NULL);
}
