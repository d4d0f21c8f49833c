#include "mysql/packet.h"

#include "base/check.h"

enum { ER_NET_PACKET_TOO_LARGE = 1153, ER_NET_PACKETS_OUT_OF_ORDER = 1156 };

void
packets_init(struct packets *p, struct conn *conn)
{
	*p = (struct packets){ .conn = conn };
}

static void
give(struct buf **b)
{
	if (*b != NULL)
		bufpool_give(*b);
	*b = NULL;
}

void
packets_done(struct packets *p)
{
	give(&p->in);
	give(&p->out);
}

void
packets_park(struct packets *p)
{
	if (!packets_buffered(p))
		give(&p->in);
	if (p->out != NULL && p->out->len == 0)
		give(&p->out);
}

int
packets_wait(struct ctx *cx, struct packets *p)
{
	packets_park(p);
	return packets_buffered(p) ? 0 : net_wait_readable(cx, p->conn);
}

static int
corrupt(struct packets *p, struct err *err, int code, const char *what)
{
	p->broken = true;
	err_set(err, ERR_CORRUPT, "%s", what);
	err->mysql_errno = code;
	memcpy(err->sqlstate, "08S01", 6);
	return -1;
}

static struct slice
input(const struct packets *p)
{
	return p->in == NULL ? SLICE_NULL : slice_of(p->in->data + p->in_at, p->in->len - p->in_at);
}

struct slice
packets_take_all(struct packets *p)
{
	struct slice all = input(p);

	p->in_at += all.len;
	return all;
}

/* Room behind what is buffered. Memory for a long packet is taken as its bytes arrive, not when its length
 * is announced. */
static void
make_room(struct packets *p, size_t want)
{
	if (p->in == NULL) {
		p->in = bufpool_take();
		p->in_at = 0;
	} else if (p->in_at == p->in->len) {
		buf_reset(p->in);
		p->in_at = 0;
	}
	if (p->in_at > 0 && p->in->cap - p->in->len <= want) {
		buf_consume(p->in, p->in_at);
		p->in_at = 0;
	}
	if (want > p->in->len)
		want = p->in->len;
	buf_reserve(p->in, want > BUFPOOL_BUF ? want : BUFPOOL_BUF);
}

/* One read. want: how many bytes more the caller needs, as a hint. */
static int
fill(struct ctx *cx, struct packets *p, size_t want)
{
	size_t got = 0, room;

	if (p->broken)
		return err_set(cx->err, ERR_RETRY, "the connection is broken");
	make_room(p, want);
	room = p->in->cap - p->in->len - 1;
	if (conn_read(cx, p->conn, p->in->data + p->in->len, room, &got) != 0) {
		p->broken = true;
		return -1;
	}
	if (got == 0) {
		p->broken = true;
		return err_set(cx->err, ERR_RETRY, "the peer closed the connection");
	}
	p->in->len += got;
	p->in->data[p->in->len] = 0;
	p->reads++;
	p->bytes_in += got;
	return 0;
}

static int
read_more(struct ctx *cx, struct packets *p, size_t len)
{
	struct ctx within;

	while (input(p).len < len) {
		if (p->silence > 0)
			within = ctx_within(cx, p->silence);
		TRY(fill(p->silence > 0 ? &within : cx, p, len - input(p).len));
	}
	return 0;
}

/* Mostly it is there: a statement asks several times, and two reads bring all. */
static inline int
need(struct ctx *cx, struct packets *p, size_t len)
{
	return input(p).len >= len ? 0 : read_more(cx, p, len);
}

/* The header of the next packet, checked against the sequence. */
static int
read_header(struct ctx *cx, struct packets *p, uint32_t *len)
{
	TRY(need(cx, p, PACKET_HEADER));
	*len = packet_header_len(input(p).ptr);
	if (input(p).ptr[3] != p->seq)
		return corrupt(p, cx->err, ER_NET_PACKETS_OUT_OF_ORDER, "got packets out of order");
	return 0;
}

