#include "mysql/client.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "mysql/reply_relay.h"
#include "mysql/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	PACKET_MAX = 1 << 30,    /* the servers' largest max_allowed_packet */
	HEAD_MAX = 64 * 1024,    /* a definition, an OK, a file name: all are far smaller */
	LOAD_PACKET = 64 * 1024, /* a load's bytes go out in packets of about this size */
	ER_NEW_ABORTING_CONNECTION = 1184, /* "(init_connect command failed)" */
};

/*
 * IDLE       nothing is under way
 * SENT       pending statements were sent, their answers are unread
 * STREAMING  rows are being read
 * LOADING    the server waits for a file's bytes
 * DUMPING    a raw command's packets are being read
 */
enum client_state { CLIENT_IDLE, CLIENT_SENT, CLIENT_STREAMING, CLIENT_LOADING, CLIENT_DUMPING };

struct mysql_client {
	struct conn *conn;
	struct packets packets;
	enum client_state state;
	int pending;
	struct login login;
	bool broken;
	size_t columns;  /* STREAMING */
	struct buf load; /* LOADING: room for a header, then bytes */
};

bool
mysql_broken(const struct mysql_client *c)
{
	return c->broken || c->packets.broken;
}

bool
mysql_hung_up(struct mysql_client *c)
{
	check(c->state == CLIENT_IDLE);
	return packets_hung_up(&c->packets);
}

uint32_t
mysql_thread_id(const struct mysql_client *c)
{
	return c->login.thread_id;
}

const char *
mysql_server_version(const struct mysql_client *c)
{
	return c->login.version;
}

const struct dialect *
mysql_dialect(const struct mysql_client *c)
{
	return c->login.dialect;
}

uint64_t
mysql_caps(const struct mysql_client *c)
{
	return c->login.caps;
}

struct packets *
mysql_packets(struct mysql_client *c)
{
	check(c->state == CLIENT_IDLE || c->state == CLIENT_DUMPING);
	return &c->packets;
}

void
mysql_close(struct mysql_client *c)
{
	static const uint8_t quit[] = { COM_QUIT };

	if (c == NULL)
		return;
	if (!mysql_broken(c) && c->state == CLIENT_IDLE)
		packets_write_last(&c->packets, slice_of(quit, sizeof(quit)));
	packets_done(&c->packets);
	conn_close(c->conn);
	buf_done(&c->load);
	free(c);
}

/* Public functions return through this: any error but one that the server answered breaks the connection. */
static int
leave(struct ctx *cx, struct mysql_client *c, int rc)
{
	if (rc >= 0)
		return rc;
	if (cx->err->kind != ERR_SERVER)
		c->broken = true;
	c->state = CLIENT_IDLE;
	c->pending = 0;
	return -1;
}

static int
usable(struct ctx *cx, const struct mysql_client *c)
{
	if (mysql_broken(c))
		return err_set(cx->err, ERR_RETRY, "the connection to the server is broken");
	return 0;
}

void
mysql_take_ok(const struct ok_packet *in, struct mysql_ok *out)
{
	struct slice info = slice_cut(in->info, 0, sizeof(out->info) - 1);

	out->affected_rows = in->affected_rows;
	out->insert_id = in->insert_id;
	out->status = in->status;
	out->warnings = in->warnings;
	if (info.len > 0)
		memcpy(out->info, info.ptr, info.len);
	out->info[info.len] = 0;
}

/* Adds a statement to the output; its answer's sequence starts at 1. */
static int
send_text(struct ctx *cx, struct mysql_client *c, struct slice sql)
{
	static const uint8_t query[] = { COM_QUERY };
	const struct slice parts[] = { slice_of(query, sizeof(query)), sql };

	packets_begin_command(&c->packets);
	return packets_write_parts(cx, &c->packets, parts, 2);
}

