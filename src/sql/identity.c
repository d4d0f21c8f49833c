/*
 * Two passes over the tokens. For each call name_around() goes backwards to the select lists that it is
 * in, and notes an alias behind the item of each that has no name of its own: a server calls a column by
 * the text of its expression, and the client must not see another name because we have put another text
 * there. Then put_text() writes the text anew, with a value for each call and the aliases where they were
 * noted.
 *
 * Only the tokens decide, so a few words have to be known: those behind which the same word is a table's,
 * a routine's or an account's name (is_name()), and those that may end an expression without being an
 * alias (is_named()).
 */
#include "sql/identity.h"

#include "base/buf.h"
#include "sql/quote.h"
#include "sql/tokens.h"

/* The servers' MAX_ALIAS_NAME: they cut longer texts there, and such an item gets no alias here. */
enum { NAME_MAX = 256 };

struct replacer {
	const struct identity_text *text;
	struct tokens tokens;
	struct slice *added; /* for each token and the end: what goes in front of it */
	struct buf out;
};

bool
identity_is_asked(const struct statement *s)
{
	return (s->uses & USES_IDENTITY) != 0 && s->understood && s->kind != STATEMENT_PREPARE &&
	    s->kind != STATEMENT_ADMIN && (s->kind != STATEMENT_DDL || s->query_at > 0);
}

static const struct token *
token(const struct replacer *r, size_t i)
{
	return &r->tokens.items[i];
}

static struct slice
text_of(const struct replacer *r, size_t from, size_t to)
{
	return slice_cut(r->text->sql, token(r, from)->start, token(r, to)->end);
}

static bool
is_punct(const struct token *t, uint8_t c)
{
	return t->kind == TOKEN_PUNCT && t->punct == c;
}

static bool
is_word(const struct replacer *r, size_t i, const char *const *words, size_t count)
{
	for (size_t w = 0; token(r, i)->kind == TOKEN_WORD && w < count; w++) {
		if (slice_eq_nocase(text_of(r, i, i), slice_str(words[w])))
			return true;
	}
	return false;
}

/* ---- calls ---- */

enum asked { ASKED_NOTHING, ASKED_ID, ASKED_VARIABLE, ASKED_USER, ASKED_ACCOUNT };

struct function {
	const char *name;
	enum asked asked;
	bool glued; /* with a blank in front of the parenthesis it is another function */
	bool bare;  /* it may be written without parentheses */
};

static const struct function FUNCTIONS[] = {
	{ "connection_id", ASKED_ID, false, false },
	{ "user", ASKED_USER, false, false },
	{ "session_user", ASKED_USER, true, false },
	{ "system_user", ASKED_USER, true, false },
	{ "current_user", ASKED_ACCOUNT, false, true },
};

static const struct function *
find_function(const struct replacer *r, size_t i)
{
	for (size_t n = 0; n < sizeof FUNCTIONS / sizeof FUNCTIONS[0]; n++) {
		if (is_word(r, i, &FUNCTIONS[n].name, 1))
			return &FUNCTIONS[n];
	}
	return NULL;
}

/* Behind these stands a table of that name, a routine of another database, or the name of an account. */
static bool
is_name(const struct replacer *r, size_t i)
{
	static const char *const before[] = { "into", "table", "update", "from", "join",
		"procedure", "function", "call", "view", "insert", "replace", "ignore", "delayed",
		"low_priority", "high_priority", "for", "to", "user" };

	return i > 0 &&
	    (is_punct(token(r, i - 1), '.') ||
		is_word(r, i - 1, before, sizeof before / sizeof before[0]));
}

/* A call, and how many tokens it has. */
static enum asked
find_call(const struct replacer *r, size_t i, size_t *count)
{
	const struct function *f = find_function(r, i);
	/* Only calls without arguments are the servers' own: USER(1) is none of them. */
	bool open = i + 2 < r->tokens.count && is_punct(token(r, i + 1), '(');

	if (f == NULL || is_name(r, i))
		return ASKED_NOTHING;
	*count = open ? 3 : 1;
	if (!open)
		return f->bare ? f->asked : ASKED_NOTHING;
	if (!is_punct(token(r, i + 2), ')') ||
	    (f->glued && token(r, i + 1)->start != token(r, i)->end))
		return ASKED_NOTHING;
	return f->asked;
}

