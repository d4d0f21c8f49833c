/* Names: which there are, and both ways of writing them, there and back. */
#include "topo/record.h"

#include "test.h"

#include <stdio.h>
#include <string.h>

static struct arena arena;
static struct err err;

static const char *
repeated(const char *unit, int times)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	for (int i = 0; i < times; i++)
		buf_add_str(&b, unit);
	return arena_slice_str(&arena, buf_slice(&b));
}

TEST(names_that_the_servers_take)
{
	const char *good[] = { "a", "_a-9Z", "a.b", "a b", " a", "a`b", "a'b", "a\"b", "a/b", "..",
		"-a", "%", "#", "\xc3\xa9", "\xe6\xbc\xa2", repeated("n", 64),
		repeated("\xc3\xa9", 64), repeated("\xe6\xbc\xa2", 64), "mysqls", "System" };
	const char *bad[] = { "", "a ", " ", repeated("n", 65), repeated("\xc3\xa9", 65),
		"\xf0\x9f\x98\x80", "a\nb", "\x1b[2J", "\x7f", "\xc2\x9b", "\xc3", "\xff",
		"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		expect_ok(name_check("table", good[i], &err), &err);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect_eq(name_check("table", bad[i], &err), -1);
		expect_eq(err.kind, ERR_REFUSED);
	}
	arena_done(&arena);
}

TEST(names_that_are_the_servers_own)
{
	static const char *const own[] = { "Mysql", "information_schema", "performance_schema",
		"sys" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		expect_eq(name_check("keyspace", own[i], &err), -1);
		expect_eq(name_sidecar_check(own[i], &err), -1);
		expect_ok(name_check("table", own[i], &err), &err);
	}
	expect_eq(name_check("keyspace", "_VT", &err), -1);
	expect_eq(name_check("keyspace", SIDECAR_DEFAULT, &err), -1);
	expect_ok(name_sidecar_check("_vt", &err), &err);
	expect_ok(name_check("keyspace", "system", &err), &err);
}

TEST(words_are_plain)
{
	expect_ok(name_word_check("cell", "_a-9Z", &err), &err);
	expect_ok(name_word_check("cell", repeated("n", WORD_MAX), &err), &err);
	expect_eq(name_word_check("cell", repeated("n", WORD_MAX + 1), &err), -1);
	expect_eq(name_word_check("cell", "", &err), -1);
	expect_eq(name_word_check("cell", "-a", &err), -1);
	expect_eq(name_word_check("cell", "a/b", &err), -1);
	expect_eq(name_word_check("cell", "\xc3\xa9", &err), -1);
	arena_done(&arena);
}

TEST(names_come_back_however_they_were_written)
{
	static const char *const names[] = { "users", "a.b", "a b", "tick`s", "``", "a/b", "%41",
		"-x", "it's", "\\", "\"", "\xc3\xa9", "customer", "100%", "." };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			const char *pair = name_pair(&arena, names[i], names[k]);
			struct name_parts got;
			const char *quoted = name_of_table(&arena, names[i], names[k]);

			expect(
			    strspn(pair, "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF_-%/\xc3\xa9") ==
			    strlen(pair));
			expect(strlen(pair) < NAME_PAIR_MAX);
			expect_ok(name_split(&arena, pair, "keyspace.table", &got, &err), &err);
			expect_str(got.keyspace, names[i]);
			expect_str(got.name, names[k]);
			expect_ok(name_split(&arena, quoted, "keyspace.table", &got, &err), &err);
			expect_str(got.keyspace, names[i]);
			expect_str(got.name, names[k]);
		}
	}
	expect_str(name_pair(&arena, "new_customer", "users"), "new_customer/users");
	expect_str(name_pair(&arena, "a/b", "c"), "a%2Fb/c"); /* not that of a and b/c */
	expect_str(name_of_table(&arena, "customer", "a.b"), "customer.`a.b`");
	expect_str(name_typed(&arena, "customer", "users"), "customer.users");
	expect_str(name_typed(&arena, "customer", "it's"), "'customer.`it'\\''s`'");
	expect_str(name_one(&arena, "`a``b`"), "a`b");
	expect_str(name_one(&arena, "a`b"), "a`b");
	arena_done(&arena);
}

TEST(what_is_no_pair_is_refused)
{
	static const char *const bad[] = { "", "users", "a.", ".b", "a.b.c", "`a.b", "`a`b.c",
		"a.`b`c", "``.a", "a.``", "a/", "/b", "a.`b" };
	struct name_parts got;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (name_split(&arena, bad[i], "keyspace.table", &got, &err) == 0)
			test_fail(__FILE__, __LINE__, "'%s' was read as '%s' and '%s'", bad[i],
			    got.keyspace, got.name);
		expect(strstr(err.text, "is not of the form keyspace.table") != NULL);
	}
	arena_done(&arena);
}

TEST(a_list_of_tables_is_read_as_it_is_written)
{
	static const char *const tables[] = { "users", "a,b", "c.d", "*", "tick`s" };
	const char *text = name_of_tables(&arena, "cus tomer", tables, 5);
	struct name_list got;

	expect_str(text, "`cus tomer`.users,`a,b`,`c.d`,`*`,`tick``s`");
	expect_ok(name_split_list(&arena, text, &got, &err), &err);
	expect_str(got.keyspace, "cus tomer");
	expect(!got.all && got.count == 5);
	for (size_t i = 0; i < got.count; i++)
		expect_str(got.names[i], tables[i]);
	expect_ok(name_split_list(&arena, "customer.*", &got, &err), &err);
	expect(got.all && got.count == 0);
	expect_str(got.keyspace, "customer");
	expect_ok(name_split_list(&arena, "customer", &got, &err), &err);
	expect(!got.all && got.count == 0);
	arena_done(&arena);
}

TEST(a_long_list_of_tables_is_cut_for_people)
{
	const char *tables[NAMES_SHOWN + 4];

	for (size_t i = 0; i < NAMES_SHOWN + 4; i++)
		tables[i] = "t";
	expect_str(name_of_tables(&arena, "c", tables, NAMES_SHOWN), "c.t,t,t,t,t,t,t,t");
	expect_str(name_of_tables(&arena, "c", tables, NAMES_SHOWN + 4),
	    "c.t,t,t,t,t,t,t,t,... (12 tables)");
	arena_done(&arena);
}

TEST(what_is_no_list_is_refused)
{
	static const char *const bad[] = { "", ".a", "c.", "c.a,", "c.,a", "c.a.b", "c.*,a",
		"c.a,*.b", "c.`a", "`c`d.a", "c.`a`b" };
	struct name_list got;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (name_split_list(&arena, bad[i], &got, &err) == 0)
			test_fail(__FILE__, __LINE__, "'%s' was read", bad[i]);
		expect(strstr(err.text, "is not of the form keyspace.table") != NULL);
	}
	arena_done(&arena);
}
