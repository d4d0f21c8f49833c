#include "binlog/json.h"

#include "base/parse.h"
#include "binlog/cursor.h"
#include "binlog/decimal.h"
#include "binlog/tablemap.h"
#include "binlog/temporal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* clang-format off */
enum json_type {
	JSON_SMALL_OBJECT, JSON_LARGE_OBJECT, JSON_SMALL_ARRAY, JSON_LARGE_ARRAY,
	JSON_LITERAL, JSON_INT16, JSON_UINT16, JSON_INT32, JSON_UINT32, JSON_INT64, JSON_UINT64,
	JSON_DOUBLE, JSON_STRING, JSON_OPAQUE = 15,
};
/* clang-format on */

/* An object or array of which some members are printed already. */
struct level {
	struct slice bytes; /* from its count on */
	bool object;
	size_t width; /* of its offsets */
	size_t count, next;
};

struct printer {
	struct buf out;
	/* Members and bytes that may still come: not more than the document has. Offsets that lead to the
	 * same place again and again would make any length of a few bytes. */
	size_t left;
	struct level levels[JSON_DEPTH_MAX];
	int depth;
};

/* ---- Scalars */

enum {
	DOUBLE_DIGITS = 17,   /* enough to read any back */
	DOUBLE_TEXT_MAX = 32, /* with sign, point and exponent */
};

/* The letter behind the backslash. */
static char
escape_letter(uint8_t c)
{
	static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *at = c == 0 ? NULL : strchr(escaped, c);

	return at == NULL ? 0 : letters[at - escaped];
}

static void
put_string(struct buf *out, struct slice s)
{
	size_t from = 0;

	buf_add_char(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.ptr[i];

		if (c >= ' ' && c != '"' && c != '\\')
			continue;
		buf_add(out, s.ptr + from, i - from);
		from = i + 1;
		if (escape_letter(c) != 0)
			buf_addf(out, "\\%c", escape_letter(c));
		else
			buf_addf(out, "\\u%04x", c);
	}
	buf_add(out, s.ptr + from, s.len - from);
	buf_add_char(out, '"');
}

/* "e-07" */
static int
exponent(const char *at)
{
	int v = 0;

	for (const char *p = at + 2; *p != 0; p++)
		v = 10 * v + *p - '0';
	return at[1] == '-' ? -v : v;
}

/* The fewest digits that read back, and the place of the point behind the first one. */
static int
shortest(double d, char text[DOUBLE_TEXT_MAX], int *point)
{
	char *at;
	int precision = 0, n = 0;

	do
		snprintf(text, DOUBLE_TEXT_MAX, "%.*e", precision, fabs(d));
	while (++precision < DOUBLE_DIGITS && fabs(strtod(text, NULL) - fabs(d)) > 0);
	at = strchr(text, 'e');
	*point = d < 0 || d > 0 ? exponent(at) + 1 : 1;
	for (char *p = text; p < at; p++)
		if (*p != '.')
			text[n++] = *p;
	while (n > 1 && text[n - 1] == '0')
		n--;
	return n;
}

/* As the server prints it: without an exponent where the point stands in the digits or not far away, and
 * then with a fraction always. Infinite, or no number: in no JSON. */
static bool
put_double(struct buf *out, double d)
{
	enum { POINT_MIN = -14, POINT_MAX = 15 };
	char digits[DOUBLE_TEXT_MAX];
	int point, n;

	if (!isfinite(d))
		return false;
	n = shortest(d, digits, &point);
	if (signbit(d))
		buf_add_char(out, '-');
	if (point < POINT_MIN || point > POINT_MAX)
		buf_addf(
		    out, "%c%s%.*se%d", digits[0], n > 1 ? "." : "", n - 1, digits + 1, point - 1);
	else if (point <= 0)
		buf_addf(out, "0.%.*s%.*s", -point, "00000000000000", n, digits);
	else if (point >= n)
		buf_addf(out, "%.*s%.*s.0", n, digits, point - n, "000000000000000");
	else
		buf_addf(out, "%.*s.%.*s", point, digits, n - point, digits + point);
	return true;
}

