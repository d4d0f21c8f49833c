#include "sim/mini_binlog.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/parse.h"
#include "binlog/control.h"
#include "binlog/checksum.h"
#include "binlog/rows.h"
#include "binlog/tablemap.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	MAGIC_BYTES = 4,
	/* as MariaDB 10.11's format description: types 1 to 171 */
	TYPES = 171,
	VERSION_BYTES = 50,
};

static void
put(struct buf *out, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++, v >>= 8)
		buf_add_char(out, (char)(v & 0xff));
}

static void
put_name(struct buf *out, const char *name)
{
	put(out, strlen(name), 1);
	buf_add(out, name, strlen(name) + 1);
}

struct event_head {
	uint8_t type;
	uint16_t flags;
	uint32_t timestamp;
	bool placed; /* its end is a place in a file */
	uint64_t at; /* where it begins */
};

static void
put_event(struct buf *out, const struct event_head *h, struct slice body)
{
	size_t start = out->len;
	uint32_t length = EVENT_HEADER_BYTES + (uint32_t)body.len + EVENT_CHECKSUM_BYTES;

	put(out, h->timestamp, 4);
	put(out, h->type, 1);
	put(out, MINI_SERVER_ID, 4);
	put(out, length, 4);
	put(out, h->placed ? h->at + length : 0, 4);
	put(out, h->flags, 2);
	buf_add_slice(out, body);
	put(out, checksum_crc32(slice_of(out->data + start, out->len - start)), 4);
}

static void
append(struct mini_file *f, uint8_t type, uint32_t timestamp, const struct buf *body)
{
	put_event(&f->bytes,
	    &(struct event_head){
		.type = type, .timestamp = timestamp, .placed = true, .at = f->bytes.len },
	    buf_slice(body));
}

static void
mark(struct mini_file *f, uint64_t seq)
{
	f->marks = mem_grow(f->marks, &f->marks_cap, f->marks_count + 1, sizeof(f->marks[0]));
	f->marks[f->marks_count++] = (struct mini_mark){ f->bytes.len, seq };
}

/* ---- Files */

static void
put_format(struct buf *out)
{
	char version[VERSION_BYTES] = "10.11.99-MariaDB-mini";

	put(out, 4, 2);
	buf_add(out, version, sizeof(version));
	put(out, 0, 4);
	put(out, EVENT_HEADER_BYTES, 1);
	for (int i = 0; i < TYPES; i++)
		put(out, 0, 1);
	put(out, EVENT_CHECKSUM_CRC32, 1);
}

static void
put_list(struct buf *out, uint64_t seq)
{
	put(out, seq > 0, 4);
	if (seq == 0)
		return;
	put(out, 0, 4);
	put(out, MINI_SERVER_ID, 4);
	put(out, seq, 8);
}

static void
begin_file(struct mini_binlog *b)
{
	SCOPED(buf) struct buf body = BUF_INIT;
	struct mini_file *f = &b->files[b->count++];

	check(b->count <= MINI_FILES_MAX);
	*f = (struct mini_file){ 0 };
	buf_init(&f->bytes);
	snprintf(f->name, sizeof(f->name), "binlog.%06d", b->count);
	buf_add(&f->bytes,
	    "\xfe"
	    "bin",
	    MAGIC_BYTES);
	put_format(&body);
	append(f, EVENT_FORMAT_DESCRIPTION, 0, &body);
	buf_reset(&body);
	put_list(&body, b->seq);
	append(f, EVENT_GTID_LIST, 0, &body);
	mark(f, b->seq);
}

void
binlog_init(struct mini_binlog *b)
{
	*b = (struct mini_binlog){ 0 };
	begin_file(b);
}

void
binlog_done(struct mini_binlog *b)
{
	for (int i = 0; i < b->count; i++) {
		buf_done(&b->files[i].bytes);
		free(b->files[i].marks);
	}
}

struct mini_file *
binlog_last(struct mini_binlog *b)
{
	return &b->files[b->count - 1];
}