/* The rest of a payload of which at bytes are joined behind in_at; pieces lose their headers. */
static int
join_pieces(struct ctx *cx, struct packets *p, size_t max, size_t *total)
{
	uint32_t len = PACKET_PIECE_MAX;

	while (len == PACKET_PIECE_MAX) {
		uint8_t *piece;

		TRY(need(cx, p, *total + PACKET_HEADER));
		piece = (uint8_t *)p->in->data + p->in_at + *total;
		len = packet_header_len(piece);
		if (piece[3] != p->seq)
			return corrupt(
			    p, cx->err, ER_NET_PACKETS_OUT_OF_ORDER, "got packets out of order");
		if (*total + len > max)
			return corrupt(p, cx->err, ER_NET_PACKET_TOO_LARGE,
			    "got a packet bigger than allowed");
		p->seq++;
		TRY(need(cx, p, *total + PACKET_HEADER + len));
		piece = (uint8_t *)p->in->data + p->in_at + *total;
		memmove(
		    piece, piece + PACKET_HEADER, p->in->len - p->in_at - *total - PACKET_HEADER);
		buf_truncate(p->in, p->in->len - PACKET_HEADER);
		*total += len;
	}
	return 0;
}

int
packets_read(struct ctx *cx, struct packets *p, size_t max, struct slice *payload)
{
	uint32_t len;
	size_t total;

	TRY(read_header(cx, p, &len));
	if (len > max)
		return corrupt(
		    p, cx->err, ER_NET_PACKET_TOO_LARGE, "got a packet bigger than allowed");
	p->seq++;
	p->in_at += PACKET_HEADER;
	TRY(need(cx, p, len));
	total = len;
	if (len == PACKET_PIECE_MAX)
		TRY(join_pieces(cx, p, max, &total));
	*payload = slice_cut(input(p), 0, total);
	if (payload->ptr == NULL)
		*payload = slice_of("", 0);
	p->in_at += total;
	return 0;
}

int
packets_peek(struct ctx *cx, struct packets *p, struct packet_head *head)
{
	struct slice in;

	TRY(need(cx, p, PACKET_HEADER));
	head->len = packet_header_len(input(p).ptr);
	if (head->len > 0)
		TRY(need(cx, p, PACKET_HEADER + 1));
	in = input(p);
	head->seq = in.ptr[3];
	head->first = head->len > 0 ? in.ptr[PACKET_HEADER] : -1;
	return 0;
}

static int
write_now(struct ctx *cx, struct packets *p, struct slice bytes)
{
	if (p->broken)
		return err_set(cx->err, ERR_RETRY, "the connection is broken");
	if (conn_write(cx, p->conn, bytes.ptr, bytes.len) != 0) {
		p->broken = true;
		return -1;
	}
	p->writes++;
	p->bytes_out += bytes.len;
	return 0;
}

static struct buf *
output(struct packets *p)
{
	if (p->out == NULL)
		p->out = bufpool_take();
	return p->out;
}

int
packets_flush(struct ctx *cx, struct packets *p)
{
	int rc = 0;

	if (p->out == NULL)
		return 0;
	if (p->out->len > 0)
		rc = write_now(cx, p, buf_slice(p->out));
	buf_reset(p->out);
	give(&p->out);
	return rc;
}

int
packets_write(struct ctx *cx, struct packets *p, struct slice payload)
{
	/* A large payload is not copied: its header goes out with what waited, then the bytes
	 * themselves. */
	while (payload.len >= PACKET_FLUSH) {
		size_t n = payload.len < PACKET_PIECE_MAX ? payload.len : PACKET_PIECE_MAX;

		packet_header_put(output(p), n, p->seq++);
		TRY(packets_flush(cx, p));
		TRY(write_now(cx, p, slice_cut(payload, 0, n)));
		if (n < PACKET_PIECE_MAX)
			return 0;
		payload = slice_cut(payload, n, payload.len);
	}
	packet_put(output(p), &p->seq, payload);
	return p->out->len >= PACKET_FLUSH ? packets_flush(cx, p) : 0;
}