int
mysql_send(struct ctx *cx, struct mysql_client *c, struct slice sql)
{
	TRY(usable(cx, c));
	check(c->state == CLIENT_IDLE || c->state == CLIENT_SENT);
	if (send_text(cx, c, sql) != 0)
		return leave(cx, c, -1);
	c->state = CLIENT_SENT;
	c->pending++;
	return 0;
}

/* Reads one statement's whole answer; rows are dropped. */
static int
read_answer(struct ctx *cx, struct mysql_client *c, struct mysql_ok *ok)
{
	struct reply_scan scan;
	struct ok_packet packet;

	TRY(packets_flush(cx, &c->packets));
	reply_scan_init(&scan, REPLY_RESULT, c->login.caps);
	TRY(packets_drop_reply(cx, &c->packets, &scan));
	if (scan.failed)
		return err_from_packet(reply_scan_tail(&scan), cx->err);
	if (ok == NULL)
		return 0;
	if (reply_is_ok(reply_scan_tail(&scan)))
		TRY(ok_read(reply_scan_tail(&scan), c->login.caps, &packet, cx->err));
	else
		TRY(eof_read(reply_scan_tail(&scan), c->login.caps, &packet, cx->err));
	mysql_take_ok(&packet, ok);
	return 0;
}

int
mysql_receive(struct ctx *cx, struct mysql_client *c, struct mysql_ok *ok)
{
	int rc;

	TRY(usable(cx, c));
	check(c->state == CLIENT_SENT && c->pending > 0);
	rc = packets_flush(cx, &c->packets);
	packets_await_answer(&c->packets, 1);
	if (rc == 0)
		rc = read_answer(cx, c, ok);
	if (rc != 0 && cx->err->kind != ERR_SERVER)
		return leave(cx, c, rc);
	/* A statement's own error does not concern those sent behind it. */
	if (--c->pending == 0)
		c->state = CLIENT_IDLE;
	return rc;
}

int
mysql_exec(struct ctx *cx, struct mysql_client *c, struct slice sql, struct mysql_ok *ok)
{
	check(c->state == CLIENT_IDLE);
	TRY(mysql_send(cx, c, sql));
	return mysql_receive(cx, c, ok);
}

/* ---- Connecting */

int
mysql_reset(struct ctx *cx, struct mysql_client *c)
{
	static const uint8_t command[] = { COM_RESET_CONNECTION };

	TRY(usable(cx, c));
	check(c->state == CLIENT_IDLE);
	packets_begin_command(&c->packets);
	if (packets_write(cx, &c->packets, slice_of(command, sizeof(command))) != 0)
		return leave(cx, c, -1);
	return leave(cx, c, read_answer(cx, c, NULL));
}

/* The reset is answered first: where init_connect has failed, this is how the server says so, and it
 * closes the connection. */
static int
reset_first(struct ctx *cx, struct mysql_client *c)
{
	if (mysql_reset(cx, c) == 0)
		return 0;
	if (cx->err->mysql_errno != ER_NEW_ABORTING_CONNECTION)
		return -1;
	cx->err->kind = ERR_REFUSED;
	err_wrap(cx->err, "the server's init_connect fails for this account");
	return err_hint(
	    cx->err, "its error log says why; mend it with SET GLOBAL init_connect='...'");
}

/* All statements go out at once; every answer is read. */
static int
begin_role(struct ctx *cx, struct mysql_client *c, enum mysql_role role)
{
	const struct role_setting *tables[ROLE_TABLES];
	SCOPED(buf) struct buf sql = BUF_INIT;

	if (role == ROLE_CLIENT)
		return 0;
	if (!mutant("mysql_reset_first"))
		TRY(reset_first(cx, c));
	role_tables(c->login.dialect->settings, tables);
	for (int i = 0; i < ROLE_TABLES; i++)
		while (role_next(&tables[i], role, &sql))
			TRY(mysql_send(cx, c, buf_slice(&sql)));
	if (c->login.dialect->state_privileged != NULL)
		c->login.dialect->state_privileged(&sql, role);
	if (sql.len > 0)
		TRY(mysql_send(cx, c, buf_slice(&sql)));
	while (c->state == CLIENT_SENT)
		TRY(mysql_receive(cx, c, NULL));
	return 0;
}