void
binlog_rotate(struct mini_binlog *b, bool clean)
{
	SCOPED(buf) struct buf body = BUF_INIT;
	char next[MINI_FILE_NAME];

	if (clean) {
		snprintf(next, sizeof(next), "binlog.%06d", b->count + 1);
		put(&body, MAGIC_BYTES, 8);
		buf_add_str(&body, next);
		append(binlog_last(b), EVENT_ROTATE, 0, &body);
	}
	begin_file(b);
}

bool
binlog_find(const struct mini_binlog *b, uint64_t seq, int *file, uint64_t *offset)
{
	for (*file = b->count - 1; *file >= 0; (*file)--) {
		const struct mini_file *f = &b->files[*file];

		for (size_t m = 0; m < f->marks_count; m++) {
			if (f->marks[m].seq != seq)
				continue;
			*offset = f->marks[m].offset;
			return true;
		}
	}
	return false;
}

/* ---- Groups */

static void
put_gtid(struct mini_binlog *b, uint8_t flags, uint32_t timestamp)
{
	SCOPED(buf) struct buf body = BUF_INIT;

	put(&body, ++b->seq, 8);
	put(&body, 0, 4);
	put(&body, flags, 1);
	put(&body, 0, 6);
	append(binlog_last(b), EVENT_GTID, timestamp, &body);
}

static uint8_t
wire_type(const struct mini_column *c)
{
	if (c->kind == MINI_INT)
		return c->int_bytes == 8 ? BINLOG_LONGLONG : BINLOG_LONG;
	return c->blob ? BINLOG_BLOB : BINLOG_VARCHAR;
}

static uint32_t
max_bytes(const struct mini_column *c)
{
	return c->kind == MINI_TEXT_CI ? c->length * 4 : c->length; /* utf8mb4 */
}

static void
put_map(struct buf *out, const struct mini_table *t)
{
	SCOPED(buf) struct buf meta = BUF_INIT;
	uint8_t nullable[MINI_COLUMNS_MAX / 8] = { 0 };

	put(out, t->number, 6);
	put(out, 1, 2);
	put_name(out, t->database);
	put_name(out, t->name);
	put(out, (uint64_t)t->columns_count, 1);
	for (int i = 0; i < t->columns_count; i++) {
		const struct mini_column *c = &t->columns[i];

		put(out, wire_type(c), 1);
		if (wire_type(c) == BINLOG_VARCHAR)
			put(&meta, max_bytes(c), 2);
		else if (wire_type(c) == BINLOG_BLOB)
			put(&meta, 4, 1);
		if (c->nullable)
			nullable[i / 8] |= (uint8_t)(1 << i % 8);
	}
	put(out, meta.len, 1);
	buf_add_slice(out, buf_slice(&meta));
	buf_add(out, nullable, (size_t)(t->columns_count + 7) / 8);
}

static void
put_value(struct buf *out, const struct mini_column *c, struct slice v)
{
	struct err err;
	int64_t number;

	if (c->kind == MINI_INT) {
		check(parse_i64(v, &number, &err) == 0);
		put(out, (uint64_t)number, c->int_bytes);
		return;
	}
	put(out, v.len, c->blob ? 4 : max_bytes(c) > 255 ? 2 : 1);
	buf_add_slice(out, v);
}

static void
put_bits(struct buf *out, const struct mini_table *t, const struct slice *null_where)
{
	uint8_t bits[MINI_COLUMNS_MAX / 8] = { 0 };

	for (int i = 0; i < t->columns_count; i++) {
		if (null_where == NULL || slice_is_null(null_where[i]))
			bits[i / 8] |= (uint8_t)(1 << i % 8);
	}
	buf_add(out, bits, (size_t)(t->columns_count + 7) / 8);
}

static void
put_image(struct buf *out, const struct mini_table *t, const struct slice *values)
{
	if (values == NULL)
		return;
	put_bits(out, t, values);
	for (int i = 0; i < t->columns_count; i++) {
		if (!slice_is_null(values[i]))
			put_value(out, &t->columns[i], values[i]);
	}
}

