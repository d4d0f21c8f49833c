#include "tablet/table/create_table.h"

#include "base/mem.h"

#include <stdlib.h>

/* Behind what is quoted from i on; i + 1 where nothing is. A quote inside is doubled, or escaped. */
static size_t
skip_quoted(struct slice s, size_t i)
{
	uint8_t quote = s.ptr[i++];

	if (quote != '`' && quote != '\'' && quote != '"')
		return i;
	while (i < s.len && s.ptr[i] != quote)
		i += s.ptr[i] == '\\' && quote != '`' ? 2 : 1;
	return i + 1 < s.len ? i + 1 : s.len; /* of a doubled quote the second half opens again */
}

size_t
create_table_find(struct slice sql, const char *word)
{
	for (size_t i = 0; i < sql.len; i = skip_quoted(sql, i))
		if (slice_starts(slice_cut(sql, i, sql.len), word))
			return i;
	return sql.len;
}

struct slice
create_table_name(struct arena *a, struct slice s, struct slice *rest)
{
	SCOPED(buf) struct buf name = BUF_INIT;

	*rest = SLICE_NULL;
	if (s.len < 2 || s.ptr[0] != '`')
		return SLICE_NULL;
	for (size_t i = 1; i < s.len; i++) {
		bool doubled = i + 1 < s.len && s.ptr[i] == '`' && s.ptr[i + 1] == '`';

		if (s.ptr[i] == '`' && !doubled) {
			*rest = slice_cut(s, i + 1, s.len);
			return arena_dup(a, buf_slice(&name));
		}
		buf_add_char(&name, (char)s.ptr[i]);
		i += doubled;
	}
	return SLICE_NULL;
}

/* What stands behind a prefix, or a NULL slice. */
static struct slice
behind(struct slice s, const char *prefix)
{
	return slice_starts(s, prefix) ? slice_cut(s, strlen(prefix), s.len) : SLICE_NULL;
}

/* The columns of "`a`,`b`(10)) USING BTREE": names up to the parenthesis that ends the list. */
static int
count_parts(struct slice s)
{
	int parts = 0, depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < s.len && depth >= 0; i++) {
		if (s.ptr[i] == '`') {
			/* A doubled backquote is a part of the name. It ends the quotes and opens them
			 * again at once, and that opening is not counted. */
			quoted = !quoted;
			parts += quoted && (i == 0 || s.ptr[i - 1] != '`');
		} else if (!quoted) {
			depth += (s.ptr[i] == '(') - (s.ptr[i] == ')');
		}
	}
	return parts;
}

static bool
is_without_overlaps(struct slice rest)
{
	return create_table_find(rest, " WITHOUT OVERLAPS") < rest.len;
}

static void
read_index(struct arena *a, struct slice rest, struct clause *out)
{
	const uint8_t *paren;

	out->kind = CLAUSE_INDEX;
	out->name = create_table_name(a, rest, &rest);
	paren = rest.len == 0 ? NULL : memchr(rest.ptr, '(', rest.len);
	if (paren == NULL)
		return;
	rest = slice_cut(rest, (size_t)(paren - rest.ptr) + 1, rest.len);
	out->parts = count_parts(rest);
	out->first = create_table_name(a, rest, &rest);
	out->hashed = create_table_find(rest, " USING HASH") < rest.len;
}

static struct clause
read_clause(struct arena *a, struct slice text)
{
	struct clause c = { .kind = CLAUSE_OTHER, .text = text };
	struct slice rest;

	if (text.len > 0 && text.ptr[0] == '`') {
		c.kind = CLAUSE_COLUMN;
		c.name = create_table_name(a, text, &rest);
	} else if (!slice_is_null(rest = behind(text, "PRIMARY KEY ("))) {
		struct slice behind_first;

		c.kind = CLAUSE_PRIMARY;
		c.parts = count_parts(rest);
		c.first = create_table_name(a, rest, &behind_first);
		c.overlaps = is_without_overlaps(rest);
	} else if (!slice_is_null(rest = behind(text, "UNIQUE KEY "))) {
		read_index(a, rest, &c);
		c.unique = true;
		c.overlaps = is_without_overlaps(rest);
	} else if (!slice_is_null(rest = behind(text, "KEY ")) ||
	    !slice_is_null(rest = behind(text, "SPATIAL KEY "))) {
		read_index(a, rest, &c);
		c.hashed = false; /* InnoDB makes a tree of it */
	} else if (!slice_is_null(rest = behind(text, "FULLTEXT KEY ")) ||
	    !slice_is_null(rest = behind(text, "VECTOR KEY "))) {
		read_index(a, rest, &c);
		c.kind = CLAUSE_SPECIAL_INDEX;
	} else if (!slice_is_null(rest = behind(text, "CONSTRAINT "))) {
		c.name = create_table_name(a, rest, &rest);
		if (slice_starts(rest, " FOREIGN KEY "))
			c.kind = CLAUSE_FOREIGN;
	}
	return c;
}

/* Appends text without what marks the old temporal formats. */
static void
add_without_formats(struct buf *out, struct slice text)
{
	static const char comment[] = " /* mariadb-5.3 */";

	for (;;) {
		size_t at = create_table_find(text, comment);

		buf_add_slice(out, slice_cut(text, 0, at));
		if (at == text.len)
			return;
		text = slice_cut(text, at + sizeof(comment) - 1, text.len);
	}
}

/* Appends text without the character sets that stand beside a collation, which says them: one server prints
 * them or not for two columns that are the same, by how each was defined. */
