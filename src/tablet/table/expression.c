#include "tablet/table/expression.h"

#include "base/buf.h"

enum {
	DEPTH_MAX = 16
}; /* brackets in brackets: a task has a small stack, of which each takes a KB */

/* A part, and what it is made of: whoever puts it into another one adds brackets. */
enum term_kind { TERM_LITERAL, TERM_ATOM, TERM_AND, TERM_OR, TERM_MADE, TERM_FAILED };

struct term {
	enum term_kind kind;
	const char *text;
};

static const struct term failed = { TERM_FAILED, "" };

struct reader {
	struct arena *arena;
	struct slice rest, token; /* what follows; empty at the end */
	int depth;
	struct term (*read_any)(struct reader *r); /* a whole one, of which parts are made too */
};

/* ---- Tokens */

static bool
is_word_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
	    c == '.';
}

static size_t
quoted_length(struct slice s)
{
	uint8_t quote = s.ptr[0];

	for (size_t i = 1; i < s.len; i++) {
		if (s.ptr[i] == '\\' && quote == '\'')
			i++;
		else if (s.ptr[i] == quote && i + 1 < s.len && s.ptr[i + 1] == quote)
			i++;
		else if (s.ptr[i] == quote)
			return i + 1;
	}
	return 0; /* without an end: no token */
}

static size_t
token_length(struct slice s)
{
	static const char *const signs[] = { "<=>", "<=", ">=", "<>", "!=" };
	size_t n = 0;

	if (s.len > 0 && (s.ptr[0] == '\'' || s.ptr[0] == '`'))
		return quoted_length(s);
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (slice_starts(s, signs[i]))
			return strlen(signs[i]);
	while (n < s.len && is_word_byte(s.ptr[n]))
		n++;
	return n == 0 && s.len > 0 ? 1 : n;
}

static void
advance(struct reader *r)
{
	r->rest = slice_trim(r->rest);
	size_t n = token_length(r->rest);

	r->token = slice_cut(r->rest, 0, n);
	r->rest = slice_cut(r->rest, n, r->rest.len);
}

static bool
is_next(const struct reader *r, const char *word)
{
	return r->token.len > 0 && slice_eq_nocase(r->token, slice_str(word));
}

static bool
take(struct reader *r, const char *word)
{
	if (!is_next(r, word))
		return false;
	advance(r);
	return true;
}

/* ---- Parts */

static const char *
in_brackets(struct reader *r, struct term t)
{
	bool whole = t.kind == TERM_LITERAL || t.kind == TERM_ATOM;

	return whole ? t.text : arena_printf(r->arena, "(%s)", t.text);
}

static struct term
made(struct reader *r, struct term left, const char *between, struct term right)
{
	if (left.kind == TERM_FAILED || right.kind == TERM_FAILED)
		return failed;
	return (struct term){ TERM_MADE,
		arena_printf(
		    r->arena, "%s %s %s", in_brackets(r, left), between, in_brackets(r, right)) };
}

/* A quote inside is doubled, however the server has escaped it. */
static struct term
read_string(struct reader *r)
{
	SCOPED(buf) struct buf text = BUF_INIT;

	for (size_t i = 0; i < r->token.len; i++) {
		uint8_t c = r->token.ptr[i];

		if (c == '\\' && i + 1 < r->token.len) {
			c = r->token.ptr[++i];
			buf_add_char(&text, c == '\'' ? '\'' : '\\');
		}
		buf_add_char(&text, (char)c);
	}
	advance(r);
	return (struct term){ TERM_LITERAL, arena_slice_str(r->arena, buf_slice(&text)) };
}

/* As MariaDB or MySQL calls it, and as both know it. */
static const struct function {
	const char *name, *common;
} functions[] = {
	{ "lower", "lower" },
	{ "lcase", "lower" },
	{ "upper", "upper" },
	{ "ucase", "upper" },
	{ "length", "length" },
	{ "octet_length", "length" },
	{ "char_length", "char_length" },
	{ "concat", "concat" },
	{ "coalesce", "coalesce" },
	{ "ifnull", "ifnull" },
	{ "if", "if" },
	{ "abs", "abs" },
	{ "uuid", "uuid" },
	{ "curdate", "curdate" },
	{ "now", "current_timestamp" },
	{ "current_timestamp", "current_timestamp" },
	{ "json_array", "json_array" },
	{ "json_object", "json_object" },
};

/* Behind its opening bracket: "1,2)". */
static struct term
read_list(struct reader *r, const char *before)
{
	const char *text = before;
	bool first = true;

	while (!take(r, ")")) {
		if (!first && !take(r, ","))
			return failed;
		struct term t = r->read_any(r);

		if (t.kind == TERM_FAILED)
			return failed;
		text = arena_printf(r->arena, "%s%s%s", text, first ? "" : ",", in_brackets(r, t));
		first = false;
	}
	return (struct term){ TERM_ATOM, arena_printf(r->arena, "%s)", text) };
}

static struct term
read_word(struct reader *r)
{
	struct slice word = r->token;

	advance(r);
	if (slice_eq_str(word, "_utf8mb4") && r->token.len > 0 && r->token.ptr[0] == '\'')
		return read_string(r);
	if (slice_eq_nocase(word, slice_str("null")))
		return (struct term){ TERM_ATOM, "null" };
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (slice_eq_nocase(word, slice_str(functions[i].name)) && take(r, "("))
			return read_list(r, arena_printf(r->arena, "%s(", functions[i].common));
	return failed;
}

