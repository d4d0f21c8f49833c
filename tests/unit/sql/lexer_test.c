#include "base/buf.h"
#include "sql/fingerprint.h"
#include "sql/lexer.h"
#include "sql/modes.h"
#include "sql/statement.h"
#include "test.h"

/* Every token as "kind:text", separated by blanks; "!" marks a conditional one. */
static void
cut(struct buf *out, const char *sql, unsigned modes)
{
	static const char letters[] = "EWQSNPUVA.";
	struct lexer l;
	struct token t;
	struct err err = { 0 };
	struct slice text = slice_str(sql);

	buf_reset(out);
	lexer_init(&l, text, modes);
	for (;;) {
		if (lexer_next(&l, &t, &err) != 0) {
			buf_reset(out);
			buf_add_str(out, "error");
			return;
		}
		if (t.kind == TOKEN_END)
			return;
		if (out->len > 0)
			buf_add_char(out, ' ');
		buf_addf(out, "%s%c:", t.conditional ? "!" : "", letters[t.kind]);
		buf_add_slice(out, slice_cut(text, t.start, t.end));
	}
}

static void
expect_tokens(const char *sql, unsigned modes, const char *want)
{
	SCOPED(buf)
	struct buf got = BUF_INIT;

	cut(&got, sql, modes);
	expect_str(got.data, want);
}

TEST(words_and_numbers)
{
	expect_tokens("SELECT a1, 2fa, 12", 0, "W:SELECT W:a1 .:, W:2fa .:, N:12");
	expect_tokens(
	    "1.5 .5 5. 1e5 1e+5 1.5E-3 1e", 0, "N:1.5 N:.5 N:5. N:1e5 N:1e+5 N:1.5E-3 W:1e");
	expect_tokens(
	    "0x1F 0x 0xg 0b01 0b2 0x1e-5", 0, "N:0x1F W:0x W:0xg N:0b01 W:0b2 N:0x1e .:- N:5");
	expect_tokens("x'1f' X'00' b'01' N'text' n'it''s'", 0,
	    "N:x'1f' N:X'00' N:b'01' S:N'text' S:n'it''s'");
	expect_tokens("_utf8mb4'x' $a \xc3\xa9t", 0, "W:_utf8mb4 S:'x' W:$a W:\xc3\xa9t");
	expect_tokens("\\N ? := : a:=b", 0, "N:\\N P:? A::= .:: W:a A::= W:b");
}

/* As 10.11.19 answered. */
TEST(executable_comments_of_a_known_server)
{
	unsigned m = modes_of_server("10.11.19-MariaDB-0+deb12u1-log");

	expect_eq(modes_of_server("8.0.36"), 0);
	expect_eq(modes_of_server("5.5.5-10.11.19-MariaDB"), m);
	expect_tokens("1/*!50699 2 *//*!50700 3 *//*!80013 4 *//*!99999 5 *//*!100000 6 */", m,
	    "N:1 N:2 N:6");
	expect_tokens("1/*!101119 2 *//*!101120 3 *//*!110000 4 */", m, "N:1 N:2");
	expect_tokens(
	    "1/*M! 2 *//*M!80000 3 *//*M!101119 4 *//*M!101120 5 */", m, "N:1 N:2 N:3 N:4");
	expect_tokens("1/*!99999 a /* b */ c */2", m, "N:1 N:2");
	expect_tokens("1/*!1234567 2 */", m, "N:1");
	expect_tokens("/*!99999 a", m, "error");
	expect_tokens("/*!99999 a /* b */ c", m, "error");
	expect_tokens("1/*!80013 4 */", 0, "N:1 !N:4");
}

TEST(dots_make_names)
{
	expect_tokens("db.1t", 0, "W:db .:. W:1t");
	expect_tokens("db.1e5", 0, "W:db .:. W:1e5");
	expect_tokens("t .5", 0, "W:t N:.5");
	expect_tokens("`db`.2.`c`", 0, "Q:`db` .:. W:2 .:. Q:`c`");
}

static enum keyword
keyword_of(const char *sql, int nth)
{
	struct lexer l;
	struct token t;
	struct err err = { 0 };

	lexer_init(&l, slice_str(sql), 0);
	do {
		expect_ok(lexer_next(&l, &t, &err), &err);
	} while (nth-- > 0);
	return t.keyword;
}

TEST(keywords_next_to_dots_are_names)
{
	expect_eq(keyword_of("select", 0), KW_SELECT);
	expect_eq(keyword_of("SeLeCt x", 0), KW_SELECT);
	expect_eq(keyword_of("select.x", 0), KW_NONE);
	expect_eq(keyword_of("t.from", 2), KW_NONE);
	expect_eq(keyword_of("t .from", 2), KW_NONE);
	expect_eq(keyword_of("`select`", 0), KW_NONE);
	expect_eq(keyword_of("selec", 0), KW_NONE);
	expect_eq(keyword_of("selects", 0), KW_NONE);
}

TEST(strings)
{
	expect_tokens("'it''s' 'a\\'b' \"q\\\"\"", 0, "S:'it''s' S:'a\\'b' S:\"q\\\"\"");
	expect_tokens("'a\\' x", SQL_NO_BACKSLASH_ESCAPES, "S:'a\\' W:x");
	expect_tokens("\"a\\\" x", SQL_ANSI_QUOTES, "Q:\"a\\\" W:x");
	expect_tokens("`a``b`", 0, "Q:`a``b`");
	expect_tokens("'open", 0, "error");
	expect_tokens("'open\\", 0, "error");
	expect_tokens("'open\\'", 0, "error");
	expect_tokens("`open", 0, "error");
}

