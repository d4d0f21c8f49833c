/* Types, key bytes, literals, and the arithmetic below them. */
#include "binlog/coltype.h"
#include "binlog/packed.h"
#include "binlog/decimal.h"
#include "binlog/json.h"
#include "binlog/temporal.h"
#include "unit/binlog/hex.h"

static struct arena arena;
static struct err err;

static struct column_type
type(const char *text, const char *charset)
{
	struct column_type t;

	expect_ok(
	    column_type_parse(slice_str(text), slice_str(charset), SLICE_NULL, &t, &err), &err);
	return t;
}

TEST(types_from_their_definition)
{
	struct column_type t = type("mediumint(8) unsigned zerofill", "");

	expect(t.kind == COLUMN_INT && t.int_bytes == 3 && t.is_unsigned);
	t = type("decimal(12,2)", "");
	expect(t.kind == COLUMN_DECIMAL && t.precision == 12 && t.scale == 2);
	t = type("datetime(6)", "");
	expect(t.kind == COLUMN_DATETIME && t.fsp == 6);
	t = type("char(3)", "latin1");
	expect(t.kind == COLUMN_STRING && t.fixed && t.length == 3);
	expect_str(t.charset, "latin1");
	t = type("binary(16)", "");
	expect(t.kind == COLUMN_BYTES && t.fixed && t.length == 16);
	t = type("enum('a','it''s','x(y)','')", "");
	expect(t.kind == COLUMN_ENUM && t.length == 4);
	t = type("text", "utf8mb4");
	expect(t.kind == COLUMN_STRING && !t.fixed && t.length == 65535);
}

TEST(binary_collation_is_one_that_keeps_blanks)
{
	struct column_type t;

	expect_ok(column_type_parse(slice_str("varchar(3)"), slice_str("utf8mb4"),
		      slice_str("utf8mb4_nopad_bin"), &t, &err),
	    &err);
	expect(t.binary_collation);
	expect_ok(column_type_parse(slice_str("varchar(3)"), slice_str("utf8mb4"),
		      slice_str("utf8mb4_bin"), &t, &err),
	    &err);
	expect(!t.binary_collation);
}

TEST(other_types_are_refused_by_name)
{
	/* clang-format off */
	static const char *const bad[] = {
		"xmltype", "year(2)", "vector", "vector(0)", "uuid(3) signed",
		    "int(11) compressed",
		"text /*!100301 COMPRESSED*/", "datetime(7)", "decimal(66,2)", "bit(65)", "", "(",
		    "timestamp /* mariadb-5.3 */",
		"varchar(-1)", "bit",
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct column_type t;
		expect_eq(
		    column_type_parse(slice_str(bad[i]), SLICE_NULL, SLICE_NULL, &t, &err), -1);
		expect_eq(err.kind, ERR_REFUSED);
		expect(strstr(err.text, bad[i]) != NULL);
	}
}

static struct slice
key(const char *type_text, const char *value)
{
	struct column_type t = type(type_text, "utf8mb4");
	SCOPED(buf) struct buf b = BUF_INIT;

	key_bytes(&b, &t, slice_str(value));
	return arena_dup(&arena, buf_slice(&b));
}

TEST(key_bytes_sort_as_their_index)
{
	static const char *const ints[] = { "-9223372036854775808", "-1", "0", "1",
		"9223372036854775807" };
	static const char *const doubles[] = { "-1e308", "-1.5", "-1e-308", "0", "1e-308", "1.5",
		"1e308" };

	for (size_t i = 0; i + 1 < sizeof(ints) / sizeof(ints[0]); i++)
		expect(slice_cmp(key("bigint(20)", ints[i]), key("bigint(20)", ints[i + 1])) < 0);
	for (size_t i = 0; i + 1 < sizeof(doubles) / sizeof(doubles[0]); i++)
		expect(slice_cmp(key("double", doubles[i]), key("double", doubles[i + 1])) < 0);
	expect(slice_cmp(key("varbinary(9)", "a"), key("varbinary(9)", "ab")) < 0);
	expect(slice_cmp(key("varbinary(9)", "a\x01"), key("varbinary(9)", "b")) < 0);
	expect(slice_cmp(key("bigint(20) unsigned", "9"),
		   key("bigint(20) unsigned", "18446744073709551615")) < 0);
}

