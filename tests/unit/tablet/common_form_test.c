/* What MariaDB 10.11 and MySQL 9.7 print of the same table, and what both are told. */
#include "tablet/table/common_form.h"
#include "tablet/table/schema_common.h"
#include "test.h"

static const struct common_column columns[] = {
	{ .name = { (const uint8_t *)"c", 1 },
	    .charset = { (const uint8_t *)"utf8mb4", 7 },
	    .collation = { (const uint8_t *)"utf8mb4_general_ci", 18 } },
};

#define TEXT " CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"

struct printed {
	const char *lines, *options;
	bool text; /* the column has a collation */
};

static int
form(struct arena *a, const struct printed *p, const char **out, struct err *err)
{
	struct common_column column = columns[0];
	struct create_table create;
	const struct common_table t = { &create, slice_str("t"), slice_str("utf8mb4_general_ci"),
		&column, 1 };
	const char *sql = arena_printf(a, "CREATE TABLE `t` (\n  %s\n)%s", p->lines, p->options);

	if (!p->text)
		column.charset = column.collation = SLICE_NULL;
	expect_ok(create_table_read(a, slice_str(sql), &create, err), err);
	return common_form(a, &t, out, err);
}

#define OPTIONS " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"

static void
expect_form(const char *lines, bool text, const char *wanted)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct err err = { 0 };
	const char *out = NULL;

	expect_ok(form(&a, &(struct printed){ lines, OPTIONS, text }, &out, &err), &err);
	expect_str(out, arena_printf(&a, "CREATE TABLE `t` (\n  %s\n)" OPTIONS, wanted));
}

struct both {
	const char *mariadb, *mysql, *common;
	bool text;
};

static void
expect_same(const struct both *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		expect_form(rows[i].mariadb, rows[i].text, rows[i].common);
		expect_form(rows[i].mysql, rows[i].text, rows[i].common);
		/* and of itself */
		expect_form(rows[i].common, rows[i].text, rows[i].common);
	}
}

TEST(common_form_of_expressions)
{
	static const struct both rows[] = {
		{ "`c` int(11) INVISIBLE DEFAULT 5 COMMENT 'x'",
		    "`c` int DEFAULT '5' /*!80023 INVISIBLE */ COMMENT 'x'",
		    "`c` int NULL DEFAULT '5' INVISIBLE COMMENT 'x'", false },
		{ "`c` varchar(40) DEFAULT uuid()", "`c` varchar(40) DEFAULT (uuid())",
		    "`c` varchar(40)" TEXT " NULL DEFAULT (uuid())", true },
		{ "`c` int(11) DEFAULT (`id` * 2 - 1)", "`c` int DEFAULT (((`id` * 2) - 1))",
		    "`c` int NULL DEFAULT ((`id` * 2) - 1)", false },
		{ "`c` datetime(6) DEFAULT current_timestamp(6)", "`c` datetime(6) DEFAULT (now(6))",
		    "`c` datetime(6) NULL DEFAULT CURRENT_TIMESTAMP(6)", false },
		{ "`c` text DEFAULT 'it''s'", "`c` text DEFAULT (_utf8mb4'it\\'s')",
		    "`c` text" TEXT " NULL DEFAULT ('it''s')", true },
		{ "`c` varchar(9) DEFAULT 'x'", "`c` varchar(9) DEFAULT (_utf8mb4'x')",
		    "`c` varchar(9)" TEXT " NULL DEFAULT 'x'", true },
		{ "`c` int(11) DEFAULT -7", "`c` int DEFAULT (-(7))", "`c` int NULL DEFAULT '-7'",
		    false },
		{ "`c` int(11) NOT NULL,\n  "
		  "CONSTRAINT `k` CHECK (`c` > -9 and (`c` < 3 or `c` is null) and lcase(`d`) "
		  "not in ('a'))",
		    "`c` int NOT NULL,\n  "
		    "CONSTRAINT `k` CHECK (((`c` > -(9)) and ((`c` < 3) or (`c` is null)) and "
		    "(lower(`d`) not in (_utf8mb4'a'))))",
		    "`c` int NOT NULL,\n  "
		    "CONSTRAINT `k` CHECK ((`c` > -9) and ((`c` < 3) or (`c` is null)) and "
		    "(lower(`d`) not in ('a')))",
		    false },
	};

	expect_same(rows, sizeof(rows) / sizeof(rows[0]));
}

