#include "binlog/control.h"

#include "binlog/cursor.h"

static int
corrupt(struct err *err, const char *what, size_t len)
{
	return err_set(
	    err, ERR_CORRUPT, "%s event with a body of %zu bytes cannot be read", what, len);
}

int
format_description_read(struct slice body, struct format_description *out, struct err *err)
{
	struct cursor c = cursor_of(body);

	out->binlog_version = (uint16_t)cursor_le(&c, 2);
	out->server_version = cursor_bytes(&c, 50);
	cursor_take(&c, 4); /* created */
	uint64_t header = cursor_le(&c, 1);
	if (c.failed || c.left < 1)
		return corrupt(err, "Format_description", body.len);
	out->post_headers = cursor_bytes(&c, c.left - 1);
	uint64_t checksum = cursor_le(&c, 1);
	const void *nul = memchr(out->server_version.ptr, 0, out->server_version.len);
	if (nul != NULL)
		out->server_version.len = (size_t)((const uint8_t *)nul - out->server_version.ptr);
	if (out->binlog_version != 4 || header != EVENT_HEADER_BYTES)
		return err_set(err, ERR_REFUSED,
		    "binlog version %d with headers of %d bytes: only version 4 is known",
		    out->binlog_version, (int)header);
	if (checksum > EVENT_CHECKSUM_CRC32)
		return err_set(
		    err, ERR_REFUSED, "binlog checksum algorithm %d is not known", (int)checksum);
	out->checksum = (enum event_checksum)checksum;
	return 0;
}

int
rotate_read(struct slice body, struct rotate *out, struct err *err)
{
	struct cursor c = cursor_of(body);

	out->position = cursor_le(&c, 8);
	out->file = cursor_rest(&c);
	if (c.failed || out->file.len == 0)
		return corrupt(err, "Rotate", body.len);
	return 0;
}

/* v2 (MySQL): type 1, length 1, value, repeated; 1 = file name, 2 = position as lenenc, 0 = end. */
static int
heartbeat_read_v2(struct slice body, struct heartbeat *out, struct err *err)
{
	struct cursor c = cursor_of(body);

	while (!c.failed && c.left > 0) {
		uint64_t field = cursor_le(&c, 1);
		if (field == 0)
			break;
		struct cursor value = cursor_of(cursor_bytes(&c, (size_t)cursor_lenenc(&c)));
		if (field == 1)
			out->file = cursor_rest(&value);
		else if (field == 2)
			out->position = cursor_lenenc(&value);
		c.failed |= value.failed;
	}
	out->is_wide = true;
	return c.failed ? corrupt(err, "Heartbeat_v2", body.len) : 0;
}

int
heartbeat_read(const struct event *e, struct heartbeat *out, struct err *err)
{
	*out = (struct heartbeat){ .file = e->body, .position = e->end_pos };
	if (e->type == EVENT_HEARTBEAT_V2)
		return heartbeat_read_v2(e->body, out, err);
	return 0;
}

static void
read_xid(struct cursor *c, struct xid *out)
{
	out->format = (uint32_t)cursor_le(c, 4);
	size_t gtrid = (size_t)cursor_le(c, 1), bqual = (size_t)cursor_le(c, 1);
	c->failed |= gtrid > XID_PART_MAX || bqual > XID_PART_MAX;
	out->gtrid = cursor_bytes(c, gtrid);
	out->bqual = cursor_bytes(c, bqual);
}

int
gtid_event_read(const struct event *e, struct gtid_event *out, struct err *err)
{
	struct cursor c = cursor_of(e->body);

	*out = (struct gtid_event){ .id = { .server = e->server_id } };
	out->id.seq = cursor_le(&c, 8);
	out->id.domain = (uint32_t)cursor_le(&c, 4);
	out->flags = (uint8_t)cursor_le(&c, 1);
	if (out->flags & GTID_GROUP_COMMIT)
		out->commit_id = cursor_le(&c, 8);
	if (out->flags & (GTID_PREPARED_XA | GTID_COMPLETED_XA))
		read_xid(&c, &out->xid);
	if (!c.failed && c.left > 0)
		out->extra = (uint8_t)cursor_le(&c, 1); /* else zeros fill the event up */
	return c.failed ? corrupt(err, "Gtid", e->body.len) : 0;
}

/*
 * A number of MySQL's serialized messages: as many low bits of the first byte are set as bytes follow,
 * then a 0 bit, then the number, little endian. Signed ones have their sign in the lowest bit.
 */
static uint64_t
read_packed(struct cursor *c)
{
	uint64_t first = cursor_le(c, 1), rest;
	int more = 0;

	while (more < 8 && (first >> more & 1) != 0)
		more++;
	rest = cursor_le(c, (size_t)more);
	return more == 8 ? rest : first >> (more + 1) | rest << (7 - more);
}

static void
read_packed_uuid(struct cursor *c, uint8_t out[GTID_UUID_BYTES])
{
	for (int i = 0; i < GTID_UUID_BYTES; i++) {
		uint64_t byte = read_packed(c);

		c->failed |= byte > UINT8_MAX;
		out[i] = (uint8_t)byte;
	}
}

static void
read_packed_tag(struct cursor *c, char out[GTID_TAG_MAX + 1])
{
	struct slice tag = cursor_bytes(c, (size_t)read_packed(c));

	c->failed |= tag.len > GTID_TAG_MAX;
	if (c->failed)
		return;
	memcpy(out, tag.ptr, tag.len);
	out[tag.len] = '\0';
}

