#include "binlog/coltype.h"

#include "base/check.h"
#include "base/mutant.h"
#include "base/parse.h"
#include "binlog/decimal.h"
#include "binlog/json.h"
#include "binlog/packed.h"
#include "binlog/temporal.h"

#include <inttypes.h>
#include <stdio.h>

/* --- from the definition --- */

struct type_name {
	const char *name;
	enum column_kind kind;
	bool fixed;
	/* INT, ADDRESS: bytes of the value; TEXT and BLOB: most bytes; 0: the definition says */
	uint32_t length;
};

static const struct type_name type_names[] = {
	{ "tinyint", COLUMN_INT, false, 1 },
	{ "smallint", COLUMN_INT, false, 2 },
	{ "mediumint", COLUMN_INT, false, 3 },
	{ "int", COLUMN_INT, false, 4 },
	{ "bigint", COLUMN_INT, false, 8 },
	{ "float", COLUMN_FLOAT, false, 0 },
	{ "double", COLUMN_DOUBLE, false, 0 },
	{ "decimal", COLUMN_DECIMAL, false, 0 },
	{ "year", COLUMN_YEAR, false, 0 },
	{ "bit", COLUMN_BIT, false, 0 },
	{ "date", COLUMN_DATE, false, 0 },
	{ "time", COLUMN_TIME, false, 0 },
	{ "datetime", COLUMN_DATETIME, false, 0 },
	{ "timestamp", COLUMN_TIMESTAMP, false, 0 },
	{ "char", COLUMN_STRING, true, 0 },
	{ "varchar", COLUMN_STRING, false, 0 },
	{ "tinytext", COLUMN_STRING, false, 255 },
	{ "text", COLUMN_STRING, false, 65535 },
	{ "mediumtext", COLUMN_STRING, false, 16777215 },
	{ "longtext", COLUMN_STRING, false, UINT32_MAX },
	{ "binary", COLUMN_BYTES, true, 0 },
	{ "varbinary", COLUMN_BYTES, false, 0 },
	{ "tinyblob", COLUMN_BYTES, false, 255 },
	{ "blob", COLUMN_BYTES, false, 65535 },
	{ "mediumblob", COLUMN_BYTES, false, 16777215 },
	{ "longblob", COLUMN_BYTES, false, UINT32_MAX },
	{ "enum", COLUMN_ENUM, false, 0 },
	{ "set", COLUMN_SET, false, 0 },
	{ "json", COLUMN_JSON, false, UINT32_MAX },
	{ "uuid", COLUMN_ADDRESS, true, 16 },
	{ "inet4", COLUMN_ADDRESS, true, 4 },
	{ "inet6", COLUMN_ADDRESS, true, 16 },
	{ "vector", COLUMN_VECTOR, false, 0 },
	{ "geometry", COLUMN_GEOMETRY, false, UINT32_MAX },
	{ "point", COLUMN_GEOMETRY, false, UINT32_MAX },
	{ "linestring", COLUMN_GEOMETRY, false, UINT32_MAX },
	{ "polygon", COLUMN_GEOMETRY, false, UINT32_MAX },
	{ "multipoint", COLUMN_GEOMETRY, false, UINT32_MAX },
	{ "multilinestring", COLUMN_GEOMETRY, false, UINT32_MAX },
	{ "multipolygon", COLUMN_GEOMETRY, false, UINT32_MAX },
	{ "geometrycollection", COLUMN_GEOMETRY, false, UINT32_MAX },
	{ "geomcollection", COLUMN_GEOMETRY, false, UINT32_MAX },
};

static const struct type_name *
find_type(struct slice name)
{
	for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
		if (slice_eq_nocase(name, slice_str(type_names[i].name)))
			return &type_names[i];
	return NULL;
}

/*
 * "name(args) attributes" in its three parts. Members of ENUM may contain anything but end before
 * the last ')'.
 */
static void
split_type(struct slice text, struct slice *name, struct slice *args, struct slice *attributes)
{
	size_t n = 0, close = text.len;

	while (n < text.len && text.ptr[n] != '(' && text.ptr[n] != ' ')
		n++;
	*name = slice_cut(text, 0, n);
	*args = SLICE_NULL;
	if (n < text.len && text.ptr[n] == '(') {
		while (close > n + 1 && text.ptr[close - 1] != ')')
			close--;
		*args = slice_cut(text, n + 1, close - 1);
		n = close;
	}
	*attributes = slice_trim(slice_cut(text, n, text.len));
}