static int
begin(struct ctx *cx, struct mysql_client *c, const struct mysql_params *params)
{
	if (login(cx, &c->packets, params, &c->login) != 0) {
		c->broken = true;
		return err_wrap(
		    cx->err, "connecting to '%s' as '%s'", params->address, params->user);
	}
	if (begin_role(cx, c, params->role) != 0)
		return err_wrap(
		    cx->err, "beginning a session of '%s' at '%s'", params->user, params->address);
	return 0;
}

int
mysql_connect(struct ctx *cx, const struct mysql_params *params, struct mysql_client **out)
{
	struct mysql_client *c;
	struct conn *conn;

	if (net_connect(cx, params->address, &conn) != 0)
		return err_wrap(cx->err, "connecting to '%s'", params->address);
	c = mem_new(struct mysql_client);
	c->conn = conn;
	buf_init(&c->load);
	packets_init(&c->packets, conn);
	if (begin(cx, c, params) != 0) {
		mysql_close(c);
		return -1;
	}
	*out = c;
	return 0;
}

__attribute__((format(printf, 2, 0))) static void
format(struct buf *out, const char *fmt, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	check(len >= 0);
	buf_reserve(out, (size_t)len + 1);
	vsnprintf(out->data, (size_t)len + 1, fmt, args);
	out->len = (size_t)len;
}

int
mysql_execf(struct ctx *cx, struct mysql_client *c, const char *fmt, ...)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	format(&sql, fmt, args);
	va_end(args);
	return mysql_exec(cx, c, buf_slice(&sql), NULL);
}

/* Skips what follows a result in the same answer. */
static int
read_rest(struct ctx *cx, struct mysql_client *c, uint16_t status)
{
	if ((status & STATUS_MORE_RESULTS) == 0)
		return 0;
	return read_answer(cx, c, NULL);
}

/* Reads the definitions; out may be NULL. */
static int
read_columns(struct ctx *cx, struct mysql_client *c, struct mysql_rows *out)
{
	struct slice packet;

	for (size_t i = 0; i < c->columns; i++) {
		TRY(packets_read(cx, &c->packets, HEAD_MAX, &packet));
		if (out == NULL)
			continue;
		TRY(column_def_read(packet, c->login.caps, &out->defs[i], cx->err));
		out->names[i] = arena_dup(cx->arena, out->defs[i].name);
	}
	if ((c->login.caps & CAP_DEPRECATE_EOF) != 0)
		return 0;
	TRY(packets_read(cx, &c->packets, HEAD_MAX, &packet));
	if (!reply_is_eof(packet))
		return err_set(cx->err, ERR_CORRUPT, "no EOF packet behind the column definitions");
	return 0;
}

/* Sends a statement and reads up to its column count: 0 when it answers without rows. */
static int
start(struct ctx *cx, struct mysql_client *c, struct slice sql)
{
	struct slice packet;
	struct ok_packet ok;
	struct wire_reader r;

	TRY(send_text(cx, c, sql));
	TRY(packets_flush(cx, &c->packets));
	TRY(packets_read(cx, &c->packets, HEAD_MAX, &packet));
	c->columns = 0;
	if (reply_is_err(packet))
		return err_from_packet(packet, cx->err);
	if (reply_is_ok(packet)) {
		TRY(ok_read(packet, c->login.caps, &ok, cx->err));
		return read_rest(cx, c, ok.status);
	}
	if (packet.len > 0 && packet.ptr[0] == 0xfb)
		return err_set(cx->err, ERR_REFUSED, "the statement asks for a file of ours");
	r = wire_reader(packet);
	c->columns = wire_lenenc(&r);
	TRY(wire_done(&r, "column count", cx->err));
	if (c->columns == 0 || c->columns > MYSQL_COLUMNS_MAX)
		return err_set(cx->err, ERR_CORRUPT, "a result of %zu columns", c->columns);
	return 0;
}

