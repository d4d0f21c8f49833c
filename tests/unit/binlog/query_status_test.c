/* The session of a Query event: what its status variables tell, and what does not tell anything. */
#include "binlog/query_status.h"

#include "test.h"

/* Codes and values as MariaDB 10.11 writes them: flags with no foreign key checks, sql_mode, a catalog,
 * character sets, a time zone. */
static const char whole[] = "\x00\x00\x00\x00\x04"
			    "\x01\x04\x00\x00\x00\x00\x00\x00\x00"
			    "\x06\x03std"
			    "\x04\x08\x00\x1f\x00\x08\x00"
			    "\x05\x06"
			    "-07:30"
			    "\x80\x15\xcd\x05";
enum { WHOLE = sizeof(whole) - 1 };

static struct query_status
read(const char *bytes, size_t len)
{
	struct query_status s;

	query_status_read(slice_of(bytes, len), &s);
	return s;
}

static void
expect_sql(const struct query_status *s, const char *want)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	query_status_sql(&sql, s, 1700000000);
	expect_slice(buf_slice(&sql), slice_str(want));
}

TEST(a_session_comes_back_as_it_was)
{
	struct query_status s = read(whole, WHOLE);

	expect(s.is_whole);
	expect_sql(&s,
	    "SET timestamp=1700000000.380181, sql_mode=4, foreign_key_checks=0, unique_checks=1, "
	    "sql_auto_is_null=0, character_set_client=8, collation_connection=31, collation_server=8, "
	    "time_zone='-07:30', explicit_defaults_for_timestamp=0");
}

TEST(nothing_told_leaves_the_session_as_it_is)
{
	struct query_status s = read("", 0);

	expect(s.is_whole);
	expect_sql(&s, "SET timestamp=1700000000.000000");
}

TEST(what_is_cut_off_anywhere_is_not_whole)
{
	/* where one value ends and the next code would come */
	static const size_t ends[] = { 0, 5, 14, 19, 26, 34, WHOLE };
	size_t next = 0;

	for (size_t len = 0; len <= WHOLE; len++) {
		bool at_end = len == ends[next];
		struct query_status s = read(whole, len);

		if (s.is_whole != at_end)
			test_fail(__FILE__, __LINE__, "%zu bytes are %s", len,
			    s.is_whole ? "whole" : "not whole");
		next += at_end;
	}
}

TEST(what_stands_behind_an_unknown_code_is_not_read)
{
	static const char text[] = "\x63\x01\x04\x00\x00\x00\x00\x00\x00\x00";
	struct query_status s = read(text, sizeof(text) - 1);

	expect(!s.is_whole && !s.has_sql_mode);
}

TEST(codes_of_both_flavours_are_passed_over)
{
	/* auto_increment, database collation, invoker, databases, an XID of DDL, and what encrypts; none
	 * matters. "Too many databases" lists none. */
	static const char text[] = "\x03\x01\x00\x01\x00"
				   "\x08\x2d\x00"
				   "\x0b\x04root\x09localhost"
				   "\x0c\x02shop\x00other\x00"
				   "\x0c\xfe"
				   "\x11\x01\x02\x03\x04\x05\x06\x07\x08"
				   "\x81\x01\x02\x03\x04\x05\x06\x07\x08"
				   "\x14\x01"
				   "\x10\x01\x12\xff\x00\x13\x01";
	struct query_status s = read(text, sizeof(text) - 1);

	expect(s.is_whole);
	expect_sql(&s,
	    "SET timestamp=1700000000.000000, default_collation_for_utf8mb4=255, "
	    "explicit_defaults_for_timestamp=1, sql_require_primary_key=1");
}

TEST(a_list_of_databases_without_an_end)
{
	struct query_status s = read("\x0c\x02shop", 6);

	expect(!s.is_whole);
}

/* It becomes a part of a statement, under whatever sql_mode: no byte of it may end its quotes. */
TEST(a_time_zone_that_is_none)
{
	static const char *const names[] = { "\x05\x02\\'", "\x05\x01\\", "\x05\x04x'--",
		"\x05\003a\nb", "\x05\x02\xc3\xa9" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct query_status s = read(names[i], strlen(names[i]));

		expect(!s.is_whole && slice_is_null(s.time_zone));
		expect_sql(&s, "SET timestamp=1700000000.000000");
	}
	expect(!read("\x05\x00", 2).is_whole);
}

TEST(any_bytes_are_read_to_an_end)
{
	uint64_t x = test_seed() | 1;

	for (int round = 0; round < 20000; round++) {
		char bytes[40];
		SCOPED(buf) struct buf sql = BUF_INIT;

		for (size_t i = 0; i < sizeof(bytes); i++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			bytes[i] = (char)(x % 3 == 0 ? x >> 20 : (x >> 20) % 21);
		}
		struct query_status s = read(bytes, (size_t)(x % sizeof(bytes)));
		query_status_sql(&sql, &s, 0);
		expect(sql.len > 0);
	}
}
