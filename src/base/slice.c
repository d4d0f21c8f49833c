#include "base/slice.h"

/* Not tolower(3): a locale must not change what a keyword is. */
static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool
blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool
slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	return true;
}

bool
slice_starts(struct slice s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && slice_eq(slice_cut(s, 0, len), slice_str(prefix));
}

bool
slice_contains(struct slice s, const char *part)
{
	return s.len > 0 && memmem(s.ptr, s.len, part, strlen(part)) != NULL;
}

bool
slice_starts_nocase(struct slice s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && slice_eq_nocase(slice_cut(s, 0, len), slice_str(prefix));
}

struct slice
slice_trim(struct slice s)
{
	size_t from = 0, to = s.len;

	while (from < to && blank(s.ptr[from]))
		from++;
	while (to > from && blank(s.ptr[to - 1]))
		to--;
	return slice_cut(s, from, to);
}

struct slice
slice_split(struct slice s, char sep, struct slice *head)
{
	const uint8_t *at = s.len == 0 ? NULL : memchr(s.ptr, sep, s.len);

	if (at == NULL) {
		*head = s;
		return SLICE_NULL;
	}
	size_t len = (size_t)(at - s.ptr);

	*head = slice_cut(s, 0, len);
	return slice_cut(s, len + 1, s.len);
}
