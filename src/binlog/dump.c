#include "binlog/dump.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	FIRST_EVENT = 4,                /* behind the file's magic number */
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
	TRY(mysql_execf(cx, client, "SET @master_binlog_checksum=@@global.binlog_checksum, "
	    "@master_heartbeat_period=%" PRId64, p->heartbeat_us * 1000));
	TRY(mysql_exec(cx, client, slice_str(mysql_dialect(client)->dump_sql), NULL));
	if (p->gtid == NULL)
		return 0;
	return mysql_execf(cx, client, "%s'%s'", mysql_dialect(client)->dump_gtid_sql, p->gtid);
}

/* What the artificial Rotate before the first format description carries. */
static int
ask_checksum(struct ctx *cx, struct mysql_client *client, struct dump *out)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct ctx                 sub = *cx;
	struct mysql_rows          rows;

	sub.arena = &a;
	TRY(mysql_select(&sub, client, slice_str("SELECT @master_binlog_checksum"), &rows));
	if (rows.rows != 1 || rows.columns != 1)
		return err_set(cx->err, ERR_CORRUPT, "asking for the binlog checksum: %zu rows",
		    rows.rows);
	out->checksum = slice_eq_str(rows.values[0], "CRC32") ? EVENT_CHECKSUM_CRC32 :
	    EVENT_CHECKSUM_NONE;
	return 0;
}

/* server id 4; host, user, password (length 1 each) empty; port 2; rank 4; source id 4 */
static int
register_replica(struct ctx *cx, struct mysql_client *client, uint32_t server_id)
{
	SCOPED(buf) struct buf packet = BUF_INIT;
	struct slice           answer;
	bool                   eof;

	buf_add_char(&packet, COM_REGISTER_SLAVE);
	add_le(&packet, server_id, 4);
	add_le(&packet, 0, 3 + 2 + 4 + 4);
	TRY(mysql_command(cx, client, buf_slice(&packet)));
	return mysql_read_packet(cx, client, &answer, &eof);
}

/* position 4, flags 2, server id 4, file to the end */
static int
request(struct ctx *cx, struct mysql_client *client, const struct dump_params *p)
{
	SCOPED(buf) struct buf packet = BUF_INIT;

	buf_add_char(&packet, COM_BINLOG_DUMP);
	add_le(&packet, p->gtid != NULL ? FIRST_EVENT : p->position, 4);
	add_le(&packet, 0, 2);
	add_le(&packet, p->server_id, 4);
	buf_add_str(&packet, p->gtid != NULL ? "" : p->file);
	return mysql_command(cx, client, buf_slice(&packet));
}

static int
check_params(const struct dump_params *p, struct err *err)
{
	check(p->server_id != 0 && p->heartbeat_us > 0);
	if (p->gtid != NULL) {
		if (strspn(p->gtid, "0123456789-,") != strlen(p->gtid))
			return err_set(err, ERR_REFUSED, "'%s' is not a GTID list", p->gtid);
		return 0;
	}
	if (strlen(p->file) >= DUMP_FILE_MAX || p->position < FIRST_EVENT ||
	    p->position > UINT32_MAX)
		return err_set(err, ERR_REFUSED, "a binlog cannot be read from '%s' at %" PRIu64,
		    p->file, p->position);
	return 0;
}

int
dump_start(struct ctx *cx, struct mysql_client *client, const struct dump_params *params,
    struct dump *out)
{
	*out = (struct dump){ .client = client, .position = params->position };
	TRY(check_params(params, cx->err));
	if (params->gtid == NULL)
		memcpy(out->file, params->file, strlen(params->file));
	if (announce(cx, client, params) != 0 || ask_checksum(cx, client, out) != 0 ||
	    register_replica(cx, client, params->server_id) != 0 || request(cx, client,
	    params) != 0)
		return err_wrap(cx->err, "asking for the binlog");
	return 0;
}

static int
follow_rotate(struct dump *d, const struct event *e, struct err *err)
{
	struct rotate r;

	TRY(rotate_read(e->body, &r, err));
	if (r.file.len >= sizeof(d->file))
		return err_set(err, ERR_CORRUPT, "a Rotate event names a file of %zu bytes",
		    r.file.len);
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
	bool         eof;

	TRY(mysql_read_packet(cx, d->client, &packet, &eof));
	if (eof)
		return err_set(cx->err, ERR_RETRY,
		    "the server ended the binlog stream at %s:%" PRIu64, d->file, d->position);
	if (packet.len < 1 || packet.ptr[0] != 0)
		return err_set(cx->err, ERR_CORRUPT,
		    "a packet of the binlog stream behind %s:%" PRIu64 " is no event",
		    d->file, d->position);
	if (event_read(d->checksum, slice_cut(packet, 1, packet.len), out, cx->err) != 0 ||
	    follow(d, out, cx->err) != 0)
		return err_wrap(cx->err, "binlog behind %s:%" PRIu64, d->file, d->position);
	return 0;
}
