#include "binlog/column.h"

#include "base/check.h"
#include "base/mutant.h"
#include "base/parse.h"
#include "binlog/decimal.h"
#include "binlog/json.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIGN_BIT (UINT64_C(1) << 63)

static void
add_be(struct buf *out, uint64_t v)
{
	uint8_t bytes[8];

	for (int i = 7; i >= 0; i--, v >>= 8)
		bytes[i] = (uint8_t)v;
	buf_add(out, bytes, sizeof(bytes));
}

/*
 * 00 is written 00 ff and the end 00 00, so that no value is the beginning of another and memcmp
 * sorts them.
 */
static void
add_bytes(struct buf *out, struct slice s)
{
	while (s.len > 0) {
		const uint8_t *nul = memchr(s.ptr, 0, s.len);
		size_t n = nul == NULL ? s.len : (size_t)(nul - s.ptr) + 1;
		buf_add(out, s.ptr, n);
		if (nul != NULL)
			buf_add_char(out, (char)0xff);
		s = slice_cut(s, n, s.len);
	}
	buf_add(out, "\0\0", 2);
}

/* ZEROFILL shows leading zeros. */
static bool
add_number(struct buf *out, const struct column_type *t, struct slice s)
{
	bool is_signed = t->kind == COLUMN_INT && !t->is_unsigned;
	uint64_t u = 0;
	int64_t i = 0;
	struct err err;

	if (is_signed && parse_i64(s, &i, &err) == 0)
		add_be(out, (uint64_t)i ^ SIGN_BIT);
	else if (!is_signed && parse_u64(s, &u, &err) == 0)
		add_be(out, u);
	else
		return false;
	return true;
}

/* The digits may differ for one number; both zeros are one in any index. */
static bool
add_double(struct buf *out, struct slice s)
{
	char text[400], *end; /* DOUBLE(255,30) shows up to 257 characters */
	uint64_t bits;
	double d;

	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = 0;
	d = strtod(text, &end);
	if (end != text + s.len)
		return false;
	if (d == 0)
		d = 0;
	memcpy(&bits, &d, sizeof(bits));
	add_be(out, bits & SIGN_BIT ? ~bits : bits | SIGN_BIT);
	return true;
}

static bool
add_decimal(struct buf *out, const struct column_type *t, struct slice s)
{
	char text[DECIMAL_TEXT_MAX];
	size_t len = decimal_canonical(s, t->precision, t->scale, text);

	if (len > 0)
		add_bytes(out, slice_of(text, len));
	return len > 0;
}

static bool
add_key(struct buf *out, const struct column_type *t, struct slice value)
{
	switch (t->kind) {
	case COLUMN_INT:
	case COLUMN_YEAR:
	case COLUMN_ENUM:
	case COLUMN_SET:
	case COLUMN_BIT: return add_number(out, t, value);
	case COLUMN_FLOAT:
	case COLUMN_DOUBLE: return add_double(out, value);
	case COLUMN_DECIMAL: return add_decimal(out, t, value);
	case COLUMN_STRING:
	case COLUMN_BYTES:
	case COLUMN_JSON:
	case COLUMN_ADDRESS:
	case COLUMN_GEOMETRY:
	case COLUMN_VECTOR:
	case COLUMN_DATE:
	case COLUMN_TIME:
	case COLUMN_DATETIME:
	case COLUMN_TIMESTAMP: return false;
	}
	unreachable();
}

/* Text that is no number of the column's type (no server sends it) still has bytes of its own. */
void
key_bytes(struct buf *out, const struct column_type *type, struct slice value)
{
	if (mutant("binlog_key_bytes") || !add_key(out, type, value))
		add_bytes(out, value);
}

static void
add_escaped(struct buf *out, struct slice s)
{
	static const char escapes[256] = { [0] = '0', ['\''] = '\'', ['\\'] = '\\' };
	size_t from = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] > '\\' || (escapes[s.ptr[i]] == 0))
			continue;
		buf_add(out, s.ptr + from, i - from);
		buf_add_char(out, '\\');
		buf_add_char(out, escapes[s.ptr[i]]);
		from = i + 1;
	}
	buf_add(out, s.ptr + from, s.len - from);
}