static bool
is_number(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.ptr[i] < '0' || s.ptr[i] > '9') && s.ptr[i] != '.')
			return false;
	return s.len > 0;
}

static struct term
read_copied(struct reader *r, enum term_kind kind)
{
	struct term t = { kind, arena_slice_str(r->arena, r->token) };

	advance(r);
	return t;
}

static struct term
read_primary(struct reader *r)
{
	struct term t;

	if (r->token.len == 0)
		return failed;
	if (r->token.ptr[0] == '\'')
		return read_string(r);
	if (r->token.ptr[0] == '`')
		return read_copied(r, TERM_ATOM);
	if (is_number(r->token))
		return read_copied(r, TERM_LITERAL);
	if (!take(r, "("))
		return read_word(r);
	t = r->read_any(r);
	return take(r, ")") ? t : failed;
}

/* MySQL puts brackets around what is negative. */
static struct term
read_negative(struct reader *r)
{
	struct term t;

	if (!take(r, "-"))
		return read_primary(r);
	t = read_primary(r);
	if (t.kind == TERM_FAILED || t.text[0] == '-')
		return failed;
	return (struct term){ t.kind == TERM_LITERAL ? TERM_LITERAL : TERM_MADE,
		arena_printf(r->arena, "-%s", in_brackets(r, t)) };
}

static struct term
read_product(struct reader *r)
{
	struct term t = read_negative(r);

	while (t.kind != TERM_FAILED && take(r, "*"))
		t = made(r, t, "*", read_negative(r));
	return t;
}

static struct term
read_sum(struct reader *r)
{
	struct term t = read_product(r);

	while (t.kind != TERM_FAILED && (is_next(r, "+") || is_next(r, "-"))) {
		const char *sign = is_next(r, "+") ? "+" : "-";

		advance(r);
		t = made(r, t, sign, read_product(r));
	}
	return t;
}

static struct term
read_between(struct reader *r, struct term t, const char *between)
{
	struct term from = read_sum(r);

	if (!take(r, "and"))
		return failed;
	t = made(r, t, between, from);
	from = read_sum(r);
	if (t.kind == TERM_FAILED || from.kind == TERM_FAILED)
		return failed;
	return (struct term){ TERM_MADE,
		arena_printf(r->arena, "%s and %s", t.text, in_brackets(r, from)) };
}

static struct term
read_in(struct reader *r, struct term t, const char *in)
{
	if (!take(r, "("))
		return failed;
	struct term list = read_list(r, "(");

	return made(r, t, in, list);
}

static struct term
read_comparison(struct reader *r)
{
	static const char *const signs[] = { "=", "<=>", "<=", ">=", "<>", "<", ">" };
	static const struct term nothing = { TERM_ATOM, "null" };
	struct term t = read_sum(r);

	if (t.kind == TERM_FAILED)
		return failed;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (take(r, signs[i]))
			return made(r, t, signs[i], read_sum(r));
	if (take(r, "is")) {
		bool negated = take(r, "not");

		return take(r, "null") ? made(r, t, negated ? "is not" : "is", nothing) : failed;
	}
	if (take(r, "between"))
		return read_between(r, t, "between");
	if (take(r, "like"))
		return made(r, t, "like", read_sum(r));
	if (take(r, "in"))
		return read_in(r, t, "in");
	if (!take(r, "not"))
		return t;
	if (take(r, "between"))
		return read_between(r, t, "not between");
	return take(r, "in") ? read_in(r, t, "not in") : failed;
}

/* Many of one kind are one: what is in brackets of its own, as MySQL has it or whoever wrote it, too. */
static struct term
read_many(struct reader *r, enum term_kind kind)
{
	const char *word = kind == TERM_AND ? "and" : "or", *text = "";
	struct term t;
	bool more = false;

	for (;;) {
		t = kind == TERM_AND ? read_comparison(r) : read_many(r, TERM_AND);
		if (t.kind == TERM_FAILED)
			return failed;
		if (!more && !is_next(r, word))
			return t;
		text = arena_printf(r->arena, "%s%s%s", text,
		    more ? kind == TERM_AND ? " and " : " or " : "",
		    t.kind == kind ? t.text : in_brackets(r, t));
		more = true;
		if (!take(r, word))
			return (struct term){ kind, text };
	}
}

static struct term
read_any(struct reader *r)
{
	struct term t;

	if (r->depth == DEPTH_MAX)
		return failed;
	r->depth++;
	t = read_many(r, TERM_OR);
	r->depth--;
	return t;
}

bool
expression_common(struct arena *a, struct slice text, struct expression *out)
{
	struct reader r = { .arena = a, .rest = text, .read_any = read_any };
	struct term t;

	advance(&r);
	t = read_any(&r);
	if (t.kind == TERM_FAILED || r.token.len > 0 || r.rest.len > 0)
		return false;
	*out = (struct expression){ EXPRESSION_OTHER, t.text };
	if (t.kind == TERM_LITERAL)
		out->kind = EXPRESSION_LITERAL;
	else if (slice_starts(slice_str(t.text), "current_timestamp(") && t.kind == TERM_ATOM)
		out->kind = EXPRESSION_NOW;
	return true;
}