TEST(key_bytes_do_not_depend_on_how_it_was_read)
{
	expect_slice(key("int(5) unsigned zerofill", "00042"), key("int(5) unsigned", "42"));
	expect_slice(key("double", "0.1"), key("double", "0.10000000000000001"));
	expect_slice(key("float", "-0"), key("float", "0"));
	expect_slice(key("decimal(6,2) zerofill", "0012.50"), key("decimal(6,2)", "12.50"));
	expect_slice(key("decimal(6,2)", "-0.00"), key("decimal(6,2)", "0.00"));
	expect(!slice_eq(key("decimal(6,2)", "-12.50"), key("decimal(6,2)", "12.50")));
	expect_slice(key("year(4)", "0000"), key("year(4)", "0"));
	expect(!slice_eq(key("varchar(9)", "a"), key("varchar(9)", "a ")));
	expect(!slice_eq(key("varchar(9)", "a"), key("varchar(9)", "A")));
}

/* ("a", "\0b") against ("a\0", "b"): columns do not run into each other. */
TEST(key_bytes_of_columns_do_not_mix)
{
	struct column_type t = type("varbinary(9)", "");
	SCOPED(buf) struct buf one = BUF_INIT;
	SCOPED(buf) struct buf two = BUF_INIT;

	key_bytes(&one, &t, slice_of("a", 1));
	key_bytes(&one, &t, slice_of("\0b", 2));
	key_bytes(&two, &t, slice_of("a\0", 2));
	key_bytes(&two, &t, slice_of("b", 1));
	expect(!slice_eq(buf_slice(&one), buf_slice(&two)));
}

static const char *
literal(const char *type_text, const char *charset, struct slice value)
{
	struct column_type t = type(type_text, charset);
	SCOPED(buf) struct buf b = BUF_INIT;

	column_literal(&b, &t, value);
	return arena_slice_str(&arena, buf_slice(&b));
}

TEST(literals)
{
	expect_str(literal("int(11)", "", slice_str("-5")), "-5");
	expect_str(literal("int(11)", "", SLICE_NULL), "NULL");
	expect_str(literal("float", "", slice_str("-0")), "-0e0");
	expect_str(literal("double", "", slice_str("1.5e+300")), "1.5e+300");
	expect_str(literal("decimal(5,2)", "", slice_str("-1.20")), "-1.20");
	expect_str(literal("varchar(9)", "utf8mb4", slice_str("it's \\ \"x\"")),
	    "_utf8mb4'it\\'s \\\\ \"x\"'");
	expect_str(literal("varbinary(9)", "", slice_of("a\0b", 3)), "'a\\0b'");
	expect_str(literal("varchar(9)", "latin1", slice_str("")), "_latin1''");
	expect_str(literal("time(1)", "", slice_str("-00:00:00.5")), "'-00:00:00.5'");
	expect_str(literal("enum('a')", "", slice_str("1")), "1");
}

TEST(select_reads_exactly)
{
	/* clang-format off */
	static const struct { const char *type, *want; } cases[] = {
		{ "float", "`c`*1e0" }, { "double(10,2)", "`c`*1e0" }, { "enum('a')", "`c`+0" },
		{ "set('a')", "`c`|0" },
		{ "bit(3)", "`c`+0" }, { "int(11)", "`c`" }, { "varchar(5)", "`c`" },
		{ "decimal(5,2)", "`c`" },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct column_type t = type(cases[i].type, "");
		SCOPED(buf) struct buf b = BUF_INIT;

		coltype_select(&b, &t, slice_str("`c`"));
		expect_str(b.data, cases[i].want);
	}
}

static const char *
decimal(const char *hex, int precision, int scale)
{
	char *text = arena_alloc(&arena, DECIMAL_TEXT_MAX);
	struct cursor c = cursor_of(hex_bytes(&arena, hex));

	expect(decimal_read(&c, precision, scale, text) > 0);
	expect_eq(c.left, 0);
	return text;
}

/* The worked example of the format's own documentation, both signs, and short forms. */
TEST(decimals)
{
	expect_str(decimal("810dfb38d204d2", 14, 4), "1234567890.1234");
	expect_str(decimal("7ef204c72dfb2d", 14, 4), "-1234567890.1234");
	expect_str(decimal("80", 1, 0), "0");
	expect_str(decimal("76", 1, 0), "-9");
	expect_str(decimal("80", 1, 1), "0.0");
	expect_str(decimal("7d", 2, 2), "-0.02");
	expect_str(decimal("8000", 4, 2), "0.00");
}