TEST(common_form_of_both)
{
	static const struct both rows[] = {
		{ "`c` int(11) NOT NULL", "`c` int NOT NULL", "`c` int NOT NULL", false },
		{ "`c` bigint(20) unsigned NOT NULL AUTO_INCREMENT",
		    "`c` bigint unsigned NOT NULL AUTO_INCREMENT",
		    "`c` bigint unsigned NOT NULL AUTO_INCREMENT", false },
		{ "`c` tinyint(1) DEFAULT 0", "`c` tinyint(1) DEFAULT '0'",
		    "`c` tinyint(1) NULL DEFAULT '0'", false },
		{ "`c` tinyint(4) DEFAULT -1", "`c` tinyint DEFAULT '-1'",
		    "`c` tinyint NULL DEFAULT '-1'", false },
		{ "`c` int(5) unsigned zerofill NOT NULL", "`c` int(5) unsigned zerofill NOT NULL",
		    "`c` int(5) unsigned zerofill NOT NULL", false },
		{ "`c` year(4) DEFAULT NULL", "`c` year DEFAULT NULL", "`c` year NULL", false },
		{ "`c` decimal(12,2) NOT NULL DEFAULT 0.50",
		    "`c` decimal(12,2) NOT NULL DEFAULT '0.50'",
		    "`c` decimal(12,2) NOT NULL DEFAULT '0.50'", false },
		{ "`c` bit(3) DEFAULT b'101'", "`c` bit(3) DEFAULT b'101'",
		    "`c` bit(3) NULL DEFAULT b'101'", false },
		{ "`c` timestamp NOT NULL DEFAULT current_timestamp()",
		    "`c` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP",
		    "`c` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP", false },
		{ "`c` datetime(6) DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6)",
		    "`c` datetime(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)",
		    "`c` datetime(6) NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)",
		    false },
		{ "`c` timestamp NULL DEFAULT NULL", "`c` timestamp NULL DEFAULT NULL",
		    "`c` timestamp NULL", false },
		{ "`c` text DEFAULT NULL", "`c` text", "`c` text" TEXT " NULL", true },
		{ "`c` varchar(9) NOT NULL DEFAULT 'it''s' COMMENT 'a \\\\ b'",
		    "`c` varchar(9) COLLATE utf8mb4_general_ci "
		    "NOT NULL DEFAULT 'it''s' COMMENT 'a \\\\ b'",
		    "`c` varchar(9)" TEXT " NOT NULL DEFAULT 'it''s' COMMENT 'a \\\\ b'", true },
		{ "`c` enum('a','b)''') DEFAULT 'a'", "`c` enum('a','b)''') DEFAULT 'a'",
		    "`c` enum('a','b)''')" TEXT " NULL DEFAULT 'a'", true },
		{ "`c` int(11) NOT NULL,\n  PRIMARY KEY (`c`),\n  KEY `k` (`c` DESC) USING BTREE COMMENT 'x'",
		    "`c` int NOT NULL,\n  PRIMARY KEY (`c`),\n  KEY `k` (`c` DESC) COMMENT 'x'",
		    "`c` int NOT NULL,\n  PRIMARY KEY (`c`),\n  KEY `k` (`c` DESC) COMMENT 'x'",
		    false },
		{ "`c` int(11) NOT NULL,\n  CONSTRAINT `f` FOREIGN KEY (`c`) REFERENCES `p` (`id`)",
		    "`c` int NOT NULL,\n  CONSTRAINT `f` FOREIGN KEY (`c`) REFERENCES `p` (`id`) "
		    "ON DELETE RESTRICT ON UPDATE RESTRICT",
		    "`c` int NOT NULL,\n  CONSTRAINT `f` FOREIGN KEY (`c`) REFERENCES `p` (`id`)",
		    false },
	};

	expect_same(rows, sizeof(rows) / sizeof(rows[0]));
}

