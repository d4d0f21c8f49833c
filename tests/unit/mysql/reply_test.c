#include "mysql/reply.h"

#include "base/mem.h"
#include "golden/golden.h"
#include "mysql/result.h"
#include "test.h"

#include <stdlib.h>

#define FILE_10_11 "mysql/mariadb-10.11.golden"

/* Feeds bytes in pieces of the given size, to the end of the reply. Returns what was used. */
static size_t
scan(struct reply_scan *s, struct slice bytes, size_t piece)
{
	size_t total = 0;

	while (bytes.len > 0 && s->state != REPLY_AT_END && s->state != REPLY_AT_FILE) {
		struct err err = { 0 };
		size_t used;

		expect_ok(reply_scan_feed(s, slice_cut(bytes, 0, piece), &used, &err), &err);
		bytes = slice_cut(bytes, used, bytes.len);
		total += used;
	}
	return total;
}

/*
 * One reply of each kind, whole and in pieces of any size: it ends with its last byte, not before,
 * not after.
 */
TEST(replies_end_where_they_end)
{
	static const struct {
		const char *name;
		enum reply_kind kind;
		uint64_t caps;
		uint16_t status;
		uint64_t packets;
		bool rows, failed;
	} rows[] = {
		{ "select", REPLY_RESULT, CAP_DEPRECATE_EOF, 0x22, 7, true, false },
		{ "update", REPLY_RESULT, CAP_DEPRECATE_EOF, 2, 1, false, false },
		{ "error", REPLY_RESULT, CAP_DEPRECATE_EOF, 0, 1, false, true },
		{ "error", REPLY_PREPARE, CAP_DEPRECATE_EOF, 0, 1, false, true },
		{ "prepare", REPLY_PREPARE, CAP_DEPRECATE_EOF, 0, 5, false, false },
		{ "prepare_do", REPLY_PREPARE, CAP_DEPRECATE_EOF, 0, 1, false, false },
		{ "cursor", REPLY_RESULT, CAP_DEPRECATE_EOF, 0x62, 4, true, false },
		{ "fetch", REPLY_ROWS, CAP_DEPRECATE_EOF, 0x82, 2, false, false },
		{ "statistics", REPLY_ONE_PACKET, CAP_DEPRECATE_EOF, 0, 1, false, false },
		{ "fields", REPLY_FIELDS, CAP_DEPRECATE_EOF, 2, 4, false, false },
		{ "set_option", REPLY_RESULT, CAP_DEPRECATE_EOF, 2, 1, false, false },
		{ "ping", REPLY_RESULT, CAP_DEPRECATE_EOF, 2, 1, false, false },
		{ "select_eof", REPLY_RESULT, 0, 0x22, 8, true, false },
		{ "prepare_eof", REPLY_PREPARE, 0, 0, 7, false, false },
		{ "cursor_eof", REPLY_RESULT, 0, 0x62, 4, true, false },
		{ "fetch_eof", REPLY_ROWS, 0, 0x82, 2, false, false },
		{ "multi_eof", REPLY_RESULT, 0, 2, 11, true, false },
		{ "multi_error_eof", REPLY_RESULT, 0, 0x0a, 6, true, true },
		{ "track_use", REPLY_RESULT, CAP_DEPRECATE_EOF | CAP_SESSION_TRACK, 0x4002, 1,
		    false, false },
		{ "track_update", REPLY_RESULT, CAP_DEPRECATE_EOF | CAP_SESSION_TRACK, 0x21, 1,
		    false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		SCOPED(buf) struct buf b = BUF_INIT;

		golden_read(FILE_10_11, rows[i].name, &b);
		for (size_t piece = 1; piece <= b.len + 3; piece++) {
			struct reply_scan s;
			size_t len = b.len;

			buf_add(&b, "\7\0\0", 3); /* the beginning of another reply is not ours */
			reply_scan_init(&s, rows[i].kind, rows[i].caps);
			if (scan(&s, slice_cut(buf_slice(&b), 0, len - 1), piece) != len - 1)
				test_fail(__FILE__, __LINE__, "%s: ended early", rows[i].name);
			expect(!reply_scan_ended(&s));
			reply_scan_init(&s, rows[i].kind, rows[i].caps);
			if (scan(&s, buf_slice(&b), piece) != len)
				test_fail(
				    __FILE__, __LINE__, "%s: pieces of %zu", rows[i].name, piece);
			buf_truncate(&b, len);
			expect(reply_scan_ended(&s));
			expect_eq(s.status, rows[i].status);
			expect_eq(s.packets, rows[i].packets);
			expect_eq(s.saw_rows, rows[i].rows);
			expect_eq(s.failed, rows[i].failed);
			expect_eq(s.bytes, len);
		}
	}
}

/* Feeds all of it in pieces, and never lets go of a byte from `from` on. */
static void
expect_held(enum reply_kind kind, struct slice bytes, size_t from, size_t piece)
{
	struct reply_scan s;
	size_t fed = 0;

	reply_scan_init(&s, kind, 0);
	while (!reply_scan_ended(&s)) {
		struct err err = { 0 };
		size_t used;

		expect_ok(
		    reply_scan_feed(&s, slice_cut(bytes, fed, fed + piece), &used, &err), &err);
		fed += used;
		expect(fed - reply_scan_held(&s) <= from);
	}
	expect_eq(fed - reply_scan_held(&s), from);
}

TEST(an_error_at_the_end_is_held_and_nothing_else)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	struct reply_scan s;
	size_t rows;

	golden_read(FILE_10_11, "multi_error_eof", &b);
	reply_scan_init(&s, REPLY_RESULT, 0);
	scan(&s, buf_slice(&b), b.len);
	rows = b.len - PACKET_HEADER - reply_scan_tail(&s).len;
	for (size_t piece = 1; piece <= b.len; piece++)
		expect_held(REPLY_RESULT, buf_slice(&b), rows, piece);
	golden_read(FILE_10_11, "select_eof", &b);
	for (size_t piece = 1; piece <= b.len; piece++)
		expect_held(REPLY_RESULT, buf_slice(&b), b.len, piece);
}

