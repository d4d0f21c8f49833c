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
		t->key = (struct mini_index){
			.name = "PRIMARY", .columns = { t->columns_count - 1 }, .count = 1
		};
}

/* "(`a`,`b`(3))" */
static void
read_parts(const struct mini_table *t, struct slice clause, struct mini_index *out)
{
	const uint8_t *paren = memchr(clause.ptr, '(', clause.len);
	struct slice parts, one, rest;

	check(paren != NULL);
	parts = slice_of(paren, clause.len - (size_t)(paren - clause.ptr));
	do {
		parts = slice_cut(parts, 1, parts.len);
		one = next_clause(&parts);
		check(out->count < MINI_PARTS_MAX);
		out->columns[out->count] = table_column(t, first_name(one, &rest));
		out->prefix[out->count] = number_in_parens(rest);
		check(out->columns[out->count++] >= 0);
	} while (slice_starts(parts, ","));
	if (!slice_starts(parts, ")"))
		mini_cannot(clause, "the end of an index");
}

static void
read_primary(struct mini_store *s, struct mini_table *t, struct slice clause)
{
	t->key_clause = arena_slice_str(&s->arena, clause);
	t->key.name = "PRIMARY";
	read_parts(t, clause, &t->key);
}

void
mini_index_read(
    struct mini_store *s, const struct mini_table *t, struct slice clause, struct mini_index *out)
{
	struct slice rest = slice_trim(clause);

	*out = (struct mini_index){ .clause = arena_slice_str(&s->arena, rest) };
	out->unique = slice_starts(rest, "UNIQUE ");
	if (out->unique)
		rest = slice_cut(rest, strlen("UNIQUE "), rest.len);
	if (!slice_starts(rest, "KEY "))
		mini_cannot(clause, "an index");
	out->name = arena_slice_str(
	    &s->arena, first_name(slice_cut(rest, strlen("KEY "), rest.len), &rest));
	read_parts(t, rest, out);
}

/* ---- Foreign keys */

static struct slice
after(struct slice s, const char *word)
{
	const uint8_t *at = memmem(s.ptr, s.len, word, strlen(word));

	if (at == NULL)
		mini_cannot(s, word);
	at += strlen(word);
	return slice_of(at, s.len - (size_t)(at - s.ptr));
}

static enum mini_action
action_on(struct slice clause, const char *event)
{
	if (!has(clause, event))
		return MINI_RESTRICT;
	clause = after(clause, event);
	return slice_starts(clause, "CASCADE") ? MINI_CASCADE
	    : slice_starts(clause, "SET NULL") ? MINI_SET_NULL
					       : MINI_RESTRICT;
}

/* "CONSTRAINT `f` FOREIGN KEY (`p`) REFERENCES [`db`.]`parent` (`id`) ON DELETE CASCADE" */
void
mini_foreign_read(
    struct mini_store *s, const struct mini_table *t, struct slice clause, struct mini_foreign *out)
{
	struct slice rest, behind;

	*out = (struct mini_foreign){ 0 };
	out->name = arena_slice_str(&s->arena, first_name(after(clause, "CONSTRAINT "), &rest));
	out->column = table_column(t, first_name(after(clause, " FOREIGN KEY ("), &rest));
	check(out->column >= 0);
	behind = after(clause, " REFERENCES ");
	out->parent = arena_slice_str(&s->arena, first_name(behind, &rest));
	if (slice_starts(rest, "."))
		out->parent =
		    arena_slice_str(&s->arena, first_name(slice_cut(rest, 1, rest.len), &rest));
	out->refers = arena_slice_str(&s->arena, first_name(after(rest, "("), &rest));
	/* Of the same database it is shown without that. */
	out->clause = arena_printf(&s->arena,
	    "CONSTRAINT `%s` FOREIGN KEY (`%s`) REFERENCES `%s` (`%s`)%.*s", out->name,
	    t->columns[out->column].name, out->parent, out->refers, SLICE_ARG(after(rest, ")")));
	out->on_delete = action_on(clause, " ON DELETE ");
	out->on_update = action_on(clause, " ON UPDATE ");
}

/* ---- Tables */

/* Without a primary key rows are kept by the first unique index that has no NULL in it. */
static void
choose_key(struct mini_table *t)
{
	for (int i = 0; t->key.count == 0 && i < t->indexes_count; i++) {
		const struct mini_index *index = &t->indexes[i];
		bool fits = index->unique;

		for (int p = 0; p < index->count; p++)
			fits = fits && index->prefix[p] == 0 &&
			    !t->columns[index->columns[p]].nullable;
		if (fits)
			t->key = *index;
	}
}

