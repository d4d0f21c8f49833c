/* Documents as MySQL 9.7 keeps them in a row event, and the text that it prints. */
#include "binlog/json.h"
#include "unit/binlog/hex.h"

static struct arena arena;

static const struct {
	const char *hex, *text;
} documents[] = {
	{ "", "null" },
	{ "0400", "null" },
	{ "0c00", "\"\"" },
	{ "0200000400", "[]" },
	{ "0000000400", "{}" },
	{ "0affffffffffffffff", "18446744073709551615" },
	{ "090000000000000080", "-9223372036854775808" },
	{ "0203001900070d00050080091100ffff0000ffffffff00000000", "[65535, -32768, 4294967295]" },
	{ "00020035001200010013000200050100021500616263040020000401000c10000714000b18000378012290ee"
	  "feff000000000000f83f",
	    "{\"a\": 1, \"bc\": [true, \"x\\u0001\\\"\", -70000, 1.5]}" },
	{ "0ff60403028132", "1.50" },
	{ "0f0c08080a0c464186a519", "\"2020-02-03 04:05:06.789000\"" },
	{ "0f0b08a051f54737ffffff", "\"-12:34:56.700000\"" },
	{ "0f0a08000000000086a519", "\"2020-02-03\"" },
	{ "0f0f0200ff", "\"base64:type15:AP8=\"" },
	/* doubles */
	{ "0b0000000000000080", "-0.0" },
	{ "0b9a9999999999b93f", "0.1" },
	{ "0bc976be9f0c24fe40", "123456.789" },
	{ "0b40de77832112dc42", "123456789012345.0" },
	{ "0b00003426f56b0c43", "1e15" },
	{ "0b9b2ba1869b84063d", "0.00000000000001" },
	{ "0bbc89d897b2d29c3c", "1e-16" },
	{ "0b0100000000000000", "5e-324" },
	{ "0bffffffffffffef7f", "1.7976931348623157e308" },
};

TEST(binary_json_is_the_text_that_the_server_prints)
{
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		struct slice text;

		if (!json_text(hex_bytes(&arena, documents[i].hex), &arena, &text))
			test_fail(__FILE__, __LINE__, "%s is not read", documents[i].hex);
		expect_slice(text, slice_str(documents[i].text));
	}
}

/* Any prefix, and any byte changed: read or refused, and no longer than the bytes allow. */
TEST(bytes_that_mean_nothing_are_no_json)
{
	for (size_t i = 1; i < sizeof(documents) / sizeof(documents[0]); i++) {
		struct slice doc = hex_bytes(&arena, documents[i].hex), text;

		for (size_t n = 1; n < doc.len; n++)
			(void)!json_text(slice_cut(doc, 0, n), &arena, &text);
		for (size_t bit = 0; bit < 8 * doc.len; bit++) {
			uint8_t *copy = arena_alloc(&arena, doc.len);

			memcpy(copy, doc.ptr, doc.len);
			copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (json_text(slice_of(copy, doc.len), &arena, &text))
				expect(text.len < 60 * doc.len);
		}
	}
}

/* Large arrays of one element each, which begins behind the entry. */
static struct slice
nested(int depth)
{
	struct buf b = BUF_INIT;

	for (int i = 0; i < depth; i++) {
		uint32_t size = (uint32_t)(13 * (depth - i) - 5);
		uint8_t head[] = { 3, 1, 0, 0, 0, (uint8_t)size, (uint8_t)(size >> 8), 0, 0 };

		head[1] = i + 1 < depth;
		buf_add(&b, head + (i > 0), sizeof(head) - (i > 0));
		if (i + 1 < depth)
			buf_add(&b, "\3\15\0\0\0", 5);
	}
	struct slice s = arena_dup(&arena, buf_slice(&b));

	buf_done(&b);
	return s;
}

TEST(json_is_as_deep_as_the_server_lets_it_be)
{
	struct slice text;

	expect(json_text(nested(JSON_DEPTH_MAX), &arena, &text));
	expect_eq(text.len, 2 * JSON_DEPTH_MAX);
	expect(!json_text(nested(JSON_DEPTH_MAX + 1), &arena, &text));
}

/* Both elements of each of 20 arrays lead to the same one: a million values of two hundred bytes. */
TEST(json_is_no_longer_than_its_bytes)
{
	struct buf b = BUF_INIT;
	struct slice text;

	for (int i = 0; i < 20; i++) {
		uint16_t size = (uint16_t)(10 * (20 - i) + 4);
		uint8_t head[] = { 2, 2, 0, (uint8_t)size, (uint8_t)(size >> 8), 2, 10, 0, 2, 10,
			0 };

		buf_add(&b, head + (i > 0), sizeof(head) - (i > 0));
	}
	buf_add(&b, "\0\0\4\0", 4);
	expect(!json_text(buf_slice(&b), &arena, &text));
	buf_done(&b);
}

TEST(numbers_that_would_be_rounded_are_found)
{
	static const char *const kept[] = {
		"{\"a\": 18446744073709551615, \"b\": [-9223372036854775808]}",
		"0.12345678901234567", "1.50", "123000000000000000000e5",
		"\"123456789012345678901\"", "\"\\\"123456789012345678901\"", "-0.0", "[]", ""
	};
	static const char *const rounded[][2] = {
		{ "[1, 18446744073709551616]", "18446744073709551616" },
		{ "{\"a\": -9223372036854775809}", "-9223372036854775809" },
		{ "{\"1\": 0.123456789012345678}", "0.123456789012345678" },
		{ "[\"\\\\\",123456789012345678901]", "123456789012345678901" },
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		expect(slice_is_null(json_rounded(slice_str(kept[i]))));
	for (size_t i = 0; i < sizeof(rounded) / sizeof(rounded[0]); i++)
		expect_slice(json_rounded(slice_str(rounded[i][0])), slice_str(rounded[i][1]));
}