/* The four bytes behind the header and the 0x00. */
static uint32_t
wire_id(const struct buf *b)
{
	struct wire_reader r = wire_reader(slice_cut(buf_slice(b), PACKET_HEADER + 1, b->len));

	return wire_u32(&r);
}

TEST(prepare_tells_id_and_counts)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	struct reply_scan s;

	golden_read(FILE_10_11, "prepare", &b);
	reply_scan_init(&s, REPLY_PREPARE, CAP_DEPRECATE_EOF);
	scan(&s, buf_slice(&b), b.len);
	expect_eq(s.statement_id, wire_id(&b));
	expect_eq(s.params, 2);
	expect_eq(s.columns, 2);
}

TEST(file_request_stops_the_scan)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	struct reply_scan s;

	golden_read(FILE_10_11, "local_eof", &b);
	reply_scan_init(&s, REPLY_RESULT, 0);
	expect_eq(scan(&s, buf_slice(&b), b.len), b.len);
	expect_eq(s.state, REPLY_AT_FILE);
	reply_scan_file_sent(&s);
	golden_read(FILE_10_11, "update", &b);
	scan(&s, buf_slice(&b), b.len);
	expect(reply_scan_ended(&s));
}

TEST(tail_is_the_ok_with_its_info)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	struct reply_scan s;
	struct ok_packet ok;
	struct err err = { 0 };

	golden_read(FILE_10_11, "update", &b);
	reply_scan_init(&s, REPLY_RESULT, CAP_DEPRECATE_EOF);
	scan(&s, buf_slice(&b), 3);
	expect_ok(ok_read(reply_scan_tail(&s), CAP_DEPRECATE_EOF, &ok, &err), &err);
	expect_eq(ok.affected_rows, 1);
	expect_slice(ok.info, slice_str("Rows matched: 1  Changed: 1  Warnings: 0"));
}

