#include "unit/tablet/source_script.h"

#include "binlog/event.h"
#include "binlog/tablemap.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

/* clang-format off */
static struct column script_columns[] = {
	{ .name = "id", .type = { .kind = COLUMN_INT, .int_bytes = 4 }, .key_index = 0 },
	{ .name = "v", .type = { .kind = COLUMN_STRING, .length = 60000, .charset = "latin1" },
	    .nullable = true, .key_index = -1 },
};
/* clang-format on */
static int script_key[] = { 0 };
static struct index_def script_indexes[] = {
	{ .name = "v", .clause = "UNIQUE KEY `v` (`v`)", .first = 1, .unique = true }
};

/* clang-format off */
struct table_def script_table = {
	.database = "db", .name = "t", .columns = script_columns, .columns_count = 2,
	    .key = script_key,
	.key_count = 1, .indexes = script_indexes, .indexes_count = 1, .key_binary = true,
};
/* clang-format on */

struct position
script_position(void)
{
	return (struct position){ .gtid = "0-1-100", .file = "bin.000001", .offset = SCRIPT_START };
}

/* ---- Events */

static void
add_le(struct buf *out, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++, v >>= 8)
		buf_add_char(out, (char)(v & 0xff));
}

void
script_wake(struct source_script *s)
{
	waitlist_wake_all(&s->more);
}

void
script_add(struct source_script *s, uint8_t type, struct slice body)
{
	uint32_t len = (uint32_t)(EVENT_HEADER_BYTES + body.len);

	s->offset += len;
	add_le(&s->events, len, 4);
	add_le(&s->events, 1700000000, 4);
	add_le(&s->events, type, 1);
	add_le(&s->events, 1, 4);
	add_le(&s->events, len, 4);
	add_le(&s->events, s->offset, 4);
	add_le(&s->events, 0, 2);
	buf_add_slice(&s->events, body);
	script_wake(s);
}

void
script_gtid(struct source_script *s, int flags)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	add_le(&b, ++s->seq, 8);
	add_le(&b, 0, 4);
	add_le(&b, (uint64_t)flags, 1);
	bool xa = (flags & (GTID_PREPARED_XA | GTID_COMPLETED_XA)) != 0;
	add_le(&b, xa ? 1 : 0, 4); /* the format of an xid; else room */
	add_le(&b, xa ? 0x0101 : 0, 2);
	add_le(&b, 0x4141, 2);
	script_add(s, EVENT_GTID, buf_slice(&b));
}

void
script_xa_prepare(struct source_script *s)
{
	script_add(s, EVENT_XA_PREPARE, slice_of("\0\1\0\0\0\1\0\0\0\1\0\0\0AA", 15));
}

void
script_xid(struct source_script *s)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	add_le(&b, 5, 8);
	script_add(s, EVENT_XID, buf_slice(&b));
}

void
script_query(struct source_script *s, const char *database, const char *sql)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	add_le(&b, 0, 8);
	add_le(&b, strlen(database), 1);
	add_le(&b, 0, 4);
	buf_add(&b, database, strlen(database) + 1);
	buf_add_str(&b, sql);
	script_add(s, EVENT_QUERY, buf_slice(&b));
}

void
script_map(struct source_script *s, uint64_t id, const char *database, const char *table)
{
	static const uint8_t types[] = { BINLOG_LONG, BINLOG_VARCHAR };
	SCOPED(buf) struct buf b = BUF_INIT;

	add_le(&b, id, 6);
	add_le(&b, 1, 2);
	add_le(&b, strlen(database), 1);
	buf_add(&b, database, strlen(database) + 1);
	add_le(&b, strlen(table), 1);
	buf_add(&b, table, strlen(table) + 1);
	add_le(&b, 2, 1);
	buf_add(&b, types, sizeof(types));
	add_le(&b, 2, 1);
	add_le(&b, 60000, 2);
	add_le(&b, 2, 1);
	script_add(s, EVENT_TABLE_MAP, buf_slice(&b));
}

static void
add_row(struct buf *b, int id, const char *v)
{
	static const char large[50000];

	add_le(b, 0, 1);
	add_le(b, (uint64_t)id, 4);
	add_le(b, v == NULL ? sizeof(large) : strlen(v), 2);
	buf_add(b, v == NULL ? large : v, v == NULL ? sizeof(large) : strlen(v));
}

static void
begin_rows(struct buf *b, int images)
{
	add_le(b, 7, 6);
	add_le(b, 1, 2);
	add_le(b, 2, 1);
	add_le(b, 0xffff, images);
}

void
script_insert(struct source_script *s, int id, const char *v)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	begin_rows(&b, 1);
	add_row(&b, id, v);
	script_add(s, EVENT_WRITE_ROWS_V1, buf_slice(&b));
}

