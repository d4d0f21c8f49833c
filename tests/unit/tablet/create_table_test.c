#include "tablet/table/check_name.h"
#include "tablet/table/create_table.h"
#include "test.h"

static const char users[] =
    "CREATE TABLE `users` (\n"
    "  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,\n"
    "  `em``ail` varchar(255) NOT NULL DEFAULT 'a,\\nb',\n"
    "  `n` int(11) DEFAULT NULL COMMENT ') ENGINE=x AUTO_INCREMENT=5',\n"
    "  PRIMARY KEY (`id`),\n"
    "  UNIQUE KEY `e``(` (`em``ail`),\n"
    "  KEY `n` (`n`,`id`),\n"
    "  FULLTEXT KEY `ft` (`em``ail`),\n"
    "  CONSTRAINT `c` CHECK (`n` > 0)\n"
    ") ENGINE=InnoDB AUTO_INCREMENT=1000001 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci";

TEST(each_line_becomes_a_clause)
{
	struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct create_table t;

	expect_ok(create_table_read(&arena, slice_str(users), &t, &err), &err);
	expect_eq(t.clauses_count, 8);
	expect_eq(t.clauses[0].kind, CLAUSE_COLUMN);
	expect_slice(t.clauses[1].name, slice_str("em`ail"));
	expect_eq(t.clauses[3].kind, CLAUSE_PRIMARY);
	expect_eq(t.clauses[4].kind, CLAUSE_INDEX);
	expect(t.clauses[4].unique && !t.clauses[5].unique);
	expect_slice(t.clauses[4].name, slice_str("e`("));
	expect_slice(t.clauses[4].first, slice_str("em`ail"));
	expect_slice(t.clauses[5].first, slice_str("n"));
	expect_slice(t.clauses[5].text, slice_str("KEY `n` (`n`,`id`)"));
	expect_eq(t.clauses[6].kind, CLAUSE_SPECIAL_INDEX);
	expect_eq(t.clauses[7].kind, CLAUSE_OTHER);
	arena_done(&arena);
}

TEST(the_next_auto_increment_is_no_part_of_the_definition)
{
	struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct create_table t;

	expect_ok(create_table_read(&arena, slice_str(users), &t, &err), &err);
	expect_slice(t.options,
	    slice_str(") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"));
	expect(strstr(t.text, "AUTO_INCREMENT=5'") != NULL); /* a comment stays as it is */
	expect(strstr(t.text, "AUTO_INCREMENT=1000001") == NULL);
	arena_done(&arena);
}