static void
read_clause(struct mini_store *s, struct mini_table *t, struct slice clause)
{
	check(t->indexes_count < MINI_INDEXES_MAX && t->foreign_count < MINI_FOREIGN_MAX);
	if (slice_starts(clause, "PRIMARY KEY"))
		read_primary(s, t, clause);
	else if (slice_starts(clause, "UNIQUE KEY") || slice_starts(clause, "KEY"))
		mini_index_read(s, t, clause, &t->indexes[t->indexes_count++]);
	else if (slice_starts(clause, "CONSTRAINT "))
		mini_foreign_read(s, t, clause, &t->foreign[t->foreign_count++]);
	else
		read_column(s, t, clause);
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
		read_clause(s, t, next_clause(&rest));
	} while (slice_starts(rest, ","));
	if (!slice_starts(rest, ")"))
		mini_cannot(body, "the end of the columns");
	choose_key(t);
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
	for (int i = 0; i < t->foreign_count; i++)
		buf_addf(out, ",\n  %s", t->foreign[i].clause);
	buf_addf(out, "\n%s", t->options);
}

/* ---- ALTER TABLE */

static bool
is_unique(const struct mini_table *t, const struct mini_index *index)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct slice *a = row_at(t->rows[i], NULL, UINT64_MAX);

		for (size_t j = 0; a != NULL && j < i; j++) {
			const struct slice *b = row_at(t->rows[j], NULL, UINT64_MAX);

			if (b != NULL && index_equal(t, index, a, b))
				return false;
		}
	}
	return true;
}

/* What becomes of a table's lists. */
struct altered {
	struct mini_index indexes[MINI_INDEXES_MAX];
	int indexes_count;
	struct mini_foreign foreign[MINI_FOREIGN_MAX];
	int foreign_count;
};

static int
find_index(const struct altered *to, const char *name)
{
	for (int i = 0; i < to->indexes_count; i++) {
		if (strcmp(to->indexes[i].name, name) == 0)
			return i;
	}
	return -1;
}

static int
add_index(struct mini_store *s, const struct mini_table *t, struct altered *to, struct slice clause)
{
	struct mini_index index;

	mini_index_read(s, t, clause, &index);
	if (find_index(to, index.name) >= 0)
		return ER_DUP_KEYNAME;
	if (index.unique && !is_unique(t, &index))
		return ER_DUP_ENTRY;
	check(to->indexes_count < MINI_INDEXES_MAX);
	to->indexes[to->indexes_count++] = index;
	return 0;
}

static int
add_foreign(
    struct mini_store *s, const struct mini_table *t, struct altered *to, struct slice clause)
{
	struct mini_foreign f;

	mini_foreign_read(s, t, clause, &f);
	for (int i = 0; i < to->foreign_count; i++) {
		if (strcmp(to->foreign[i].name, f.name) == 0)
			return ER_DUP_KEYNAME;
	}
	check(to->foreign_count < MINI_FOREIGN_MAX);
	to->foreign[to->foreign_count++] = f;
	return 0;
}

/* "DROP KEY `i`" */
static int
drop_index(struct mini_store *s, struct altered *to, struct slice clause)
{
	struct slice rest;
	int i = find_index(
	    to, arena_slice_str(&s->arena, first_name(after(clause, "DROP KEY "), &rest)));

	check(i >= 0);
	to->indexes_count--;
	memmove(&to->indexes[i], &to->indexes[i + 1],
	    (size_t)(to->indexes_count - i) * sizeof(to->indexes[0]));
	return 0;
}

static int
alter_once(struct mini_store *s, const struct mini_table *t, struct altered *to, struct slice clause)
{
	if (slice_starts(clause, "ADD CONSTRAINT "))
		return add_foreign(s, t, to, slice_cut(clause, strlen("ADD "), clause.len));
	if (slice_starts(clause, "ADD "))
		return add_index(s, t, to, slice_cut(clause, strlen("ADD "), clause.len));
	if (slice_starts(clause, "DROP KEY "))
		return drop_index(s, to, clause);
	if (!slice_starts(clause, "ALGORITHM=") && !slice_starts(clause, "LOCK="))
		mini_cannot(clause, "a change of a table");
	return 0;
}

int
mini_alter(struct mini_store *s, struct mini_table *t, struct slice changes)
{
	struct altered to = { .indexes_count = t->indexes_count, .foreign_count = t->foreign_count };

	memcpy(to.indexes, t->indexes, sizeof(to.indexes));
	memcpy(to.foreign, t->foreign, sizeof(to.foreign));
	while (changes.len > 0) {
		int error = alter_once(s, t, &to, next_clause(&changes));

		if (error != 0)
			return error;
		changes = slice_cut(changes, 1, changes.len);
	}
	memcpy(t->indexes, to.indexes, sizeof(to.indexes));
	memcpy(t->foreign, to.foreign, sizeof(to.foreign));
	t->indexes_count = to.indexes_count;
	t->foreign_count = to.foreign_count;
	return 0;
}
