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

int
fingerprint_add(struct buf *out, struct slice sql, unsigned modes, struct err *err)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct tokens tokens;

	TRY(tokens_read(&arena, sql, modes, &tokens, err));
	for (size_t i = 0; i < tokens.count; i++) {
		const struct token *t = &tokens.items[i];

		if (i > 0)
			buf_add_char(out, ' ');
		if (t->kind == TOKEN_STRING || t->kind == TOKEN_NUMBER || t->kind == TOKEN_PARAM)
			buf_add_char(out, '?');
		else if (t->kind == TOKEN_WORD)
			add_lower(out, slice_cut(sql, t->start, t->end));
		else if (t->kind == TOKEN_PUNCT) /* its span may be a folded list's end */
			buf_add_char(out, (char)t->punct);
		else
			buf_add_slice(out, slice_cut(sql, t->start, t->end));
	}
	return 0;
}
