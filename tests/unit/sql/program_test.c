#include "sql/modes.h"
#include "sql/program.h"
#include "test.h"

/* A body of database d is asked for customer.status. */
static enum mention
ask(const char *body, unsigned modes, const char *d)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct program p;
	struct err err = { 0 };

	expect_ok(program_read(&arena, slice_str(body), modes, &p, &err), &err);
	return program_mentions(&p, slice_str(d), slice_str("customer"), slice_str("status"));
}

static void
expect_mention(const char *body, unsigned modes, const char *d, enum mention want)
{
	enum mention got = ask(body, modes, d);

	if (got != want)
		test_fail(__FILE__, __LINE__, "%s\n   got %d, want %d", body, (int)got, (int)want);
}

static void
names(const char *body)
{
	expect_mention(body, 0, "customer", MENTION_SURE);
}

static void
does_not(const char *body)
{
	expect_mention(body, 0, "customer", MENTION_NONE);
}

static void
perhaps(const char *body)
{
	expect_mention(body, 0, "customer", MENTION_PERHAPS);
}

TEST(views)
{
	names("select `customer`.`status`.`id` AS `id` from `customer`.`status`");
	names("select 1 AS `1` from (`customer`.`a` join `customer`.`status` on(1 = 1))");
	names("select (select max(`x`.`id`) from `customer`.`status` `x`) AS `m`");
	names("with c as (select 1 AS `a` from `customer`.`status`) select `c`.`a` AS `a` from `c`");
	does_not("select `customer`.`o`.`id` AS `id`,`customer`.`o`.`status` AS `status` "
		 "from `customer`.`o`");
	does_not("select `status`.`id` AS `id` from `customer`.`o` `status`");
	does_not("select `customer`.`o`.`id` AS `status` from `customer`.`o`");
	does_not("select 'status' AS `x`, \"status\" AS `y` from `customer`.`o` /* status */");
	does_not("select `other`.`status`.`id` AS `id` from `other`.`status`");
	does_not("with status as (select 1 AS `a`) select `status`.`a` AS `a` from `status`");
	perhaps("select `a` AS `a` from `customer`.`o` FOR SYSTEM_TIME ALL `status`");
	does_not("select `a` AS `a` from `customer`.`o` FOR SYSTEM_TIME ALL");
}

TEST(a_name_means_a_table_of_its_own_database)
{
	expect_mention("DELETE FROM status", 0, "other", MENTION_NONE);
	expect_mention("DELETE FROM customer.status", 0, "other", MENTION_SURE);
	expect_mention("DELETE FROM other.status", 0, "customer", MENTION_NONE);
	expect_mention("FROBNICATE status", 0, "other", MENTION_NONE);
	expect_mention("FROBNICATE status", 0, "customer", MENTION_PERHAPS);
	expect_mention("FROBNICATE customer.status", 0, "other", MENTION_PERHAPS);
	expect_mention(
	    "DELETE FROM Status", 0, "customer", MENTION_NONE); /* names compare as bytes */
	expect_mention("SELECT \"status\"", SQL_ANSI_QUOTES, "customer", MENTION_NONE);
	expect_mention("SELECT 1 FROM \"status\"", SQL_ANSI_QUOTES, "customer", MENTION_SURE);
}

TEST(blocks)
{
	names("BEGIN DELETE FROM a; DELETE FROM status WHERE id = 1; END");
	names("BEGIN IF x THEN SET y = 1; ELSEIF z THEN UPDATE status SET a = 1; ELSE "
	      "SET y = 2; END IF; END");
	names("l: BEGIN w: WHILE EXISTS (SELECT 1 FROM status) DO LEAVE l; END WHILE w; END l");
	names("BEGIN REPEAT SET a = 1; UNTIL (SELECT COUNT(*) FROM status) > 3 END REPEAT; END");
	names(
	    "BEGIN CASE a WHEN 1 THEN BEGIN END; ELSE INSERT INTO status VALUES (1); END CASE; END");
	names("BEGIN CASE WHEN (SELECT 1 FROM status) THEN SET a = 1; END CASE; END");
	names("BEGIN FOR r IN (SELECT id FROM status) DO SET a = r.id; END FOR; END");
	names("BEGIN FOR i IN 1 .. 10 DO INSERT INTO status VALUES (i); END FOR; END");
	names("RETURN (SELECT COUNT(*) FROM status)");
	names("SET NEW.a = (SELECT MAX(id) FROM status)");
	names("TRUNCATE TABLE status");
	does_not("BEGIN IF status THEN SET status = status + 1; END IF; SELECT status; END");
	does_not("BEGIN SET a = CASE WHEN b THEN 1 ELSE 2 END; IF CASE WHEN status THEN "
		 "1 END THEN SET c = 1; END IF; END");
	does_not("status: LOOP LEAVE status; END LOOP status");
	does_not("SET NEW.status = OLD.status");
	does_not("SET NEW.status = (SELECT 1 AS status)");
	does_not("BEGIN CALL status(); SET a = status(1); END");
	does_not("BEGIN NOT ATOMIC SELECT 1; END");
}