TEST(session_changes)
{
	SCOPED(buf) struct buf b = BUF_INIT, again = BUF_INIT;
	struct ok_packet ok;
	struct err err = { 0 };
	uint8_t type;
	struct slice data;
	const uint64_t caps = CAP_SESSION_TRACK | CAP_DEPRECATE_EOF;

	golden_read(FILE_10_11, "track_use", &b);
	expect_ok(ok_read(slice_cut(buf_slice(&b), 4, b.len), caps, &ok, &err), &err);
	ok_put(&again, caps, &ok);
	expect_slice(buf_slice(&again), slice_cut(buf_slice(&b), 4, b.len));
	expect(reply_session_next(&ok.session, &type, &data));
	expect_eq(type, SESSION_SCHEMA);
	expect_slice(data, slice_str("\5mysql"));
	expect(!reply_session_next(&ok.session, &type, &data));
}

/* A header and len bytes that begin with first. */
static void
add_packet(struct buf *b, size_t len, uint8_t first)
{
	wire_put_int(b, len, 3);
	wire_put_int(b, 9, 1);
	if (len > 0)
		memset(buf_grow(b, len), first, len);
}

TEST(a_row_of_16_megabytes_is_not_an_end)
{
	/* Its first piece begins with 0xfe: a lenenc of 8 bytes; its last piece begins with 0xff. */
	SCOPED(buf) struct buf b = BUF_INIT;

	add_packet(&b, PACKET_PIECE_MAX, 0xfe);
	add_packet(&b, 10, 0xff);
	add_packet(&b, PACKET_PIECE_MAX, 0xfe);
	add_packet(&b, 0, 0);
	eof_put(&b, 0, 0, 0);
	for (size_t piece = 4000; piece <= 4008; piece += 4) {
		struct reply_scan s;

		buf_truncate(&b, b.len - 5);
		reply_scan_init(&s, REPLY_ROWS, CAP_DEPRECATE_EOF);
		expect_eq(scan(&s, buf_slice(&b), piece), b.len);
		expect(!reply_scan_ended(&s));
		expect_eq(s.packets, 2);
		buf_add(&b, "\7\0\0\1\xfe", 5);
		expect(scan(&s, slice_of("\7\0\0\1\xfe\0\0\2\0\0\0", 11), piece) == 11);
		expect(reply_scan_ended(&s));
	}
}

static void
expect_same(const struct reply_scan *a, const struct reply_scan *b)
{
	expect_eq(a->state, b->state);
	expect_eq(a->failed, b->failed);
	expect_eq(a->cut, b->cut);
	expect_eq(a->packets, b->packets);
	expect_eq(a->seq, b->seq);
	expect_eq(reply_scan_held(a), reply_scan_held(b));
	expect_slice(reply_scan_tail(a), reply_scan_tail(b));
}

/* Packets that are there as a whole are not copied first. What is known after them is the same. */
TEST(whole_packets_leave_what_their_pieces_leave)
{
	/* An OK that is longer than a tail, with more results; a result that ends in ERR between its
	 * definitions. */
	SCOPED(buf) struct buf b = BUF_INIT;
	struct reply_scan whole;
	size_t info = REPLY_TAIL_MAX + 500;

	wire_put_int(&b, 7 + 3 + info, 3);
	wire_put_int(&b, 1, 1);
	buf_add(&b, "\0\1\2\x0a\0\0\0", 7);
	wire_put_lenenc(&b, info);
	memset(buf_grow(&b, info), 'i', info);
	buf_add(&b, "\1\0\0\2\3", 5);
	add_packet(&b, 40, 'd');
	add_packet(&b, 300, 'd');
	add_packet(&b, 20, 0xff);
	reply_scan_init(&whole, REPLY_RESULT, 0);
	expect_eq(scan(&whole, buf_slice(&b), b.len), b.len);
	expect(reply_scan_ended(&whole) && whole.failed);
	for (size_t piece = 1; piece < b.len; piece++) {
		struct reply_scan pieces;

		reply_scan_init(&pieces, REPLY_RESULT, 0);
		expect_eq(scan(&pieces, buf_slice(&b), piece), b.len);
		expect_same(&pieces, &whole);
	}
}