static bool
put_literal(struct buf *out, uint64_t v)
{
	static const char *const words[] = { "null", "true", "false" };

	if (v >= sizeof(words) / sizeof(words[0]))
		return false;
	buf_add_str(out, words[v]);
	return true;
}

/* Groups of 7 bits; five hold any length that fits in. */
static size_t
read_length(struct cursor *c)
{
	uint64_t len = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint64_t byte = cursor_le(c, 1);

		len |= (byte & 0x7f) << shift;
		if (byte < 0x80)
			return (size_t)len;
	}
	c->failed = true;
	return 0;
}

/* ---- What a column of another type held */

/* Lines of 76, each but the last with its end. */
static void
put_base64(struct buf *out, struct slice s)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	enum { LINE_BYTES = 57 };

	for (size_t i = 0; i < s.len; i += 3) {
		uint32_t v = (uint32_t)s.ptr[i] << 16;

		if (i > 0 && i % LINE_BYTES == 0)
			buf_add_str(out, "\\n");
		v |= i + 1 < s.len ? (uint32_t)s.ptr[i + 1] << 8 : 0;
		v |= i + 2 < s.len ? s.ptr[i + 2] : 0;
		buf_addf(out, "%c%c%c%c", letters[v >> 18], letters[v >> 12 & 63],
		    i + 1 < s.len ? letters[v >> 6 & 63] : '=',
		    i + 2 < s.len ? letters[v & 63] : '=');
	}
}

static bool
put_decimal(struct buf *out, struct slice s)
{
	char text[DECIMAL_TEXT_MAX];
	struct cursor c = cursor_of(s);
	int precision = (int)cursor_le(&c, 1), scale = (int)cursor_le(&c, 1);

	if (c.failed || precision < 1 || precision > DECIMAL_DIGITS_MAX || scale > precision ||
	    scale > DECIMAL_SCALE_MAX)
		return false;
	size_t len = decimal_read(&c, precision, scale, text);
	buf_add(out, text, len);
	return len > 0;
}

/* The sign, and 24 bits of microseconds below hour, minute, second and what is above them. */
static bool
put_temporal(struct buf *out, uint8_t type, struct slice s)
{
	struct cursor c = cursor_of(s);
	int64_t packed = (int64_t)cursor_le(&c, 8);
	uint64_t v = packed < 0 ? -(uint64_t)packed : (uint64_t)packed, high = v >> 41;
	unsigned micro = v & 0xffffff, hms = v >> 24 & 0x1ffff, day = high & 31,
		 month = (unsigned)((high >> 5) % 13), year = (unsigned)((high >> 5) / 13);

	if (c.failed)
		return false;
	if (type == BINLOG_TIME)
		buf_addf(out, "\"%s%02u:%02u:%02u.%06u\"", packed < 0 ? "-" : "",
		    (unsigned)(v >> 36 & 0x3ff), hms >> 6 & 63, hms & 63, micro);
	else if (type == BINLOG_DATE)
		buf_addf(out, "\"%04u-%02u-%02u\"", year, month, day);
	else
		buf_addf(out, "\"%04u-%02u-%02u %02u:%02u:%02u.%06u\"", year, month, day, hms >> 12,
		    hms >> 6 & 63, hms & 63, micro);
	return true;
}

static bool
put_opaque(struct printer *p, struct cursor *c)
{
	uint8_t type = (uint8_t)cursor_le(c, 1);
	size_t len = read_length(c);
	struct slice s = cursor_bytes(c, len);

	if (c->failed || s.len > p->left)
		return false;
	p->left -= s.len;
	if (type == BINLOG_DECIMAL)
		return put_decimal(&p->out, s);
	if (type == BINLOG_DATE || type == BINLOG_TIME || type == BINLOG_DATETIME ||
	    type == BINLOG_TIMESTAMP)
		return put_temporal(&p->out, type, s);
	buf_addf(&p->out, "\"base64:type%u:", type);
	put_base64(&p->out, s);
	buf_add_char(&p->out, '"');
	return true;
}

