#include "mysql/reply.h"

#include "base/check.h"

/* clang-format off */
enum {
	ERR_UNKNOWN = 1105, /* ER_UNKNOWN_ERROR */
	/* ER_SERVER_SHUTDOWN, which a server sends when it shuts down. No server may send CR_SERVER_LOST: for
	 * libmariadb such a packet is malformed. */
	ERR_LOST = 1053,
};
/* clang-format on */

static int
first_byte(struct slice packet)
{
	return packet.len == 0 ? -1 : packet.ptr[0];
}

bool
reply_is_ok(struct slice packet)
{
	return first_byte(packet) == HEAD_OK;
}

bool
reply_is_err(struct slice packet)
{
	return first_byte(packet) == HEAD_ERR;
}

bool
reply_is_eof(struct slice packet)
{
	return first_byte(packet) == HEAD_EOF && packet.len < PACKET_PIECE_MAX;
}

void
ok_head_read(struct wire_reader *r, struct ok_packet *out)
{
	wire_skip(r, 1);
	out->affected_rows = wire_lenenc(r);
	out->insert_id = wire_lenenc(r);
	out->status = wire_u16(r);
	out->warnings = wire_u16(r);
}

int
ok_read(struct slice packet, uint64_t caps, struct ok_packet *out, struct err *err)
{
	struct wire_reader r = wire_reader(packet);

	*out = (struct ok_packet){ 0 };
	ok_head_read(&r, out);
	if (wire_left(&r) > 0)
		out->info = wire_lenenc_str(&r);
	if ((caps & CAP_SESSION_TRACK) != 0 && (out->status & STATUS_SESSION_CHANGED) != 0)
		out->session = wire_lenenc_str(&r);
	return wire_done(&r, "OK packet", err);
}

static void
put_ok(struct buf *b, uint8_t head, uint64_t caps, const struct ok_packet *ok)
{
	bool session = (caps & CAP_SESSION_TRACK) != 0 && (ok->status & STATUS_SESSION_CHANGED) != 0;

	wire_put_int(b, head, 1);
	wire_put_lenenc(b, ok->affected_rows);
	wire_put_lenenc(b, ok->insert_id);
	wire_put_int(b, ok->status, 2);
	wire_put_int(b, ok->warnings, 2);
	if (ok->info.len > 0 || session)
		wire_put_lenenc_str(b, ok->info);
	if (session)
		wire_put_lenenc_str(b, ok->session);
}

void
ok_put(struct buf *b, uint64_t caps, const struct ok_packet *ok)
{
	put_ok(b, HEAD_OK, caps, ok);
}

int
eof_read(struct slice packet, uint64_t caps, struct ok_packet *out, struct err *err)
{
	struct wire_reader r = wire_reader(packet);

	if ((caps & CAP_DEPRECATE_EOF) != 0)
		return ok_read(packet, caps, out, err);
	*out = (struct ok_packet){ 0 };
	wire_skip(&r, 1);
	out->warnings = wire_u16(&r);
	out->status = wire_u16(&r);
	return wire_done(&r, "EOF packet", err);
}

void
eof_put(struct buf *b, uint64_t caps, uint16_t status, uint16_t warnings)
{
	struct ok_packet ok = { .status = status, .warnings = warnings };

	if ((caps & CAP_DEPRECATE_EOF) != 0) {
		put_ok(b, HEAD_EOF, caps, &ok);
		return;
	}
	wire_put_int(b, HEAD_EOF, 1);
	wire_put_int(b, warnings, 2);
	wire_put_int(b, status, 2);
}

int
reply_status_at(struct slice packet, uint64_t caps, size_t *at, struct err *err)
{
	struct wire_reader r = wire_reader(packet);

	wire_skip(&r, 1);
	if (first_byte(packet) == HEAD_EOF && (caps & CAP_DEPRECATE_EOF) == 0) {
		wire_skip(&r, 2);
	} else {
		(void)wire_lenenc(&r);
		(void)wire_lenenc(&r);
	}
	*at = (size_t)(r.pos - packet.ptr);
	(void)wire_u16(&r);
	return wire_done(&r, "status flags", err);
}

int
err_packet_read(struct slice packet, struct err_packet *out, struct err *err)
{
	struct wire_reader r = wire_reader(packet);

	*out = (struct err_packet){ .sqlstate = slice_str("HY000") };
	wire_skip(&r, 1);
	out->code = wire_u16(&r);
	/* Before the handshake is done a server leaves the sqlstate out. */
	if (wire_left(&r) >= 6 && *r.pos == '#') {
		wire_skip(&r, 1);
		out->sqlstate = wire_bytes(&r, 5);
	}
	out->text = wire_rest(&r);
	return wire_done(&r, "ERR packet", err);
}

void
err_packet_put(struct buf *b, const struct err_packet *e)
{
	check(e->sqlstate.len == 5);
	wire_put_int(b, HEAD_ERR, 1);
	wire_put_int(b, e->code, 2);
	buf_add_char(b, '#');
	buf_add_slice(b, e->sqlstate);
	buf_add_slice(b, e->text);
}

void
err_packet_put_err(struct buf *b, const struct err *e)
{
	bool own = e->mysql_errno > 0 && e->mysql_errno <= UINT16_MAX, lost = e->kind == ERR_RETRY;
	const char *state = lost && !own ? "08S01" : "HY000";

	err_packet_put(b,
	    &(struct err_packet){
		.code = own ? (uint16_t)e->mysql_errno
		    : lost  ? ERR_LOST
			    : ERR_UNKNOWN,
		.sqlstate = slice_str(strlen(e->sqlstate) == 5 ? e->sqlstate : state),
		.text = slice_str(e->text),
	    });
}

int
err_from_packet(struct slice packet, struct err *err)
{
	struct err_packet e;

	TRY(err_packet_read(packet, &e, err));
	err_set(err, ERR_SERVER, "%.*s", SLICE_ARG(slice_cut(e.text, 0, ERR_TEXT_MAX)));
	err->mysql_errno = e.code;
	memcpy(err->sqlstate, e.sqlstate.ptr, 5);
	err->sqlstate[5] = 0;
	return -1;
}

bool
reply_session_next(struct slice *session, uint8_t *type, struct slice *data)
{
	struct wire_reader r = wire_reader(*session);

	*type = wire_u8(&r);
	*data = wire_lenenc_str(&r);
	*session = slice_of(r.pos, wire_left(&r));
	return !r.failed;
}

enum reply_kind
reply_kind_of(enum command com)
{
	/* Commands that we do not know are answered with an ERR, which is a REPLY_RESULT. */
	if (com == COM_STMT_FETCH)
		return REPLY_ROWS;
	if (com == COM_STMT_PREPARE)
		return REPLY_PREPARE;
	if (com == COM_FIELD_LIST)
		return REPLY_FIELDS;
	if (com == COM_STATISTICS)
		return REPLY_ONE_PACKET;
	if (com == COM_QUIT || com == COM_STMT_CLOSE || com == COM_STMT_SEND_LONG_DATA)
		return REPLY_NONE;
	return REPLY_RESULT;
}