int
packets_send(struct ctx *cx, struct packets *p, struct slice payload)
{
	char small[PACKET_HEADER + PACKET_SMALL];

	if (p->out != NULL || payload.len > PACKET_SMALL) {
		TRY(packets_write(cx, p, payload));
		return packets_flush(cx, p);
	}
	packet_header_write(small, payload.len, p->seq++);
	if (payload.len > 0)
		memcpy(small + PACKET_HEADER, payload.ptr, payload.len);
	return write_now(cx, p, slice_of(small, PACKET_HEADER + payload.len));
}

int
packets_write_raw(struct ctx *cx, struct packets *p, struct slice bytes)
{
	/* Nothing waits in the output: the bytes need not be copied there. */
	if (p->out == NULL || p->out->len == 0)
		return bytes.len == 0 ? 0 : write_now(cx, p, bytes);
	buf_add_slice(p->out, bytes);
	return p->out->len >= PACKET_FLUSH ? packets_flush(cx, p) : 0;
}

/* before: bytes of the packet that an earlier run kept back, at most a header; they go out first, unless
 * the packet turns out to be an ERR. */
static int
relay_write(struct ctx *cx, struct packets *to, struct slice before, struct slice run, size_t held)
{
	if (held > run.len)
		return 0;
	TRY(packets_write_raw(cx, to, before));
	return packets_write_raw(cx, to, slice_cut(run, 0, run.len - held));
}

/* Feeds the scan with what is buffered, or with one read; to may be NULL. */
static int
relay_run(struct ctx *cx, struct packets *from, struct packets *to, struct reply_scan *scan)
{
	size_t used = 0, held = reply_scan_held(scan);
	uint8_t head[PACKET_HEADER];
	struct slice run;

	if (!packets_buffered(from))
		TRY(fill(cx, from, 0));
	run = input(from);
	memcpy(head, scan->head, sizeof(head));
	if (reply_scan_feed(scan, run, &used, cx->err) != 0) {
		from->broken = true;
		return -1;
	}
	if (to != NULL)
		TRY(relay_write(
		    cx, to, slice_of(head, held), slice_cut(run, 0, used), reply_scan_held(scan)));
	from->in_at += used;
	from->seq = (uint8_t)(scan->seq + 1);
	return 0;
}

int
packets_relay_to_err(
    struct ctx *cx, struct packets *from, struct packets *to, struct reply_scan *scan)
{
	while (!reply_scan_ended(scan) && scan->state != REPLY_AT_FILE)
		TRY(relay_run(cx, from, to, scan));
	to->seq = scan->failed ? scan->seq : from->seq;
	return scan->failed ? 0 : packets_flush(cx, to);
}

int
packets_relay_reply(
    struct ctx *cx, struct packets *from, struct packets *to, struct reply_scan *scan)
{
	TRY(packets_relay_to_err(cx, from, to, scan));
	if (!scan->failed)
		return 0;
	return packets_send(cx, to, reply_scan_tail(scan));
}

/* ---- replies that are changed on their way ---- */

enum {
	STATUS_PACKET_MAX = 1 << 20, /* an OK with all that a session may have changed */
	FILE_PACKET_MAX = 64 << 20,  /* one packet of a file; clients send some kilobytes */
	REWRITTEN_MAX = 1 << 20, /* a definition has six names; no row that we change is larger */
};

/* Feeds the scan with bytes that must all belong to this reply. */
static int
scan_bytes(struct packets *from, struct reply_scan *scan, struct slice bytes, struct err *err)
{
	size_t used = 0;

	if (reply_scan_feed(scan, bytes, &used, err) == 0 && used == bytes.len)
		return 0;
	from->broken = true;
	return err->kind != ERR_NONE ? -1
				     : err_set(err, ERR_CORRUPT, "a reply that ends in a packet");
}

