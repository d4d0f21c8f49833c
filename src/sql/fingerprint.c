#include "sql/fingerprint.h"

#include "sql/tokens.h"

static void
add_lower(struct buf *out, struct slice word)
{
	char *to = buf_grow(out, word.len);

	for (size_t i = 0; i < word.len; i++) {
		uint8_t c = word.ptr[i];

		to[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
}

static void
put_token(struct buf *out, struct slice sql, const struct token *t)
{
	if (t->kind == TOKEN_STRING || t->kind == TOKEN_NUMBER || t->kind == TOKEN_PARAM)
		buf_add_char(out, '?');
	else if (t->kind == TOKEN_WORD)
		add_lower(out, slice_cut(sql, t->start, t->end));
	else if (t->kind == TOKEN_PUNCT) /* its span may be a folded list's end */
		buf_add_char(out, (char)t->punct);
	else
		buf_add_slice(out, slice_cut(sql, t->start, t->end));
}

void
fingerprint_put(
    struct buf *out, struct slice sql, const struct token *tokens, size_t count, size_t max)
{
	size_t before = out->len;

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_char(out, ' ');
		put_token(out, sql, &tokens[i]);
		if (out->len - before > max) {
			buf_truncate(out, before + max);
			buf_add_str(out, " ...");
			return;
		}
	}
}

int
fingerprint_add(struct buf *out, struct slice sql, unsigned modes, struct err *err)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct tokens tokens;

	TRY(tokens_read(&arena, sql, modes, &tokens, err));
	fingerprint_put(out, sql, tokens.items, tokens.count, SIZE_MAX);
	return 0;
}