bool
coltype_named(struct slice name, struct column_type *out)
{
	const struct type_name *known = find_type(name);

	*out = (struct column_type){ 0 };
	if (known == NULL)
		return false;
	out->kind = known->kind;
	out->fixed = known->fixed;
	if (known->kind == COLUMN_INT)
		out->int_bytes = (uint8_t)known->length;
	else
		out->length = known->length;
	return true;
}

static bool
read_attributes(struct slice attributes, struct column_type *out)
{
	while (attributes.len > 0) {
		struct slice word;
		attributes = slice_trim(slice_split(attributes, ' ', &word));
		if (slice_eq_nocase(word, slice_str("unsigned")))
			out->is_unsigned = true;
		else if (slice_eq_str(word, "COMPRESSED*/"))
			out->compressed = true;
		else if (slice_eq_str(word, "/*M!100301"))
			continue;
		else if (!slice_eq_nocase(word, slice_str("zerofill")))
			return false;
	}
	return true;
}

/* One or two numbers; absent ones are 0. */
static bool
read_numbers(struct slice args, int *first, int *second)
{
	enum { NUMBER_MAX = 65535 }; /* VARBINARY(65535) is the largest a definition may say */
	struct slice head, tail;
	struct err err;

	if (slice_is_null(args))
		return true;
	tail = slice_split(args, ',', &head);
	return parse_int(slice_trim(head), 0, NUMBER_MAX, first, &err) == 0 &&
	    (slice_is_null(tail) || parse_int(slice_trim(tail), 0, NUMBER_MAX, second, &err) == 0);
}

/* Members of "'a','it''s',''": each opens and closes with a quote, and one inside is doubled. */
static uint32_t
count_members(struct slice args)
{
	uint32_t members = 0;
	bool inside = false;

	for (size_t i = 0; i < args.len; i++) {
		if (args.ptr[i] != '\'')
			continue;
		if (inside && i + 1 < args.len && args.ptr[i + 1] == '\'') {
			i++;
			continue;
		}
		inside = !inside;
		members += inside;
	}
	return members;
}

static bool
apply_numbers(struct column_type *t, int first, int second)
{
	switch (t->kind) {
	case COLUMN_DECIMAL:
		t->precision = (uint8_t)first;
		t->scale = (uint8_t)second;
		return first >= 1 && first <= DECIMAL_DIGITS_MAX && second <= DECIMAL_SCALE_MAX &&
		    second <= first;
	case COLUMN_BIT: t->length = (uint32_t)first; return first >= 1 && first <= 64;
	case COLUMN_TIME:
	case COLUMN_DATETIME:
	case COLUMN_TIMESTAMP: t->fsp = (uint8_t)first; return first <= TEMPORAL_FRACTION_MAX;
	case COLUMN_YEAR: return first == 4 || first == 0; /* YEAR(2) shows only two digits */
	case COLUMN_STRING:
	case COLUMN_BYTES:
		if (t->length == 0)
			t->length = (uint32_t)first;
		return true;
	case COLUMN_VECTOR: t->length = (uint32_t)first * sizeof(float); return first >= 1;
	case COLUMN_ADDRESS:
	case COLUMN_GEOMETRY:
	case COLUMN_INT:
	case COLUMN_FLOAT:
	case COLUMN_DOUBLE:
	case COLUMN_DATE:
	case COLUMN_ENUM:
	case COLUMN_JSON:
	case COLUMN_SET: break;
	}
	return true;
}

static bool
read_type(struct slice text, struct column_type *out)
{
	struct slice name, args, attributes;
	int first = 0, second = 0;

	split_type(text, &name, &args, &attributes);
	if (!coltype_named(name, out) || !read_attributes(attributes, out))
		return false;
	if (out->kind == COLUMN_ENUM || out->kind == COLUMN_SET) {
		out->length = count_members(args);
		return true;
	}
	return read_numbers(args, &first, &second) && apply_numbers(out, first, second);
}

static bool
ends_with(struct slice s, const char *end)
{
	size_t n = strlen(end);

	return s.len >= n && slice_eq_str(slice_cut(s, s.len - n, s.len), end);
}

void
coltype_set_json(struct column_type *t)
{
	*t = (struct column_type){ .kind = COLUMN_JSON,
		.rounds = true,
		.charset = "utf8mb4",
		.generated = t->generated,
		.common = t->common };
}

