#include "gate/charset.h"
#include "gate/settings.h"
#include "sql/modes.h"
#include "test.h"

/* Each assignment as "kind:name=value", literal ones with '!'. */
static void
expect_read(const char *sql, const char *want)
{
	static const char kinds[] = "sugno";
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	SCOPED(buf)
	struct buf got = BUF_INIT;
	struct assignments as;
	struct err err = { 0 };

	expect_ok(settings_read(&arena, slice_str(sql), 0, &as, &err), &err);
	for (size_t i = 0; i < as.count; i++)
		buf_addf(&got, "%s%c%s:%.*s=%.*s", i > 0 ? " | " : "", kinds[as.items[i].kind],
		    as.items[i].literal ? "!" : "", SLICE_ARG(as.items[i].name),
		    SLICE_ARG(as.items[i].value));
	if (strcmp(got.data, want) != 0)
		test_fail(__FILE__, __LINE__, "%s\n   got %s\n  want %s", sql, got.data, want);
}

TEST(reading_assignments)
{
	expect_read("SET autocommit=0", "s!:autocommit=0");
	expect_read("set SESSION Sql_Mode = 'ANSI_QUOTES', @a := 5, @@global.x = 1",
	    "s!:sql_mode='ANSI_QUOTES' | u!:@a=5 | g!:x=1");
	expect_read("set names utf8mb4 collate utf8mb4_bin", "s!:names=utf8mb4 collate utf8mb4_bin");
	expect_read("set character set latin1", "s!:character set=latin1");
	expect_read("set @@session.`wait_timeout` = 60, @@autocommit := on",
	    "s!:wait_timeout=60 | s!:autocommit=on");
	expect_read("set transaction isolation level read committed",
	    "n!:transaction isolation=isolation level read committed");
	expect_read("set session transaction isolation level serializable",
	    "s!:transaction isolation=isolation level serializable");
	expect_read("set sql_mode = concat(@@sql_mode, ',STRICT')",
	    "s:sql_mode=concat(@@sql_mode, ',STRICT')");
	expect_read("set @b = (select max(a), 2 from t), c = -1",
	    "u:@b=(select max(a), 2 from t) | s!:c=-1");
	expect_read("set global transaction isolation level serializable",
	    "g!:transaction isolation=isolation level serializable");
	expect_read("set default role x", "o:default=role x");
	expect_read(";set a=1;", "s!:a=1");
}

static bool
set(struct settings *s, const char *sql)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct assignments as;
	struct err err = { 0 };
	bool all = true;

	expect_ok(settings_read(&arena, slice_str(sql), 0, &as, &err), &err);
	for (size_t i = 0; i < as.count; i++)
		all = settings_add(s, &as.items[i]) && all;
	return all;
}

static void
expect_sql(const struct settings *s, const char *want)
{
	SCOPED(buf)
	struct buf got = BUF_INIT;

	(void)settings_sql(s, 0, &got);
	expect_str(got.data, want);
}

TEST(repeating)
{
	struct settings s;
	SCOPED(buf)
	struct buf txn = BUF_INIT;

	settings_init(&s);
	expect_sql(&s, "");
	expect(set(&s, "set autocommit=0, names utf8mb4, @v='a'"));
	expect(set(&s, "set AUTOCOMMIT=1"));
	expect(set(&s, "set session transaction isolation level read committed"));
	expect_sql(&s, "SET names utf8mb4, @v = 'a', autocommit = 1");
	expect(settings_transaction_sql(&s, &txn));
	expect_str(txn.data, "SET SESSION TRANSACTION isolation level read committed");
	expect_slice(settings_get(&s, "@v"), slice_str("a"));
	expect(slice_is_null(settings_get(&s, "nothing")));
	buf_reset(&txn);
	expect(set(&s, "set session tx_isolation='SERIALIZABLE'"));
	expect(settings_sql(&s, s.version - 1, &txn));
	expect_str(txn.data, "SET SESSION tx_isolation = 'SERIALIZABLE'");
	settings_done(&s);
	expect_sql(&s, "");
}

TEST(bounded_in_number_and_bytes)
{
	struct settings s;
	SCOPED(buf)
	struct buf sql = BUF_INIT;

	settings_init(&s);
	for (int i = 0; i < SETTINGS_MAX; i++) {
		buf_reset(&sql);
		buf_addf(&sql, "set @v%d = 1", i);
		expect(set(&s, sql.data));
	}
	expect(set(&s, "set @v5 = 2"));
	expect(!set(&s, "set @one_more = 1"));
	settings_done(&s);
	buf_reset(&sql);
	buf_add_str(&sql, "set @v = '");
	for (int i = 0; i < SETTINGS_BYTES_MAX; i++)
		buf_add_char(&sql, 'x');
	buf_add_str(&sql, "'");
	expect(!set(&s, sql.data));
	expect_eq(s.bytes, 0);
	settings_done(&s);
}

TEST(isolation_levels)
{
	expect_eq(
	    isolation_read(slice_str("isolation level READ COMMITTED")), ISOLATION_READ_COMMITTED);
	expect_eq(isolation_read(slice_str("'READ-UNCOMMITTED'")), ISOLATION_READ_COMMITTED);
	expect_eq(isolation_read(slice_str("REPEATABLE-READ")), ISOLATION_REPEATABLE_READ);
	expect_eq(isolation_read(slice_str("Serializable")), ISOLATION_SERIALIZABLE);
	expect_eq(isolation_read(slice_str("read only")), ISOLATION_UNKNOWN);
}

TEST(character_sets)
{
	expect_eq(charset_named(slice_str("gbk")).modes, SQL_GBK);
	expect_eq(charset_named(slice_str(" 'SJIS'")).modes, SQL_SJIS);
	expect_eq(charset_named(slice_str("cp932")).modes, SQL_SJIS);
	expect_eq(charset_named(slice_str("big5 collate big5_bin")).modes, SQL_BIG5);
	expect_eq(charset_named(slice_str("28")).modes, SQL_GBK);
	expect(charset_named(slice_str("gb18030")).refused);
	expect(charset_named(slice_str("utf8mb4")).utf8 &&
	    charset_named(slice_str("utf8 COLLATE x")).utf8);
	expect(
	    !charset_named(slice_str("latin1")).utf8 && !charset_named(slice_str("default")).utf8);
	expect(!charset_named(slice_str("latin1")).refused && !charset_named(slice_str("")).refused);
	expect(charset_of_collation(45).utf8 && charset_of_collation(33).utf8);
	expect(!charset_of_collation(8).utf8 && charset_of_collation(8).modes == 0);
	expect_eq(charset_of_collation(96).modes, SQL_SJIS);
	expect(charset_of_collation(248).refused && !charset_of_collation(54).refused);
}
