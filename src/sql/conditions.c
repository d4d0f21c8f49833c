/*
 * The text behind the table's name is cut into tokens; find_where() looks for the WHERE of this level,
 * over parentheses; end_of_level() for what ends it. read_all() cuts that at its ANDs, each member is one
 * condition or none, and a member that is all in parentheses is cut again. An operator that is not known
 * makes its member no condition, and one that binds weaker than AND makes the whole none (is_plain()).
 */
#include "sql/conditions.h"

#include "sql/lexer.h"

/* The tokens of the text behind the table's name. */
struct cut {
	struct arena *arena;
	struct slice sql;
	struct token *tokens; /* the last one is TOKEN_END */
	size_t count;
};

static int
cut_tokens(struct cut *c, unsigned modes, struct err *err)
{
	struct lexer lexer;
	size_t room = c->sql.len + 1; /* no token is empty */
	struct token t;

	c->tokens = arena_array(c->arena, struct token, room);
	lexer_init(&lexer, c->sql, modes);
	do {
		TRY(lexer_next(&lexer, &t, err));
		c->tokens[c->count++] = t;
	} while (t.kind != TOKEN_END && c->count < room);
	c->tokens[c->count - 1].kind = TOKEN_END;
	return 0;
}

static bool
is_punct(const struct token *t, char c)
{
	return t->kind == TOKEN_PUNCT && t->punct == (uint8_t)c;
}

static struct slice
text_of(const struct cut *c, const struct token *t)
{
	return slice_cut(c->sql, t->start, t->end);
}

static bool
is_name(const struct token *t)
{
	return t->kind == TOKEN_WORD || t->kind == TOKEN_QUOTED;
}

/* What follows a WHERE, or a FROM without one. */
static bool
ends_where(const struct token *t)
{
	static const enum keyword words[] = { KW_GROUP, KW_HAVING, KW_ORDER, KW_LIMIT, KW_UNION,
		KW_EXCEPT, KW_INTERSECT, KW_FOR, KW_LOCK, KW_INTO, KW_PROCEDURE, KW_WINDOW,
		KW_OFFSET, KW_RETURNING };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (t->keyword == words[i])
			return true;
	}
	return t->kind == TOKEN_END || is_punct(t, ';');
}

/* The index behind the ')' that closes the '(' at i; that of TOKEN_END when none does. */
static size_t
skip_parens(const struct cut *c, size_t i)
{
	size_t open = 0;

	for (; c->tokens[i].kind != TOKEN_END; i++) {
		open += is_punct(&c->tokens[i], '(');
		if (is_punct(&c->tokens[i], ')') && --open == 0)
			return i + 1;
	}
	return i;
}

/* The index of the first token from i on that ends its level: ')', a clause's keyword, or the end. */
static size_t
end_of_level(const struct cut *c, size_t i)
{
	while (!ends_where(&c->tokens[i]) && !is_punct(&c->tokens[i], ')')) {
		if (is_punct(&c->tokens[i], '('))
			i = skip_parens(c, i);
		else
			i++;
	}
	return i;
}

static bool
find_where(const struct cut *c, size_t *from)
{
	size_t i = 0;

	for (; c->tokens[i].keyword != KW_WHERE;) {
		if (ends_where(&c->tokens[i]) || is_punct(&c->tokens[i], ')'))
			return false;
		i = is_punct(&c->tokens[i], '(') ? skip_parens(c, i) : i + 1;
	}
	*from = i + 1;
	return true;
}

/* 'text' or "text" with nothing to unescape. */
static bool
plain_text(const struct cut *c, const struct token *t, struct slice *out)
{
	struct slice s = text_of(c, t);

	if (t->kind != TOKEN_STRING || s.len < 2 || (s.ptr[0] != '\'' && s.ptr[0] != '"'))
		return false;
	/* With something to unescape it would need the session's rules: then it is no condition. */
	*out = slice_cut(s, 1, s.len - 1);
	return memchr(out->ptr, s.ptr[0], out->len) == NULL &&
	    memchr(out->ptr, '\\', out->len) == NULL;
}

static bool
plain_name(const struct cut *c, const struct token *t, struct slice *out)
{
	struct slice s = text_of(c, t);

	if (!is_name(t))
		return false;
	if (t->kind == TOKEN_QUOTED)
		s = slice_cut(s, 1, s.len - 1);
	*out = s;
	return s.len > 0 && memchr(s.ptr, '`', s.len) == NULL;
}

/* [qualifier .] column, or database . table . column; gives the index behind it. */
static bool
read_column(const struct cut *c, size_t i, struct condition *out, size_t *end)
{
	if (!plain_name(c, &c->tokens[i], &out->column))
		return false;
	out->qualifier = SLICE_NULL;
	for (i++; is_punct(&c->tokens[i], '.'); i += 2) {
		out->qualifier = out->column;
		if (!plain_name(c, &c->tokens[i + 1], &out->column))
			return false;
	}
	*end = i;
	return true;
}