int
column_type_parse(struct slice text, struct slice charset, struct slice collation,
    struct column_type *out, struct err *err)
{
	*out = (struct column_type){ 0 };
	if (!read_type(text, out) || charset.len >= sizeof(out->charset))
		return err_set(err, ERR_REFUSED, "type '%.*s' is not supported", SLICE_ARG(text));
	if (out->kind == COLUMN_JSON)
		coltype_set_json(out);
	if (out->kind != COLUMN_STRING)
		return 0;
	memcpy(out->charset, charset.len == 0 ? (const uint8_t *)"" : charset.ptr, charset.len);
	/* a _bin collation still ignores trailing blanks unless it is a nopad one */
	out->binary_collation = ends_with(collation, "_nopad_bin");
	return 0;
}

/* --- against the wire --- */

/*
 * CHAR(n) and VARCHAR(n) take n times the largest character, of which the wire knows the product
 * only.
 */
static bool
match_chars(const struct column_type *t, uint32_t wire_bytes)
{
	static const struct {
		const char *name;
		uint32_t max;
	} known[] = {
		{ "latin1", 1 },
		{ "ascii", 1 },
		{ "utf8mb3", 3 },
		{ "utf8mb4", 4 },
	};
	enum { CHARACTER_BYTES_MAX = 5 }; /* of any charset of the servers */

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(t->charset, known[i].name) == 0)
			return wire_bytes == t->length * known[i].max;
	return wire_bytes >= t->length && wire_bytes <= t->length * CHARACTER_BYTES_MAX;
}

static bool
match_int(uint32_t bytes, uint8_t type)
{
	static const uint8_t types[9] = {
		[1] = BINLOG_TINY,
		[2] = BINLOG_SHORT,
		[3] = BINLOG_INT24,
		[4] = BINLOG_LONG,
		[8] = BINLOG_LONGLONG,
	};

	return bytes < sizeof(types) && types[bytes] == type && type != 0;
}

/*
 * The new encoding says its fraction; the old one (mysql56_temporal_format=OFF) has none that we
 * could know.
 */
static bool
match_temporal(
    const struct column_type *t, const struct wire_column *w, uint8_t type, uint8_t old_type)
{
	return (w->type == type && w->scale == t->fsp) || (w->type == old_type && t->fsp == 0);
}

/* TEXT and BLOB are named by the largest length that their length field can say. What is compressed has a
 * byte more, its mark. */
static bool
match_text(const struct column_type *t, const struct wire_column *w)
{
	uint32_t bytes = w->length - t->compressed;

	if (w->type == (t->compressed ? BINLOG_BLOB_COMPRESSED : BINLOG_BLOB))
		return !t->fixed && w->length >= 1 && w->length <= 4;
	if (w->type !=
	    (t->compressed     ? BINLOG_VARCHAR_COMPRESSED
		    : t->fixed ? BINLOG_STRING
			       : BINLOG_VARCHAR))
		return false;
	return t->kind == COLUMN_STRING ? match_chars(t, bytes) : bytes == t->length;
}

/* MariaDB's is a VARCHAR there. */
static bool
match_vector(const struct column_type *t, const struct wire_column *w)
{
	if (w->type == BINLOG_VECTOR)
		return w->length == 4;
	return w->type == BINLOG_VARCHAR && w->length == t->length;
}

static bool
matches(const struct column_type *t, const struct wire_column *w)
{
	switch (t->kind) {
	case COLUMN_INT: return match_int(t->int_bytes, w->type);
	case COLUMN_FLOAT: return w->type == BINLOG_FLOAT && w->length == sizeof(float);
	case COLUMN_DOUBLE: return w->type == BINLOG_DOUBLE && w->length == sizeof(double);
	case COLUMN_DECIMAL:
		return w->type == BINLOG_DECIMAL && w->precision == t->precision &&
		    w->scale == t->scale;
	case COLUMN_YEAR: return w->type == BINLOG_YEAR;
	case COLUMN_BIT: return w->type == BINLOG_BIT && w->length == t->length;
	case COLUMN_DATE: return w->type == BINLOG_DATE || w->type == BINLOG_NEWDATE;
	case COLUMN_TIME: return match_temporal(t, w, BINLOG_TIME2, BINLOG_TIME);
	case COLUMN_DATETIME: return match_temporal(t, w, BINLOG_DATETIME2, BINLOG_DATETIME);
	case COLUMN_TIMESTAMP: return match_temporal(t, w, BINLOG_TIMESTAMP2, BINLOG_TIMESTAMP);
	case COLUMN_STRING:
	case COLUMN_BYTES: return match_text(t, w);
	case COLUMN_JSON:
		return (w->type == BINLOG_JSON || w->type == BINLOG_BLOB) && w->length == 4;
	case COLUMN_ADDRESS: return w->type == BINLOG_STRING && w->length == t->length;
	case COLUMN_GEOMETRY: return w->type == BINLOG_GEOMETRY && w->length == 4;
	case COLUMN_VECTOR: return match_vector(t, w);
	case COLUMN_ENUM: return w->type == BINLOG_ENUM && (w->length == 1 || w->length == 2);
	case COLUMN_SET: return w->type == BINLOG_SET && w->length >= 1 && w->length <= 8;
	}
	unreachable();
}