static int
put_bytes(struct ctx *cx, struct packets *to, struct slice bytes)
{
	if (bytes.len >= PACKET_FLUSH) {
		TRY(packets_flush(cx, to));
		return write_now(cx, to, bytes);
	}
	buf_add_slice(output(to), bytes);
	return to->out->len >= PACKET_FLUSH ? packets_flush(cx, to) : 0;
}

/* Lets one piece through, with a new number and otherwise as it is. */
static int
relay_piece(struct ctx *cx, struct packets *from, struct packets *to, struct reply_scan *scan)
{
	uint8_t head[PACKET_HEADER];
	size_t left;

	memcpy(head, input(from).ptr, sizeof(head));
	left = packet_header_len(head);
	TRY(scan_bytes(from, scan, slice_of(head, sizeof(head)), cx->err));
	from->in_at += sizeof(head);
	head[3] = to->seq++;
	TRY(put_bytes(cx, to, slice_of(head, sizeof(head))));
	while (left > 0) {
		struct slice run;

		if (!packets_buffered(from))
			TRY(fill(cx, from, 0));
		run = slice_cut(input(from), 0, left);
		TRY(scan_bytes(from, scan, run, cx->err));
		TRY(put_bytes(cx, to, run));
		from->in_at += run.len;
		left -= run.len;
	}
	return 0;
}

/* Takes an OK, an EOF or an ERR into raw, with its header; the caller writes it. */
static int
take_end(struct ctx *cx, struct packets *from, struct reply_scan *scan, struct buf *raw)
{
	struct packet_head head;
	struct slice payload;
	uint8_t seq;

	TRY(packets_peek(cx, from, &head));
	from->seq = seq = head.seq; /* any number is right: the packets before were not counted */
	TRY(packets_read(cx, from, STATUS_PACKET_MAX, &payload));
	packet_put(raw, &seq, payload);
	return scan_bytes(from, scan, buf_slice(raw), cx->err);
}

static int
relay_status(struct ctx *cx, struct packets *from, struct packets *to, struct reply_scan *scan,
    const struct reply_mend *mend)
{
	SCOPED(buf) struct buf raw = BUF_INIT;
	struct slice payload;
	uint8_t *status;
	uint16_t told;
	size_t at;

	TRY(take_end(cx, from, scan, &raw));
	payload = slice_cut(buf_slice(&raw), PACKET_HEADER, raw.len);
	if (reply_status_at(payload, scan->caps, &at, cx->err) != 0) {
		from->broken = true;
		return -1;
	}
	status = (uint8_t *)raw.data + PACKET_HEADER + at;
	told = mend->status(mend->arg, (uint16_t)(status[0] | status[1] << 8));
	status[0] = (uint8_t)(told & 0xff);
	status[1] = (uint8_t)(told >> 8);
	return packets_write(cx, to, payload);
}

/* The function that rewrites the next packet, which is no status and no ERR; NULL: it stays as it is. */
static mend_fn *
rewriter(const struct reply_scan *scan, const struct reply_mend *mend, uint32_t len)
{
	if (len > REWRITTEN_MAX)
		return NULL;
	if (reply_scan_expects_definition(scan))
		return mend->definition;
	return reply_scan_expects_row(scan) ? mend->row : NULL;
}

/* Rewrites a small packet. */
static int
relay_rewritten(struct ctx *cx, struct packets *from, struct packets *to, struct reply_scan *scan,
    const struct reply_mend *mend)
{
	uint32_t told = packet_header_len(input(from).ptr);
	size_t len = PACKET_HEADER + (size_t)told, at, now;
	struct buf *out = output(to);
	mend_fn *fn = rewriter(scan, mend, told);

	TRY(need(cx, from, len));
	TRY(scan_bytes(from, scan, slice_cut(input(from), 0, len), cx->err));
	at = out->len;
	wire_put_int(out, 0, PACKET_HEADER);
	if (fn(mend->names, slice_cut(input(from), PACKET_HEADER, len), out, cx->err) != 0) {
		from->broken = true;
		return -1;
	}
	now = out->len - at - PACKET_HEADER;
	check(now < PACKET_PIECE_MAX);
	packet_header_write(out->data + at, now, to->seq++);
	from->in_at += len;
	return out->len >= PACKET_FLUSH ? packets_flush(cx, to) : 0;
}