TEST(common_form_of_what_one_flavour_calls_otherwise)
{
	static const struct both rows[] = {
		{ "`c` int(11) GENERATED ALWAYS AS (`id` + 1) STORED COMMENT 'x'",
		    "`c` int GENERATED ALWAYS AS ((`id` + 1)) STORED COMMENT 'x'",
		    "`c` int GENERATED ALWAYS AS (`id` + 1) STORED COMMENT 'x'", false },
		{ "`c` varchar(9) GENERATED ALWAYS AS (concat('a',`id`)) VIRTUAL INVISIBLE",
		    "`c` varchar(9) GENERATED ALWAYS AS (concat(_utf8mb4'a',`id`)) VIRTUAL "
		    "/*!80023 INVISIBLE */",
		    "`c` varchar(9)" TEXT " GENERATED ALWAYS AS (concat('a',`id`)) VIRTUAL INVISIBLE",
		    true },
		/* of the table t */
		{ "`c` int(11) NOT NULL,\n  CONSTRAINT `CONSTRAINT_12` CHECK (`c` > 1)",
		    "`c` int NOT NULL,\n  CONSTRAINT `t_chk_1` CHECK ((`c` > 1))",
		    "`c` int NOT NULL,\n  CHECK (`c` > 1)", false },
		{ "`c` int(11) NOT NULL,\n  CONSTRAINT `CONSTRAINT_` CHECK (`c` > 1)",
		    "`c` int NOT NULL,\n  CONSTRAINT `CONSTRAINT_` CHECK ((`c` > 1))",
		    "`c` int NOT NULL,\n  CONSTRAINT `CONSTRAINT_` CHECK (`c` > 1)", false },
		{ "`c` int(11) NOT NULL,\n  CONSTRAINT `u_chk_1` CHECK (`c` > 1)",
		    "`c` int NOT NULL,\n  CONSTRAINT `u_chk_1` CHECK ((`c` > 1))",
		    "`c` int NOT NULL,\n  CONSTRAINT `u_chk_1` CHECK (`c` > 1)", false },
		{ "`c` geometrycollection DEFAULT NULL", "`c` geomcollection DEFAULT NULL",
		    "`c` geometrycollection NULL", false },
		{ "`c` point NOT NULL,\n  SPATIAL KEY `k` (`c`)",
		    "`c` point NOT NULL,\n  SPATIAL KEY `k` (`c`)",
		    "`c` point NOT NULL,\n  SPATIAL KEY `k` (`c`)", false },
		{ "`c` vector(3) DEFAULT NULL", "`c` vector(3) DEFAULT NULL", "`c` vector(3) NULL",
		    false },
	};

	expect_same(rows, sizeof(rows) / sizeof(rows[0]));
}

/* Of another collation it is no JSON, but a text with a check. */
TEST(common_form_of_json)
{
	static const char mariadb[] =
	    "CREATE TABLE `t` (\n  `c` longtext CHARACTER SET utf8mb4 COLLATE "
	    "utf8mb4_bin DEFAULT NULL CHECK (json_valid(`c`))\n)" OPTIONS;
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct err err = { 0 };
	struct create_table create;
	struct common_column column = { slice_str("c"), slice_str("utf8mb4"),
		slice_str("utf8mb4_bin"), false };
	const struct common_table t = { &create, slice_str("t"), slice_str("utf8mb4_general_ci"),
		&column, 1 };
	const char *out;

	expect_ok(create_table_read(&a, slice_str(mariadb), &create, &err), &err);
	expect_ok(common_form(&a, &t, &out, &err), &err);
	expect_str(out, "CREATE TABLE `t` (\n  `c` json NULL\n)" OPTIONS);
	column.collation = slice_str("utf8mb4_general_ci");
	expect(common_form(&a, &t, &out, &err) != 0);
	expect_form("`c` json DEFAULT NULL", false, "`c` json NULL");
	expect_form("`c` json NOT NULL COMMENT 'json'", false, "`c` json NOT NULL COMMENT 'json'");
}

