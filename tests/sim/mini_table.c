#include "sim/mini_table.h"

#include "base/check.h"
#include "sim/mini_sql.h"

#include <ctype.h>
#include <stdlib.h>

/* The next clause of a list, up to a comma outside of parentheses and quotes; *rest is behind it. */
static struct slice
next_clause(struct slice *rest)
{
	int depth = 0;
	bool quoted = false;
	size_t i = 0;

	for (; i < rest->len; i++) {
		uint8_t c = rest->ptr[i];

		quoted ^= c == '\'';
		depth += quoted ? 0 : c == '(' ? 1 : c == ')' ? -1 : 0;
		if (!quoted && ((c == ',' && depth == 0) || depth < 0))
			break;
	}
	struct slice clause = slice_trim(slice_cut(*rest, 0, i));
	*rest = slice_cut(*rest, i, rest->len);
	return clause;
}

static bool
has(struct slice s, const char *word)
{
	return memmem(s.ptr, s.len, word, strlen(word)) != NULL;
}

/* A name at the beginning, quoted or not; *rest is behind it. */
static struct slice
first_name(struct slice s, struct slice *rest)
{
	size_t i = 0;

	s = slice_trim(s);
	if (s.len > 0 && s.ptr[0] == '`') {
		for (i = 1; i < s.len && s.ptr[i] != '`'; i++)
			;
		*rest = slice_cut(s, i + 1, s.len);
		return slice_cut(s, 1, i);
	}
	while (i < s.len && (isalnum(s.ptr[i]) || s.ptr[i] == '_'))
		i++;
	*rest = slice_cut(s, i, s.len);
	return slice_cut(s, 0, i);
}

static uint32_t
number_in_parens(struct slice s)
{
	const char *at = memchr(s.ptr, '(', s.len);

	return at == NULL ? 0 : (uint32_t)strtoul(at + 1, NULL, 10);
}

static void
read_type(struct mini_column *c, struct slice type, struct slice clause)
{
	/* clang-format off */
	static const struct { const char *name; enum mini_kind kind; int bytes; bool blob; } types[] = {
		{ "int", MINI_INT, 4, false }, { "bigint", MINI_INT, 8, false },
		{ "tinyint", MINI_INT, 1, false }, { "varchar", MINI_TEXT_CI, 0, false },
		{ "varbinary", MINI_BYTES, 0, false }, { "longblob", MINI_BYTES, 0, true },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!slice_eq_nocase(type, slice_str(types[i].name)))
			continue;
		c->kind = types[i].kind;
		c->int_bytes = types[i].bytes;
		c->blob = types[i].blob;
		c->length = c->kind == MINI_INT || c->blob ? 0 : number_in_parens(clause);
		return;
	}
	mini_cannot(clause, "the type of a column");
}

static void
read_column(struct mini_store *s, struct mini_table *t, struct slice clause)
{
	struct mini_column *c = &t->columns[t->columns_count++];
	struct slice rest, type, behind;

	check(t->columns_count <= MINI_COLUMNS_MAX);
	c->name = arena_slice_str(&s->arena, first_name(clause, &rest));
	c->clause = arena_slice_str(&s->arena, clause);
	type = first_name(rest, &behind);
	read_type(c, type, clause);
	c->nullable = !has(clause, "NOT NULL");
	if (has(clause, "PRIMARY KEY"))
		t->key[t->key_count++] = t->columns_count - 1;
}

static void
read_primary(struct mini_store *s, struct mini_table *t, struct slice clause)
{
	const uint8_t *paren = memchr(clause.ptr, '(', clause.len);
	struct slice names, one;

	check(paren != NULL);
	t->key_clause = arena_slice_str(&s->arena, clause);
	names = slice_of(paren + 1, clause.len - (size_t)(paren + 1 - clause.ptr));
	for (;;) {
		struct slice rest;

		one = next_clause(&names);
		t->key[t->key_count++] = table_column(t, first_name(one, &rest));
		check(t->key[t->key_count - 1] >= 0 && t->key_count < MINI_COLUMNS_MAX);
		if (names.len == 0 || names.ptr[0] != ',')
			return;
		names = slice_cut(names, 1, names.len);
	}
}

void
mini_index_read(
    struct mini_store *s, const struct mini_table *t, struct slice clause, struct mini_index *out)
{
	struct slice rest = slice_trim(clause), first;

	*out = (struct mini_index){ .clause = arena_slice_str(&s->arena, rest) };
	out->unique = slice_starts(rest, "UNIQUE ");
	if (out->unique)
		rest = slice_cut(rest, strlen("UNIQUE "), rest.len);
	if (!slice_starts(rest, "KEY "))
		mini_cannot(clause, "an index");
	out->name = arena_slice_str(
	    &s->arena, first_name(slice_cut(rest, strlen("KEY "), rest.len), &rest));
	rest = slice_trim(rest);
	first = first_name(slice_cut(rest, 1, rest.len), &rest);
	out->column = table_column(t, first);
	if (out->column < 0 || !slice_starts(rest, ")"))
		mini_cannot(clause, "an index of one column");
}

struct mini_table *
mini_table_read(struct mini_store *s, struct slice database, struct slice name, struct slice body)
{
	struct mini_table *t = arena_new(&s->arena, struct mini_table);
	struct slice rest = slice_trim(body);

	if (!slice_starts(rest, "("))
		mini_cannot(body, "a list of columns");
	t->database = arena_slice_str(&s->arena, database);
	t->name = arena_slice_str(&s->arena, name);
	do {
		rest = slice_cut(rest, 1, rest.len);
		struct slice clause = next_clause(&rest);

		if (slice_starts(clause, "PRIMARY KEY"))
			read_primary(s, t, clause);
		else if (slice_starts(clause, "UNIQUE KEY") || slice_starts(clause, "KEY"))
			mini_index_read(s, t, clause, &t->indexes[t->indexes_count++]);
		else
			read_column(s, t, clause);
		check(t->indexes_count < MINI_INDEXES_MAX);
	} while (rest.len > 0 && rest.ptr[0] == ',');
	if (!slice_starts(rest, ")") || t->key_count == 0)
		mini_cannot(body, "the end of the columns");
	t->options = arena_slice_str(&s->arena, rest);
	return t;
}

void
mini_table_show(struct buf *out, const struct mini_table *t)
{
	buf_addf(out, "CREATE TABLE `%s` (", t->name);
	for (int i = 0; i < t->columns_count; i++)
		buf_addf(out, "%s\n  %s", i > 0 ? "," : "", t->columns[i].clause);
	if (t->key_clause != NULL)
		buf_addf(out, ",\n  %s", t->key_clause);
	for (int i = 0; i < t->indexes_count; i++)
		buf_addf(out, ",\n  %s", t->indexes[i].clause);
	buf_addf(out, "\n%s", t->options);
}
