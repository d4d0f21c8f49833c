/*
 * slice.h - borrowed bytes: a pointer and a length, no NUL.
 *
 * A slice owns nothing; whoever returns one says until when it is valid.
 * An empty slice may have any pointer. slice_is_null() tells SQL NULL-like
 * absence (ptr == NULL) from empty.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *ptr;
	size_t len;
};

#define SLICE_NULL   ((struct slice){ NULL, 0 })
/* For printf("%.*s", SLICE_ARG(s)). */
#define SLICE_ARG(s) (int)(s).len, (const char *)(s).ptr

static inline struct slice
slice_of(const void *ptr, size_t len)
{
	return (struct slice){ ptr, len };
}

static inline struct slice
slice_str(const char *str)
{
	return (struct slice){ (const uint8_t *)str, strlen(str) };
}

static inline bool
slice_is_null(struct slice s)
{
	return s.ptr == NULL;
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool
slice_eq_str(struct slice a, const char *b)
{
	return slice_eq(a, slice_str(b));
}

/* Bytes [from, to); both are clamped to the slice. */
static inline struct slice
slice_cut(struct slice s, size_t from, size_t to)
{
	if (to > s.len)
		to = s.len;
	if (from > to)
		from = to;
	return (struct slice){ s.ptr == NULL ? NULL : s.ptr + from, to - from };
}

/* memcmp order, shorter first: <0, 0, >0. */
static inline int
slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);

	if (c != 0)
		return c;
	return a.len < b.len ? -1 : a.len > b.len;
}

bool slice_eq_nocase(struct slice a, struct slice b); /* ASCII only */
bool slice_starts(struct slice s, const char *prefix);
bool slice_contains(struct slice s, const char *part);
bool slice_starts_nocase(struct slice s, const char *prefix); /* ASCII only */
struct slice slice_trim(struct slice s); /* blanks, tabs, CR, LF off both ends */
/* Splits at the first sep: *head gets what is before, the rest is returned (NULL slice when
 * there is no sep). */
struct slice slice_split(struct slice s, char sep, struct slice *head);

#endif
