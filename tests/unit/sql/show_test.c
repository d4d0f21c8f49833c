#include "base/buf.h"
#include "sql/kill.h"
#include "sql/modes.h"
#include "sql/show.h"
#include "test.h"

/* "kind full database|like|where", absent parts as "-". */
static void
expect_show(const char *sql, const char *want)
{
	static const char *const kinds[] = { "other", "tables", "status", "triggers", "open",
		"databases", "index", "create", "create trigger", "grants", "processlist",
		"maintenance" };
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	SCOPED(buf)
	struct buf got = BUF_INIT;
	struct show s;
	struct err err = { 0 };

	expect_ok(show_read(&arena, slice_str(sql), 0, &s, &err), &err);
	buf_addf(&got, "%s%s", s.full ? "full " : "", kinds[s.kind]);
	buf_addf(&got, " %.*s", slice_is_null(s.database) ? 1 : (int)s.database.len,
	    slice_is_null(s.database) ? "-" : (const char *)s.database.ptr);
	buf_addf(&got, "|%.*s", slice_is_null(s.like) ? 1 : (int)s.like.len,
	    slice_is_null(s.like) ? "-" : (const char *)s.like.ptr);
	buf_addf(&got, "|%.*s", slice_is_null(s.where) ? 1 : (int)s.where.len,
	    slice_is_null(s.where) ? "-" : (const char *)s.where.ptr);
	if (strcmp(got.data, want) != 0)
		test_fail(__FILE__, __LINE__, "%s\n   got %s\n  want %s", sql, got.data, want);
}

TEST(lists_with_their_conditions)
{
	expect_show("show tables", "tables -|-|-");
	expect_show("SHOW  FULL\tTABLES FROM `a``b` LIKE 'x%' ;", "full tables a`b|'x%'|-");
	expect_show("show tables in d where x = 1 and y", "tables d|-|x = 1 and y");
	expect_show("show table status like 'a'", "status -|'a'|-");
	expect_show("show /* of d */ triggers from d", "triggers d|-|-");
	expect_show("show open tables", "open -|-|-");
	expect_show("show databases where `Database` in ('a', 'b')",
	    "databases -|-|`Database` in ('a', 'b')");
	expect_show("show schemas", "databases -|-|-");
	expect_show("show full processlist", "full processlist -|-|-");
}

TEST(things_by_name)
{
	expect_show("show index from t", "index -|-|-");
	expect_show("show keys in t in d where 1", "index -|-|-");
	expect_show("show create table t", "create -|-|-");
	expect_show("show create view d.v", "create -|-|-");
	expect_show("show create trigger t", "create trigger -|-|-");
	expect_show("check table a, b", "maintenance -|-|-");
	expect_show("analyze no_write_to_binlog table a", "maintenance -|-|-");
	expect_show("show grants", "grants -|-|-");
	expect_show("show grants for current_user()", "grants -|-|-");
	expect_show("show grants for current_user", "grants -|-|-");
}

TEST(what_is_none_of_these_is_left_to_the_server)
{
	expect_show("show tables like", "other -|-|-");
	expect_show("show tables from d extra", "other d|-|-");
	expect_show("show tables like 'a' limit 1", "other -|'a'|-");
	expect_show("show grants for somebody", "other -|-|-");
	expect_show("show grants for current_user(1)", "other -|-|-");
	expect_show("show table types", "other -|-|-");
	expect_show("show /*!100100 tables */", "other -|-|-");
	expect_show("select 1", "other -|-|-");
	expect_show("analyze select 1", "other -|-|-");
	expect_show("", "other -|-|-");
}

/* 0x60 is the second half of a character there, and no backtick that could be doubled. */
TEST(a_quoted_database_or_user_keeps_characters_of_two_bytes)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct show s;
	struct kill k;
	struct err err = { 0 };

	expect_ok(
	    show_read(&arena, slice_str("SHOW TABLES FROM `\x83\x60x`"), SQL_SJIS, &s, &err), &err);
	expect(slice_eq_str(s.database, "\x83\x60x"));
	expect_ok(kill_read(&arena, slice_str("KILL USER `\x83\x60x`"), SQL_SJIS, &k, &err), &err);
	expect(slice_eq_str(k.user, "\x83\x60x"));
}