void
script_delete(struct source_script *s, int id, const char *v)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	begin_rows(&b, 1);
	add_row(&b, id, v);
	script_add(s, EVENT_DELETE_ROWS_V1, buf_slice(&b));
}

void
script_update(struct source_script *s, int id, const char *v, int new_id, const char *new_v)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	begin_rows(&b, 2);
	add_row(&b, id, v);
	add_row(&b, new_id, new_v);
	script_add(s, EVENT_UPDATE_ROWS_V1, buf_slice(&b));
}

void
script_txn(struct source_script *s, int id, const char *v)
{
	script_gtid(s, 4);
	script_map(s, 7, "db", "t");
	script_insert(s, id, v);
	script_xid(s);
}

/* ---- The server */

static int
send_event(struct ctx *cx, struct fake_session *session, struct slice event)
{
	SCOPED(buf) struct buf packet = BUF_INIT;

	buf_add_char(&packet, 0);
	buf_add_slice(&packet, event);
	return packets_write(cx, &session->packets, buf_slice(&packet));
}

static uint32_t
read_le4(const char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* What a dump begins with: the file's name, in an artificial Rotate. */
static int
send_rotate(struct ctx *cx, struct fake_session *session, uint32_t position)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	const char file[] = "bin.000001";
	uint32_t len = EVENT_HEADER_BYTES + 8 + sizeof(file) - 1;

	add_le(&b, 0, 4);
	add_le(&b, EVENT_ROTATE, 1);
	add_le(&b, 1, 4);
	add_le(&b, len, 4);
	add_le(&b, 0, 4);
	add_le(&b, EVENT_FLAG_ARTIFICIAL, 2);
	add_le(&b, position, 8);
	buf_add_str(&b, file);
	return send_event(cx, session, buf_slice(&b));
}

/* What was stepped over, in an artificial Gtid_list at the place. */
static int
send_place(struct ctx *cx, struct source_script *s, struct fake_session *session, uint32_t place)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	uint32_t len = EVENT_HEADER_BYTES + 4 + 16;

	add_le(&b, 0, 4);
	add_le(&b, EVENT_GTID_LIST, 1);
	add_le(&b, 1, 4);
	add_le(&b, len, 4);
	add_le(&b, place, 4);
	add_le(&b, EVENT_FLAG_ARTIFICIAL, 2);
	add_le(&b, 1, 4);
	add_le(&b, 0, 4);
	add_le(&b, 1, 4);
	add_le(&b, s->says_seq > 0 ? s->says_seq : s->sought, 8);
	return send_event(cx, session, buf_slice(&b));
}

static const char *
event_at(const struct source_script *s, size_t at)
{
	return s->events.data + at + 4;
}

/* Where the group behind the GTID asked for begins; that one may lie before the script. */
static size_t
find_sought(const struct source_script *s)
{
	bool there = false;
	size_t at = 0;

	for (; at < s->events.len; at += 4 + read_le4(s->events.data + at)) {
		const char *e = event_at(s, at);
		bool is_gtid = (uint8_t)e[4] == EVENT_GTID;

		if (is_gtid && read_le4(e + EVENT_HEADER_BYTES) == (uint32_t)s->sought + 1)
			return at;
		there |= is_gtid && read_le4(e + EVENT_HEADER_BYTES) == (uint32_t)s->sought;
	}
	return there ? at : 0;
}

static int
refuse_dump(struct ctx *cx, const char *why, struct fake_session *session)
{
	struct err e = { 0 };

	err_set(&e, ERR_SERVER, "%s", why == NULL ? "impossible position" : why);
	e.mysql_errno = 1236;
	memcpy(e.sqlstate, "HY000", 6);
	return server_send_err(cx, &session->packets, &e);
}

static int
send_from(struct ctx *cx, struct source_script *s, struct fake_session *session, size_t at)
{
	for (;;) {
		while (at < s->events.len) {
			uint32_t len = read_le4(s->events.data + at);

			TRY(send_event(cx, session, slice_of(event_at(s, at), len)));
			at += 4 + len;
		}
		TRY(packets_flush(cx, &session->packets));
		if (s->closing)
			return -1;
		TRY(waitlist_wait(cx, &s->more));
	}
}

/* The format of the file, before a place in it. */
static int
send_format(struct ctx *cx, struct fake_session *session)
{
	static const char version[50], post_headers[40];
	SCOPED(buf) struct buf b = BUF_INIT;
	uint32_t len =
	    EVENT_HEADER_BYTES + 2 + sizeof(version) + 4 + 1 + sizeof(post_headers) + 1 + 4;

	add_le(&b, 0, 4);
	add_le(&b, EVENT_FORMAT_DESCRIPTION, 1);
	add_le(&b, 1, 4);
	add_le(&b, len, 4);
	add_le(&b, 0, 4 + 2);
	add_le(&b, 4, 2);
	buf_add(&b, version, sizeof(version));
	add_le(&b, 0, 4);
	add_le(&b, EVENT_HEADER_BYTES, 1);
	buf_add(&b, post_headers, sizeof(post_headers));
	add_le(&b, 0, 1 + 4);
	return send_event(cx, session, buf_slice(&b));
}

