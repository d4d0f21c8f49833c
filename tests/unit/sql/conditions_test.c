#include "base/buf.h"
#include "sql/conditions.h"
#include "sql/modes.h"
#include "test.h"

/* "[alias] q.column=value,value column=DATABASE()" of the table behind "from t". */
static void
expect_conditions(unsigned modes, const char *sql, const char *want)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	SCOPED(buf)
	struct buf got = BUF_INIT;
	struct conditions c;
	struct err err = { 0 };
	const char *rest = strstr(sql, "from t") + strlen("from t");

	expect_ok(conditions_read(&arena, slice_str(rest), modes, &c, &err), &err);
	if (slice_eq_str(c.alias, "q"))
		buf_addf(&got, "[%.*s]", SLICE_ARG(c.alias));
	for (size_t i = 0; i < c.count; i++) {
		const struct condition *one = &c.items[i];

		buf_addf(&got, "%s", got.len > 0 ? " " : "");
		if (!slice_is_null(one->qualifier))
			buf_addf(&got, "%.*s.", SLICE_ARG(one->qualifier));
		buf_addf(
		    &got, "%.*s=%s", SLICE_ARG(one->column), one->is_database ? "DATABASE()" : "");
		for (size_t v = 0; v < one->values_count; v++)
			buf_addf(&got, "%s%.*s", v > 0 ? "," : "", SLICE_ARG(one->values[v]));
	}
	if (strcmp(got.data, want) != 0)
		test_fail(__FILE__, __LINE__, "%s\n   got %s\n  want %s", sql, got.data, want);
}

TEST(what_is_exactly_an_equality_is_a_condition)
{
	expect_conditions(0, "select 1 from t where a = 'x'", "a=x");
	expect_conditions(0, "select 1 from t AS q where q.a = \"x\" and 'y'=`b`", "[q] q.a=x b=y");
	expect_conditions(
	    0, "select 1 from t q where a in ('x', 'y') order by b = 'z'", "[q] a=x,y");
	expect_conditions(0,
	    "select 1 from t where information_schema.t.a = database() and b=SCHEMA()",
	    "t.a=DATABASE() b=DATABASE()");
	expect_conditions(0, "select 1 from t where (a = 'x' and (b = 'y')) and c > 1", "a=x b=y");
	expect_conditions(0, "select (select 1 from t where a = 'x') from u where b = 'y'", "a=x");
	expect_conditions(0, "select 1 from t join u on u.a = 'no' where a = 'x' group by a", "a=x");
	expect_conditions(
	    0, "select 1 from t join (select 1 where b = 'no') v where a = 'x'", "a=x");
	expect_conditions(
	    0, "select 1 from t where a = 'x' union select 1 from u where a = 'y'", "a=x");
	expect_conditions(0, "select 1 from t where a = ''", "a=");
}

TEST(what_may_be_another_thing_is_none)
{
	expect_conditions(0, "select 1 from t", "");
	expect_conditions(0, "select 1 from t where a = 'x' or b = 'y'", "");
	expect_conditions(0, "select 1 from t where a = 'x' and b || c", "");
	expect_conditions(0, "select 1 from t where a = 'x' && b = 'y'", "");
	expect_conditions(0, "select 1 from t where a between 'm' and b = 'y' and c = 'z'", "");
	expect_conditions(0, "select 1 from t where case when 1 and a = 'x' and 1 then 1 end", "");
	expect_conditions(0, "select 1 from t where not a = 'x' and b = 'y'", "b=y");
	expect_conditions(0, "select 1 from t where a = 'x' is null and b = 'y' collate c", "");
	expect_conditions(0, "select 1 from t where a <> 'x' and a = 'x' = 0", "");
	expect_conditions(0, "select 1 from t where a = 'it''s' and b = 'a\\'b' and c = ?", "");
	expect_conditions(0, "select 1 from t where a = 'x' 'y'", "");
	expect_conditions(0, "select 1 from t where a not in ('x') and a in ('x', b)", "");
	expect_conditions(0, "select 1 from t where (a = 'x' or b = 'y') and c = 'z'", "c=z");
	expect_conditions(0, "select 1 from t where a = concat('x')", "");
	expect_conditions(0, "select 1 from t where a = user() and a = 'x'", "a=x");
	expect_conditions(0, "select 1 from (select 1 from u where a = 'no') v, from t", "");
	expect_conditions(SQL_ANSI_QUOTES, "select 1 from t where \"a\" = 'x' and b = \"c\"", "a=x");
	expect_conditions(0, "select 1 from t; select 1 from u where a = 'x'", "");
}