/* 1: a row; 0: the end; -1. */
static int
next_row(struct ctx *cx, struct mysql_client *c, struct slice *values)
{
	struct slice packet;
	struct ok_packet eof;

	TRY(packets_read(cx, &c->packets, PACKET_MAX, &packet));
	if (reply_is_eof(packet)) {
		TRY(eof_read(packet, c->login.caps, &eof, cx->err));
		return read_rest(cx, c, eof.status);
	}
	if (reply_is_err(packet))
		return err_from_packet(packet, cx->err);
	TRY(text_row_read(packet, values, c->columns, cx->err));
	return 1;
}

int
mysql_stream_start(struct ctx *cx, struct mysql_client *c, struct slice sql, size_t *columns)
{
	TRY(usable(cx, c));
	check(c->state == CLIENT_IDLE);
	if (start(cx, c, sql) != 0 || (c->columns > 0 && read_columns(cx, c, NULL) != 0))
		return leave(cx, c, -1);
	c->state = CLIENT_STREAMING;
	*columns = c->columns;
	return 0;
}

int
mysql_stream_next(struct ctx *cx, struct mysql_client *c, struct slice *values)
{
	int rc;

	TRY(usable(cx, c));
	check(c->state == CLIENT_STREAMING);
	rc = c->columns == 0 ? 0 : next_row(cx, c, values);
	if (rc == 0)
		c->state = CLIENT_IDLE;
	return leave(cx, c, rc);
}

/* Rows collect here; out gets them as one array. */
static int
collect(struct ctx *cx, struct mysql_client *c, struct mysql_rows *out)
{
	size_t cap = 0, bytes = 0;
	struct slice *values = NULL;
	int rc;

	do {
		values = mem_grow(values, &cap, (out->rows + 1) * out->columns, sizeof(*values));
		rc = next_row(cx, c, values + out->rows * out->columns);
		for (size_t i = 0; rc == 1 && i < out->columns; i++) {
			struct slice *v = &values[out->rows * out->columns + i];

			bytes += sizeof(*v) + v->len;
			*v = arena_dup(cx->arena, *v);
		}
		out->rows += rc == 1;
		if (bytes > MYSQL_SELECT_MAX)
			rc = err_set(cx->err, ERR_REFUSED, "an answer larger than %d bytes",
			    MYSQL_SELECT_MAX);
	} while (rc == 1);
	out->values = arena_array(cx->arena, struct slice, out->rows * out->columns + 1);
	if (rc == 0 && out->rows > 0)
		memcpy(out->values, values, out->rows * out->columns * sizeof(*values));
	free(values);
	return rc;
}

int
mysql_select(struct ctx *cx, struct mysql_client *c, struct slice sql, struct mysql_rows *out)
{
	check(cx->arena != NULL && c->state == CLIENT_IDLE);
	*out = (struct mysql_rows){ 0 };
	TRY(usable(cx, c));
	if (start(cx, c, sql) != 0)
		return leave(cx, c, -1);
	out->columns = c->columns;
	if (c->columns == 0)
		return 0;
	out->names = arena_array(cx->arena, struct slice, c->columns);
	out->defs = arena_array(cx->arena, struct column_def, c->columns);
	if (read_columns(cx, c, out) != 0)
		return leave(cx, c, -1);
	return leave(cx, c, collect(cx, c, out));
}

int
mysql_selectf(struct ctx *cx, struct mysql_client *c, struct mysql_rows *out, const char *fmt, ...)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	format(&sql, fmt, args);
	va_end(args);
	return mysql_select(cx, c, buf_slice(&sql), out);
}

static void
begin_load_packet(struct mysql_client *c)
{
	buf_reset(&c->load);
	memset(buf_grow(&c->load, PACKET_HEADER), 0, PACKET_HEADER);
}

