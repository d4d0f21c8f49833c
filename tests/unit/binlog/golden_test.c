/* Events as a server wrote them, read back field by field. */
#include "base/pack.h"
#include "binlog/control.h"
#include "binlog/event_packed.h"
#include "binlog/rows.h"
#include "golden/binlog_mariadb_10_11.h"
#include "unit/binlog/hex.h"
#include "unit/binlog/kinds.h"

static struct arena arena;
static struct err err;

static struct event
event(const char *hex)
{
	struct event e;

	expect_ok(event_read(EVENT_CHECKSUM_CRC32, hex_bytes(&arena, hex), &e, &err), &err);
	return e;
}

TEST(format_description)
{
	struct event e = event(golden_format);
	struct format_description f;

	expect_eq(e.type, EVENT_FORMAT_DESCRIPTION);
	expect_eq(e.server_id, 7);
	expect_eq(e.end_pos, 256);
	expect_ok(format_description_read(e.body, &f, &err), &err);
	expect_eq(f.checksum, EVENT_CHECKSUM_CRC32);
	expect_slice(f.server_version, slice_str("10.11.19-MariaDB-0+deb12u1-log"));
	expect_eq(f.post_headers.len, 171);
	expect_eq(f.post_headers.ptr[EVENT_TABLE_MAP - 1], 8);
}

TEST(rotate_names_the_next_file)
{
	struct event e = event(golden_rotate);
	struct rotate r;

	expect_ok(rotate_read(e.body, &r, &err), &err);
	expect_eq(r.position, 4);
	expect_slice(r.file, slice_str("bin.000004"));
}

TEST(gtids)
{
	struct event e = event(golden_gtid);
	struct gtid_event g;
	struct gtid_list_event l;

	expect_ok(gtid_event_read(&e, &g, &err), &err);
	expect_eq(g.id.domain, 0);
	expect_eq(g.id.server, 7);
	expect_eq(g.id.seq, 7);
	expect_eq(g.flags, GTID_TRANSACTIONAL | GTID_PARALLEL);
	e = event(golden_gtid_ddl);
	expect_ok(gtid_event_read(&e, &g, &err), &err);
	expect_eq(g.flags, GTID_STANDALONE | GTID_PARALLEL | GTID_DDL);
	e = event(golden_gtid_list);
	expect_ok(gtid_list_event_read(&arena, e.body, &l, &err), &err);
	expect_eq(l.count, 1);
	expect_eq(l.gtids[0].server, 7);
	expect_eq(l.gtids[0].seq, 6);
}

TEST(xa_is_prepared_then_completed)
{
	struct event e = event(golden_gtid_xa);
	struct gtid_event g;
	struct xa_prepare p;
	struct query_event q;

	expect_ok(gtid_event_read(&e, &g, &err), &err);
	expect(g.flags & GTID_PREPARED_XA);
	expect_eq(g.xid.format, 7);
	expect_slice(g.xid.gtrid, slice_str("gt"));
	expect_slice(g.xid.bqual, slice_str("bq"));
	e = event(golden_xa_prepare);
	expect_ok(xa_prepare_read(e.body, &p, &err), &err);
	expect(!p.one_phase);
	expect_slice(p.xid.gtrid, slice_str("gt"));
	expect_slice(p.xid.bqual, slice_str("bq"));
	e = event(golden_gtid_xa_commit);
	expect_ok(gtid_event_read(&e, &g, &err), &err);
	expect_eq(g.flags & (GTID_PREPARED_XA | GTID_COMPLETED_XA), GTID_COMPLETED_XA);
	e = event(golden_query_xa_end);
	expect_ok(query_event_read(e.body, &q, &err), &err);
	expect_slice(q.sql, slice_str("XA END X'6774',X'6271',7"));
}

TEST(query_has_database_mode_and_text)
{
	enum { NO_AUTO_VALUE_ON_ZERO = 1 << 19, ALLOW_INVALID_DATES = 1 << 25 };
	struct event e = event(golden_query_ddl);
	struct query_event q;

	expect_ok(query_event_read(e.body, &q, &err), &err);
	expect_slice(q.database, slice_str("g"));
	expect_slice(q.sql, slice_str("create table other (a int) engine=myisam"));
	expect(q.has_sql_mode);
	expect(q.sql_mode & NO_AUTO_VALUE_ON_ZERO);
	expect_eq(q.error_code, 0);
}