TEST(bad_decimals_are_noticed)
{
	char text[DECIMAL_TEXT_MAX];
	struct cursor c = cursor_of(slice_of("\xff\xff", 2));

	expect_eq(decimal_read(&c, 4, 2, text), 0); /* groups of two digits above 99 */
	expect(c.failed);
	c = cursor_of(slice_of("\x80", 1));
	expect_eq(decimal_read(&c, 4, 2, text), 0);
	expect_eq(decimal_canonical(slice_str("12.345"), 4, 2, text), 0);
	expect_eq(decimal_canonical(slice_str("123.4"), 4, 2, text), 0);
	expect_eq(decimal_canonical(slice_str("1x.4"), 4, 2, text), 0);
	expect_eq(decimal_canonical(slice_str(""), 4, 2, text), 0);
}

TEST(old_temporal_encodings)
{
	char text[TEMPORAL_TEXT_MAX];
	struct cursor c = cursor_of(hex_bytes(&arena, "d8f212")); /* 1241816 */

	expect(temporal_time_old(&c, text) > 0);
	expect_str(text, "124:18:16");
	c = cursor_of(hex_bytes(&arena, "280ded")); /* -1241816 */
	expect(temporal_time_old(&c, text) > 0);
	expect_str(text, "-124:18:16");
	c = cursor_of(hex_bytes(&arena, "3b0c8aa35d120000")); /* 20191231235835 */
	expect(temporal_datetime_old(&c, text) > 0);
	c = cursor_of(hex_bytes(&arena, "00000000"));
	expect(temporal_timestamp_old(&c, text) > 0);
	expect_str(text, "0000-00-00 00:00:00");
	c = cursor_of(hex_bytes(&arena, "ffffff7f"));
	expect(temporal_timestamp_old(&c, text) > 0);
	expect_str(text, "2038-01-19 03:14:07");
	c = cursor_of(hex_bytes(&arena, "ffff"));
	expect_eq(temporal_timestamp_old(&c, text), 0);
}

/* Every tenth of a millisecond around zero keeps its sign and its borrow. */
TEST(negative_times_borrow)
{
	char text[TEMPORAL_TEXT_MAX];
	struct cursor c = cursor_of(hex_bytes(&arena, "7fffffffffff")); /* -1 microsecond */

	expect(temporal_time(&c, 6, text) > 0);
	expect_str(text, "-00:00:00.000001");
	c = cursor_of(hex_bytes(&arena, "7fffffce")); /* -0.5 in hundredths */
	expect(temporal_time(&c, 2, text) > 0);
	expect_str(text, "-00:00:00.50");
	c = cursor_of(hex_bytes(&arena, "7fefffd8f1")); /* -1:00:00.9999 */
	expect(temporal_time(&c, 4, text) > 0);
	expect_str(text, "-01:00:00.9999");
	c = cursor_of(hex_bytes(&arena, "800000ff")); /* 255 hundredths */
	expect_eq(temporal_time(&c, 2, text), 0);
}

static bool
keeps(const struct column_type *t, struct slice value)
{
	struct slice what;

	return column_fit(t, value, &what) == COLUMN_FITS;
}

TEST(a_type_with_digits_keeps_what_it_would_not_round)
{
	struct column_type d = { .kind = COLUMN_DOUBLE, .scale = 3, .rounds = true };
	struct column_type f = { .kind = COLUMN_FLOAT, .scale = 2, .rounds = true };
	struct column_type plain = { .kind = COLUMN_DOUBLE };

	/* 1 + 0.235 is not the double next to 1.235, and the first is what the server stores for it. */
	expect(keeps(&d, slice_str("1.2349999999999999")) && !keeps(&d, slice_str("1.235")));
	expect(keeps(&d, slice_str("1.25")) && !keeps(&d, slice_str("1.2345")));
	expect(keeps(&d, slice_str("-0")) && keeps(&d, SLICE_NULL));
	expect(keeps(&d, slice_str("999999999.999")) && keeps(&d, slice_str("1e300")));
	/* 12345.68 and 0.07 as the floats next to them */
	expect(keeps(&f, slice_str("12345.6796875")));
	expect(keeps(&f, slice_str("0.070000000298023224")));
	expect(!keeps(&f, slice_str("0.071000002324581146")));
	expect(keeps(&plain, slice_str("1.2345")));
}

