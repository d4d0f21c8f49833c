#include "sim/mini_words.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/parse.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void
mini_cannot(struct slice sql, const char *why)
{
	fprintf(stderr, "minidb cannot interpret (%s): %.*s\n", why,
	    SLICE_ARG(slice_cut(sql, 0, 2000)));
	check_failed(__FILE__, __LINE__, "a statement that the small server does not know");
}

void
mini_cut(struct mini_words *r)
{
	struct lexer l;
	struct token t;
	struct err err;

	lexer_init(&l, r->sql, 0);
	do {
		if (lexer_next(&l, &t, &err) != 0)
			mini_cannot(r->sql, err.text);
		r->tokens = mem_grow(r->tokens, &r->cap, r->count + 1, sizeof(r->tokens[0]));
		r->tokens[r->count++] = t;
	} while (t.kind != TOKEN_END);
}

const struct token *
mini_peek(const struct mini_words *r)
{
	return &r->tokens[r->at];
}

struct slice
mini_text(const struct mini_words *r)
{
	return slice_cut(r->sql, mini_peek(r)->start, mini_peek(r)->end);
}

bool
mini_is(const struct mini_words *r, const char *word)
{
	return mini_peek(r)->kind == TOKEN_WORD && slice_eq_nocase(mini_text(r), slice_str(word));
}

bool
mini_take(struct mini_words *r, const char *word)
{
	if (!mini_is(r, word))
		return false;
	r->at++;
	return true;
}

void
mini_need(struct mini_words *r, const char *word)
{
	if (!mini_take(r, word))
		mini_cannot(r->sql, word);
}

bool
mini_take_punct(struct mini_words *r, char c)
{
	if (mini_peek(r)->kind != TOKEN_PUNCT || mini_peek(r)->punct != (uint8_t)c)
		return false;
	r->at++;
	return true;
}

void
mini_need_punct(struct mini_words *r, char c)
{
	char what[2] = { c, '\0' };

	if (!mini_take_punct(r, c))
		mini_cannot(r->sql, what);
}

/* `a`, or a bare word. Names of the worlds hold no quotes. */
struct slice
mini_name(struct mini_words *r)
{
	struct slice s = mini_text(r);

	if (mini_peek(r)->kind == TOKEN_QUOTED)
		s = slice_cut(s, 1, s.len - 1);
	else if (mini_peek(r)->kind != TOKEN_WORD)
		mini_cannot(r->sql, "a name");
	r->at++;
	return s;
}

/* ---- Literals */

static struct slice
unescape(struct mini_words *r, struct slice s)
{
	static const char letters[256] = {
		['0'] = 1, ['n'] = '\n', ['r'] = '\r', ['t'] = '\t', ['Z'] = 0x1a
	};
	SCOPED(buf) struct buf out = BUF_INIT;

	for (size_t i = 1; i + 1 < s.len; i++) {
		uint8_t c = s.ptr[i];

		if (c == '\\') {
			c = s.ptr[++i];
			c = c == '0' ? 0 : letters[c] != 0 ? (uint8_t)letters[c] : c;
		} else if (c == '\'') {
			i++; /* two of them are one */
		}
		buf_add_char(&out, (char)c);
	}
	return arena_dup(r->arena, slice_of(out.data, out.len));
}

static struct slice
unhex(struct mini_words *r, struct slice s)
{
	SCOPED(buf) struct buf out = BUF_INIT;

	for (size_t i = 2; i + 1 < s.len; i += 2) {
		char digits[3] = { (char)s.ptr[i], (char)s.ptr[i + 1], '\0' };

		buf_add_char(&out, (char)strtol(digits, NULL, 16));
	}
	return arena_dup(r->arena, slice_of(out.data, out.len));
}

struct slice
mini_literal(struct mini_words *r)
{
	bool minus = mini_take_punct(r, '-');
	struct slice s;

	if (mini_take(r, "NULL"))
		return SLICE_NULL;
	if (mini_peek(r)->kind == TOKEN_WORD && mini_text(r).ptr[0] == '_')
		r->at++; /* _utf8mb4 and its like */
	s = mini_text(r);
	if (mini_peek(r)->kind == TOKEN_STRING)
		s = unescape(r, s);
	else if (mini_peek(r)->kind != TOKEN_NUMBER)
		mini_cannot(r->sql, "a literal");
	else if (slice_starts(s, "0x"))
		s = unhex(r, s);
	else
		s = slice_str(arena_printf(r->arena, "%s%.*s", minus ? "-" : "", SLICE_ARG(s)));
	r->at++;
	return s;
}

size_t
mini_count(struct mini_words *r)
{
	struct slice s = mini_literal(r);
	struct err err;
	uint64_t n;

	if (slice_is_null(s) || parse_u64(s, &n, &err) != 0)
		mini_cannot(r->sql, "a number");
	return (size_t)n;
}

void
mini_done(struct mini_words *r)
{
	free(r->tokens);
}