TEST(scan_refuses_nonsense)
{
	static const struct {
		enum reply_kind kind;
		const char *bytes;
		size_t len;
	} rows[] = {
		{ REPLY_RESULT, "\0\0\0\1", 4 },                 /* empty */
		{ REPLY_RESULT, "\1\0\0\1\0", 5 },               /* an OK of one byte */
		{ REPLY_RESULT, "\4\0\0\1\xfd\xff\xff\xff", 8 }, /* 16 million columns */
		{ REPLY_PREPARE, "\1\0\0\1\7", 5 }, { REPLY_PREPARE, "\3\0\0\1\0\1\0", 7 },
		{ REPLY_ROWS, "\1\0\0\1\xfe", 5 },
		{ REPLY_RESULT, "\1\0\0\1\2\0\0\0\2", 9 }, /* an empty definition */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reply_scan s;
		struct err err = { 0 };
		size_t used;

		reply_scan_init(&s, rows[i].kind, CAP_DEPRECATE_EOF);
		expect(reply_scan_feed(&s, slice_of(rows[i].bytes, rows[i].len), &used, &err) != 0);
		expect_eq(err.kind, ERR_CORRUPT);
	}
}

TEST(err_packets)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	struct err in = { 0 }, out = { 0 };

	err_set(&in, ERR_REFUSED, "no table '%s'", "x");
	err_packet_put_err(&b, &in);
	expect(err_from_packet(buf_slice(&b), &out) == -1);
	expect_eq(out.mysql_errno, 1105);
	expect_str(out.sqlstate, "HY000");
	expect_str(out.text, "no table 'x'");
	/* Too many connections, before the handshake: no sqlstate. */
	expect(err_from_packet(slice_of("\xff\x10\x04Too many", 11), &out) == -1);
	expect_eq(out.mysql_errno, 1040);
	expect_str(out.text, "Too many");
}

TEST(rows_and_definitions_of_mariadb)
{
	SCOPED(buf) struct buf b = BUF_INIT, again = BUF_INIT;
	struct column_def def;
	struct slice v[3];
	struct err err = { 0 };
	size_t at = 5, n;

	golden_read(FILE_10_11, "select", &b);
	for (int i = 0; i < 3; i++, at += PACKET_HEADER + n) {
		n = packet_header_len((uint8_t *)b.data + at);
		expect_ok(
		    column_def_read(slice_cut(buf_slice(&b), at + 4, at + 4 + n), 0, &def, &err),
		    &err);
		buf_reset(&again);
		column_def_put(&again, 0, &def);
		expect_slice(buf_slice(&again), slice_cut(buf_slice(&b), at + 4, at + 4 + n));
	}
	expect_slice(def.name, slice_str("note"));
	expect_slice(def.org_table, slice_str("u"));
	expect_eq(def.type, TYPE_BLOB);
	n = packet_header_len((uint8_t *)b.data + at);
	expect_ok(text_row_read(slice_cut(buf_slice(&b), at + 4, at + 4 + n), v, 3, &err), &err);
	expect_slice(v[0], slice_str("1"));
	expect_slice(v[1], slice_str("anna"));
	expect(slice_is_null(v[2]));
	expect(text_row_read(slice_cut(buf_slice(&b), at + 4, at + 4 + n), v, 2, &err) != 0);
	expect(text_row_read(slice_cut(buf_slice(&b), at + 4, at + 3 + n), v, 3, &err) != 0);
}