TEST(what_is_invisible_stands_where_later_servers_print_it)
{
	static const char *const lines[][2] = {
		{ "`v` int(11) INVISIBLE DEFAULT 5 COMMENT ' INVISIBLE' CHECK (`v` > 1)",
		    "`v` int(11) DEFAULT 5 INVISIBLE COMMENT ' INVISIBLE' CHECK (`v` > 1)" },
		{ "`v` datetime INVISIBLE DEFAULT current_timestamp() ON UPDATE current_timestamp()",
		    "`v` datetime DEFAULT current_timestamp() ON UPDATE current_timestamp() INVISIBLE" },
		{ "`v` int DEFAULT '5' /*!80023 INVISIBLE */ COMMENT 'x'",
		    "`v` int DEFAULT '5' /*!80023 INVISIBLE */ COMMENT 'x'" },
		{ "`a INVISIBLE` int(1) INVISIBLE DEFAULT ' CHECK '",
		    "`a INVISIBLE` int(1) DEFAULT ' CHECK ' INVISIBLE" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		SCOPED(arena) struct arena a = ARENA_INIT;
		struct err err = { 0 };
		struct create_table t;
		const char *sql = arena_printf(&a,
		    "CREATE TABLE `t` (\n  %s,\n  %s\n) ENGINE=InnoDB", lines[i][0], lines[i][0]);

		expect_ok(create_table_read(&a, slice_str(sql), &t, &err), &err);
		expect_eq(t.clauses_count, 2);
		expect_slice(t.clauses[0].text, slice_str(lines[i][1]));
		expect_slice(t.clauses[1].text, slice_str(lines[i][1]));
	}
}

TEST(partitions_stay_behind_the_options)
{
	static const char parts[] =
	    "CREATE TABLE `t` (\n  `id` int(11) NOT NULL,\n  PRIMARY KEY (`id`)\n"
	    ") ENGINE=InnoDB AUTO_INCREMENT=7\n PARTITION BY HASH (`id`)\nPARTITIONS 4";
	struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct create_table t;

	expect_ok(create_table_read(&arena, slice_str(parts), &t, &err), &err);
	expect_eq(t.clauses_count, 2);
	expect_slice(
	    t.options, slice_str(") ENGINE=InnoDB\n PARTITION BY HASH (`id`)\nPARTITIONS 4"));
	arena_done(&arena);
}

TEST(what_is_left_out_is_so_outside_of_quotes_only)
{
	static const char sql[] =
	    "CREATE TABLE `t` (\n"
	    "  `a` datetime /* mariadb-5.3 */ DEFAULT NULL COMMENT 'it''s /* mariadb-5.3 */',\n"
	    "  `b /* mariadb-5.3 */` time /* mariadb-5.3 */ DEFAULT NULL COMMENT '\\' /* mariadb-5.3 */',\n"
	    "  UNIQUE KEY `u` (`a`) USING HASH,\n  UNIQUE KEY `v` (`b`) COMMENT ' USING HASH',\n"
	    "  KEY `w` (`a`) USING HASH\n) ENGINE=InnoDB COMMENT=' AUTO_INCREMENT=5'";
	struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct create_table t;

	expect_ok(create_table_read(&arena, slice_str(sql), &t, &err), &err);
	expect_slice(t.clauses[0].text,
	    slice_str("`a` datetime DEFAULT NULL COMMENT 'it''s /* mariadb-5.3 */'"));
	expect_slice(t.clauses[1].text,
	    slice_str("`b /* mariadb-5.3 */` time DEFAULT NULL COMMENT '\\' /* mariadb-5.3 */'"));
	expect(t.clauses[2].hashed && !t.clauses[3].hashed && !t.clauses[4].hashed);
	expect_slice(t.options, slice_str(") ENGINE=InnoDB COMMENT=' AUTO_INCREMENT=5'"));
	arena_done(&arena);
}

TEST(foreign_keys_are_told_from_other_constraints_and_taken_out)
{
	static const char sql[] =
	    "CREATE TABLE `t` (\n  `id` int(11) NOT NULL,\n  PRIMARY KEY (`id`),\n"
	    "  CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `p` (`id`),\n"
	    "  CONSTRAINT ` FOREIGN KEY ` CHECK (`id` <> ' FOREIGN KEY ')\n) ENGINE=InnoDB";
	struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	struct create_table t;

	expect_ok(create_table_read(&arena, slice_str(sql), &t, &err), &err);
	expect_eq(t.clauses_count, 4);
	expect_eq(t.clauses[2].kind, CLAUSE_FOREIGN);
	expect_slice(t.clauses[2].name, slice_str("fk"));
	expect_eq(t.clauses[3].kind, CLAUSE_OTHER);
	create_table_drop_foreign(&t);
	expect_eq(t.clauses_count, 3);
	expect_slice(t.clauses[2].name, slice_str(" FOREIGN KEY "));
	expect(strstr(t.text, "REFERENCES `p`") != NULL);
	arena_done(&arena);
}

TEST(what_looks_otherwise_is_an_error)
{
	static const char *const wrong[] = { "", "CREATE TABLE `t`", "CREATE VIEW `t` AS SELECT 1",
		"CREATE TABLE `t` (\n  `a` int", "CREATE TABLE `t` (\n) ENGINE=InnoDB" };
	struct arena arena = ARENA_INIT;
	struct create_table t;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err err = { 0 };

		expect_eq(create_table_read(&arena, slice_str(wrong[i]), &t, &err), -1);
		expect_eq(err.kind, ERR_CORRUPT);
	}
	arena_done(&arena);
}

TEST(names_of_checks_that_were_made_up_are_left_out)
{
	static const char sql[] = "CREATE TABLE `t` (\n  `c` int(11) DEFAULT NULL,\n"
				  "  CONSTRAINT `CONSTRAINT_1` CHECK (`c` <> ' CHECK '),\n"
				  "  CONSTRAINT `t_chk_2` CHECK (`c` > 2),\n"
				  "  CONSTRAINT `CHECK 1` CHECK (`c` > 3),\n"
				  "  CONSTRAINT `f` FOREIGN KEY (`c`) REFERENCES `CHECK ` (`id`)\n"
				  ") ENGINE=InnoDB";
	static const char some[] = "CREATE TABLE `u` (\n  `c` int(11) DEFAULT NULL,\n"
				   "  CHECK (`c` <> ' CHECK '),\n  CHECK (`c` > 2),\n"
				   "  CONSTRAINT `CHECK 1` CHECK (`c` > 3),\n"
				   "  CONSTRAINT `f` FOREIGN KEY (`c`) REFERENCES `CHECK ` (`id`)\n"
				   ") ENGINE=InnoDB";
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf out = BUF_INIT;
	struct err err = { 0 };
	struct create_table t;

	expect_ok(create_table_read(&arena, slice_str(sql), &t, &err), &err);
	check_names_drop(&t, slice_str("t"), false);
	create_table_print(&out, &t, "`u`");
	expect_slice(buf_slice(&out), slice_str(some));
	check_names_drop(&t, slice_str("t"), true);
	expect_slice(t.clauses[3].text, slice_str("CHECK (`c` > 3)"));
	expect_eq(t.clauses[4].kind, CLAUSE_FOREIGN);
	expect_slice(t.clauses[4].name, slice_str("f"));
}
