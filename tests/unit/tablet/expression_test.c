/* What MariaDB and MySQL print of one expression, and what neither is trusted with. */
#include "tablet/table/expression.h"

#include "base/buf.h"
#include "test.h"

static struct arena arena;

static void
expect_common(const char *text, const char *wanted)
{
	struct expression e;

	if (!expression_common(&arena, slice_str(text), &e))
		test_fail(__FILE__, __LINE__, "%s is not understood", text);
	expect_str(e.text, wanted);
}

TEST(expressions_of_both_are_one)
{
	static const char *const rows[][3] = {
		{ "(`v` between -1 and 5 or `v` is null)",
		    "(((`v` between -(1) and 5) or (`v` is null)))",
		    "(`v` between -1 and 5) or (`v` is null)" },
		{ "(`v` + 1 * 2 - `id` > 0)", "((((`v` + (1 * 2)) - `id`) > 0))",
		    "((`v` + (1 * 2)) - `id`) > 0" },
		{ "((`v` + 1) * 2 < 5)", "((((`v` + 1) * 2) < 5))", "((`v` + 1) * 2) < 5" },
		{ "(`v` > 1 or `v` < 2 or `v` = 7)", "((`v` > 1) or ((`v` < 2) or (`v` = 7)))",
		    "(`v` > 1) or (`v` < 2) or (`v` = 7)" },
		{ "(char_length(`w`) < 10 and octet_length(`w`) > 0)",
		    "((char_length(`w`) < 10) and (length(`w`) > 0))",
		    "(char_length(`w`) < 10) and (length(`w`) > 0)" },
		{ "if(`v` > 1,1,0) = 1", "(if((`v` > 1),1,0) = 1)", "if((`v` > 1),1,0) = 1" },
		{ "`a``b` = 'it\\'s \\\\ \\n'", "(`a``b` = _utf8mb4'it''s \\\\ \\n')",
		    "`a``b` = 'it''s \\\\ \\n'" },
		{ "`v` not between 1 and 2 and `v` <=> 3",
		    "((`v` not between 1 and 2) and (`v` <=> 3))",
		    "(`v` not between 1 and 2) and (`v` <=> 3)" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect_common(rows[i][0], rows[i][2]);
		expect_common(rows[i][1], rows[i][2]);
		expect_common(rows[i][2], rows[i][2]);
	}
}

TEST(expressions_that_may_differ_are_not_understood)
{
	static const char *const texts[] = { "", "(", ")", "()", "1 +", "`a", "'a", "`a` / 2",
		"`a` % 2", "`a` DIV 2", "rand()", "crc32(`a`)", "`a` regexp 'x'", "_latin1'a'",
		"1 2", "lower(`a`", "lower `a`", "in (1)", "`a` in 1", "`a` is 1", "`a` between 1",
		"- -1", "not `a`", "nextval(`s`)", "1 = 1 = 1", "lower(,)", "`a` | 1",
		"json_valid(`a`)" };
	struct expression e;
	SCOPED(buf) struct buf deep = BUF_INIT;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (expression_common(&arena, slice_str(texts[i]), &e))
			test_fail(__FILE__, __LINE__, "%s became %s", texts[i], e.text);
	for (int i = 0; i < 100000; i++)
		buf_add_char(&deep, '(');
	expect(!expression_common(&arena, buf_slice(&deep), &e));
}

TEST(literals_and_the_time_are_known)
{
	struct expression e;

	expect(expression_common(&arena, slice_str("(-(7))"), &e) && e.kind == EXPRESSION_LITERAL);
	expect(expression_common(&arena, slice_str("(_utf8mb4'x')"), &e) &&
	    e.kind == EXPRESSION_LITERAL);
	expect(expression_common(&arena, slice_str("(now(6))"), &e) && e.kind == EXPRESSION_NOW);
	expect_str(e.text, "current_timestamp(6)");
	expect(expression_common(&arena, slice_str("(uuid())"), &e) && e.kind == EXPRESSION_OTHER);
}
