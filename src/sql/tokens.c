#include "sql/tokens.h"

enum { TOKENS_FIRST = 64 }; /* most statements of applications have fewer */

static bool
is_literal(const struct token *t)
{
	return t->kind == TOKEN_STRING || t->kind == TOKEN_NUMBER || t->kind == TOKEN_PARAM;
}

static bool
is_punct(const struct token *t, uint8_t c)
{
	return t->kind == TOKEN_PUNCT && t->punct == c;
}

/* Does a new member of a list start behind t? */
static bool
opens_member(const struct token *t)
{
	return is_punct(t, '(') || is_punct(t, ',');
}

static bool
is_constant_word(struct slice sql, const struct token *t)
{
	struct slice word = slice_cut(sql, t->start, t->end);

	return t->kind == TOKEN_WORD &&
	    (slice_eq_nocase(word, slice_str("null")) || slice_eq_nocase(word, slice_str("true")) ||
		slice_eq_nocase(word, slice_str("false")));
}

/* The last count tokens become one, as the first of them is. */
static void
merge(struct tokens *t, size_t count)
{
	struct token *first = &t->items[t->count - count];

	first->end = t->items[t->count - 1].end;
	t->count -= count - 1;
}

/* Are the three tokens before at "(lit)"? */
static bool
ends_in_list(const struct tokens *t, size_t at)
{
	return at >= 3 && is_punct(&t->items[at - 1], ')') && is_literal(&t->items[at - 2]) &&
	    is_punct(&t->items[at - 3], '(');
}

/* Folds what the newest token has completed. */
static void
fold(struct tokens *t, struct slice sql)
{
	struct token *last = &t->items[t->count - 1];

	/* NULL, TRUE and FALSE count where a member begins: elsewhere they may be IS NULL, a name, an
	 * operand. */
	if (t->count >= 2 && opens_member(last - 1) && is_constant_word(sql, last))
		last->kind = TOKEN_NUMBER;
	if (t->count >= 3 && last->kind == TOKEN_NUMBER && opens_member(last - 2) &&
	    (is_punct(last - 1, '-') || is_punct(last - 1, '+'))) {
		last[-1].kind = TOKEN_NUMBER;
		merge(t, 2);
		last--;
	}
	/* At most one step is needed for each token: what was folded before stays one literal. */
	if (t->count >= 3 && is_literal(last) && is_punct(last - 1, ',') && is_literal(last - 2)) {
		merge(t, 3);
	} else if (ends_in_list(t, t->count) && t->count >= 7 && is_punct(last - 3, ',') &&
	    ends_in_list(t, t->count - 4)) {
		/* (lit),(lit): the first list stays and ends where the second does */
		last[-4].end = last->end;
		t->count -= 4;
	}
}

static void
push(struct arena *a, struct tokens *t, size_t *room, const struct token *token)
{
	if (t->count == *room) {
		struct token *wider = arena_alloc(a, sizeof *wider * *room * 2);

		memcpy(wider, t->items, sizeof *wider * t->count);
		t->items = wider;
		*room *= 2;
	}
	t->items[t->count++] = *token;
}

int
tokens_read(struct arena *a, struct slice sql, unsigned modes, struct tokens *out, struct err *err)
{
	struct lexer lexer;
	struct token token;
	size_t room = TOKENS_FIRST;

	lexer_init(&lexer, sql, modes);
	*out = (struct tokens){ .items = arena_alloc(a, sizeof *out->items * room) };
	do {
		TRY(lexer_next(&lexer, &token, err));
		out->conditional =
		    out->conditional || (token.conditional && token.kind != TOKEN_END);
		push(a, out, &room, &token);
		fold(out, sql);
	} while (token.kind != TOKEN_END);
	out->count--;
	return 0;
}
