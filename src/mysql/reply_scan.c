#include "mysql/reply.h"

#include "base/check.h"

enum { RESULT_COLUMNS_MAX = 65535 }; /* the servers allow 4096 */

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

/* What the OK or EOF in tail says, without the copy of all of it that eof_read() makes. */
static int
end_read(const struct reply_scan *s, uint16_t *status, uint64_t *changed, struct err *err)
{
	struct wire_reader r = wire_reader(reply_scan_tail(s));

	wire_skip(&r, 1);
	*changed = 0;
	if (s->tail[0] == HEAD_EOF && (s->caps & CAP_DEPRECATE_EOF) == 0) {
		wire_skip(&r, 2); /* warnings */
		*status = wire_u16(&r);
	} else {
		*changed = wire_lenenc(&r);
		(void)wire_lenenc(&r); /* insert id */
		*status = wire_u16(&r);
		wire_skip(&r, 2);
	}
	return wire_done(&r, "end of a result", err);
}

/* After an OK or the end of rows. */
static int
result_ended(struct reply_scan *s, struct err *err)
{
	uint64_t changed;

	TRY(end_read(s, &s->status, &changed, err));
	s->rows += s->state == REPLY_AT_ROWS ? s->packets - s->rows_begin - 1 : changed;
	s->state = (s->status & STATUS_MORE_RESULTS) != 0 ? REPLY_AT_FIRST : REPLY_AT_END;
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
	uint64_t changed;
	uint16_t status;

	if (s->tail[0] != HEAD_EOF)
		return err_set(err, ERR_CORRUPT, "reply: 0x%02x where definitions end", s->tail[0]);
	TRY(end_read(s, &status, &changed, err));
	if ((status & STATUS_CURSOR_EXISTS) != 0 && (status & STATUS_MORE_RESULTS) == 0)
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

static void
columns_ended(struct reply_scan *s)
{
	if ((s->caps & CAP_DEPRECATE_EOF) != 0)
		rows_begin(s);
	else
		s->state = REPLY_AT_COLUMNS_EOF;
}

static void
column(struct reply_scan *s)
{
	if (--s->definitions == 0)
		columns_ended(s);
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
	case REPLY_AT_COLUMNS: column(s); return 0;
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

/* The length of the whole rows at the front of bytes. There may be thousands: nothing is written for each. */
static size_t
skip_rows(struct reply_scan *s, struct slice bytes)
{
	uint64_t rows = 0;
	uint8_t seq = s->seq;
	size_t at = 0;

	while (bytes.len - at > PACKET_HEADER) {
		const uint8_t *p = bytes.ptr + at;
		uint32_t len = packet_header_len(p);

		if (len == 0 || len == PACKET_PIECE_MAX || len > bytes.len - at - PACKET_HEADER ||
		    p[PACKET_HEADER] >= HEAD_EOF)
			break;
		seq = p[3];
		at += PACKET_HEADER + len;
		rows++;
	}
	s->seq = seq;
	s->packets += rows;
	return at;
}

/* Is it a row or a definition, which nobody looks at? p: its payload. */
static bool
is_passing(const struct reply_scan *s, const uint8_t *p, uint32_t len)
{
	if (s->state == REPLY_AT_ROWS)
		return len == 0 || p[0] < HEAD_EOF;
	return s->state == REPLY_AT_COLUMNS && len > 0 && p[0] != HEAD_ERR;
}

/* The same as its header and its payload taken one after the other, without their copies. */
static int
take_whole(struct reply_scan *s, const uint8_t *p, uint32_t len, struct err *err)
{
	if (is_passing(s, p, len)) {
		s->packets++;
		if (s->state == REPLY_AT_COLUMNS)
			column(s);
		return 0;
	}
	s->first_len = s->piece_len = len;
	s->kept = true;
	s->cut = len > sizeof(s->tail);
	s->tail_len = (uint16_t)(s->cut ? sizeof(s->tail) : len);
	memcpy(s->tail, p, s->tail_len);
	return payload_ended(s, err);
}

static bool
may_go_on(const struct reply_scan *s)
{
	return s->state != REPLY_AT_END && s->state != REPLY_AT_FILE;
}

/* The whole packets at the front of bytes, each of which is all of a payload: mostly that is the reply.
 * *taken: their length. */
static int
take_whole_ones(struct reply_scan *s, struct slice bytes, size_t *taken, struct err *err)
{
	size_t at = 0;

	while (may_go_on(s)) {
		const uint8_t *p = bytes.ptr + at;
		uint32_t len;

		if (s->state == REPLY_AT_ROWS)
			p += skip_rows(s, slice_of(p, bytes.len - at));
		at = (size_t)(p - bytes.ptr);
		if (bytes.len - at < PACKET_HEADER)
			break;
		len = packet_header_len(p);
		if (len == PACKET_PIECE_MAX || len > bytes.len - at - PACKET_HEADER)
			break;
		s->seq = p[3];
		TRY(take_whole(s, p + PACKET_HEADER, len, err));
		at += PACKET_HEADER + len;
	}
	*taken += at;
	return 0;
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

/* As much of one packet as there is. *taken: its bytes. */
static int
take_part(struct reply_scan *s, struct slice bytes, size_t *taken, struct err *err)
{
	size_t n;

	if (!s->in_packet) {
		*taken += n = take_head(s, bytes);
		bytes = slice_cut(bytes, n, bytes.len);
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
	while (*used < bytes.len && may_go_on(s)) {
		if (!s->in_packet && s->head_len == 0 && !s->continued)
			TRY(take_whole_ones(s, slice_cut(bytes, *used, bytes.len), used, err));
		if (*used < bytes.len && may_go_on(s))
			TRY(take_part(s, slice_cut(bytes, *used, bytes.len), used, err));
	}
	s->bytes += *used;
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
