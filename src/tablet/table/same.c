#include "tablet/table/same.h"

#include "tablet/table/json_meaning.h"

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

/* What cannot be read as a number, or as JSON, is itself. */
static void
add_told(struct buf *out, const struct column_type *t, struct slice value)
{
	bool number = t->kind == COLUMN_FLOAT || t->kind == COLUMN_DOUBLE;
	size_t before = out->len;
	double x;

	if (number && read_double(value, &x)) {
		x = t->common && x == 0 ? 0 : x;
		buf_add(out, &x, sizeof(x));
		return;
	}
	if (t->kind == COLUMN_JSON && t->common && json_meaning(out, value))
		return;
	buf_truncate(out, before);
	buf_add_slice(out, value);
}

void
same_bytes(struct buf *out, const struct column_type *t, struct slice value)
{
	size_t at = out->len;
	uint32_t len = UINT32_MAX; /* NULL */

	buf_add(out, &len, sizeof(len));
	if (slice_is_null(value))
		return;
	add_told(out, t, value);
	len = (uint32_t)(out->len - at - sizeof(len));
	memcpy(out->data + at, &len, sizeof(len));
}