static bool
put_sized_string(struct printer *p, struct cursor *c)
{
	size_t len = read_length(c);
	struct slice s = cursor_bytes(c, len);

	if (c->failed || s.len > p->left)
		return false;
	p->left -= s.len;
	put_string(&p->out, s);
	return true;
}

/* ---- Objects and arrays */

/* Opens it: its members follow. */
static bool
enter(struct printer *p, enum json_type type, struct slice bytes)
{
	struct level *l = &p->levels[p->depth];
	struct cursor c = cursor_of(bytes);

	if (p->depth == JSON_DEPTH_MAX)
		return false;
	*l = (struct level){ .object = type == JSON_SMALL_OBJECT || type == JSON_LARGE_OBJECT };
	l->width = type == JSON_LARGE_OBJECT || type == JSON_LARGE_ARRAY ? 4 : 2;
	l->count = (size_t)cursor_le(&c, l->width);
	l->bytes = slice_cut(bytes, 0, (size_t)cursor_le(&c, l->width));
	p->depth++;
	buf_add_char(&p->out, l->object ? '{' : '[');
	return !c.failed;
}

static bool
put_number(struct buf *out, enum json_type type, struct cursor *c)
{
	uint64_t bits;
	double d;

	switch (type) {
	case JSON_LITERAL: return put_literal(out, cursor_le(c, 1));
	case JSON_INT16: buf_addf(out, "%d", (int16_t)cursor_le(c, 2)); return true;
	case JSON_UINT16: buf_addf(out, "%u", (uint16_t)cursor_le(c, 2)); return true;
	case JSON_INT32: buf_addf(out, "%" PRId32, (int32_t)cursor_le(c, 4)); return true;
	case JSON_UINT32: buf_addf(out, "%" PRIu32, (uint32_t)cursor_le(c, 4)); return true;
	case JSON_INT64: buf_addf(out, "%" PRId64, (int64_t)cursor_le(c, 8)); return true;
	case JSON_UINT64: buf_addf(out, "%" PRIu64, cursor_le(c, 8)); return true;
	case JSON_DOUBLE:
		bits = cursor_le(c, sizeof(d));
		memcpy(&d, &bits, sizeof(d));
		return put_double(out, d);
	case JSON_SMALL_OBJECT:
	case JSON_LARGE_OBJECT:
	case JSON_SMALL_ARRAY:
	case JSON_LARGE_ARRAY:
	case JSON_STRING:
	case JSON_OPAQUE: break;
	}
	return false;
}

/* What begins with bytes; of one that stands in its entry these are all. */
static bool
put_value(struct printer *p, uint8_t type, struct slice bytes)
{
	struct cursor c = cursor_of(bytes);
	bool ok;

	if (p->left-- == 0)
		return false;
	if (type <= JSON_LARGE_ARRAY)
		return enter(p, (enum json_type)type, bytes);
	if (type == JSON_STRING)
		return put_sized_string(p, &c);
	if (type == JSON_OPAQUE)
		return put_opaque(p, &c);
	ok = put_number(&p->out, (enum json_type)type, &c);
	return ok && !c.failed;
}

static bool
stands_in_entry(uint8_t type, size_t width)
{
	return type == JSON_LITERAL || type == JSON_INT16 || type == JSON_UINT16 ||
	    (width == 4 && (type == JSON_INT32 || type == JSON_UINT32));
}

static bool
put_key(struct printer *p, const struct level *l, size_t entry)
{
	struct cursor c = cursor_of(slice_cut(l->bytes, entry, l->bytes.len));
	size_t at = (size_t)cursor_le(&c, l->width), len = (size_t)cursor_le(&c, 2);

	if (c.failed || at > l->bytes.len || len > l->bytes.len - at || len > p->left)
		return false;
	p->left -= len;
	put_string(&p->out, slice_cut(l->bytes, at, at + len));
	buf_add_str(&p->out, ": ");
	return true;
}

