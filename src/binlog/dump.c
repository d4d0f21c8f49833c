#include "binlog/dump.h"

#include "base/check.h"
#include "binlog/control.h"
#include "binlog/dump_way.h"

#include <inttypes.h>
#include <stdio.h>

static const struct dump_way *
way_of(const struct dialect *d)
{
	return d->gtid_form == GTID_FORM_SET ? &dump_way_mysql : &dump_way_mariadb;
}

/*
 * The checksum that we announce is the server's own setting: a server whose
 * files have checksums refuses who does not know of them. MySQL looks at both names of each variable.
 */
static int
announce(struct ctx *cx, struct dump *d, const struct dump_params *p)
{
	TRY(mysql_execf(cx, d->client,
	    "SET @master_binlog_checksum=@@global.binlog_checksum, "
	    "@master_heartbeat_period=%" PRId64 ", @source_heartbeat_period=%" PRId64
	    ", @source_binlog_checksum=@@global.binlog_checksum",
	    p->heartbeat_us * 1000, p->heartbeat_us * 1000));
	return d->way->announce(cx, d->client, p);
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
int
dump_register(struct ctx *cx, struct mysql_client *client, uint32_t server_id)
{
	SCOPED(buf) struct buf packet = BUF_INIT;
	struct slice answer;
	bool eof;

	buf_add_char(&packet, COM_REGISTER_SLAVE);
	wire_put_int(&packet, server_id, 4);
	wire_put_int(&packet, 0, 3 + 2 + 4 + 4);
	TRY(mysql_command(cx, client, buf_slice(&packet)));
	return mysql_read_packet(cx, client, &answer, &eof);
}

/* position 4, flags 2, server id 4, file to the end */
void
dump_request_at(struct buf *packet, uint32_t server_id, const struct dump_place *at)
{
	check(at->position <= UINT32_MAX);
	buf_add_char(packet, COM_BINLOG_DUMP);
	wire_put_int(packet, at->position, 4);
	wire_put_int(packet, 0, 2);
	wire_put_int(packet, server_id, 4);
	buf_add_str(packet, at->file);
}

static int
request(struct ctx *cx, struct dump *d, const struct dump_params *p)
{
	SCOPED(buf) struct buf packet = BUF_INIT;

	if (p->at != NULL)
		dump_request_at(&packet, p->server_id, p->at);
	else
		TRY(d->way->request(&packet, p, cx->err));
	return mysql_command(cx, d->client, buf_slice(&packet));
}

int
dump_start(
    struct ctx *cx, struct mysql_client *client, const struct dump_params *params, struct dump *out)
{
	check(params->server_id != 0 && params->heartbeat_us > 0);
	*out = (struct dump){ .client = client, .way = way_of(mysql_dialect(client)) };
	if (announce(cx, out, params) != 0 || ask_checksum(cx, client, out) != 0 ||
	    dump_register(cx, client, params->server_id) != 0 || request(cx, out, params) != 0)
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

/* Of MySQL: sent at a place in no event, with all bits of it. */
static int
follow_heartbeat(struct dump *d, const struct event *e, struct err *err)
{
	struct heartbeat h;

	TRY(heartbeat_read(e, &h, err));
	d->position = h.position;
	return 0;
}

/* Artificial events and those whose header has no position are in no file and move nothing. */
static int
follow(struct dump *d, const struct event *e, struct err *err)
{
	if (e->type == EVENT_ROTATE)
		return follow_rotate(d, e, err);
	if (e->type == EVENT_HEARTBEAT_V2)
		return follow_heartbeat(d, e, err);
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

	if (d->unread) {
		*out = d->event;
		d->position += out->length;
		d->unread = false;
		return 0;
	}
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

int
dump_find(struct ctx *cx, struct dump *d, const struct gtids *wanted, const struct dump_place *near,
    struct gtids *there)
{
	return d->way->find(cx, d, wanted, near, there);
}

/* The file's name comes in an artificial Rotate, and its format behind it. */
int
dump_taken(struct ctx *cx, struct dump *d, const struct dump_place *at)
{
	struct event e = { .type = EVENT_ROTATE };

	while (e.type == EVENT_ROTATE)
		TRY(dump_next(cx, d, &e));
	if (e.type == EVENT_FORMAT_DESCRIPTION && strcmp(d->file, at->file) == 0 &&
	    d->position == at->position)
		return 0;
	return err_set(cx->err, ERR_REFUSED,
	    "a dump from %s:%" PRIu64 " begins with an event of type %d at %s:%" PRIu64, at->file,
	    at->position, e.type, d->file, d->position);
}