static void
add_without_charsets(struct buf *out, struct slice text)
{
	static const char words[] = " CHARACTER SET ";

	for (;;) {
		size_t at = create_table_find(text, words);
		struct slice name, rest;

		buf_add_slice(out, slice_cut(text, 0, at));
		if (at == text.len)
			return;
		rest = slice_split(slice_cut(text, at + sizeof(words) - 1, text.len), ' ', &name);
		if (!slice_starts(rest, "COLLATE "))
			buf_addf(out, "%s%.*s", words, SLICE_ARG(name));
		text = slice_cut(text, at + sizeof(words) - 1 + name.len, text.len);
	}
}

/* The least of where the words stand. */
static size_t
find_any(struct slice s, const char *const *words)
{
	size_t least = s.len;

	for (; *words != NULL; words++) {
		size_t at = create_table_find(s, *words);

		least = at < least ? at : least;
	}
	return least;
}

/* Appends text with INVISIBLE behind a column's default, where later servers print it: two that are the same
 * would differ by their servers. MySQL's stands there, in a comment. */
static void
add_invisible_last(struct buf *out, struct slice text)
{
	static const char word[] = " INVISIBLE";
	static const char *const behind[] = { " COMMENT ", " CHECK ", "\n", NULL };

	for (;;) {
		size_t at = create_table_find(text, word), end;
		bool comma;

		buf_add_slice(out, slice_cut(text, 0, at));
		if (at == text.len)
			return;
		text = slice_cut(text, at + sizeof(word) - 1, text.len);
		end = slice_starts(text, " */") ? 0 : find_any(text, behind);
		comma =
		    end > 0 && end < text.len && text.ptr[end] == '\n' && text.ptr[end - 1] == ',';
		end -= comma;
		buf_add_slice(out, slice_cut(text, 0, end));
		buf_add_str(out, word);
		text = slice_cut(text, end, text.len);
	}
}

/* Appends the options' line without " AUTO_INCREMENT=123". */
static void
add_options(struct buf *out, struct slice options)
{
	static const char word[] = " AUTO_INCREMENT=";
	size_t i = create_table_find(options, word);

	buf_add_slice(out, slice_cut(options, 0, i));
	if (i == options.len)
		return;
	for (i += sizeof(word) - 1;
	     i < options.len && options.ptr[i] >= '0' && options.ptr[i] <= '9';)
		i++;
	buf_add_slice(out, slice_cut(options, i, options.len));
}

static int
not_understood(struct err *err, struct slice sql)
{
	return err_set(err, ERR_CORRUPT, "SHOW CREATE TABLE is not understood: %.*s",
	    sql.len > 200 ? 200 : (int)sql.len, (const char *)sql.ptr);
}

/* The lines between the first and the one with ")". *rest is what begins there. */
static int
read_lines(struct arena *a, struct slice sql, struct create_table *out, struct slice *rest)
{
	struct slice line, lines = slice_split(sql, '\n', &line);
	size_t cap = 0;
	struct clause *clauses = NULL;

	while (!slice_is_null(lines) && !(lines.len > 0 && lines.ptr[0] == ')')) {
		lines = slice_split(lines, '\n', &line);
		line = slice_trim(line);
		if (line.len > 0 && line.ptr[line.len - 1] == ',')
			line.len--;
		clauses = mem_grow(clauses, &cap, (size_t)out->clauses_count + 1, sizeof(*clauses));
		clauses[out->clauses_count++] = read_clause(a, line);
	}
	out->clauses = arena_array(a, struct clause, out->clauses_count);
	if (out->clauses_count > 0)
		memcpy(out->clauses, clauses, (size_t)out->clauses_count * sizeof(*clauses));
	free(clauses);
	*rest = lines;
	return slice_is_null(lines) || out->clauses_count == 0 ? -1 : 0;
}

bool
create_table_is_json(const struct clause *c)
{
	return c->kind == CLAUSE_COLUMN &&
	    create_table_find(c->text, " json") + strlen(" json") <= c->text.len &&
	    create_table_find(c->text, " json") == create_table_find(c->text, " ");
}

void
create_table_drop_foreign(struct create_table *t)
{
	int kept = 0;

	for (int i = 0; i < t->clauses_count; i++) {
		if (t->clauses[i].kind != CLAUSE_FOREIGN)
			t->clauses[kept++] = t->clauses[i];
	}
	t->clauses_count = kept;
}

void
create_table_print(struct buf *out, const struct create_table *t, const char *name)
{
	buf_addf(out, "CREATE TABLE %s (\n", name);
	for (int i = 0; i < t->clauses_count; i++) {
		buf_add_str(out, i > 0 ? ",\n  " : "  ");
		buf_add_slice(out, t->clauses[i].text);
	}
	buf_add_char(out, '\n');
	buf_add_slice(out, t->options);
}

int
create_table_read(struct arena *a, struct slice sql, struct create_table *out, struct err *err)
{
	SCOPED(buf)
	struct buf text = BUF_INIT, formats = BUF_INIT, seen = BUF_INIT, plain = BUF_INIT;
	struct slice copy, rest;
	size_t head;

	add_without_formats(&formats, sql);
	add_invisible_last(&seen, buf_slice(&formats));
	add_without_charsets(&plain, buf_slice(&seen));
	copy = arena_dup(a, buf_slice(&plain));

	*out = (struct create_table){ 0 };
	if (!slice_starts(copy, "CREATE TABLE `") || read_lines(a, copy, out, &rest) != 0)
		return not_understood(err, sql);
	head = copy.len - rest.len;
	buf_add_slice(&text, slice_cut(copy, 0, head));
	add_options(&text, rest);
	out->text = arena_slice_str(a, buf_slice(&text));
	out->options = slice_str(out->text + head);
	return 0;
}
