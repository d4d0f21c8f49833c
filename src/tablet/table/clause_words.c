#include "tablet/table/clause_words.h"

#include <string.h>

static bool
is_word_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
	    c == '$' || c == '.' || c == '-' || c >= 0x80;
}

/* Behind the quote that ends what begins at i. */
static size_t
behind_quoted(struct slice s, size_t i)
{
	uint8_t quote = s.ptr[i++];

	for (; i < s.len; i++) {
		if (s.ptr[i] == '\\' && quote != '`')
			i++;
		else if (s.ptr[i] == quote && i + 1 < s.len && s.ptr[i + 1] == quote)
			i++;
		else if (s.ptr[i] == quote)
			return i + 1;
	}
	return s.len;
}

static bool
is_quote(uint8_t c)
{
	return c == '`' || c == '\'' || c == '"';
}

static size_t
behind_brackets(struct slice s, size_t i)
{
	int depth = 0;

	while (i < s.len) {
		if (is_quote(s.ptr[i])) {
			i = behind_quoted(s, i);
			continue;
		}
		depth += (s.ptr[i] == '(') - (s.ptr[i] == ')');
		i++;
		if (depth == 0)
			return i;
	}
	return s.len;
}

static size_t
behind_comment(struct slice s)
{
	const uint8_t *end = memmem(s.ptr + 2, s.len - 2, "*/", 2);

	return end == NULL ? s.len : (size_t)(end - s.ptr) + 2;
}

static size_t
word_length(struct slice s)
{
	size_t n = 0;

	if (is_quote(s.ptr[0]))
		return behind_quoted(s, 0);
	if (s.ptr[0] == '(')
		return behind_brackets(s, 0);
	if (slice_starts(s, "/*"))
		return behind_comment(s);
	/* b'101': a word and its string are one */
	while (n < s.len && is_word_byte(s.ptr[n]))
		n++;
	if (n == 1 && n < s.len && s.ptr[n] == '\'' && (s.ptr[0] | 0x20) == 'b')
		return behind_quoted(s, n);
	return n == 0 ? 1 : n;
}

bool
words_next(struct words *w)
{
	w->rest = slice_trim(w->rest);
	if (w->rest.len == 0)
		return false;
	size_t len = word_length(w->rest);

	w->word = slice_cut(w->rest, 0, len);
	w->rest = slice_cut(w->rest, len, w->rest.len);
	return true;
}

bool
words_take(struct words *w, const char *word)
{
	struct words ahead = *w;

	if (!words_next(&ahead) || !slice_eq_nocase(ahead.word, slice_str(word)))
		return false;
	*w = ahead;
	return true;
}

void
words_take_brackets(struct words *w, struct slice *out)
{
	struct words ahead = *w;

	*out = slice_cut(w->rest, 0, 0);
	if (words_next(&ahead) && ahead.word.ptr[0] == '(') {
		*out = ahead.word;
		*w = ahead;
	}
}

bool
word_is_one_of(struct slice word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (slice_eq_nocase(word, slice_str(*words)))
			return true;
	return false;
}