/* The event that begins at an offset, or the end; SIZE_MAX: none does. */
static size_t
find_offset(const struct source_script *s, uint32_t offset)
{
	size_t at = 0;

	for (; at < s->events.len; at += 4 + read_le4(s->events.data + at))
		if (read_le4(event_at(s, at) + 13) - read_le4(event_at(s, at) + 9) == offset)
			return at;
	return offset == s->offset ? at : SIZE_MAX;
}

static int
dump_at(struct ctx *cx, struct source_script *s, struct fake_session *session, const char *asked)
{
	uint32_t offset = (uint32_t)strtoul(strrchr(asked, ':') + 1, NULL, 10);
	size_t at = find_offset(s, offset);

	s->offset_dumps++;
	if (s->offset_refusal != NULL || at == SIZE_MAX)
		return refuse_dump(cx, s->offset_refusal, session);
	TRY(send_rotate(cx, session, offset));
	TRY(send_format(cx, session));
	return send_from(cx, s, session, at);
}

static int
dump(struct ctx *cx, struct fake_session *session, struct slice text, void *arg)
{
	struct source_script *s = arg;
	size_t at = find_sought(s);

	snprintf(s->asked, sizeof(s->asked), "%.*s", SLICE_ARG(text));
	if (strstr(s->asked, "bin.") != NULL)
		return dump_at(cx, s, session, s->asked);
	if (s->refusal != NULL)
		return refuse_dump(cx, s->refusal, session);
	s->dumps++;
	TRY(send_rotate(cx, session, SCRIPT_START));
	TRY(send_place(cx, s, session,
	    at == 0 ? SCRIPT_START
		: at == s->events.len
		? s->offset
		: read_le4(event_at(s, at) + 13) - read_le4(event_at(s, at) + 9)));
	return send_from(cx, s, session, at);
}

/* A row. */
static int
tell(struct ctx *cx, struct fake_session *session, size_t count, struct slice *values)
{
	const struct slice names[] = { slice_str("a"), slice_str("b") };
	struct server_rows rows = {
		.columns = count, .rows = 1, .names = names, .values = values, .status = 2
	};

	return server_send_rows(cx, &session->packets, session->client.caps, &rows);
}

static int
tell_gtids(struct ctx *cx, struct fake_session *session, struct slice text, void *arg)
{
	const struct source_script *s = arg;
	char gtid[40];

	snprintf(gtid, sizeof(gtid), "0-1-%llu",
	    (unsigned long long)(s->says_seq > 0 ? s->says_seq : s->seq));
	return tell(cx, session, 1, (struct slice[]){ slice_str(gtid) });
}

static int
tell_place(struct ctx *cx, struct fake_session *session, struct slice text, void *arg)
{
	const struct source_script *s = arg;
	char offset[20];

	snprintf(offset, sizeof(offset), "%u", s->offset);
	return tell(cx, session, 2, (struct slice[]){ slice_str("bin.000001"), slice_str(offset) });
}

/* SET @slave_gtid_strict_mode=1, ..., @slave_connect_state='0-1-100' */
static int
note_sought(struct ctx *cx, struct fake_session *session, struct slice text, void *arg)
{
	struct source_script *s = arg;
	char sql[200];

	snprintf(sql, sizeof(sql), "%.*s", SLICE_ARG(text));
	s->sought = strtoull(strrchr(sql, '-') + 1, NULL, 10);
	return server_send_ok(
	    cx, &session->packets, session->client.caps, &(struct ok_packet){ .status = 2 });
}

void
script_start(struct source_script *s, const char *address)
{
	struct fake_rule *checksum;

	*s = (struct source_script){ .offset = SCRIPT_START, .seq = 100 };
	buf_init(&s->events);
	s->fake = fake_start(address);
	fake_call(fake_on(s->fake, "SET @slave_gtid_strict_mode=1*"), note_sought, s);
	fake_on(s->fake, "SET *");
	checksum = fake_rows(fake_on(s->fake, "SELECT @master_binlog_checksum"), "c", NULL);
	fake_row(checksum, "NONE");
	fake_on(s->fake, "@Register Slave*");
	fake_call(fake_on(s->fake, "@Binlog Dump*"), dump, s);
	fake_call(fake_on(s->fake, "SELECT @@global.gtid_binlog_pos"), tell_gtids, s);
	fake_call(fake_on(s->fake, "SHOW MASTER STATUS"), tell_place, s);
}

void
script_stop(struct source_script *s)
{
	fake_stop(s->fake);
	buf_done(&s->events);
}