static void
add_value(const struct cut *c, struct condition *out, struct slice value)
{
	/* A copy each time: lists are of a few names, and the arena goes with the statement. */
	struct slice *more = arena_array(c->arena, struct slice, out->values_count + 1);

	for (size_t i = 0; i < out->values_count; i++)
		more[i] = out->values[i];
	more[out->values_count++] = value;
	out->values = more;
}

static bool
read_database(const struct cut *c, size_t i, struct condition *out, size_t *end)
{
	struct slice word = text_of(c, &c->tokens[i]);

	if (c->tokens[i].kind != TOKEN_WORD || !is_punct(&c->tokens[i + 1], '(') ||
	    !is_punct(&c->tokens[i + 2], ')'))
		return false;
	*end = i + 3;
	return out->is_database = slice_eq_nocase(word, slice_str("database")) ||
	    slice_eq_nocase(word, slice_str("schema"));
}

/* ('a', 'b'): gives the index behind it. */
static bool
read_list(const struct cut *c, size_t i, struct condition *out, size_t *end)
{
	struct slice value;

	if (!is_punct(&c->tokens[i], '('))
		return false;
	do {
		if (!plain_text(c, &c->tokens[++i], &value))
			return false;
		add_value(c, out, value);
	} while (is_punct(&c->tokens[++i], ','));
	*end = i + 1;
	return is_punct(&c->tokens[i], ')');
}

/* One member of an AND. */
static bool
read_condition(const struct cut *c, size_t from, size_t to, struct condition *out)
{
	struct slice value;
	size_t end;

	*out = (struct condition){ .values_count = 0 };
	if (plain_text(c, &c->tokens[from], &value) && is_punct(&c->tokens[from + 1], '=')) {
		add_value(c, out, value);
		return read_column(c, from + 2, out, &end) && end == to;
	}
	if (!read_column(c, from, out, &end))
		return false;
	if (c->tokens[end].keyword == KW_IN)
		return read_list(c, end + 1, out, &end) && end == to;
	if (!is_punct(&c->tokens[end], '='))
		return false;
	if (plain_text(c, &c->tokens[end + 1], &value)) {
		add_value(c, out, value);
		return end + 2 == to;
	}
	return read_database(c, end + 1, out, &end) && end == to;
}

/* Is each AND outside of parentheses one that joins conditions? OR binds weaker than AND, and BETWEEN
 * and CASE have ANDs of their own. */
static bool
is_plain(const struct cut *c, size_t from, size_t to)
{
	static const char *const words[] = { "or", "xor", "case", "between" };

	for (size_t i = from; i < to;) {
		const struct token *t = &c->tokens[i];

		/* || is OR, but for PIPES_AS_CONCAT; && is an AND that is not cut at; := changes what is
		 * compared. */
		if (is_punct(t, '|') || is_punct(t, '&') || t->kind == TOKEN_ASSIGN)
			return false;
		for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
			if (t->kind == TOKEN_WORD &&
			    slice_eq_nocase(text_of(c, t), slice_str(words[w])))
				return false;
		}
		i = is_punct(t, '(') ? skip_parens(c, i) : i + 1;
	}
	return true;
}

static bool
is_and(const struct cut *c, const struct token *t)
{
	return t->kind == TOKEN_WORD && slice_eq_nocase(text_of(c, t), slice_str("and"));
}

static void
add(struct conditions *out, struct arena *a, const struct condition *c)
{
	struct condition *more = arena_array(a, struct condition, out->count + 1);

	for (size_t i = 0; i < out->count; i++)
		more[i] = out->items[i];
	more[out->count++] = *c;
	out->items = more;
}

/* Parentheses around the whole are taken off; those around members are followed to a depth. */
enum { DEPTH_MAX = 8 };

static void
read_all(const struct cut *c, size_t from, size_t to, int depth, struct conditions *out)
{
	if (depth > DEPTH_MAX || !is_plain(c, from, to))
		return;
	for (size_t i = from, member = from; i <= to;) {
		struct condition one;

		if (i < to && !is_and(c, &c->tokens[i])) {
			i = is_punct(&c->tokens[i], '(') ? skip_parens(c, i) : i + 1;
			continue;
		}
		if (is_punct(&c->tokens[member], '(') && skip_parens(c, member) == i &&
		    i > member + 1)
			read_all(c, member + 1, i - 1, depth + 1, out);
		else if (member < i && read_condition(c, member, i, &one))
			add(out, c->arena, &one);
		member = ++i;
	}
}

int
conditions_read(
    struct arena *a, struct slice rest, unsigned modes, struct conditions *out, struct err *err)
{
	struct cut c = { .arena = a, .sql = rest };
	size_t from;

	*out = (struct conditions){ .alias = SLICE_NULL };
	if (rest.len > CONDITIONS_TEXT_MAX)
		return 0;
	TRY(cut_tokens(&c, modes, err));
	(void)plain_name(&c, &c.tokens[c.tokens[0].keyword == KW_AS], &out->alias);
	if (find_where(&c, &from))
		read_all(&c, from, end_of_level(&c, from), 0, out);
	return 0;
}