TEST(common_form_is_refused_by_name)
{
	static const struct {
		const char *lines, *options, *words;
	} rows[] = {
		{ "`c` uuid NOT NULL", "", "column 'c'" },
		{ "`c` text /*M!100301 COMPRESSED*/", "", "column 'c'" },
		{ "`c` point NOT NULL /*!80003 SRID 4326 */", "", "column 'c'" },
		{ "`c` int GENERATED ALWAYS AS (`d` / 2) STORED", "", "column 'c'" },
		{ "`c` int GENERATED ALWAYS AS ((`d` + 2)) STORED NOT NULL", "", "column 'c'" },
		{ "`c` int GENERATED ALWAYS", "", "column 'c'" },
		{ "`c` int GENERATED ALWAYS AS (1)", "", "column 'c'" },
		{ "`c` vector(3) NOT NULL,\n  VECTOR KEY `k` (`c`)", "", "key 'k'" },
		{ "`c` int DEFAULT (1 / 2)", "", "a default that is an expression" },
		{ "`c` varchar(40) DEFAULT uuid_short()", "", "a default that is an expression" },
		{ "`c` binary(3) DEFAULT x'00'", "", "a default that is an expression" },
		{ "`c` longtext CHECK (json_valid(`d`))", "", "column 'c'" },
		{ "`c` text CHECK (json_valid(`c`))", "", "column 'c'" },
		{ "`c` int,\n  CONSTRAINT `k` CHECK ((`c` / 1 > 1))", "", "constraint 'k'" },
		{ "`c` int,\n  CONSTRAINT `k` CHECK ((`c` > 1)) /*!80016 NOT ENFORCED */", "",
		    "constraint 'k'" },
		{ "`c` int,\n  CONSTRAINT `k` CHECK", "", "constraint 'k'" },
		{ "`c` int,\n  KEY `k` ((`c` + 1))", "", "key 'k'" },
		{ "`c` int,\n  KEY `k` (`c`) /*!80000 INVISIBLE */", "", "key 'k'" },
		{ "`c` text,\n  UNIQUE KEY `k` (`c`) USING HASH", "", "key 'k'" },
		{ "`c` int", " `PAGE_COMPRESSED`=1", "table 't'" },
		{ "`c` int", " /*!80016 ENCRYPTION='Y' */", "table 't'" },
		{ "`c`", "", "column 'c'" },
		{ "`c` int DEFAULT", "", "column 'c'" },
		{ "`c` int COMMENT", "", "column 'c'" },
		{ "`c` int NOT", "", "column 'c'" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		SCOPED(arena) struct arena a = ARENA_INIT;
		struct err err = { 0 };
		const char *out = NULL;

		if (form(&a, &(struct printed){ rows[i].lines, rows[i].options, false }, &out,
			&err) == 0)
			test_fail(__FILE__, __LINE__, "'%s' became %s", rows[i].lines, out);
		expect_eq(err.kind, ERR_REFUSED);
		if (strstr(err.text, rows[i].words) == NULL)
			test_fail(__FILE__, __LINE__, "'%s': %s", rows[i].lines, err.text);
		expect(err.hint[0] != '\0');
	}
}

TEST(common_form_of_keys_with_a_collation_of_one_flavour)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct err err = { 0 };
	struct create_table create;
	struct common_column column = { slice_str("c"), slice_str("utf8mb4"),
		slice_str("utf8mb4_0900_ai_ci"), false };
	const struct common_table t = { &create, slice_str("t"), slice_str("utf8mb4_general_ci"),
		&column, 1 };
	const char *out;

	expect_ok(
	    create_table_read(&a,
		slice_str("CREATE TABLE `t` (\n  `c` varchar(9)\n) ENGINE=InnoDB"), &create, &err),
	    &err);
	expect_ok(common_form(&a, &t, &out, &err), &err);
	column.in_unique = true;
	expect(common_form(&a, &t, &out, &err) != 0);
	expect_eq(err.kind, ERR_REFUSED);
}