static void
put_change(struct mini_file *f, const struct mini_change *c, uint32_t timestamp)
{
	static const uint8_t types[] = {
		[MINI_INSERT] = EVENT_WRITE_ROWS_V1,
		[MINI_UPDATE] = EVENT_UPDATE_ROWS_V1,
		[MINI_DELETE] = EVENT_DELETE_ROWS_V1,
	};
	SCOPED(buf) struct buf body = BUF_INIT;

	put_map(&body, c->table);
	append(f, EVENT_TABLE_MAP, timestamp, &body);
	if (c->kind == MINI_TOUCH)
		return;
	buf_reset(&body);
	put(&body, c->table->number, 6);
	put(&body, ROWS_STATEMENT_END | (c->unchecked ? ROWS_NO_FK_CHECKS : 0), 2);
	put(&body, (uint64_t)c->table->columns_count, 1);
	put_bits(&body, c->table, NULL);
	if (c->kind == MINI_UPDATE)
		put_bits(&body, c->table, NULL);
	put_image(&body, c->table, c->before);
	put_image(&body, c->table, c->after);
	append(f, types[c->kind], timestamp, &body);
}

void
binlog_add(
    struct mini_binlog *b, const struct mini_change *changes, size_t count, uint32_t timestamp)
{
	SCOPED(buf) struct buf body = BUF_INIT;
	struct mini_file *f = binlog_last(b);

	put_gtid(b, GTID_TRANSACTIONAL, timestamp);
	for (size_t i = 0; i < count; i++)
		put_change(f, &changes[i], timestamp);
	put(&body, b->seq, 8);
	append(f, EVENT_XID, timestamp, &body);
	mark(f, b->seq);
}

void
binlog_add_statement(
    struct mini_binlog *b, const char *database, struct slice sql, uint32_t timestamp)
{
	SCOPED(buf) struct buf body = BUF_INIT;
	struct mini_file *f = binlog_last(b);

	put_gtid(b, GTID_STANDALONE | GTID_DDL, timestamp);
	put(&body, 1, 4);
	put(&body, 0, 4);
	put(&body, strlen(database), 1);
	put(&body, 0, 2);
	put(&body, 0, 2);
	buf_add(&body, database, strlen(database) + 1);
	buf_add_slice(&body, sql);
	append(f, EVENT_QUERY, timestamp, &body);
	mark(f, b->seq);
}

/* ---- What a sender makes up */

void
binlog_fake_rotate(struct buf *out, const char *file, uint64_t offset)
{
	SCOPED(buf) struct buf body = BUF_INIT;

	put(&body, offset, 8);
	buf_add_str(&body, file);
	put_event(out, &(struct event_head){ .type = EVENT_ROTATE, .flags = EVENT_FLAG_ARTIFICIAL },
	    buf_slice(&body));
}

void
binlog_fake_list(struct buf *out, uint64_t seq, uint64_t offset)
{
	SCOPED(buf) struct buf body = BUF_INIT;

	put_list(&body, seq);
	put_event(out,
	    &(struct event_head){ .type = EVENT_GTID_LIST,
		.flags = EVENT_FLAG_ARTIFICIAL,
		.placed = true,
		.at = offset - EVENT_HEADER_BYTES - body.len - EVENT_CHECKSUM_BYTES },
	    buf_slice(&body));
}

void
binlog_heartbeat(struct buf *out, const char *file, uint64_t offset)
{
	size_t length = EVENT_HEADER_BYTES + strlen(file) + EVENT_CHECKSUM_BYTES;

	put_event(out,
	    &(struct event_head){ .type = EVENT_HEARTBEAT, .placed = true, .at = offset - length },
	    slice_str(file));
}

void
binlog_format(struct buf *out, const struct mini_file *f)
{
	SCOPED(buf) struct buf body = BUF_INIT;

	put_format(&body);
	put_event(out, &(struct event_head){ .type = EVENT_FORMAT_DESCRIPTION }, buf_slice(&body));
}

struct slice
binlog_event(const struct mini_file *f, uint64_t offset)
{
	const uint8_t *at = (const uint8_t *)f->bytes.data + offset + 9;
	uint32_t length;

	check(offset + EVENT_HEADER_BYTES <= f->bytes.len);
	length =
	    (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
	check(offset + length <= f->bytes.len);
	return slice_of(f->bytes.data + offset, length);
}
