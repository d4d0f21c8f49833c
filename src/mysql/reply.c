#include "mysql/reply.h"

#include "base/check.h"

/* clang-format off */
enum {
	HEAD_OK = 0x00, HEAD_FILE = 0xfb, HEAD_EOF = 0xfe, HEAD_ERR = 0xff,
	RESULT_COLUMNS_MAX = 65535,/* the servers allow 4096 */
	ERR_UNKNOWN = 1105,        /* ER_UNKNOWN_ERROR */
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

/* The part before info, which both forms of the end of rows begin with. */
static void
read_ok_head(struct wire_reader *r, struct ok_packet *out)
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
	read_ok_head(&r, out);
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

void
reply_scan_init(struct reply_scan *s, enum reply_kind kind, uint64_t caps)
{
	static const enum reply_state begin[] = {
		[REPLY_RESULT] = REPLY_AT_FIRST,
		[REPLY_ROWS] = REPLY_AT_ROWS,
		[REPLY_PREPARE] = REPLY_AT_PREPARED,
		[REPLY_FIELDS] = REPLY_AT_ROWS,
		[REPLY_ONE_PACKET] = REPLY_AT_ONE,
		[REPLY_NONE] = REPLY_AT_END,
	};

	/* The tail, a kilobyte, is not cleared: nobody reads it before it is written. */
	memset(s, 0, offsetof(struct reply_scan, tail));
	s->caps = caps;
	s->state = begin[kind];
	s->fields = kind == REPLY_FIELDS;
}

/* After an OK or the end of rows. */
static int
result_ended(struct reply_scan *s, struct err *err)
{
	struct wire_reader r = wire_reader(reply_scan_tail(s));
	struct ok_packet ok = { 0 };

	if (s->tail[0] == HEAD_EOF && (s->caps & CAP_DEPRECATE_EOF) == 0)
		TRY(eof_read(reply_scan_tail(s), s->caps, &ok, err));
	else
		read_ok_head(&r, &ok);
	TRY(wire_done(&r, "end of a result", err));
	s->rows += s->state == REPLY_AT_ROWS ? s->packets - s->rows_begin - 1 : ok.affected_rows;
	s->status = ok.status;
	s->state = (ok.status & STATUS_MORE_RESULTS) != 0 ? REPLY_AT_FIRST : REPLY_AT_END;
	return 0;
}

static int
first_packet(struct reply_scan *s, struct err *err)
{
	struct wire_reader r = wire_reader(reply_scan_tail(s));

	switch (s->tail[0]) {
	case HEAD_OK:
	case HEAD_EOF: return result_ended(s, err);
	case HEAD_FILE: s->state = REPLY_AT_FILE; return 0;
	default: break;
	}
	s->definitions = wire_lenenc(&r);
	TRY(wire_done(&r, "column count", err));
	if (s->definitions == 0 || s->definitions > RESULT_COLUMNS_MAX)
		return err_set(
		    err, ERR_CORRUPT, "reply: a result of %ju columns", (uintmax_t)s->definitions);
	s->saw_rows = true;
	s->state = REPLY_AT_COLUMNS;
	return 0;
}

static void
rows_begin(struct reply_scan *s)
{
	s->state = REPLY_AT_ROWS;
	s->rows_begin = s->packets;
}

/* The EOF between definitions and rows. When a cursor was opened for the client, the reply ends with it. A
 * result of a procedure that has a cursor of its own open has the cursor's flag too, and yet has rows; but
 * more results follow it. */
static int
columns_eof(struct reply_scan *s, struct err *err)
{
	struct ok_packet eof;

	if (s->tail[0] != HEAD_EOF)
		return err_set(err, ERR_CORRUPT, "reply: 0x%02x where definitions end", s->tail[0]);
	TRY(eof_read(reply_scan_tail(s), s->caps, &eof, err));
	if ((eof.status & STATUS_CURSOR_EXISTS) != 0 && (eof.status & STATUS_MORE_RESULTS) == 0)
		return result_ended(s, err);
	rows_begin(s);
	return 0;
}

/* What follows a prepared statement's header, and each of its two lists. */
static void
next_definitions(struct reply_scan *s)
{
	s->definitions = s->more_columns;
	s->more_columns = 0;
	s->state = s->definitions > 0 ? REPLY_AT_DEFINITIONS : REPLY_AT_END;
}

static int
prepared(struct reply_scan *s, struct err *err)
{
	struct wire_reader r = wire_reader(reply_scan_tail(s));

	if (wire_u8(&r) != HEAD_OK)
		return err_set(
		    err, ERR_CORRUPT, "reply to a prepare begins with 0x%02x", s->tail[0]);
	s->statement_id = wire_u32(&r);
	s->columns = wire_u16(&r);
	s->params = wire_u16(&r);
	TRY(wire_done(&r, "reply to a prepare", err));
	s->more_columns = s->params;
	next_definitions(s);
	s->more_columns = s->columns;
	if (s->state == REPLY_AT_END)
		next_definitions(s);
	return 0;
}

/* One of a prepared statement's definitions, or (definitions == 0) the EOF behind a list of them. */
static void
definition(struct reply_scan *s)
{
	bool eof = (s->caps & CAP_DEPRECATE_EOF) == 0;

	if (s->definitions > 0) {
		s->definitions--;
		if (s->definitions > 0 || eof)
			return;
	}
	next_definitions(s);
}

static int
column(struct reply_scan *s, struct err *err)
{
	if (--s->definitions > 0)
		return 0;
	if ((s->caps & CAP_DEPRECATE_EOF) != 0)
		rows_begin(s);
	else
		s->state = REPLY_AT_COLUMNS_EOF;
	return 0;
}

/* A whole payload has gone by; its first bytes are in tail unless it is a row. */
static int
payload_ended(struct reply_scan *s, struct err *err)
{
	s->packets++;
	if (s->state == REPLY_AT_ROWS && !s->kept)
		return 0;
	if (s->tail_len == 0)
		return err_set(err, ERR_CORRUPT, "reply: an empty packet");
	if (s->tail[0] == HEAD_ERR && s->state != REPLY_AT_ONE) {
		s->failed = true;
		s->state = REPLY_AT_END;
		return 0;
	}
	switch (s->state) {
	case REPLY_AT_FIRST: return first_packet(s, err);
	case REPLY_AT_COLUMNS: return column(s, err);
	case REPLY_AT_COLUMNS_EOF: return columns_eof(s, err);
	case REPLY_AT_ROWS: return result_ended(s, err);
	case REPLY_AT_PREPARED: return prepared(s, err);
	case REPLY_AT_DEFINITIONS: definition(s); return 0;
	case REPLY_AT_ONE: s->state = REPLY_AT_END; return 0;
	case REPLY_AT_FILE:
	case REPLY_AT_END: break;
	}
	unreachable();
}

static void
begin_tail(struct reply_scan *s)
{
	s->tail_len = 0;
	s->cut = false;
}

static void
packet_begin(struct reply_scan *s)
{
	s->head_len = 0;
	s->piece_len = s->left = packet_header_len(s->head);
	s->seq = s->head[3];
	s->in_packet = true;
	if (s->continued)
		return;
	s->first_len = s->piece_len;
	s->kept = s->state != REPLY_AT_ROWS;
	if (s->kept)
		begin_tail(s);
}

/* Bytes of the present packet's payload. */
static void
take_payload(struct reply_scan *s, const uint8_t *p, size_t n)
{
	size_t room = sizeof(s->tail) - s->tail_len;

	/* Among rows 0xfe and 0xff begin the packet that ends them, or a row of 16 MB and more. */
	if (s->state == REPLY_AT_ROWS && !s->continued && s->left == s->first_len &&
	    p[0] >= HEAD_EOF && s->first_len < PACKET_PIECE_MAX) {
		s->kept = true;
		begin_tail(s);
		room = sizeof(s->tail);
	}
	s->left -= (uint32_t)n;
	if (!s->kept)
		return;
	if (n > room) {
		s->cut = true;
		n = room;
	}
	memcpy(s->tail + s->tail_len, p, n);
	s->tail_len = (uint16_t)(s->tail_len + n);
}

/* The length of the whole rows at the front of bytes. */
static size_t
skip_rows(struct reply_scan *s, struct slice bytes)
{
	size_t at = 0;

	while (bytes.len - at > PACKET_HEADER) {
		const uint8_t *p = bytes.ptr + at;
		uint32_t len = packet_header_len(p);

		if (len == PACKET_PIECE_MAX || len == 0 || p[PACKET_HEADER] >= HEAD_EOF ||
		    len > bytes.len - at - PACKET_HEADER)
			break;
		s->seq = p[3];
		s->packets++;
		at += PACKET_HEADER + len;
	}
	return at;
}

/* The next packet's header, or a part of it. */
static size_t
take_head(struct reply_scan *s, struct slice bytes)
{
	size_t n = sizeof(s->head) - s->head_len;

	n = n < bytes.len ? n : bytes.len;
	memcpy(s->head + s->head_len, bytes.ptr, n);
	s->head_len = (uint8_t)(s->head_len + n);
	if (s->head_len == sizeof(s->head))
		packet_begin(s);
	return n;
}

/* Takes whole rows, or one packet, or as much of it as there is. *taken, 0 before: its bytes. */
static int
step(struct reply_scan *s, struct slice bytes, size_t *taken, struct err *err)
{
	size_t n;

	if (!s->in_packet) {
		if (s->state == REPLY_AT_ROWS && s->head_len == 0 && !s->continued &&
		    (*taken = skip_rows(s, bytes)) > 0)
			return 0;
		*taken = take_head(s, bytes);
		bytes = slice_cut(bytes, *taken, bytes.len);
	}
	if (s->in_packet && bytes.len > 0 && s->left > 0) {
		n = s->left < bytes.len ? s->left : bytes.len;
		take_payload(s, bytes.ptr, n);
		*taken += n;
	}
	if (!s->in_packet || s->left > 0)
		return 0;
	s->in_packet = false;
	s->continued = s->piece_len == PACKET_PIECE_MAX;
	return s->continued ? 0 : payload_ended(s, err);
}

int
reply_scan_feed(struct reply_scan *s, struct slice bytes, size_t *used, struct err *err)
{
	*used = 0;
	while (bytes.len > 0 && s->state != REPLY_AT_END && s->state != REPLY_AT_FILE) {
		size_t taken = 0;

		TRY(step(s, bytes, &taken, err));
		*used += taken;
		s->bytes += taken;
		bytes = slice_cut(bytes, taken, bytes.len);
	}
	return 0;
}

size_t
reply_scan_held(const struct reply_scan *s)
{
	if (s->state == REPLY_AT_END && s->failed)
		return PACKET_HEADER + s->first_len;
	if (!s->in_packet)
		return s->head_len;
	if (s->continued)
		return 0;
	if (s->left == s->first_len)
		return PACKET_HEADER;
	return s->kept && s->tail[0] == HEAD_ERR && s->state != REPLY_AT_ONE
	    ? PACKET_HEADER + s->first_len - s->left
	    : 0;
}

bool
reply_scan_expects_status(const struct reply_scan *s, uint32_t len, int first)
{
	if (s->continued)
		return false;
	if (s->state == REPLY_AT_FIRST)
		return first == HEAD_OK || first == HEAD_EOF;
	return (s->state == REPLY_AT_ROWS || s->state == REPLY_AT_COLUMNS_EOF) &&
	    first == HEAD_EOF && len < PACKET_PIECE_MAX;
}

bool
reply_scan_expects_err(const struct reply_scan *s, uint32_t len, int first)
{
	return !s->continued && s->state != REPLY_AT_ONE && first == HEAD_ERR &&
	    (s->state != REPLY_AT_ROWS || len < PACKET_PIECE_MAX);
}

bool
reply_scan_expects_definition(const struct reply_scan *s)
{
	return !s->continued &&
	    (s->state == REPLY_AT_COLUMNS || (s->state == REPLY_AT_ROWS && s->fields) ||
		(s->state == REPLY_AT_DEFINITIONS && s->definitions > 0));
}

bool
reply_scan_expects_row(const struct reply_scan *s)
{
	return !s->continued && s->state == REPLY_AT_ROWS && !s->fields;
}

void
reply_scan_file_sent(struct reply_scan *s)
{
	check(s->state == REPLY_AT_FILE);
	s->state = REPLY_AT_FIRST;
}

bool
reply_scan_ended(const struct reply_scan *s)
{
	return s->state == REPLY_AT_END;
}

struct slice
reply_scan_tail(const struct reply_scan *s)
{
	return slice_of(s->tail, s->tail_len);
}