/* Rows of one are rows of the other, whatever their catalogues call the types. */
TEST(common_form_tells_types_in_the_same_words)
{
	static const struct {
		const char *mariadb, *mysql, *told;
	} rows[] = {
		{ "`a b` int(11) NOT NULL", "`a b` int NOT NULL", "int" },
		{ "`a b` int(5) unsigned zerofill DEFAULT NULL", "`a b` int(5) unsigned zerofill",
		    "int(5) unsigned zerofill" },
		{ "`a b` enum('a','int(11)')", "`a b` enum('a','int(11)')", "enum('a','int(11)')" },
		{ "`a b` longtext COLLATE utf8mb4_bin CHECK (json_valid(`a b`))", "`a b` json",
		    "json" },
		{ "`a b` bigint(20) unsigned", "`a b` bigint unsigned", "bigint unsigned" },
	};
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct column column[2] = { { .name = "a b" }, { .name = "a b" } };
		struct table_def def[2];
		bool json = strcmp(rows[i].told, "json") == 0;

		if (json)
			column[0].collation = "utf8mb4_bin";
		for (int server = 0; server < 2; server++) {
			struct create_table create;
			const char *out;

			def[server] = (struct table_def){ .name = "t",
				.collation = "utf8mb4_general_ci",
				.columns = &column[server],
				.columns_count = 1 };
			expect_ok(
			    create_table_read(&a,
				slice_str(arena_printf(&a, "CREATE TABLE `t` (\n  %s\n)" OPTIONS,
				    server == 0 ? rows[i].mariadb : rows[i].mysql)),
				&create, &err),
			    &err);
			expect_ok(schema_common(&a, &def[server], &create, &out, &err), &err);
			expect_ok(create_table_read(&a, slice_str(out), &create, &err), &err);
			schema_take_types(&a, &def[server], &create);
			expect_str(column[server].told, rows[i].told);
		}
		expect(table_def_same_rows(&def[0], &def[1]));
		column[1].told = "int(12)";
		expect(!table_def_same_rows(&def[0], &def[1]));
	}
}

TEST(common_form_has_indexes_of_virtual_columns_behind_the_others)
{
	static const char *const printed[] = {
		/* MariaDB */
		"  UNIQUE KEY `ug` (`g`),\n  UNIQUE KEY `u` (`n`),\n  KEY `more` (`n`,`g`),\n"
		"  KEY `g` (`n`) COMMENT '`g`',\n  FULLTEXT KEY `f` (`n`)\n",
		/* MySQL */
		"  UNIQUE KEY `u` (`n`),\n  UNIQUE KEY `ug` (`g`),\n  KEY `g` (`n`) COMMENT '`g`',\n"
		"  KEY `more` (`n`,`g`),\n  FULLTEXT KEY `f` (`n`)\n",
	};
	struct common_column column[] = { { .name = slice_str("n") }, { .name = slice_str("g") } };
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof(printed) / sizeof(printed[0]); i++) {
		struct create_table create;
		const struct common_table t = { &create, slice_str("t"),
			slice_str("utf8mb4_general_ci"), column, 2 };
		const char *out;

		expect_ok(create_table_read(&a,
			      slice_str(arena_printf(&a,
				  "CREATE TABLE `t` (\n  `n` int COMMENT 'GENERATED',\n"
				  "  `g` int GENERATED ALWAYS AS (`n` * 3) VIRTUAL,\n%s)" OPTIONS,
				  printed[i])),
			      &create, &err),
		    &err);
		expect_ok(common_form(&a, &t, &out, &err), &err);
		expect_str(out,
		    "CREATE TABLE `t` (\n  `n` int NULL COMMENT 'GENERATED',\n"
		    "  `g` int GENERATED ALWAYS AS (`n` * 3) VIRTUAL,\n"
		    "  UNIQUE KEY `u` (`n`),\n  KEY `g` (`n`) COMMENT '`g`',\n"
		    "  UNIQUE KEY `ug` (`g`),\n  KEY `more` (`n`,`g`),\n"
		    "  FULLTEXT KEY `f` (`n`)\n)" OPTIONS);
	}
}
