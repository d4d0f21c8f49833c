/* Columns that each server makes for itself: none of their values is asked for or written. */
#include "tablet/table/generated.h"
#include "tablet/table/table_row.h"
#include "tablet/write/apply_sql.h"
#include "tablet/write/load.h"
#include "test.h"

static struct column columns[] = {
	{ .name = "g", .type = { .kind = COLUMN_INT, .int_bytes = 4, .generated = true } },
	{ .name = "id", .type = { .kind = COLUMN_INT, .int_bytes = 4 } },
	{ .name = "h", .type = { .kind = COLUMN_ENUM, .length = 2, .generated = true } },
	{ .name = "e", .type = { .kind = COLUMN_ENUM, .length = 2 }, .nullable = true },
	{ .name = "i", .type = { .kind = COLUMN_INT, .int_bytes = 4, .generated = true } },
};

static int key[] = { 1 };
static struct index_def indexes[] = {
	{ .name = "k", .clause = "UNIQUE KEY `k` (`h`)", .unique = true }
};
static struct table_def table = { .database = "from",
	.name = "t",
	.columns = columns,
	.columns_count = 5,
	.key = key,
	.key_count = 1,
	.indexes = indexes,
	.indexes_count = 1 };
static const struct moved_table moved = { .def = &table, .database = "to", .name = "t" };

static const struct slice first[] = { SLICE_NULL, { (const uint8_t *)"7", 1 }, SLICE_NULL,
	{ (const uint8_t *)"1", 1 }, SLICE_NULL };
static const struct slice second[] = { SLICE_NULL, { (const uint8_t *)"7", 1 }, SLICE_NULL,
	{ (const uint8_t *)"2", 1 }, SLICE_NULL };

static void
expect_text(struct buf *b, const char *wanted)
{
	expect_slice(buf_slice(b), slice_str(wanted));
	buf_reset(b);
}

TEST(what_is_generated_is_neither_asked_for_nor_written)
{
	SCOPED(buf) struct buf b = BUF_INIT, rows = BUF_INIT;

	table_row_select_list(&b, &table);
	expect_text(&b, "NULL,`id`,NULL,`e`+0,NULL");
	apply_sql_insert_more(&b, &moved, first);
	expect_text(&b, "INSERT INTO `to`.`t` (`id`,`e`) VALUES (7,1)");
	apply_sql_update(&b, &moved, first);
	expect_text(&b, "UPDATE `to`.`t` SET `id`=7,`e`=1 WHERE (`id`=7)");
	load_bulk_sql(&b, &(struct load){ .table = &moved });
	expect_text(&b, "REPLACE INTO `to`.`t` (`id`,`e`) VALUES (?,CAST(? AS UNSIGNED))");
	load_file_sql(&b, &(struct load){ .table = &moved });
	expect(strstr(b.data, "(`id`,@v3) SET `e`=CAST(@v3 AS UNSIGNED)") != NULL);
	buf_reset(&b);
	load_add_row(&rows, &table, first);
	load_add_row(&rows, &table, second);
	load_file_text(&b, &table, buf_slice(&rows));
	expect_text(&b, "7\t1\n7\t2\n");
}

/* UPDATE of two rows that exchange such values would meet a value that is not gone yet. */
TEST(any_change_may_move_a_generated_value_of_a_unique_index)
{
	expect(apply_moves_unique(&table, first, second));
	expect(!apply_moves_unique(&table, first, first));
	indexes[0].unique = false;
	expect(!apply_moves_unique(&table, first, second));
	indexes[0].unique = true;
}

TEST(any_change_may_move_a_period_of_a_unique_index)
{
	struct table_def def = table;

	def.indexes_count = 0;
	expect(!apply_moves_unique(&def, first, second));
	def.overlaps = true;
	expect(apply_moves_unique(&def, first, second));
	expect(!apply_moves_unique(&def, first, first));
}

struct expression {
	const char *clauses;
	bool refused;
};

/* Of `ts TIMESTAMP`, `d DATETIME` and the generated `g`. */
static int
look(const struct expression *e, struct err *err)
{
	struct column three[] = { { .name = "ts", .type = { .kind = COLUMN_TIMESTAMP } },
		{ .name = "d", .type = { .kind = COLUMN_DATETIME } },
		{ .name = "g", .type = { .kind = COLUMN_STRING, .generated = true } } };
	const struct table_def def = {
		.database = "from", .name = "t", .columns = three, .columns_count = 3
	};
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct create_table create;

	expect_ok(
	    create_table_read(&a,
		slice_str(arena_printf(&a,
		    "CREATE TABLE `t` (\n  `ts` timestamp NULL,\n  `d` datetime,\n  %s\n) ENGINE=InnoDB",
		    e->clauses)),
		&create, err),
	    err);
	return generated_check(&def, &create, err);
}

TEST(what_is_kept_and_made_of_the_session_is_refused)
{
	static const struct expression rows[] = {
		{ "`g` date GENERATED ALWAYS AS (cast(`ts` as date)) STORED", true },
		{ "`g` date GENERATED ALWAYS AS (cast(`ts` as date)) VIRTUAL", false },
		{ "`g` date GENERATED ALWAYS AS (cast(`ts` as date)) VIRTUAL,\n  KEY `k` (`g`)",
		    true },
		{ "`g` date GENERATED ALWAYS AS (cast(`d` as date)) STORED COMMENT '`ts`'", false },
		{ "`g` date GENERATED ALWAYS AS (cast(`d` as date)) STORED", false },
		{ "`g` varchar(9) GENERATED ALWAYS AS (from_unixtime(1)) STORED", true },
		{ "`g` varchar(9) GENERATED ALWAYS AS (dayname(`d`)) STORED", true },
		{ "`g` varchar(9) GENERATED ALWAYS AS (date_format(`d`,'%M')) STORED", true },
		{ "`g` varchar(9) GENERATED ALWAYS AS (date_format(`d`,'%Y-%m')) STORED", false },
		{ "`g` varchar(9) GENERATED ALWAYS AS (concat('%M','from_unixtime(')) STORED",
		    false },
		{ "`g` int GENERATED ALWAYS AS ((`d` is not null)) STORED COMMENT ' NOT NULL'",
		    false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = { 0 };

		if ((look(&rows[i], &err) != 0) != rows[i].refused)
			test_fail(__FILE__, __LINE__, "%s: %s", rows[i].clauses, err.text);
		if (rows[i].refused)
			expect(err.kind == ERR_REFUSED && strstr(err.text, "column 'g'") != NULL &&
			    strncmp(err.hint, "ALTER TABLE `t` ", 16) == 0);
	}
}

/* A fence's trigger beside it, and MySQL refuses each INSERT. */
TEST(what_is_generated_and_not_null_is_refused)
{
	static const struct expression e = {
		"`g` int GENERATED ALWAYS AS ((`d` is not null)) VIRTUAL NOT NULL COMMENT 'x'", true
	};
	struct err err = { 0 };

	expect(look(&e, &err) != 0);
	expect(strstr(err.text, "column 'g' of table 'from.t' is generated and NOT NULL") != NULL);
	expect_str(err.hint,
	    "ALTER TABLE `t` MODIFY `g` int GENERATED ALWAYS AS ((`d` is not null)) VIRTUAL COMMENT 'x' "
	    "at the source, or leave the table where it is");
}