static bool
is_variable(const struct replacer *r, size_t i)
{
	static const char *const names[] = { "@@pseudo_thread_id", "@@session.pseudo_thread_id",
		"@@local.pseudo_thread_id" };
	struct slice text = text_of(r, i, i);
	const struct token *next = token(r, i + 1); /* there is always one, if only the end */

	/* On the left of a SET it is assigned to, and has to stay a name. */
	if (token(r, 0)->keyword == KW_SET && (is_punct(next, '=') || next->kind == TOKEN_ASSIGN))
		return false;
	for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
		if (token(r, i)->kind == TOKEN_SYSTEM_VARIABLE &&
		    slice_eq_nocase(text, slice_str(names[n])))
			return true;
	}
	return false;
}

/* What the tokens from here on ask for. */
static enum asked
find_asked(const struct replacer *r, size_t i, size_t *count)
{
	*count = 1;
	if (i >= r->tokens.count || token(r, i)->start < r->text->from)
		return ASKED_NOTHING;
	return is_variable(r, i) ? ASKED_VARIABLE : find_call(r, i, count);
}

/* ---- names of columns ---- */

/* Words between SELECT and the list. */
static bool
is_modifier(const struct replacer *r, size_t i)
{
	static const char *const words[] = { "all", "distinct", "distinctrow", "high_priority",
		"straight_join", "sql_small_result", "sql_big_result", "sql_buffer_result",
		"sql_cache", "sql_no_cache", "sql_calc_found_rows" };

	return is_word(r, i, words, sizeof words / sizeof words[0]);
}

static bool
ends_list(const struct token *t)
{
	enum keyword k = t->keyword;

	return t->kind == TOKEN_END || is_punct(t, ';') || k == KW_FROM || k == KW_INTO ||
	    k == KW_WHERE || k == KW_GROUP || k == KW_HAVING || k == KW_ORDER || k == KW_LIMIT ||
	    k == KW_UNION || k == KW_EXCEPT || k == KW_INTERSECT || k == KW_FOR || k == KW_LOCK ||
	    k == KW_WINDOW || k == KW_PROCEDURE || k == KW_ON || k == KW_SET || k == KW_VALUES;
}

/* Does the item have a name of its own, or may its last word be one? */
static bool
is_named(const struct replacer *r, size_t from, size_t to)
{
	static const char *const ends[] = { "end", "null", "true", "false", "unknown" };
	static const char *const operators[] = { "and", "or", "xor", "not", "is", "in", "like",
		"div", "mod", "between", "regexp", "rlike", "collate", "binary", "interval", "case",
		"when", "then", "else" };
	const struct token *last = token(r, to), *before = token(r, to - 1);

	if (from == to ||
	    (last->kind != TOKEN_WORD && last->kind != TOKEN_QUOTED && last->kind != TOKEN_STRING))
		return false;
	if (before->keyword == KW_AS)
		return true;
	if (is_word(r, to, ends, sizeof ends / sizeof ends[0]) ||
	    is_word(r, to - 1, operators, sizeof operators / sizeof operators[0]))
		return false;
	return before->kind != TOKEN_PUNCT || before->punct == ')';
}

static void
name_item(struct replacer *r, struct arena *a, size_t from, size_t to)
{
	SCOPED(buf)
	struct buf alias = BUF_INIT;
	struct slice name = text_of(r, from, to);

	if (name.len > NAME_MAX || is_named(r, from, to) || !slice_is_null(r->added[to + 1]))
		return;
	buf_add_str(&alias, " AS ");
	quote_ident(&alias, name);
	r->added[to + 1] = arena_dup(a, buf_slice(&alias));
}

/* The last token of the item that the token is in, `crossed` levels of parentheses further out. */
static size_t
item_end(const struct replacer *r, size_t at, size_t crossed)
{
	size_t open = crossed;

	for (;; at++) {
		const struct token *t = token(r, at);

		if (t->kind == TOKEN_END ||
		    (open == 0 && (is_punct(t, ',') || is_punct(t, ')') || ends_list(t))))
			return at - 1;
		if (is_punct(t, '('))
			open++;
		else if (is_punct(t, ')'))
			open--;
	}
}