TEST(xid_and_annotation)
{
	struct event e = event(golden_xid);
	uint64_t xid;
	struct slice sql;

	expect_ok(xid_event_read(e.body, &xid, &err), &err);
	expect_eq(xid, 33);
	e = event(golden_annotate);
	expect_ok(annotate_read(&e, &sql, &err), &err);
	expect_slice(sql, slice_str("insert into kinds (id) values (2)"));
}

static void
read_map(struct tablemap *map)
{
	struct event e = event(golden_map);

	expect_ok(tablemap_read(&arena, e.body, map, &err), &err);
}

TEST(table_map)
{
	struct tablemap map;

	read_map(&map);
	expect_slice(map.database, slice_str("g"));
	expect_slice(map.table, slice_str("kinds"));
	expect_eq(map.count, KINDS);
	expect(map.has_signedness);
	expect(!map.columns[0].nullable && map.columns[1].nullable);
	expect(!map.columns[1].is_unsigned && map.columns[2].is_unsigned &&
	    map.columns[8].is_unsigned);
	expect(!map.columns[11].is_unsigned);
	expect_slice(map.columns[20].name, slice_str("ts"));
	expect_eq(map.columns[12].precision, 65);
	expect_eq(map.columns[12].scale, 30);
	expect_eq(map.columns[14].length, 12);
	expect_eq(map.columns[23].type, BINLOG_STRING);
	expect_eq(map.columns[23].length, 1020);
	expect_eq(map.columns[25].length, 1200);
	expect_eq(map.columns[32].type, BINLOG_ENUM);
	expect_eq(map.columns[33].type, BINLOG_SET);
	expect_eq(map.columns[33].length, 2);
}

/* The only change of an event. */
static struct row_change
change_of(const char *hex, struct tablemap *map, struct column_type types[KINDS])
{
	struct event e = event(hex);
	struct rows rows;
	struct row_shape shape;
	struct row_change change, none;

	read_map(map);
	expect_ok(kinds_read(types, &err), &err);
	expect_ok(rows_read(&e, NULL, &rows, &err), &err);
	expect_eq(rows.table_id, map->id);
	expect_eq(rows.flags & ROWS_STATEMENT_END, ROWS_STATEMENT_END);
	expect_ok(row_shape_init(&shape, map, &(struct row_columns){ types, KINDS, 0 }, &err), &err);
	expect_eq(rows_next(&rows, &shape, &arena, &change, &err), 1);
	expect_eq(rows_next(&rows, &shape, &arena, &none, &err), 0);
	return change;
}

static struct row_change
change(const char *hex)
{
	struct tablemap map;
	struct column_type types[KINDS];

	return change_of(hex, &map, types);
}

TEST(every_type_at_an_extreme)
{
	/* clang-format off */
	static const char *const want[KINDS] = {
		"1", "-128", "255", "-32768", "-8388608", "16777215", "4294967295",
		    "-9223372036854775808",
		"18446744073709551615", "3.4028234663852886e+38", "2.2250738585072014e-308",
		    "-9999999999.99",
		"-12345678901234567890123456789012345.123456789012345678901234567890", "2155",
		    "4095", "9999-12-31",
		"-838:59:59", "-00:00:00.500", "9999-12-31 23:59:59", "0001-02-03 04:05:06.000007",
		"2038-01-19 03:14:07", "1970-01-01 00:00:01.23", "zw\xc3\xb6lf", "long", "caf\xe9",
		    NULL, "text",
		"{\"a\": 1}", NULL, NULL, "tiny", NULL, "3", "257",
	};
	/* clang-format on */
	struct row_change c = change(golden_write_full);

	expect_eq(c.kind, ROW_INSERT);
	expect(c.before == NULL);
	for (int i = 0; i < KINDS; i++)
		if (want[i] != NULL)
			expect_slice(c.after[i], slice_str(want[i]));
	expect_eq(c.after[25].len, 260);
	expect_slice(c.after[28], slice_of("\1\2\0\0\0\0", 6));
	expect_slice(c.after[29], slice_of("\0\xff\0", 3));
	expect_slice(c.after[31], slice_of("\0", 1));
}

TEST(nulls)
{
	struct row_change c = change(golden_write_nulls);

	expect_slice(c.after[0], slice_str("2"));
	for (int i = 1; i < KINDS; i++)
		expect(slice_is_null(c.after[i]));
}

