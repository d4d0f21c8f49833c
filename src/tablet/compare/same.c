#include "tablet/compare/same.h"

#include "tablet/compare/json_meaning.h"

#include <stdlib.h>

/* Of a double that a server prints: sign, 309 digits, and 30 behind the point in FLOAT(M,D). */
enum { NUMBER_MAX = 400 };

static bool
read_double(struct slice s, double *out)
{
	char text[NUMBER_MAX];
	char *end;

	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	*out = strtod(text, &end);
	return *end == '\0';
}

/* MariaDB has no -0: between flavours it comes as 0. */
static bool
same_double(const struct column_type *t, struct slice a, struct slice b)
{
	double x, y;

	if (!read_double(a, &x) || !read_double(b, &y))
		return false;
	return memcmp(&x, &y, sizeof(x)) == 0 || (t->common && x == 0 && y == 0);
}

static bool
same_json(struct slice a, struct slice b)
{
	SCOPED(buf) struct buf x = BUF_INIT;
	SCOPED(buf) struct buf y = BUF_INIT;

	return json_meaning(&x, a) && json_meaning(&y, b) && slice_eq(buf_slice(&x), buf_slice(&y));
}

bool
same_value(const struct column_type *t, struct slice a, struct slice b)
{
	if (slice_is_null(a) || slice_is_null(b))
		return slice_is_null(a) && slice_is_null(b);
	if (slice_eq(a, b))
		return true;
	if (t->kind == COLUMN_FLOAT || t->kind == COLUMN_DOUBLE)
		return same_double(t, a, b);
	return t->kind == COLUMN_JSON && t->common && same_json(a, b);
}