int
mysql_load_start(struct ctx *cx, struct mysql_client *c, struct slice sql)
{
	struct slice packet;

	TRY(usable(cx, c));
	check(c->state == CLIENT_IDLE);
	if (send_text(cx, c, sql) != 0 || packets_flush(cx, &c->packets) != 0 ||
	    packets_read(cx, &c->packets, HEAD_MAX, &packet) != 0)
		return leave(cx, c, -1);
	if (reply_is_err(packet))
		return leave(cx, c, err_from_packet(packet, cx->err));
	if (packet.len == 0 || packet.ptr[0] != 0xfb)
		return leave(cx, c,
		    err_set(cx->err, ERR_REFUSED, "the statement does not load a local file"));
	c->state = CLIENT_LOADING;
	begin_load_packet(c);
	return 0;
}

/* Sends what has come together as one packet. */
static int
write_load_packet(struct ctx *cx, struct mysql_client *c)
{
	size_t len = c->load.len - PACKET_HEADER;
	int rc;

	check(len < PACKET_PIECE_MAX);
	for (int i = 0; i < 3; i++)
		c->load.data[i] = (char)(len >> (8 * i) & 0xff);
	c->load.data[3] = (char)c->packets.seq++;
	rc = packets_write_raw(cx, &c->packets, buf_slice(&c->load));
	begin_load_packet(c);
	return rc;
}

int
mysql_load_write(struct ctx *cx, struct mysql_client *c, struct slice bytes)
{
	TRY(usable(cx, c));
	check(c->state == CLIENT_LOADING);
	while (bytes.len > 0) {
		size_t room = LOAD_PACKET + PACKET_HEADER - c->load.len;

		buf_add_slice(&c->load, slice_cut(bytes, 0, room));
		bytes = slice_cut(bytes, room, bytes.len);
		if (c->load.len == LOAD_PACKET + PACKET_HEADER && write_load_packet(cx, c) != 0)
			return leave(cx, c, -1);
	}
	return 0;
}

static int
end_load(struct ctx *cx, struct mysql_client *c, struct mysql_ok *ok)
{
	if (c->load.len > PACKET_HEADER)
		TRY(write_load_packet(cx, c));
	TRY(packets_write(cx, &c->packets, slice_of("", 0)));
	return read_answer(cx, c, ok);
}

int
mysql_load_end(struct ctx *cx, struct mysql_client *c, struct mysql_ok *ok)
{
	TRY(usable(cx, c));
	check(c->state == CLIENT_LOADING);
	c->state = CLIENT_IDLE;
	if (end_load(cx, c, ok) != 0)
		return leave(cx, c, -1);
	buf_done(&c->load);
	return 0;
}

int
mysql_command(struct ctx *cx, struct mysql_client *c, struct slice payload)
{
	TRY(usable(cx, c));
	check(c->state == CLIENT_IDLE || c->state == CLIENT_DUMPING);
	packets_begin_command(&c->packets);
	if (packets_send(cx, &c->packets, payload) != 0)
		return leave(cx, c, -1);
	c->state = CLIENT_DUMPING;
	return 0;
}

int
mysql_read_packet(struct ctx *cx, struct mysql_client *c, struct slice *payload, bool *eof)
{
	TRY(usable(cx, c));
	check(c->state == CLIENT_DUMPING);
	if (packets_read(cx, &c->packets, PACKET_MAX, payload) != 0)
		return leave(cx, c, -1);
	*eof = reply_is_eof(*payload);
	if (reply_is_err(*payload))
		return leave(cx, c, err_from_packet(*payload, cx->err));
	return 0;
}

bool
mysql_has_input(const struct mysql_client *c)
{
	return !mysql_broken(c) && packets_has_input(&c->packets);
}

int
mysql_flush(struct ctx *cx, struct mysql_client *c)
{
	TRY(usable(cx, c));
	return leave(cx, c, packets_flush(cx, &c->packets));
}
