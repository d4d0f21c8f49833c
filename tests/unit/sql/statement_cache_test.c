/* A statement found again by its shape must be what reading it anew would give. */
#include "base/buf.h"
#include "base/rand.h"
#include "sql/shape.h"
#include "sql/statement_cache.h"
#include "test.h"

static void
expect_shape(const char *sql, const char *want)
{
	struct shape s;

	if (want == NULL) {
		if (shape_of(slice_str(sql), &s))
			test_fail(__FILE__, __LINE__, "%s has a shape", sql);
		return;
	}
	if (!shape_of(slice_str(sql), &s))
		test_fail(__FILE__, __LINE__, "%s has no shape", sql);
	expect_slice(slice_of(s.bytes, s.len), slice_str(want));
}

TEST(shapes)
{
	expect_shape("SELECT c FROM sbtest1 WHERE id=5017", "SELECT c FROM sbtest1 WHERE id=0");
	expect_shape("INSERT INTO t(a,b) VALUES (12,'it is'),(-3.25, '')",
	    "INSERT INTO t(a,b) VALUES (0,'),(-0, ')");
	expect_shape("select t1.2a, `1 b` from t where a in (1,22,333)",
	    "select t1.2a, `1 b` from t where a in (0,0,0)");
	expect_shape("select a/2-1 from t where b=?", "select a/0-0 from t where b=?");
	expect_shape("", "");
}

TEST(no_shape_where_the_pass_could_be_wrong)
{
	static const char *const none[] = { "select \"a\"", "select 'a\\'b'", "select 'it''s'",
		"select /* 1 */ 2", "select 1 -- x", "select 1 # x", "select 1; select 2",
		"select @a", "select @@x", "select 1e5", "select 0x1f", "select 2fa", "select x'1f'",
		"select N'a'", "select _utf8'a'", "select .5", "select 1.", "select 1.5.2",
		"select `a``b`", "select 'open", "select `open", "select 1/", "select \\N" };

	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		expect_shape(none[i], NULL);
}

TEST(bounds_of_a_shape)
{
	SCOPED(buf)
	struct buf text = BUF_INIT;
	struct shape s;

	buf_add_str(&text, "select ");
	while (text.len < SHAPE_MAX)
		buf_add_char(&text, 'a');
	expect(shape_of(buf_slice(&text), &s));
	buf_add_char(&text, 'a');
	expect(!shape_of(buf_slice(&text), &s));
	buf_reset(&text);
	for (int i = 0; i < SHAPE_LITERALS_MAX; i++)
		buf_addf(&text, "%d,", i);
	expect(shape_of(buf_slice(&text), &s));
	buf_add_str(&text, "1");
	expect(!shape_of(buf_slice(&text), &s));
	buf_reset(&text);
	buf_add_str(&text, "select '");
	while (text.len < SHAPE_TEXT_MAX - 1)
		buf_add_char(&text, 'a');
	buf_add_str(&text, "'");
	expect(shape_of(buf_slice(&text), &s));
	buf_add_str(&text, " ");
	expect(!shape_of(buf_slice(&text), &s));
}

static void
expect_same(const struct statement *got, const struct statement *want, const char *sql)
{
	bool same = got->kind == want->kind && got->understood == want->understood &&
	    got->changes_session == want->changes_session &&
	    got->implicit_commit == want->implicit_commit && got->locks == want->locks &&
	    got->multiple == want->multiple && got->uses == want->uses &&
	    got->tables_count == want->tables_count;

	for (size_t i = 0; same && i < want->tables_count; i++) {
		const struct table_ref *a = &got->tables[i], *b = &want->tables[i];

		same = a->start == b->start && a->end == b->end && a->role == b->role &&
		    a->aliased == b->aliased && a->table.ptr == b->table.ptr &&
		    a->table.len == b->table.len && a->database.ptr == b->database.ptr &&
		    a->database.len == b->database.len;
	}
	if (!same)
		test_fail(__FILE__, __LINE__, "read otherwise than kept: %s", sql);
}

