#include "base/parse.h"
#include "base/rand.h"
#include "test.h"

static struct err err;

TEST(parse_integers_to_their_limits)
{
	int64_t i;
	uint64_t u;
	int n;

	expect(parse_i64(slice_str("-9223372036854775808"), &i, &err) == 0 && i == INT64_MIN);
	expect(parse_i64(slice_str("9223372036854775807"), &i, &err) == 0 && i == INT64_MAX);
	expect(parse_i64(slice_str("9223372036854775808"), &i, &err) != 0);
	expect(parse_i64(slice_str("-9223372036854775809"), &i, &err) != 0);
	expect(parse_u64(slice_str("18446744073709551615"), &u, &err) == 0 && u == UINT64_MAX);
	expect(parse_u64(slice_str("18446744073709551616"), &u, &err) != 0);
	expect(parse_u64(slice_str("99999999999999999999999"), &u, &err) != 0);
	expect(parse_int(slice_str("-5"), -5, 5, &n, &err) == 0 && n == -5);
	expect(parse_int(slice_str("6"), -5, 5, &n, &err) != 0);
	expect_str(err.text, "6 is not between -5 and 5");
}

TEST(parse_integers_refuse_the_rest)
{
	static const char *const wrong[] = { "", "-", "+1", " 1", "1 ", "1x", "0x1", "--1", "1.0",
		"1e3" };
	int64_t i;

	for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
		expect(parse_i64(slice_str(wrong[k]), &i, &err) == -1);
		expect_eq(err.kind, ERR_REFUSED);
	}
	expect(parse_i64(slice_of("1\0", 2), &i, &err) == -1); /* the whole text, NUL and all */
	expect(parse_i64(SLICE_NULL, &i, &err) == -1);
}

TEST(parse_bools)
{
	bool b = false;

	expect(parse_bool(slice_str("TRUE"), &b, &err) == 0 && b);
	expect(parse_bool(slice_str("off"), &b, &err) == 0 && !b);
	expect(parse_bool(slice_str("1"), &b, &err) == 0 && b);
	expect(parse_bool(slice_str("No"), &b, &err) == 0 && !b);
	expect(parse_bool(slice_str("2"), &b, &err) != 0);
	expect(parse_bool(slice_str(""), &b, &err) != 0);
}

TEST(parse_sizes)
{
	uint64_t u;

	expect(parse_size(slice_str("0"), &u, &err) == 0 && u == 0);
	expect(parse_size(slice_str("64k"), &u, &err) == 0 && u == 65536);
	expect(parse_size(slice_str("16M"), &u, &err) == 0 && u == 16777216);
	expect(parse_size(slice_str("2G"), &u, &err) == 0 && u == UINT64_C(2) << 30);
	expect(parse_size(slice_str("16777215T"), &u, &err) == 0);
	expect(parse_size(slice_str("16777216T"), &u, &err) != 0); /* 2^64 */
	expect(parse_size(slice_str("k"), &u, &err) != 0);
	expect(parse_size(slice_str("1kk"), &u, &err) != 0);
	expect(parse_size(slice_str("-1"), &u, &err) != 0);
}

TEST(parse_durations_as_go_prints_them)
{
	/* clang-format off */
	static const struct { const char *text; usec want; } rows[] = {
		{ "30s", 30 * SECOND }, { "1m30s", 90 * SECOND }, { "250ms", 250 * MSEC },
		    { "2h", 120 * MINUTE },
		{ "1h0m0s", 60 * MINUTE }, { "1.5s", 1500 * MSEC }, { "0.25ms", 250 }, { "15us", 15 },
		{ "15\xc2\xb5s", 15 }, { "5", 5 * SECOND }, { "0", 0 }, { "0s", 0 }, { "2.5", 2500 * MSEC },
		{ "1.000001s", SECOND + 1 }, { "1.0000010s", SECOND + 1 },
	};
	/* clang-format on */
	usec d;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		expect_ok(parse_duration(slice_str(rows[i].text), &d, &err), &err);
		expect_eq(d, rows[i].want);
	}
}

TEST(parse_durations_refuse_the_rest)
{
	static const char *const wrong[] = { "", "s", "-1s", "1x", "1s5", "0s5", "1m 30s", "1.s",
		".5s", "1..5s", "9223372036855s", "18446744073709551616s", "1sm",
		"9223372036854.775807s", "9223372036854775s9223372036854775s" };
	usec d;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (parse_duration(slice_str(wrong[i]), &d, &err) == 0)
			test_fail(__FILE__, __LINE__, "'%s' is %lld us", wrong[i], (long long)d);
}

TEST(printed_durations)
{
	/* clang-format off */
	static const struct { usec d; const char *want; } rows[] = {
		{ 0, "0s" }, { 1, "1us" }, { 999, "999us" }, { 250 * MSEC, "250ms" }, { 1500, "1.5ms" },
		{ SECOND, "1s" }, { 90 * SECOND, "1m30s" }, { 60 * MINUTE, "1h" }, { 61 * MINUTE, "1h1m" },
		{ 60 * MINUTE + 1500 * MSEC, "1h1.5s" }, { -90 * SECOND, "-1m30s" }, { NEVER, "never" },
	};
	/* clang-format on */
	char out[64];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		print_duration(out, sizeof out, rows[i].d);
		expect_str(out, rows[i].want);
	}
	print_duration(out, 4, 90 * SECOND);
	expect_str(out, "1m3");
}

TEST(durations_survive_printing_and_parsing)
{
	struct rand r;
	char text[64];
	usec back;

	rand_seed(&r, test_seed());
	for (int i = 0; i < 20000; i++) {
		usec d = (usec)(rand_u64(&r) >> (1 + rand_below(&r, 63)));

		print_duration(text, sizeof text, d);
		if (d == NEVER)
			continue;
		expect_ok(parse_duration(slice_str(text), &back, &err), &err);
		expect_eq(back, d);
	}
}

TEST(parse_addresses)
{
	char host[256];
	int port;

	expect(parse_hostport(slice_str("127.0.0.1:3306"), host, &port, &err) == 0 && port == 3306);
	expect_str(host, "127.0.0.1");
	expect(parse_hostport(slice_str("[::1]:0"), host, &port, &err) == 0 && port == 0);
	expect_str(host, "::1");
	expect(parse_hostport(slice_str("db-1.example.org:65535"), host, &port, &err) == 0 &&
	    port == 65535);
	expect(parse_hostport(slice_str("h:65536"), host, &port, &err) != 0);
	print_hostport(host, sizeof(host), "[::1]:0", 4711);
	expect_str(host, "[::1]:4711");
	expect_str(err.text, "port of 'h:65536': 65536 is not between 0 and 65535");
}

TEST(parse_addresses_refuse_the_rest)
{
	static const char *const wrong[] = { "", ":1", "h", "h:", "h:x", "::1:3306", "[::1]",
		"[::1]3306", "[]:1", "a b:1", "a/b:1", "u@h:1", "h:-1" };
	char host[256], longest[300];
	int port;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (parse_hostport(slice_str(wrong[i]), host, &port, &err) == 0)
			test_fail(__FILE__, __LINE__, "'%s' is accepted", wrong[i]);
	memset(longest, 'h', sizeof longest);
	memcpy(longest + 255, ":1", 2);
	/* 255 bytes of host and NUL */
	expect(parse_hostport(slice_of(longest, 257), host, &port, &err) == 0);
	longest[255] = 'h';
	memcpy(longest + 256, ":1", 2);
	expect(parse_hostport(slice_of(longest, 258), host, &port, &err) != 0);
}