int
coltype_match(const struct column_type *t, const struct wire_column *wire, struct err *err)
{
	if (matches(t, wire))
		return 0;
	return err_set(err, ERR_CONFLICT,
	    "the binlog has a %s (length %u, precision %u, scale %u), the definition another type",
	    binlog_type_name(wire->type), wire->length, wire->precision, wire->scale);
}

/* --- from the wire --- */

/* 40 bytes hold any integer, and any double in 17 digits. */
enum { NUMBER_TEXT_MAX = 40 };

static struct slice
print_uint(struct arena *a, uint64_t v)
{
	char text[NUMBER_TEXT_MAX], *at = text + sizeof(text);

	do
		*--at = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	return arena_dup(a, slice_of(at, (size_t)(text + sizeof(text) - at)));
}

static struct slice
print_int(struct arena *a, int64_t v)
{
	char text[NUMBER_TEXT_MAX];

	if (v >= 0)
		return print_uint(a, (uint64_t)v);
	return arena_dup(a, slice_of(text, (size_t)snprintf(text, sizeof(text), "%" PRId64, v)));
}

/* 17 digits are exact; a float is shown as its double, which never lies above the largest float. */
static struct slice
print_double(struct arena *a, double d)
{
	char text[NUMBER_TEXT_MAX];

	return arena_dup(a, slice_of(text, (size_t)snprintf(text, sizeof(text), "%.17g", d)));
}

static struct slice
decode_int(const struct column_type *t, struct cursor *c, struct arena *a)
{
	uint64_t v = cursor_le(c, t->int_bytes);
	unsigned unused = 64 - 8u * t->int_bytes;

	return t->is_unsigned ? print_uint(a, v) : print_int(a, (int64_t)(v << unused) >> unused);
}

static struct slice
decode_float(struct cursor *c, struct arena *a)
{
	uint32_t bits = (uint32_t)cursor_le(c, sizeof(float));
	float f;

	memcpy(&f, &bits, sizeof(f));
	return print_double(a, (double)f);
}

static struct slice
decode_double(struct cursor *c, struct arena *a)
{
	uint64_t bits = cursor_le(c, sizeof(double));
	double d;

	memcpy(&d, &bits, sizeof(d));
	return print_double(a, d);
}

static size_t
time_text(uint8_t wire, int fsp, struct cursor *c, char *text)
{
	return wire == BINLOG_TIME ? temporal_time_old(c, text) : temporal_time(c, fsp, text);
}

static size_t
datetime_text(uint8_t wire, int fsp, struct cursor *c, char *text)
{
	return wire == BINLOG_DATETIME ? temporal_datetime_old(c, text)
				       : temporal_datetime(c, fsp, text);
}

static size_t
timestamp_text(uint8_t wire, int fsp, struct cursor *c, char *text)
{
	return wire == BINLOG_TIMESTAMP ? temporal_timestamp_old(c, text)
					: temporal_timestamp(c, fsp, text);
}

static size_t
year_text(struct cursor *c, char *text)
{
	unsigned v = (unsigned)cursor_le(c, 1);

	return (size_t)snprintf(text, TEMPORAL_TEXT_MAX, "%04u", v == 0 ? 0 : 1900 + v);
}

static struct slice
decode_decimal(const struct column_type *t, struct cursor *c, struct arena *a)
{
	char text[DECIMAL_TEXT_MAX];
	size_t len = decimal_read(c, t->precision, t->scale, text);

	return arena_dup(a, slice_of(text, len));
}

