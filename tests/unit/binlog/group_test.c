/* How groups begin, and compressed ones: the bytes are MySQL 9.7.4's where nothing else is said. */
#include "binlog/group.h"
#include "binlog/payload.h"
#include "test.h"

#include <stdlib.h>

static struct slice
bytes_of(struct arena *a, const char *hex)
{
	size_t len = strlen(hex) / 2;
	uint8_t *out = arena_alloc(a, len + 1);

	for (size_t i = 0; i < len; i++) {
		char two[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		out[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return slice_of(out, len);
}

static void
expect_id(uint8_t type, const char *hex, const char *id)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	SCOPED(buf) struct buf text = BUF_INIT;
	struct event e = { .type = type, .body = bytes_of(&a, hex) };
	struct group_begin g;
	struct err err = { 0 };

	expect(group_begins(type));
	expect_ok(group_begin_read(&e, &g, &err), &err);
	expect_eq(g.frame, GROUP_BY_QUERY);
	gtid_id_print(&text, &g.id);
	expect_str(text.data, id);
}

#define UUID "8c6bb6ee-ebd4-11f1-9b69-02fc00000001"
#define PLAIN                                                                                      \
	"008c6bb6eeebd411f19b6902fc0000000120000000000000000203000000000000000400000000000000"     \
	"383f94ce666106fc050150620100"
#define TAGGED                                                                                       \
	"0278000000023102d6d902b903ad03510322c5036d02d204f103000000020404060c7461676f6e6508280a340c" \
	"7f1e70a7aa6661061061041283120b03"

TEST(group_ids_of_mysql)
{
	expect_id(EVENT_MYSQL_GTID, PLAIN, UUID ":32");
	expect_id(EVENT_MYSQL_GTID_TAGGED, TAGGED, UUID ":tagone:1");
}

static void
expect_refused(uint8_t type, struct slice body, enum err_kind kind)
{
	struct event e = { .type = type, .body = body };
	struct group_begin g;
	struct err err = { 0 };

	expect_eq(group_begin_read(&e, &g, &err), -1);
	expect_eq(err.kind, kind);
}

TEST(group_ids_that_are_none)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct slice plain = bytes_of(&a, PLAIN), tagged = bytes_of(&a, TAGGED);

	for (size_t len = 0; len < 25; len++)
		expect_refused(EVENT_MYSQL_GTID, slice_cut(plain, 0, len), ERR_CORRUPT);
	/* up to the end of its tag */
	for (size_t len = 0; len < 38; len++)
		expect_refused(EVENT_MYSQL_GTID_TAGGED, slice_cut(tagged, 0, len), ERR_CORRUPT);
	expect_refused(EVENT_MYSQL_ANONYMOUS, plain, ERR_REFUSED);
	/* number 0 */
	expect_refused(EVENT_MYSQL_GTID,
	    bytes_of(&a, "008c6bb6eeebd411f19b6902fc000000010000000000000000"), ERR_CORRUPT);
}

TEST(group_frames_of_mysql)
{
	expect_eq(group_frame_of(slice_str("BEGIN")), GROUP_TRANSACTION);
	expect_eq(group_frame_of(slice_str("XA START X'61',X'',1")), GROUP_TRANSACTION);
	expect_eq(group_frame_of(slice_str("XA COMMIT X'61',X'',1")), GROUP_STATEMENT);
	expect_eq(group_frame_of(slice_str("CREATE TABLE begin (id INT)")), GROUP_STATEMENT);
}

/* ---- Compressed groups */

#define COMPRESSED                                                                                   \
	"0201000303fc85010101930028b52ffd6085004d040092c61725804bd2015013c4c00c62228d27cc24857199bf" \
	"24594a3b88d11e00bc698043b1c8b35bee14ff7f06418874c878f65ed028cecd75b3deeae0fa84d2d1b6cb3f07" \
	"494dd1c3d18016e3693877760068a95c00c2bcecc4dbcf8219bfa4929aa21100a004e2f0260880a7eb0601033c" \
	"491fd6027dc018541906cd818b8fb083653d201e1879005e"

/* The types of its events, "2 19 ", or what is wrong. */
static void
types_of(struct slice body, struct buf *out)
{
	struct payload p;
	struct event e;
	struct err err = { 0 };
	bool more = true;
	int rc = payload_open(&p, body, &err);

	while (rc == 0 && more) {
		rc = payload_next(&p, &e, &more, &err);
		if (rc == 0 && more)
			buf_addf(out, "%d ", e.type);
	}
	if (rc != 0)
		buf_add_str(out, err_kind_name(err.kind));
	payload_close(&p);
}

static void
expect_types(struct slice body, const char *types)
{
	SCOPED(buf) struct buf out = BUF_INIT;

	types_of(body, &out);
	expect_str(out.data, types);
}

TEST(payload_gives_its_events)
{
	SCOPED(arena) struct arena a = ARENA_INIT;

	/* Query BEGIN, Table_map, Write_rows, Xid */
	expect_types(bytes_of(&a, COMPRESSED), "2 19 30 16 ");
}

TEST(payload_cut_anywhere_is_corrupt)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct slice whole = bytes_of(&a, COMPRESSED);

	for (size_t len = 0; len < whole.len; len++)
		expect_types(slice_cut(whole, 0, len), "corrupt");
}