static void
add_quoted(struct buf *out, const char *charset, struct slice value)
{
	buf_reserve(out, value.len + 40);
	if (charset[0] != 0) {
		buf_add_char(out, '_');
		buf_add_str(out, charset);
	}
	buf_add_char(out, '\'');
	add_escaped(out, value);
	buf_add_char(out, '\'');
}

/* With an exponent, a literal is a double and no decimal, and "-0e0" keeps its sign. */
static void
add_double_literal(struct buf *out, struct slice value)
{
	buf_add_slice(out, value);
	if (memchr(value.ptr, 'e', value.len) == NULL)
		buf_add_str(out, "e0");
}

void
column_literal(struct buf *out, const struct column_type *type, struct slice value)
{
	if (slice_is_null(value)) {
		buf_add_str(out, "NULL");
		return;
	}
	switch (type->kind) {
	case COLUMN_INT:
	case COLUMN_YEAR:
	case COLUMN_DECIMAL:
	case COLUMN_ENUM:
	case COLUMN_SET:
	case COLUMN_BIT: buf_add_slice(out, value); break;
	case COLUMN_FLOAT:
	case COLUMN_DOUBLE: add_double_literal(out, value); break;
	case COLUMN_STRING:
	case COLUMN_JSON: add_quoted(out, type->charset, value); break;
	case COLUMN_BYTES:
	case COLUMN_ADDRESS:
	case COLUMN_GEOMETRY:
	case COLUMN_VECTOR:
	case COLUMN_DATE:
	case COLUMN_TIME:
	case COLUMN_DATETIME:
	case COLUMN_TIMESTAMP: add_quoted(out, "", value); break;
	}
}

bool
column_is_unsayable(const struct column_type *type, struct slice value)
{
	return type->kind == COLUMN_ENUM && slice_eq_str(value, "0");
}

/* As the servers do it (truncate_double() in MariaDB's sql/field.cc): only the fraction is rounded. */
static double
round_fraction(double v, int digits)
{
	double whole = floor(v), scale = pow(10, digits);

	return isinf(v) ? v : whole + rint((v - whole) * scale) / scale;
}

static bool
keeps(const struct column_type *type, struct slice value)
{
	char text[400]; /* DOUBLE(255,30) shows up to 257 characters */
	double v, rounded;

	if (value.len >= sizeof(text))
		return true;
	memcpy(text, value.ptr, value.len);
	text[value.len] = 0;
	v = strtod(text, NULL);
	rounded = round_fraction(v, type->scale);
	return type->kind == COLUMN_FLOAT ? (float)v == (float)rounded
					  : !(v < rounded || v > rounded);
}

static enum column_fit
json_fit(const struct column_type *type, struct slice value, struct slice *what)
{
	*what = json_rounded(value);
	if (!slice_is_null(*what))
		return COLUMN_ROUNDED;
	if (type->common && json_depth(value) > JSON_DEPTH_COMMON && !mutant("binlog_json_depth"))
		return COLUMN_TOO_DEEP;
	return COLUMN_FITS;
}

static enum column_fit
vector_fit(const struct column_type *type, struct slice value)
{
	double squares = 0;

	if (!type->common)
		return COLUMN_FITS;
	if (value.len != type->length)
		return COLUMN_TOO_FEW;
	for (size_t i = 0; i + sizeof(float) <= value.len; i += sizeof(float)) {
		float f;

		memcpy(&f, value.ptr + i, sizeof(f));
		squares += (double)f * (double)f;
	}
	return squares > (double)FLT_MAX ? COLUMN_TOO_LONG : COLUMN_FITS;
}

enum column_fit
column_fit(const struct column_type *type, struct slice value, struct slice *what)
{
	*what = value;
	if (slice_is_null(value))
		return COLUMN_FITS;
	if (type->kind == COLUMN_JSON)
		return json_fit(type, value, what);
	if (type->kind == COLUMN_VECTOR)
		return vector_fit(type, value);
	return type->rounds && !keeps(type, value) ? COLUMN_ROUNDED : COLUMN_FITS;
}