static bool
is_blob(const struct wire_column *w)
{
	return w->type == BINLOG_BLOB || w->type == BINLOG_BLOB_COMPRESSED ||
	    w->type == BINLOG_JSON || w->type == BINLOG_GEOMETRY || w->type == BINLOG_VECTOR;
}

/* Length in as few bytes as the column's maximum needs; BLOBs say how many. */
static struct slice
decode_bytes(const struct wire_column *w, struct cursor *c)
{
	size_t prefix = is_blob(w) ? w->length : w->length > 255 ? 2 : 1;
	size_t len = (size_t)cursor_le(c, prefix);

	if (!is_blob(w) && len > w->length)
		c->failed = true;
	return cursor_bytes(c, len);
}

static bool
decode_text(const struct column_type *t, const struct wire_column *w, struct cursor *c,
    struct arena *a, struct slice *out)
{
	*out = decode_bytes(w, c);
	return !c->failed && (!t->compressed || packed_value(*out, a, out));
}

/* BINARY(n) travels without the zeros at its end; SELECT shows them. */
static struct slice
pad_binary(struct slice s, size_t n, struct arena *a)
{
	uint8_t *padded;

	if (s.len >= n)
		return s;
	padded = arena_zalloc(a, n);
	memcpy(padded, s.ptr, s.len);
	return slice_of(padded, n);
}

bool
coltype_decode(const struct column_type *t, const struct wire_column *wire, struct cursor *c,
    struct arena *a, struct slice *out)
{
	char text[TEMPORAL_TEXT_MAX];
	size_t len = 0;

	switch (t->kind) {
	case COLUMN_INT: *out = decode_int(t, c, a); return !c->failed;
	case COLUMN_FLOAT: *out = decode_float(c, a); return !c->failed;
	case COLUMN_DOUBLE: *out = decode_double(c, a); return !c->failed;
	case COLUMN_DECIMAL: *out = decode_decimal(t, c, a); return !c->failed;
	case COLUMN_STRING: return decode_text(t, wire, c, a, out);
	case COLUMN_GEOMETRY:
	case COLUMN_VECTOR: *out = decode_bytes(wire, c); return !c->failed;
	case COLUMN_JSON:
		*out = decode_bytes(wire, c);
		return !c->failed && (wire->type != BINLOG_JSON || json_text(*out, a, out));
	case COLUMN_BYTES:
	case COLUMN_ADDRESS:
		if (!decode_text(t, wire, c, a, out))
			return false;
		if (t->fixed && !mutant("binlog_binary_padded"))
			*out = pad_binary(*out, t->length, a);
		return true;
	case COLUMN_ENUM:
	case COLUMN_SET: *out = print_uint(a, cursor_le(c, wire->length)); return !c->failed;
	case COLUMN_BIT: *out = print_uint(a, cursor_be(c, (t->length + 7) / 8)); return !c->failed;
	case COLUMN_DATE: len = temporal_date(c, text); break;
	case COLUMN_TIME: len = time_text(wire->type, t->fsp, c, text); break;
	case COLUMN_DATETIME: len = datetime_text(wire->type, t->fsp, c, text); break;
	case COLUMN_TIMESTAMP: len = timestamp_text(wire->type, t->fsp, c, text); break;
	case COLUMN_YEAR: len = year_text(c, text); break;
	}
	*out = arena_dup(a, slice_of(text, len));
	return !c->failed;
}

/* A value that the server makes is not asked for. A FLOAT alone shows six digits; multiplied it is a double
 * of all its digits, and keeps its sign. A sum with a SET is a double or signed, and loses some of 64
 * members; a CAST of one with the 64th gives a note on MariaDB, and who counts warnings counts it. */
void
coltype_select(struct buf *out, const struct column_type *t, struct slice name)
{
	if (t->generated) {
		buf_add_str(out, "NULL");
		return;
	}
	if (t->kind == COLUMN_ADDRESS)
		buf_add_str(out, "CAST(");
	buf_add_slice(out, name);
	if (t->kind == COLUMN_FLOAT || t->kind == COLUMN_DOUBLE)
		buf_add_str(out, "*1e0");
	else if (t->kind == COLUMN_ENUM || t->kind == COLUMN_BIT)
		buf_add_str(out, "+0");
	else if (t->kind == COLUMN_SET)
		buf_add_str(out, "|0");
	else if (t->kind == COLUMN_ADDRESS)
		buf_addf(out, " AS BINARY(%u))", t->length);
}