TEST(comments)
{
	expect_tokens("a -- b\nc", 0, "W:a W:c");
	expect_tokens("a --b", 0, "W:a .:- .:- W:b");
	expect_tokens("a --", 0, "W:a");
	expect_tokens("5--1", 0, "N:5 .:- .:- N:1");
	expect_tokens("a # b\nc", 0, "W:a W:c");
	expect_tokens("a /* ' */ b", 0, "W:a W:b");
	expect_tokens("a /* open", 0, "error");
	expect_tokens("a /*/ b */ c", 0, "W:a W:c");
	expect_tokens("a/**/b", 0, "W:a W:b");
}

TEST(executable_comments_are_code)
{
	expect_tokens("a /*! b */ c", 0, "W:a W:b W:c");
	expect_tokens("/*!40101 SET x*/", 0, "W:SET W:x");
	expect_tokens("/*!50701 b */ c", 0, "!W:b W:c");
	expect_tokens("/*!100100 b */ c", 0, "!W:b W:c");
	expect_tokens("/*M! b */ c", 0, "!W:b W:c");
	expect_tokens("/*M!100616 b */ c", 0, "!W:b W:c");
	expect_tokens("/*! 'a */ b' */ c", 0, "S:'a */ b' W:c");
	expect_tokens("/*! a /* inner */ b */ c", 0, "W:a W:b W:c");
	expect_tokens("/*! open", 0, "error");
	expect_tokens("/*!4010 x*/", 0, "N:4010 W:x");
}

TEST(variables)
{
	expect_tokens("@a @`b c` @'d e' @@x @@session.y @@global.`z` @", 0,
	    "U:@a U:@`b c` U:@'d e' V:@@x V:@@session.y V:@@global.`z` U:@");
	expect_tokens("@a.b:=1", 0, "U:@a.b A::= N:1");
}

static void
expect_print(const char *sql, const char *want)
{
	SCOPED(buf)
	struct buf got = BUF_INIT;
	struct err err = { 0 };

	expect_ok(fingerprint_add(&got, slice_str(sql), 0, &err), &err);
	expect_str(got.data, want);
}

TEST(fingerprints_fold_literals)
{
	expect_print(
	    "SELECT * FROM t WHERE id IN (1, 2,3) -- x", "select * from t where id in ( ? )");
	expect_print("insert into t values (1,'a',NULL,-5), (2,'b',x'00',+1.5),(3,?,TRUE,0)",
	    "insert into t values ( ? )");
	expect_print("select a - 1, b from `T`", "select a - ? , b from `T`");
	expect_print("select (1), f(2), a", "select ( ? ) , f ( ? ) , a");
	expect_print("select a is null, b in (null)", "select a is null , b in ( ? )");
	expect_print("select 1,now(),2", "select ? , now ( ) , ?");
}

TEST(keyword_tables_are_in_order)
{
	static const char *const some[] = { "all", "alter", "high_priority", "in", "into",
		"low_priority", "select", "set", "show", "sql_calc_found_rows", "start",
		"statement", "straight_join", "table", "tables", "xa" };
	static const char *const pure[] = { "abs", "add_months", "adddate", "avg", "charset",
		"count", "if", "in", "json_value", "now", "st_x", "sum", "values", "yearweek" };
	static const char *const effects[] = { "sleep", "get_lock", "nextval", "mine", "", "zzz",
		"abz", "sum1" };

	for (size_t i = 0; i < sizeof some / sizeof some[0]; i++)
		expect(keyword_find(slice_str(some[i])) != KW_NONE);
	for (size_t i = 0; i < sizeof pure / sizeof pure[0]; i++)
		expect(keyword_is_pure_function(slice_str(pure[i])));
	for (size_t i = 0; i < sizeof effects / sizeof effects[0]; i++)
		expect(!keyword_is_pure_function(slice_str(effects[i])));
}

/* As MariaDB 10.11.19 cuts them after SET NAMES sjis, gbk or big5. Names that start so it refuses when
 * they are without quotes (1300). */
TEST(half_a_character_is_no_quote)
{
	expect_tokens("'\x83\x5c' x", SQL_SJIS, "S:'\x83\x5c' W:x");
	expect_tokens("'\x83\x5c' x", SQL_GBK, "S:'\x83\x5c' W:x");
	expect_tokens("'\xa5\x5c' x", SQL_BIG5, "S:'\xa5\x5c' W:x");
	expect_tokens("'\x83\x5c' x'", 0, "S:'\x83\x5c' x'");
	expect_tokens("'\x83\x5c' x'", SQL_BIG5, "S:'\x83\x5c' x'"); /* no first byte there */
	expect_tokens("'\xb1\x5c' x'", SQL_SJIS, "S:'\xb1\x5c' x'"); /* a character of one byte */
	expect_tokens("'a\\\x83\x5c'b'", SQL_SJIS, "S:'a\\\x83\x5c'b'"); /* \ takes one byte */
	expect_tokens("`\x83\x60` x", SQL_SJIS, "Q:`\x83\x60` W:x");
	expect_tokens("\x83\x5c.\x83\x7c", SQL_SJIS, "W:\x83\x5c .:. W:\x83\x7c");
	expect_tokens("@\x83\x40 @@x.y", SQL_GBK, "U:@\x83\x40 V:@@x.y");
	expect_tokens("1\x83\x5c", SQL_SJIS, "W:1\x83\x5c");
	expect_tokens("'\x83", SQL_SJIS, "error");
}