/* # is a number and $ a string. */
/* clang-format off */
static const char *const TEMPLATES[] = {
	"SELECT c FROM sbtest1 WHERE id=#", "SELECT c FROM sbtest1 WHERE id BETWEEN # AND # ORDER BY c",
	"UPDATE sbtest1 SET k=k+#, c=$ WHERE id=#", "DELETE FROM customer.users WHERE id IN (#,#,#)",
	"INSERT INTO `users` (id, `name`) VALUES (#,$),(#,$) ON DUPLICATE KEY UPDATE name=$",
	"select a.x, # from t a join `b` . `u` as c on c.id=a.id and c.n > # where a.name = $ limit #",
	"select $, (select max(id) from v where v.a = t.a and b < #) from t where c = $ for update",
	"select # as one from (select # as x union select # from w) as d, e f where $ = e.g",
	"replace into db.t select #, a.* from s a where a.b like $", "select count(*) from t",
	"select last_insert_id(), # from t", "set names $", "select get_lock($, #)", "values (#)",
	"update a, b set a.x = #, b.y = $ where a.id = b.id and b.z <> #", "delete a from t as a where a.i=#",
};
/* clang-format on */

static void
fill(struct rand *r, const char *from, struct buf *out)
{
	buf_reset(out);
	for (; *from != '\0'; from++) {
		if (*from == '#')
			buf_addf(out, "%u",
			    (unsigned)rand_below(r, 10) == 0 ? (unsigned)rand_below(r, 1000000000)
							     : (unsigned)rand_below(r, 100));
		else if (*from == '$')
			buf_addf(out, "'%.*s'", (int)rand_below(r, 21), "from users u where 12");
		else
			buf_add_char(out, *from);
	}
}

TEST(found_again_is_as_read_anew)
{
	struct statement_cache *c = statement_cache_new();
	struct rand r;
	SCOPED(buf)
	struct buf text = BUF_INIT;
	SCOPED(arena)
	struct arena arena = ARENA_INIT;

	rand_seed(&r, test_seed());
	for (int i = 0; i < 5000; i++) {
		struct statement got, want;
		struct statement_text it;
		struct err err = { 0 };

		arena_reset(&arena);
		fill(&r, TEMPLATES[rand_below(&r, sizeof TEMPLATES / sizeof TEMPLATES[0])], &text);
		expect_ok(statement_read(&arena, buf_slice(&text), 0, &want, &err), &err);
		it = (struct statement_text){ buf_slice(&text), 0 };
		expect_ok(statement_cache_read(c, &arena, &it, &got, &err), &err);
		expect_same(&got, &want, text.data);
	}
	expect(statement_cache_hits(c) > 3000);
	statement_cache_free(c);
}

static void
read_it(struct statement_cache *c, const char *sql, unsigned modes)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct statement_text text = { slice_str(sql), modes };
	struct statement s;
	struct err err = { 0 };

	expect_ok(statement_cache_read(c, &arena, &text, &s, &err), &err);
}

TEST(not_kept)
{
	static const char *const sqls[] = { "set names 'x'", "select last_insert_id()", "begin",
		"select get_lock('a', 1)", "create table t(a int)", "use db",
		"frobnicate 'a' in t" };
	struct statement_cache *c = statement_cache_new();

	for (size_t i = 0; i < sizeof sqls / sizeof sqls[0]; i++) {
		read_it(c, sqls[i], 0);
		read_it(c, sqls[i], 0);
	}
	expect_eq(statement_cache_hits(c), 0);
	statement_cache_free(c);
}

/* The same text under other modes is another statement. */
TEST(kept_for_its_modes)
{
	struct statement_cache *c = statement_cache_new();

	read_it(c, "select a from t where b = 1", 0);
	read_it(c, "select a from t where b = 1", SQL_ANSI_QUOTES);
	expect_eq(statement_cache_hits(c), 0);
	read_it(c, "select a from t where b = 2", SQL_ANSI_QUOTES);
	expect_eq(statement_cache_hits(c), 1);
	read_it(c, "select a from t where b = 2", SQL_SJIS);
	read_it(c, "select a from t where b = 2", SQL_SJIS);
	expect_eq(statement_cache_hits(c), 1);
	statement_cache_free(c);
}