static bool
put_member(struct printer *p, struct level *l)
{
	size_t i = l->next++, head = 2 * l->width, key = l->width + 2, value = l->width + 1;
	size_t keys = l->object ? l->count * key : 0;
	struct cursor c;
	uint8_t type;

	if (i > 0)
		buf_add_str(&p->out, ", ");
	if (l->object && !put_key(p, l, head + i * key))
		return false;
	c = cursor_of(slice_cut(l->bytes, head + keys + i * value, l->bytes.len));
	type = (uint8_t)cursor_le(&c, 1);
	if (!c.failed && stands_in_entry(type, l->width))
		return put_value(p, type, cursor_bytes(&c, l->width));
	size_t at = (size_t)cursor_le(&c, l->width);
	/* behind its entry: nothing holds itself */
	if (c.failed || at <= head || at >= l->bytes.len)
		return false;
	return put_value(p, type, slice_cut(l->bytes, at, l->bytes.len));
}

static bool
put_document(struct printer *p, struct slice doc)
{
	bool ok = put_value(p, doc.ptr[0], slice_cut(doc, 1, doc.len));

	while (ok && p->depth > 0) {
		struct level *l = &p->levels[p->depth - 1];

		if (l->next < l->count) {
			ok = put_member(p, l);
			continue;
		}
		buf_add_char(&p->out, l->object ? '}' : ']');
		p->depth--;
	}
	return ok;
}

bool
json_text(struct slice doc, struct arena *a, struct slice *out)
{
	struct printer *p = arena_new(a, struct printer);
	bool ok;

	if (doc.len == 0) {
		*out = slice_str("null");
		return true;
	}
	buf_init(&p->out);
	p->left = doc.len;
	ok = put_document(p, doc);
	*out = ok ? arena_dup(a, buf_slice(&p->out)) : SLICE_NULL;
	buf_done(&p->out);
	return ok;
}

/* ---- A text's numbers */

static bool
is_number_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Digits in front of the exponent, without zeros at either end. */
static size_t
count_digits(struct slice s)
{
	size_t n = 0, zeros = 0;

	for (size_t i = 0; i < s.len && (s.ptr[i] | 0x20) != 'e'; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			continue;
		zeros = s.ptr[i] == '0' ? zeros + 1 : 0;
		n += n > 0 || s.ptr[i] != '0';
	}
	return n > zeros ? n - zeros : 0;
}

static bool
is_rounded(struct slice s)
{
	enum { EXACT_DIGITS = 17 };
	int64_t i;
	uint64_t u;
	struct err err;

	for (size_t at = 0; at < s.len; at++)
		if (s.ptr[at] == '.' || (s.ptr[at] | 0x20) == 'e')
			return count_digits(s) > EXACT_DIGITS;
	return parse_i64(s, &i, &err) != 0 && parse_u64(s, &u, &err) != 0;
}

struct slice
json_rounded(struct slice text)
{
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		size_t end = i;

		if (quoted && text.ptr[i] == '\\')
			i++;
		else if (text.ptr[i] == '"')
			quoted = !quoted;
		if (quoted || text.ptr[i] < '-' || text.ptr[i] > '9' || text.ptr[i] == '/')
			continue;
		while (end < text.len && is_number_byte(text.ptr[end]))
			end++;
		if (is_rounded(slice_cut(text, i, end)))
			return slice_cut(text, i, end);
		i = end > i ? end - 1 : i;
	}
	return SLICE_NULL;
}

size_t
json_depth(struct slice text)
{
	size_t depth = 0, most = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == '{'))
			most = ++depth > most ? depth : most;
		else if (!quoted && (c == ']' || c == '}'))
			depth -= depth > 0;
	}
	return most;
}