/*
 * Gtid_tagged: version, size, the last field that a reader must know, then fields, each with its number
 * before it: 0 flags, 1 the uuid, 2 the transaction's number, 3 the tag. What follows is of no use here.
 */
static bool
read_tagged(struct cursor *c, struct gtid_member *out)
{
	enum { FLAGS = 0, UUID = 1, NUMBER = 2, TAG = 3, VERSION = 1 };

	c->failed |= read_packed(c) != VERSION;
	(void)read_packed(c);
	c->failed |= read_packed(c) > TAG;
	c->failed |= read_packed(c) != FLAGS;
	(void)read_packed(c);
	c->failed |= read_packed(c) != UUID;
	read_packed_uuid(c, out->uuid);
	c->failed |= read_packed(c) != NUMBER;
	uint64_t number = read_packed(c);
	c->failed |= (number & 1) != 0 || number == 0;
	out->number = number / 2;
	c->failed |= read_packed(c) != TAG;
	read_packed_tag(c, out->tag);
	return !c->failed;
}

/* flags 1 (may contain statements), uuid, number */
static bool
read_untagged(struct cursor *c, struct gtid_member *out)
{
	cursor_take(c, 1);
	struct slice uuid = cursor_bytes(c, GTID_UUID_BYTES);
	out->number = cursor_le(c, 8);
	if (!c->failed)
		memcpy(out->uuid, uuid.ptr, GTID_UUID_BYTES);
	return !c->failed;
}

int
mysql_gtid_event_read(const struct event *e, struct mysql_gtid_event *out, struct err *err)
{
	struct cursor c = cursor_of(e->body);
	bool tagged = e->type == EVENT_MYSQL_GTID_TAGGED;

	*out = (struct mysql_gtid_event){ .is_anonymous = e->type == EVENT_MYSQL_ANONYMOUS };
	bool read = tagged ? read_tagged(&c, &out->id) : read_untagged(&c, &out->id);
	if (read && (out->is_anonymous || (out->id.number > 0 && out->id.number < INT64_MAX)))
		return 0;
	return corrupt(err, tagged ? "Gtid_tagged" : "Gtid (MySQL)", e->body.len);
}

int
gtid_list_event_read(
    struct arena *a, struct slice body, struct gtid_list_event *out, struct err *err)
{
	/* the upper four bits are flags */
	enum { COUNT_MASK = (1 << 28) - 1, GTID_BYTES = 16 };
	struct cursor c = cursor_of(body);
	size_t count = (size_t)cursor_le(&c, 4) & COUNT_MASK;

	if (c.failed || count > c.left / GTID_BYTES)
		return corrupt(err, "Gtid_list", body.len);
	out->gtids = arena_array(a, struct gtid, count);
	out->count = count;
	for (size_t i = 0; i < count; i++) {
		out->gtids[i].domain = (uint32_t)cursor_le(&c, 4);
		out->gtids[i].server = (uint32_t)cursor_le(&c, 4);
		out->gtids[i].seq = cursor_le(&c, 8);
	}
	return 0;
}

int
xid_event_read(struct slice body, uint64_t *xid, struct err *err)
{
	struct cursor c = cursor_of(body);

	*xid = cursor_le(&c, 8);
	return c.failed || c.left != 0 ? corrupt(err, "Xid", body.len) : 0;
}

int
query_event_read(struct slice body, struct query_event *out, struct err *err)
{
	struct cursor c = cursor_of(body);

	*out = (struct query_event){ .thread_id = (uint32_t)cursor_le(&c, 4) };
	out->exec_s = (uint32_t)cursor_le(&c, 4);
	size_t database_len = (size_t)cursor_le(&c, 1);
	out->error_code = (uint16_t)cursor_le(&c, 2);
	size_t status_len = (size_t)cursor_le(&c, 2);
	struct slice status = cursor_bytes(&c, status_len);
	out->database = cursor_bytes(&c, database_len);
	cursor_take(&c, 1); /* NUL */
	out->sql = cursor_rest(&c);
	if (c.failed)
		return corrupt(err, "Query", body.len);
	query_status_read(status, &out->status);
	out->has_sql_mode = out->status.has_sql_mode;
	out->sql_mode = out->status.sql_mode;
	return 0;
}

int
xa_prepare_read(struct slice body, struct xa_prepare *out, struct err *err)
{
	struct cursor c = cursor_of(body);

	out->one_phase = cursor_le(&c, 1) != 0;
	out->xid.format = (uint32_t)cursor_le(&c, 4);
	size_t gtrid = (size_t)cursor_le(&c, 4), bqual = (size_t)cursor_le(&c, 4);
	c.failed |= gtrid > XID_PART_MAX || bqual > XID_PART_MAX;
	out->xid.gtrid = cursor_bytes(&c, gtrid);
	out->xid.bqual = cursor_bytes(&c, bqual);
	return c.failed ? corrupt(err, "XA_prepare", body.len) : 0;
}

int
annotate_read(const struct event *e, struct slice *sql, struct err *err)
{
	struct cursor c = cursor_of(e->body);

	if (e->type == EVENT_ROWS_QUERY)
		/* a length that is too short to be of use */
		cursor_take(&c, 1);
	*sql = cursor_rest(&c);
	return c.failed ? corrupt(err, "Annotate_rows", e->body.len) : 0;
}