static int
relay_next(struct ctx *cx, struct packets *from, struct packets *to, struct reply_scan *scan,
    const struct reply_mend *mend)
{
	struct packet_head head;
	SCOPED(buf) struct buf err_packet = BUF_INIT;

	TRY(packets_peek(cx, from, &head));
	if (reply_scan_expects_status(scan, head.len, head.first))
		return relay_status(cx, from, to, scan, mend);
	if (reply_scan_expects_err(scan, head.len, head.first))
		return take_end(cx, from, scan, &err_packet);
	return rewriter(scan, mend, head.len) != NULL ? relay_rewritten(cx, from, to, scan, mend)
						      : relay_piece(cx, from, to, scan);
}

int
packets_relay_mended(struct ctx *cx, struct packets *from, struct packets *to,
    struct reply_scan *scan, const struct reply_mend *mend)
{
	while (!reply_scan_ended(scan) && scan->state != REPLY_AT_FILE)
		TRY(relay_next(cx, from, to, scan, mend));
	from->seq = (uint8_t)(scan->seq + 1);
	return packets_flush(cx, to);
}

int
packets_relay_head(struct ctx *cx, struct packets *from, struct packets *to,
    struct reply_scan *scan, const struct reply_mend *mend)
{
	while (!reply_scan_ended(scan) && scan->state != REPLY_AT_FILE &&
	    (scan->state != REPLY_AT_ROWS || scan->fields))
		TRY(relay_next(cx, from, to, scan, mend));
	from->seq = (uint8_t)(scan->seq + 1);
	return 0;
}

int
packets_relay_file_mended(struct ctx *cx, struct packets *from, struct packets *to)
{
	struct slice payload;

	do {
		TRY(packets_read(cx, from, FILE_PACKET_MAX, &payload));
		TRY(packets_write(cx, to, payload));
	} while (payload.len > 0);
	return packets_flush(cx, to);
}

/* ---- files ---- */

/* Lets len bytes through. */
static int
relay_bytes(struct ctx *cx, struct packets *from, struct packets *to, size_t len)
{
	while (len > 0) {
		struct slice run;

		if (!packets_buffered(from))
			TRY(fill(cx, from, 0));
		run = slice_cut(input(from), 0, len);
		TRY(packets_write_raw(cx, to, run));
		from->in_at += run.len;
		len -= run.len;
	}
	return 0;
}

/* Where the last whole packet ends. *last is the length of the packet before, then of the last. */
static size_t
whole_packets(struct slice bytes, uint32_t *last, bool *ended)
{
	size_t at = 0;

	while (!*ended && bytes.len - at >= PACKET_HEADER) {
		uint32_t len = packet_header_len(bytes.ptr + at);

		if (len > bytes.len - at - PACKET_HEADER)
			break;
		at += PACKET_HEADER + len;
		*ended = len == 0 && *last != PACKET_PIECE_MAX;
		*last = len;
	}
	return at;
}

int
packets_relay_file(struct ctx *cx, struct packets *from, struct packets *to)
{
	bool ended = false;
	uint32_t last = 0;

	while (!ended) {
		struct packet_head head;
		size_t run;

		TRY(packets_peek(cx, from, &head));
		run = whole_packets(input(from), &last, &ended);
		if (run == 0) {
			run = PACKET_HEADER + (size_t)head.len;
			last = head.len;
		}
		TRY(relay_bytes(cx, from, to, run));
	}
	return packets_flush(cx, to);
}

int
packets_drop_reply(struct ctx *cx, struct packets *from, struct reply_scan *scan)
{
	while (!reply_scan_ended(scan)) {
		TRY(relay_run(cx, from, NULL, scan));
		if (scan->state != REPLY_AT_FILE)
			continue;
		TRY(packets_send(cx, from, slice_of("", 0)));
		reply_scan_file_sent(scan);
	}
	return 0;
}
