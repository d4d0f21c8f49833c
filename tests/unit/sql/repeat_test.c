/* What a change of a table is, whether another server gets the same out of the same text, and whether rows
 * stay. */
#include "sql/repeat.h"

#include "sql/tokens.h"
#include "test.h"

static struct repeat
read_in(const char *sql, unsigned modes, bool has_zone)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct statement s;
	struct repeat r;
	struct err err = { 0 };

	expect_ok(statement_read(&a, slice_str(sql), modes, &s, &err), &err);
	repeat_read(&s, slice_str(sql), has_zone, &r);
	return r;
}

static void
is(const char *sql, enum table_change change, bool same, bool rows_stay)
{
	struct repeat r = read_in(sql, 0, true);

	if (r.change != change || (r.why_not == NULL) != same || r.rows_stay != rows_stay)
		test_fail(__FILE__, __LINE__, "%s\n   got %d, %s, rows %s", sql, (int)r.change,
		    r.why_not == NULL ? "the same" : r.why_not, r.rows_stay ? "stay" : "may change");
}

TEST(what_it_is)
{
	is("ALTER TABLE t ADD a INT", TABLE_CHANGE_ALTER, true, false);
	is("TRUNCATE TABLE t", TABLE_CHANGE_TRUNCATE, true, false);
	is("truncate t", TABLE_CHANGE_TRUNCATE, true, false);
	is("CREATE INDEX i ON t (a)", TABLE_CHANGE_INDEX, true, true);
	is("CREATE UNIQUE INDEX i ON t (a)", TABLE_CHANGE_INDEX, true, true);
	is("DROP INDEX i ON t", TABLE_CHANGE_INDEX, true, true);
	is("DROP TABLE t", TABLE_CHANGE_AWAY, false, false);
	is("RENAME TABLE t TO u", TABLE_CHANGE_AWAY, false, false);
	is("RENAME TABLE t TO _t_del, _t_gho TO t", TABLE_CHANGE_AWAY, false, false);
	is("ALTER TABLE t RENAME TO u", TABLE_CHANGE_AWAY, false, false);
	is("ALTER TABLE t ADD a INT, RENAME u", TABLE_CHANGE_AWAY, false, false);
	is("CREATE TABLE t (a INT)", TABLE_CHANGE_AWAY, false, false);
	is("CREATE OR REPLACE TABLE t (a INT)", TABLE_CHANGE_AWAY, false, false);
}

TEST(what_leaves_rows_as_they_are)
{
	static const char *const stay[] = { "ADD INDEX (a)", "ADD KEY k (a), DROP INDEX j",
		"ADD CONSTRAINT c UNIQUE (a)", "ADD CONSTRAINT c CHECK (a > 1)", "DROP CONSTRAINT c",
		"ADD FOREIGN KEY (a) REFERENCES other (a)", "DROP FOREIGN KEY f",
		"RENAME INDEX a TO b", "ALTER COLUMN a SET DEFAULT 5", "ALTER a DROP DEFAULT",
		"COMMENT 'x', ROW_FORMAT=DYNAMIC", "COMMENT='a, DROP COLUMN b'",
		"AUTO_INCREMENT=90", "ENGINE=InnoDB", "FORCE", "DEFAULT CHARACTER SET latin1",
		"COLLATE utf8mb4_bin", "ADD FULLTEXT KEY (a), ALGORITHM=INPLACE, LOCK=NONE" };
	static const char *const may_change[] = { "ADD a INT", "ADD COLUMN (a INT, b INT)",
		"DROP a", "DROP COLUMN a, ADD COLUMN a INT", "ADD INDEX (b), DROP a",
		"ADD INDEX (b, c), MODIFY a INT", "CHANGE a b INT", "MODIFY a INT",
		"CONVERT TO CHARACTER SET latin1", "ADD PRIMARY KEY (a)", "DROP PRIMARY KEY",
		"DROP PARTITION p", "TRUNCATE PARTITION p",
		"REORGANIZE PARTITION p INTO (PARTITION q VALUES LESS THAN (5))",
		"RENAME COLUMN a TO b", "ADD `index` INT", "WAIT 5 DROP a", "ORDER BY a" };

	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++) {
		char sql[200] = "ALTER TABLE shop.t ";

		is(strncat(sql, stay[i], 150), TABLE_CHANGE_ALTER, true, true);
	}
	for (size_t i = 0; i < sizeof(may_change) / sizeof(may_change[0]); i++) {
		char sql[200] = "ALTER TABLE `t` ";

		is(strncat(sql, may_change[i], 150), TABLE_CHANGE_ALTER, true, false);
	}
}