TEST(declarations)
{
	does_not("BEGIN DECLARE status INT DEFAULT 0; SET status = 1; SELECT status; END");
	does_not("BEGIN DECLARE a, status VARCHAR(10) DEFAULT 'status'; SELECT o.id INTO "
		 "status FROM o; END");
	names("BEGIN DECLARE a INT DEFAULT (SELECT MAX(id) FROM status); END");
	names(
	    "BEGIN DECLARE c CURSOR FOR SELECT id FROM status; OPEN c; FETCH c INTO a; CLOSE c; END");
	names("BEGIN DECLARE c CURSOR (p INT) FOR SELECT id FROM status; OPEN c(1); END");
	does_not("BEGIN DECLARE status CURSOR FOR SELECT id FROM o; OPEN status; FETCH "
		 "status INTO a; CLOSE status; END");
	names("BEGIN DECLARE EXIT HANDLER FOR SQLSTATE '02000', NOT FOUND, 1062 DELETE "
	      "FROM status; END");
	names("BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN DELETE FROM status; END; END");
	does_not("BEGIN DECLARE status CONDITION FOR SQLSTATE '45000'; SIGNAL status; END");
	perhaps("BEGIN DECLARE a TYPE OF status.id; END");
	perhaps("BEGIN DECLARE a ROW TYPE OF status; END");
	does_not("BEGIN DECLARE a TYPE OF o.status; END");
}

TEST(strings_that_are_run)
{
	perhaps("BEGIN PREPARE s FROM 'DELETE FROM status'; EXECUTE s; END");
	perhaps("EXECUTE IMMEDIATE CONCAT('DELETE FROM ', 'status', ' WHERE 1')");
	perhaps(
	    "BEGIN SET @q = CONCAT('DELETE FROM ', 'status'); PREPARE s FROM @q; EXECUTE s; END");
	does_not("BEGIN SET @q = 'DELETE FROM status'; SELECT @q; END");
	does_not("BEGIN PREPARE s FROM 'DELETE FROM o'; EXECUTE s; DEALLOCATE PREPARE s; "
		 "SELECT status FROM o; END");
	names("BEGIN PREPARE s FROM @q; EXECUTE s; DELETE FROM status; END");
}

TEST(one_statement_that_is_not_understood_leaves_the_others)
{
	names("BEGIN FROBNICATE a; DELETE FROM status; END");
	does_not("BEGIN FROBNICATE a; SELECT status FROM o; END");
	perhaps("BEGIN FROBNICATE status; SELECT 1; END");
	perhaps("/*!100100 DELETE FROM status */");
}

TEST(odd_ends_are_read_to_the_end)
{
	static const char *const texts[] = { "", ";", "BEGIN", "END", "IF", "IF a", "CASE",
		"DECLARE", "DECLARE a", "DECLARE c CURSOR", "DECLARE EXIT HANDLER FOR", "FOR",
		"FOR a IN", "WHILE", "UNTIL", "RETURN", "l:", "WHEN", "ELSE", "OPEN",
		"DECLARE a TYPE OF", "(", ")", "BEGIN NOT", "DECLARE EXIT HANDLER FOR SQLSTATE",
		"IF (" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		does_not(texts[i]);
}

/* 0x60 is the second half of a character there, and no backtick that could be doubled. */
TEST(a_quoted_name_keeps_characters_of_two_bytes)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct program p;
	struct err err = { 0 };

	expect_ok(
	    program_read(&arena, slice_str("DELETE FROM `\x83\x60x`"), SQL_SJIS, &p, &err), &err);
	expect_eq(p.tables_count, 1);
	expect(slice_eq_str(p.tables[0].table, "\x83\x60x"));
}