/* zstd of the three events of payload_of_large_events_and_of_none. */
#define ZEROS                                                                                      \
	"28b52ffda06e4b4c00f40000a000000000020000000013001e00000000404b4c000200ddff203f1cf0020200" \
	"1000020010000200100002001000020010000200100002001000020010000200100002001000020010000200" \
	"1000020010000200100002001000020010000200100002001000020010000200100002001000020010000200" \
	"1000020010000200100002001000020010000200100002001000020010000200100002001000020010000200" \
	"1000020010000200100002001000a500005810000000001b000000000002008073aa650741"

/* Fields for that many compressed bytes, then the bytes. */
static void
put_payload(struct buf *out, int algorithm, struct slice bytes)
{
	buf_add(out, "\2", 1);
	if (algorithm < 251) {
		buf_add_char(out, 1);
		buf_add_char(out, (char)algorithm);
	} else {
		buf_add_char(out, 3);
		buf_add_char(out, (char)0xfc);
		buf_add_char(out, (char)algorithm);
		buf_add_char(out, 0);
	}
	buf_add(out, "\1\4\xfd", 3);
	for (int i = 0; i < 3; i++)
		buf_add_char(out, (char)(bytes.len >> 8 * i & 0xff));
	buf_add_char(out, 0);
	buf_add_slice(out, bytes);
}

/* An event of that length, whose body is zeros. */
static void
put_event(struct buf *out, uint8_t type, uint32_t length)
{
	char *at = buf_grow(out, length);

	memset(at, 0, length);
	at[4] = (char)type;
	for (int i = 0; i < 4; i++)
		at[9 + i] = (char)(length >> 8 * i & 0xff);
}

TEST(payload_of_large_events_and_of_none)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	SCOPED(buf) struct buf events = BUF_INIT, body = BUF_INIT;

	put_event(&events, EVENT_QUERY, 19);
	put_event(&events, EVENT_WRITE_ROWS_V2, 5000000);
	put_event(&events, EVENT_XID, 27);
	put_payload(&body, 255, buf_slice(&events));
	expect_types(buf_slice(&body), "2 30 16 ");

	buf_reset(&body);
	put_payload(&body, 0, bytes_of(&a, ZEROS));
	expect_types(buf_slice(&body), "2 30 16 ");

	buf_reset(&body);
	put_payload(&body, 255, slice_of("", 0));
	expect_types(buf_slice(&body), "");
	buf_reset(&body);
	put_payload(&body, 1, slice_of("", 0));
	expect_types(buf_slice(&body), "refused");
}

static uint32_t
mark_of(const char *first, const char *second, uint32_t timestamp)
{
	struct event e = { .type = EVENT_GTID, .server_id = 1, .body = slice_str(first) };
	uint32_t mark = group_mark(0, &e);

	e = (struct event){ .timestamp = timestamp, .type = EVENT_XID, .body = slice_str(second) };
	return group_mark(mark, &e);
}

TEST(a_group_is_marked_by_its_events)
{
	const uint32_t mark = mark_of("0-1-7", "42", 5);
	char large[300];

	memset(large, 'x', sizeof(large));
	large[299] = '\0';
	expect_eq(mark_of("0-1-7", "42", 5), mark);
	expect(mark_of("0-1-8", "42", 5) != mark);
	expect(mark_of("0-1-7", "43", 5) != mark);
	expect(mark_of("0-1-7", "42", 6) != mark);
	expect(mark_of("42", "0-1-7", 5) != mark);
	expect(mark_of("", "", 5) != mark);
	expect(mark_of(large, "42", 5) != mark_of(large + 1, "42", 5)); /* by its length */
	const uint32_t whole = mark_of(large, "42", 5);
	large[298] = 'y';
	expect(mark_of(large, "42", 5) != whole);

	const struct event heartbeat = { .type = EVENT_HEARTBEAT, .body = slice_str("bin.000001") };
	expect_eq(group_mark(mark, &heartbeat), mark);
}