/* Adds an alias in each select list that the call is in, from the innermost outwards. */
static void
name_around(struct replacer *r, struct arena *a, size_t call, size_t after)
{
	size_t open = 0, crossed = 0, from = call;
	/* Of i's level of parentheses: no clause stands between i and the call; from begins the item. */
	bool listed = true, begun = false;

	for (size_t i = call; i-- > 0;) {
		const struct token *t = token(r, i);

		if (is_punct(t, ')')) {
			open++;
		} else if (is_punct(t, '(') && open > 0) {
			open--;
		} else if (is_punct(t, '(')) {
			crossed++;
			listed = true;
			begun = false;
		} else if (open == 0 && (t->keyword == KW_SELECT || t->keyword == KW_RETURNING)) {
			for (from = begun ? from : i + 1; is_modifier(r, from); from++)
				;
			if (listed)
				name_item(r, a, from, item_end(r, after, crossed));
			listed = false; /* until the next parenthesis there is no list */
		} else if (open == 0 && is_punct(t, ',') && !begun) {
			begun = true;
			from = i + 1;
		} else if (open == 0 && ends_list(t)) {
			listed = false;
		}
	}
}

/* ---- the text ---- */

static void
put_user(struct replacer *r, const char *value, const char *call)
{
	buf_add_str(&r->out, "IF(TRUE, ");
	quote_anywhere(&r->out, slice_str(value));
	buf_addf(&r->out, ", %s)", call);
}

static void
put_value(struct replacer *r, enum asked asked)
{
	if (asked == ASKED_ID)
		buf_addf(&r->out, "CAST(%010u AS UNSIGNED)", r->text->id);
	else if (asked == ASKED_VARIABLE)
		buf_addf(&r->out, "CAST(%021u AS UNSIGNED)", r->text->id);
	else if (asked == ASKED_USER)
		put_user(r, r->text->user, "USER()");
	else
		put_user(r, r->text->account, "CURRENT_USER()");
}

static void
put_text(struct replacer *r)
{
	size_t done = 0;

	for (size_t i = 0; i <= r->tokens.count; i++) {
		size_t count;
		enum asked asked = find_asked(r, i, &count);

		if (!slice_is_null(r->added[i])) {
			size_t end = i == 0 ? 0 : token(r, i - 1)->end;

			buf_add_slice(&r->out, slice_cut(r->text->sql, done, end));
			buf_add_slice(&r->out, r->added[i]);
			done = end;
		}
		if (asked == ASKED_NOTHING)
			continue;
		buf_add_slice(&r->out, slice_cut(r->text->sql, done, token(r, i)->start));
		put_value(r, asked);
		i += count - 1;
		done = token(r, i)->end;
	}
	buf_add_slice(&r->out, slice_cut(r->text->sql, done, r->text->sql.len));
}

/* Not by tokens_read(), which makes one token of several literals: an item may end between them. */
static int
read_tokens(struct arena *a, struct slice sql, unsigned modes, struct tokens *out, struct err *err)
{
	struct lexer lexer;
	size_t room = 64; /* most statements have fewer */

	lexer_init(&lexer, sql, modes);
	*out = (struct tokens){ .items = arena_array(a, struct token, room) };
	for (;; out->count++) {
		if (out->count == room) {
			struct token *wider = arena_array(a, struct token, room * 2);

			memcpy(wider, out->items, room * sizeof *wider);
			out->items = wider;
			room *= 2;
		}
		TRY(lexer_next(&lexer, &out->items[out->count], err));
		if (out->items[out->count].kind == TOKEN_END)
			return 0;
	}
}

int
identity_replace(
    struct arena *a, const struct identity_text *text, struct slice *out, struct err *err)
{
	struct replacer r = { .text = text, .out = BUF_INIT };

	TRY(read_tokens(a, text->sql, text->modes, &r.tokens, err));
	r.added = arena_array(a, struct slice, r.tokens.count + 1);
	for (size_t i = 0; i <= r.tokens.count; i++)
		r.added[i] = SLICE_NULL;
	/* All aliases before any text: an item may have several calls, and gets one alias, with the text
	 * that the client wrote. */
	for (size_t i = 0; i < r.tokens.count; i++) {
		size_t count;

		if (find_asked(&r, i, &count) != ASKED_NOTHING)
			name_around(&r, a, i, i + count);
	}
	put_text(&r);
	*out = arena_dup(a, buf_slice(&r.out));
	buf_done(&r.out);
	return 0;
}