TEST(what_comes_out_otherwise_elsewhere)
{
	static const char *const other[] = { "ADD id INT AUTO_INCREMENT PRIMARY KEY",
		"ADD u VARCHAR(36) DEFAULT (UUID())", "ADD u CHAR(36) DEFAULT UUID()",
		"ADD r DOUBLE DEFAULT (RAND()), ADD INDEX (r)",
		"ADD a INT, ADD (b INT DEFAULT (a + 1))", "EXCHANGE PARTITION p WITH TABLE u",
		"DISCARD TABLESPACE", "IMPORT TABLESPACE", "CONVERT PARTITION p TO TABLE u",
		"ADD SYSTEM VERSIONING", "DROP SYSTEM VERSIONING", "ADD PERIOD FOR p (a, b)",
		"ADD a INT /*!80000 INVISIBLE */" };

	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		char sql[200] = "ALTER TABLE t ";

		is(strncat(sql, other[i], 150), TABLE_CHANGE_ALTER, false, false);
	}
	is("ALTER IGNORE TABLE t ADD UNIQUE (a)", TABLE_CHANGE_ALTER, false, false);
}

TEST(defaults_that_are_the_same_everywhere)
{
	static const char *const same[] = { "ADD a INT DEFAULT 7", "ADD a INT DEFAULT -7",
		"ADD a TEXT DEFAULT NULL", "ADD a CHAR(3) DEFAULT 'x y'",
		"ADD a CHAR(3) DEFAULT _utf8'x'", "ADD a BOOL DEFAULT TRUE",
		"ADD a TIMESTAMP DEFAULT CURRENT_TIMESTAMP", "ADD a DATETIME DEFAULT NOW()",
		"ADD a INT DEFAULT 1, ADD b INT DEFAULT 2", "MODIFY a INT DEFAULT (b + 1)" };

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		char sql[200] = "ALTER TABLE t ";

		is(strncat(sql, same[i], 150), TABLE_CHANGE_ALTER, true, false);
	}
}

/* The time of now in a column that keeps a session's clock is another one in another zone. */
TEST(a_session_whose_time_zone_is_not_known)
{
	expect(read_in("ALTER TABLE t ADD a DATETIME DEFAULT NOW()", 0, false).why_not != NULL);
	expect(read_in("ALTER TABLE t ADD a DATE DEFAULT CURRENT_TIMESTAMP", 0, false).why_not !=
	    NULL);
	expect(read_in("ALTER TABLE t ADD a TIMESTAMP DEFAULT NOW()", 0, false).why_not == NULL);
	expect(read_in("ALTER TABLE t ADD a DATETIME DEFAULT NOW()", 0, true).why_not == NULL);
}

TEST(a_text_that_ends_early_is_read_to_its_end)
{
	static const char sql[] =
	    "ALTER TABLE t ADD a INT DEFAULT -_utf8'x', DROP b, ADD (c DATE DEFAULT NOW())";

	for (size_t len = 13; len < sizeof(sql); len++) {
		SCOPED(arena) struct arena a = ARENA_INIT;
		struct statement s;
		struct repeat r;
		struct err err = { 0 };
		struct slice text = slice_of(sql, len);

		if (statement_read(&a, text, 0, &s, &err) != 0)
			continue;
		repeat_read(&s, text, true, &r);
		expect(!r.rows_stay);
	}
	expect(
	    read_in("ALTER TABLE \"t\" ADD \"index\" INT", SQL_ANSI_QUOTES, true).why_not == NULL);
	expect(!read_in("ALTER TABLE \"t\" ADD \"index\" INT", SQL_ANSI_QUOTES, true).rows_stay);
}