TEST(zeros_and_zero_dates)
{
	/* clang-format off */
	static const char *const want[KINDS] = {
		"3", "0", "0", "0", "0", "0", "0", "0", "0", "0", "0", "0.00",
		    "0.000000000000000000000000000000",
		"0000", "0", "0000-00-00", "00:00:00", "00:00:00.000", "0000-00-00 00:00:00",
		"0000-00-00 00:00:00.000000", "0000-00-00 00:00:00", "0000-00-00 00:00:00.00", "",
		    "", "", "", "", "",
		NULL, "", "", "", "0", "0",
	};
	/* clang-format on */
	struct row_change c = change(golden_write_zeros), d = change(golden_delete);

	expect_eq(d.kind, ROW_DELETE);
	expect(d.after == NULL);
	for (int i = 0; i < KINDS; i++) {
		expect(!slice_is_null(c.after[i]));
		if (want[i] != NULL)
			expect_slice(c.after[i], slice_str(want[i]));
		expect_slice(d.before[i], c.after[i]);
	}
	expect_slice(c.after[28], slice_of("\0\0\0\0\0\0", 6));
}

TEST(update_has_both_images)
{
	struct row_change c = change(golden_update);

	expect_eq(c.kind, ROW_UPDATE);
	expect_slice(c.before[0], slice_str("2"));
	expect_slice(c.after[0], slice_str("4"));
	expect(slice_is_null(c.before[17]));
	expect_slice(c.after[17], slice_str("12:34:56.789"));
	expect(slice_is_null(c.after[33]));
}

TEST(a_wrong_byte_is_noticed_by_the_checksum)
{
	struct slice bytes = hex_bytes(&arena, golden_update);
	uint8_t *copy = arena_alloc(&arena, bytes.len);
	struct event e;

	for (size_t i = 0; i < bytes.len; i++) {
		memcpy(copy, bytes.ptr, bytes.len);
		copy[i] ^= 0x10;
		if (i != 4) /* another type may carry another checksum */
			expect(event_read(EVENT_CHECKSUM_CRC32, slice_of(copy, bytes.len), &e,
				   &err) == -1);
	}
}

/* The image of an update whose second bitmap lacks column 5. */
TEST(an_incomplete_image_is_refused)
{
	struct event e = event(golden_update);
	struct rows rows;
	uint8_t *copy = arena_alloc(&arena, e.body.len);

	memcpy(copy, e.body.ptr, e.body.len);
	copy[6 + 2 + 1 + 5] &= (uint8_t)~0x10;
	e.body.ptr = copy;
	expect_eq(rows_read(&e, NULL, &rows, &err), -1);
	expect_eq(err.kind, ERR_REFUSED);
	expect(strstr(err.text, "incomplete image") != NULL);
}

/* The last column is hidden and in no image: without its bits, and one byte of NULL bits is the same. */
TEST(a_hidden_column_may_be_left_out)
{
	struct tablemap map;
	struct column_type types[KINDS];
	const struct row_columns columns = { types, 1, 1 };
	struct row_shape shape = { &map, columns };
	struct row_change change;
	struct rows rows;
	/* table 1, no flags, no more; 2 columns, present: the first; no NULL; 7, 8 */
	static const uint8_t update[] = { 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 1, 1, 0, 7, 0, 0, 0, 0,
		8, 0, 0, 0 };
	struct event e = { .type = EVENT_UPDATE_ROWS_V2, .body = slice_of(update, sizeof(update)) };
	struct wire_column wire[] = { { .type = BINLOG_LONG }, { .type = BINLOG_LONGLONG } };

	types[0] = (struct column_type){ .kind = COLUMN_INT, .int_bytes = 4 };
	map = (struct tablemap){ .columns = wire, .count = 2 };
	expect_eq(rows_read(&e, NULL, &rows, &err), -1);
	expect_eq(err.kind, ERR_REFUSED);
	expect_ok(rows_read(&e, &columns, &rows, &err), &err);
	expect_eq(rows_next(&rows, &shape, &arena, &change, &err), 1);
	expect_slice(change.before[0], slice_str("7"));
	expect_slice(change.after[0], slice_str("8"));
	expect(slice_is_null(change.after[1]));
	expect_eq(rows_next(&rows, &shape, &arena, &change, &err), 0);
}