TEST(the_number_0_of_an_enum_alone_is_no_literal_s)
{
	struct column_type e = { .kind = COLUMN_ENUM, .length = 2 },
			   s = { .kind = COLUMN_SET, .length = 2 };

	expect(column_is_unsayable(&e, slice_str("0")) && !column_is_unsayable(&e, slice_str("1")));
	expect(!column_is_unsayable(&e, SLICE_NULL) && !column_is_unsayable(&s, slice_str("0")));
}

TEST(what_is_common_is_within_what_all_flavours_take)
{
	struct column_type json = { .kind = COLUMN_JSON, .rounds = true, .common = true };
	struct column_type vector = { .kind = COLUMN_VECTOR, .length = 12, .common = true };
	SCOPED(buf) struct buf deep = BUF_INIT;
	struct slice what;

	for (int i = 0; i < JSON_DEPTH_COMMON; i++)
		buf_add_str(&deep, i % 2 == 0 ? "[" : "{\"\\\"[[[\":");
	expect(keeps(&json, buf_slice(&deep)));
	expect(keeps(&json,
	    slice_str("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],"
		      "[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]")));
	buf_add_str(&deep, "[");
	expect_eq(column_fit(&json, buf_slice(&deep), &what), COLUMN_TOO_DEEP);
	expect(keeps(&vector, slice_str("123456789012")) && keeps(&vector, SLICE_NULL));
	expect_eq(column_fit(&vector, slice_str("12345678"), &what), COLUMN_TOO_FEW);
	expect_eq(column_fit(&vector, slice_of("\0\0\0\0\0\0\0\0\xff\xff\x7f\xff", 12), &what),
	    COLUMN_TOO_LONG);
	json.common = vector.common = false;
	expect(keeps(&json, buf_slice(&deep)) && keeps(&vector, slice_str("12345678")));
}

TEST(types_of_one_flavour_are_known)
{
	struct column_type t;

	expect_ok(column_type_parse(slice_str("uuid"), SLICE_NULL, SLICE_NULL, &t, &err), &err);
	expect(t.kind == COLUMN_ADDRESS && t.fixed);
	expect_eq(t.length, 16);
	expect_ok(column_type_parse(slice_str("vector(3)"), SLICE_NULL, SLICE_NULL, &t, &err), &err);
	expect(t.kind == COLUMN_VECTOR && t.length == 12);
	expect_ok(
	    column_type_parse(slice_str("multipoint"), SLICE_NULL, SLICE_NULL, &t, &err), &err);
	expect_eq(t.kind, COLUMN_GEOMETRY);
	expect_ok(column_type_parse(slice_str("varchar(300) /*M!100301 COMPRESSED*/"),
		      slice_str("latin1"), SLICE_NULL, &t, &err),
	    &err);
	expect(t.compressed && t.length == 300);
}

static bool
unpacks(struct arena *a, const char *packed, size_t len, struct slice *out)
{
	return packed_value(slice_of(packed, len), a, out);
}

/* As MariaDB 10.11 has written them: raw, with zlib's header and check, as they are, empty. */
TEST(compressed_values_are_read_and_lies_are_not)
{
	static const char raw[] = "\x89\xc8\x4b\x4a\x1a\x1e\x00\x00";
	static const char whole[] = "\x81\x03\x78\x9c\x4b\x4c\x4a\x06\x00\x02\x4d\x01\x27";
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct slice out;

	expect(unpacks(&a, raw, sizeof(raw) - 1, &out));
	expect(out.len == 200 && out.ptr[0] == 'b' && out.ptr[199] == 'b');
	expect(unpacks(&a, whole, sizeof(whole) - 1, &out));
	expect_slice(out, slice_str("abc"));
	expect(unpacks(&a, "\0abc", 4, &out));
	expect_slice(out, slice_str("abc"));
	expect(unpacks(&a, "", 0, &out) && out.len == 0 && !slice_is_null(out));

	expect(!unpacks(&a, raw, sizeof(raw) - 2, &out));                  /* cut off */
	expect(!unpacks(&a, "\x89\xc7\x4b\x4a\x1a\x1e\x00\x00", 8, &out)); /* more than it says */
	expect(!unpacks(&a, "\x89\xc9\x4b\x4a\x1a\x1e\x00\x00", 8, &out)); /* less */
	expect(!unpacks(&a, "\x8c\xff\xff\xff\xff\x4b\x4a", 7, &out)); /* four GB of two bytes */
	expect(!unpacks(&a, "\x88\x4b", 2, &out) && !unpacks(&a, "\x8d", 1, &out));
	expect(!unpacks(&a, "\x10\x4b", 2, &out));
}
