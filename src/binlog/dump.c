#include "binlog/dump.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	FIRST_EVENT = 4, /* behind the file's magic number */
};

static void
add_le(struct buf *out, uint64_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++, v >>= 8)
		buf_add_char(out, (char)(v & 0xff));
}

/*
 * The checksum that we announce is the server's own setting: a server whose
 * files have checksums refuses who does not know of them.
 */
static int
announce(struct ctx *cx, struct mysql_client *client, const struct dump_params *p)
{
	TRY(mysql_execf(cx, client,
	    "SET @master_binlog_checksum=@@global.binlog_checksum, "
	    "@master_heartbeat_period=%" PRId64,
	    p->heartbeat_us * 1000));
	TRY(mysql_exec(cx, client, slice_str(mysql_dialect(client)->dump_sql), NULL));
	return mysql_execf(cx, client, "%s'%s'", mysql_dialect(client)->dump_gtid_sql, p->gtid);
}

/* What the artificial Rotate before the first format description carries. */
static int
ask_checksum(struct ctx *cx, struct mysql_client *client, struct dump *out)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct ctx sub = *cx;
	struct mysql_rows rows;

	sub.arena = &a;
	TRY(mysql_select(&sub, client, slice_str("SELECT @master_binlog_checksum"), &rows));
	if (rows.rows != 1 || rows.columns != 1)
		return err_set(
		    cx->err, ERR_CORRUPT, "asking for the binlog checksum: %zu rows", rows.rows);
	out->checksum =
	    slice_eq_str(rows.values[0], "CRC32") ? EVENT_CHECKSUM_CRC32 : EVENT_CHECKSUM_NONE;
	return 0;
}

/* server id 4; host, user, password (length 1 each) empty; port 2; rank 4; source id 4 */
static int
register_replica(struct ctx *cx, struct mysql_client *client, uint32_t server_id)
{
	SCOPED(buf) struct buf packet = BUF_INIT;
	struct slice answer;
	bool eof;

	buf_add_char(&packet, COM_REGISTER_SLAVE);
	add_le(&packet, server_id, 4);
	add_le(&packet, 0, 3 + 2 + 4 + 4);
	TRY(mysql_command(cx, client, buf_slice(&packet)));
	return mysql_read_packet(cx, client, &answer, &eof);
}

/* position 4, flags 2, server id 4, file to the end: no file, the GTIDs say it */
static int
request(struct ctx *cx, struct mysql_client *client, const struct dump_params *p)
{
	SCOPED(buf) struct buf packet = BUF_INIT;

	buf_add_char(&packet, COM_BINLOG_DUMP);
	add_le(&packet, FIRST_EVENT, 4);
	add_le(&packet, 0, 2);
	add_le(&packet, p->server_id, 4);
	return mysql_command(cx, client, buf_slice(&packet));
}

int
dump_start(
    struct ctx *cx, struct mysql_client *client, const struct dump_params *params, struct dump *out)
{
	check(params->server_id != 0 && params->heartbeat_us > 0);
	*out = (struct dump){ .client = client };
	if (strspn(params->gtid, "0123456789-,") != strlen(params->gtid))
		return err_set(cx->err, ERR_REFUSED, "'%s' is not a GTID list", params->gtid);
	if (announce(cx, client, params) != 0 || ask_checksum(cx, client, out) != 0 ||
	    register_replica(cx, client, params->server_id) != 0 || request(cx, client, params) != 0)
		return err_wrap(cx->err, "asking for the binlog");
	return 0;
}

static int
follow_rotate(struct dump *d, const struct event *e, struct err *err)
{
	struct rotate r;

	TRY(rotate_read(e->body, &r, err));
	if (r.file.len >= sizeof(d->file))
		return err_set(
		    err, ERR_CORRUPT, "a Rotate event names a file of %zu bytes", r.file.len);
	memcpy(d->file, r.file.ptr, r.file.len);
	d->file[r.file.len] = 0;
	d->position = r.position;
	return 0;
}

static int
follow_format(struct dump *d, const struct event *e, struct err *err)
{
	struct format_description f;

	TRY(format_description_read(e->body, &f, err));
	d->checksum = f.checksum;
	return 0;
}

/* Artificial events and those whose header has no position are in no file and move nothing. */
static int
follow(struct dump *d, const struct event *e, struct err *err)
{
	if (e->type == EVENT_ROTATE)
		return follow_rotate(d, e, err);
	if (e->type == EVENT_FORMAT_DESCRIPTION)
		TRY(follow_format(d, e, err));
	if (e->end_pos != 0 && (e->flags & EVENT_FLAG_ARTIFICIAL) == 0)
		d->position = position_advance(d->position, e->end_pos);
	return 0;
}

/* Each packet is a zero byte and an event. */
int
dump_next(struct ctx *cx, struct dump *d, struct event *out)
{
	struct slice packet;
	bool eof;

	TRY(mysql_read_packet(cx, d->client, &packet, &eof));
	if (eof)
		return err_set(cx->err, ERR_RETRY,
		    "the server ended the binlog stream at %s:%" PRIu64, d->file, d->position);
	if (packet.len < 1 || packet.ptr[0] != 0)
		return err_set(cx->err, ERR_CORRUPT,
		    "a packet of the binlog stream behind %s:%" PRIu64 " is no event", d->file,
		    d->position);
	if (event_read(d->checksum, slice_cut(packet, 1, packet.len), out, cx->err) != 0 ||
	    follow(d, out, cx->err) != 0)
		return err_wrap(cx->err, "binlog behind %s:%" PRIu64, d->file, d->position);
	return 0;
}

/* ---- Finding the place */

/* The last of a domain stands behind its others. */
static int
note_list(struct gtid_list *there, const struct event *e, struct err *err)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct gtid_list_event list;

	TRY(gtid_list_event_read(&a, e->body, &list, err));
	for (size_t i = 0; i < list.count; i++)
		TRY(gtid_list_set(there, list.gtids[i], err));
	return 0;
}

/* The multiple of 4 GB that is nearest to what is expected. */
static uint64_t
widen(uint32_t end_pos, const struct dump *d, const struct dump_place *near)
{
	const uint64_t half = (uint64_t)1 << 31;
	uint64_t from;

	if (strcmp(d->file, near->file) != 0)
		return end_pos;
	from = near->position < half ? 0 : near->position - half;
	return position_advance(from, end_pos);
}

/* Of what comes before the place: 1 when nothing more will. */
static int
step(struct dump *d, const struct event *e, const struct dump_place *near, struct gtid_list *there,
    struct err *err)
{
	switch (e->type) {
	case EVENT_GTID_LIST:
		if (e->flags & EVENT_FLAG_ARTIFICIAL)
			d->position = widen(e->end_pos, d, near);
		return note_list(there, e, err);
	case EVENT_GTID:
	case EVENT_HEARTBEAT: return 1;
	default: /* a byte from the wire: heads of files */ return 0;
	}
}

int
dump_find(struct ctx *cx, struct dump *d, const struct gtid_list *wanted,
    const struct dump_place *near, struct gtid_list *there)
{
	struct event e;
	int ended = 0;

	there->count = 0;
	do {
		TRY(dump_next(cx, d, &e));
		ended = step(d, &e, near, there, cx->err);
		if (ended < 0)
			return -1;
		/* There may be one for each domain whose end is met, and none where nothing is
		 * stepped over. */
		if (e.type == EVENT_GTID_LIST && gtid_list_same(there, wanted))
			return 0;
	} while (!ended);
	return 0;
}