TEST(another_definition_is_noticed)
{
	struct tablemap map;
	struct column_type types[KINDS];
	struct row_shape shape;

	(void)change_of(golden_update, &map, types);
	expect_eq(
	    row_shape_init(&shape, &map, &(struct row_columns){ types, KINDS - 1, 0 }, &err), -1);
	expect_eq(err.kind, ERR_CONFLICT);
	for (int i = 1; i < KINDS; i++) {
		struct column_type saved = types[i];
		/* DATE in its place, INT in DATE's */
		types[i] = types[i == 15 ? 0 : 15];
		expect_eq(
		    row_shape_init(&shape, &map, &(struct row_columns){ types, KINDS, 0 }, &err),
		    -1);
		expect_eq(err.kind, ERR_CONFLICT);
		types[i] = saved;
	}
}

/* As MariaDB packs: len, zlib's bytes; all of body from keep on. says: more bytes than there are. */
static struct slice
packed(struct slice body, size_t keep, int says)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct packer *p = packer_new(PACK_ZLIB, PACK_ZLIB_LEVEL);
	size_t len = body.len - keep + (size_t)says;

	buf_add_slice(&out, slice_cut(body, 0, keep));
	buf_add_char(&out, (char)0x82);
	buf_add_char(&out, (char)(len >> 8));
	buf_add_char(&out, (char)len);
	packer_add(p, slice_cut(body, keep, body.len), &out);
	packer_free(p);
	return arena_dup(&arena, buf_slice(&out));
}

/* It comes out as it was. */
static void
expect_unpacked(struct event e, uint8_t type, size_t keep)
{
	SCOPED(buf) struct buf room = BUF_INIT;
	struct event in = e, out;

	in.type = type;
	in.body = packed(e.body, keep, 0);
	buf_add_str(&room, "before");
	expect_ok(event_unpack(&in, &room, &out, &err), &err);
	expect_eq(out.type, e.type);
	expect_slice(out.body, e.body);
	expect(!event_is_packed(out.type) && out.end_pos == e.end_pos);
	for (int says = -1; says <= 1; says += 2) {
		in.body = packed(e.body, keep, says);
		expect_eq(event_unpack(&in, &room, &out, &err), -1);
		expect_eq(err.kind, ERR_CORRUPT);
	}
	struct slice whole = packed(e.body, keep, 0);
	for (size_t n = 0; n < whole.len; n++) {
		struct event cut = in;

		cut.body = slice_cut(whole, 0, n);
		expect_eq(event_unpack(&cut, &room, &out, &err), -1);
		expect_eq(err.kind, ERR_CORRUPT);
	}
}

TEST(compressed_events_are_what_they_would_have_been)
{
	struct event update = event(golden_update), query = event(golden_query_ddl);
	struct query_event q;
	struct rows rows;

	expect_ok(rows_read_head(&update, &rows, &err), &err);
	expect_unpacked(update, 167, update.body.len - rows.data.left);
	expect_ok(query_event_read(query.body, &q, &err), &err);
	expect_unpacked(query, EVENT_QUERY_COMPRESSED, query.body.len - q.sql.len);
}

/*
 * Cut at every length, each reader says so or gives less; none reads beyond. (The sanitizers
 * watch.)
 */
TEST(cut_events_are_errors)
{
	struct tablemap map, whole;
	struct column_type types[KINDS];
	struct event e = event(golden_write_full), m = event(golden_map);
	struct rows rows;
	struct row_shape shape;
	struct row_change c;

	(void)change_of(golden_update, &whole, types);
	expect_ok(
	    row_shape_init(&shape, &whole, &(struct row_columns){ types, KINDS, 0 }, &err), &err);
	for (size_t n = 0; n < e.body.len; n++) {
		struct event cut = e;
		cut.body = arena_dup(&arena, slice_cut(e.body, 0, n));
		int rc = rows_read(&cut, NULL, &rows, &err);
		if (rc == 0)
			rc = rows_next(&rows, &shape, &arena, &c, &err);
		/* header and bitmap: an event without rows */
		expect(rc == (n == 6 + 2 + 1 + 5 ? 0 : -1));
	}
	for (size_t n = 0; n < 8 + 2 + 1 + 6 + 1 + KINDS; n++)
		expect_eq(
		    tablemap_read(&arena, arena_dup(&arena, slice_cut(m.body, 0, n)), &map, &err),
		    -1);
}

TEST(positions_go_beyond_four_gigabytes)
{
	expect_eq(position_advance(4, 256), 256);
	expect_eq(position_advance(0xfffffff0u, 0x10), 0x100000010);
	expect_eq(position_advance(0x1fffffff0, 0x10), 0x200000010);
	expect_eq(position_advance(0x100000010, 0x10), 0x100000010);
}
