/*
 * Any bytes as a statement: no crash, spans inside the text, and every span that
 * a role was given to reads as its name.
 */
#include "base/buf.h"
#include "base/check.h"
#include "fuzz/fuzz.h"
#include "sql/fingerprint.h"
#include "sql/shape.h"
#include "sql/statement_cache.h"

/* The same statement with other values. */
static void
put_variant(struct buf *out, const struct shape *shape)
{
	size_t next = 0;

	for (size_t i = 0; i < shape->len; i++) {
		bool literal = next < shape->literals_count && shape->literals[next].at == i;

		next += literal;
		if (literal)
			buf_add_str(out, shape->bytes[i] == '0' ? "7.5" : "'from t'");
		else
			buf_add_char(out, (char)shape->bytes[i]);
	}
}

/* What is kept of a statement serves one with other values as reading it anew does. */
static void
check_cache(struct slice sql, unsigned modes, const struct statement *want)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	SCOPED(buf)
	struct buf variant = BUF_INIT;
	struct statement_cache *c = statement_cache_new();
	struct shape *shape = arena_new(&arena, struct shape);
	struct statement_text text = { sql, modes }, other = { .modes = modes };
	struct statement got;
	struct err err = { 0 };

	if (shape_of(sql, shape)) {
		put_variant(&variant, shape);
		other.sql = buf_slice(&variant);
		check(statement_cache_read(c, &arena, &other, &got, &err) == 0);
	}
	check(statement_cache_read(c, &arena, &text, &got, &err) == 0);
	check(got.kind == want->kind && got.uses == want->uses && got.locks == want->locks);
	check(got.tables_count == want->tables_count);
	for (size_t i = 0; i < want->tables_count; i++) {
		check(got.tables[i].start == want->tables[i].start);
		check(got.tables[i].end == want->tables[i].end);
		check(got.tables[i].role == want->tables[i].role);
		check(slice_eq(got.tables[i].table, want->tables[i].table));
	}
	statement_cache_free(c);
}

void
fuzz_one(struct slice sql)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	SCOPED(buf)
	struct buf print = BUF_INIT;
	struct statement s;
	struct err err = { 0 };
	unsigned modes = fuzz_choice(&sql) & 31u;

	if (statement_read(&arena, sql, modes, &s, &err) != 0) {
		check(err.kind == ERR_REFUSED);
		check(fingerprint_add(&print, sql, modes, &err) != 0);
		return;
	}
	check(fingerprint_add(&print, sql, modes, &err) == 0);
	for (size_t i = 0; i < s.tables_count; i++) {
		const struct table_ref *t = &s.tables[i];

		check(t->start < t->end && t->end <= sql.len);
		check((t->role == TABLE_UNCLEAR) == !s.understood);
		check(!slice_is_null(t->table) || !slice_is_null(t->database) ||
		    !slice_is_null(t->routine));
	}
	check_cache(sql, modes, &s);
}
