#include "mysql/reply_relay.h"

#include "base/check.h"

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
		TRY(packets_fill(cx, from, 0));
	run = packets_input(from);
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
		return packets_write_raw(cx, to, bytes);
	}
	buf_add_slice(packets_output(to), bytes);
	return to->out->len >= PACKET_FLUSH ? packets_flush(cx, to) : 0;
}

/* Lets one piece through, with a new number and otherwise as it is. */
static int
relay_piece(struct ctx *cx, struct packets *from, struct packets *to, struct reply_scan *scan)
{
	uint8_t head[PACKET_HEADER];
	size_t left;

	memcpy(head, packets_input(from).ptr, sizeof(head));
	left = packet_header_len(head);
	TRY(scan_bytes(from, scan, slice_of(head, sizeof(head)), cx->err));
	from->in_at += sizeof(head);
	head[3] = to->seq++;
	TRY(put_bytes(cx, to, slice_of(head, sizeof(head))));
	while (left > 0) {
		struct slice run;

		if (!packets_buffered(from))
			TRY(packets_fill(cx, from, 0));
		run = slice_cut(packets_input(from), 0, left);
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
	uint32_t told = packet_header_len(packets_input(from).ptr);
	size_t len = PACKET_HEADER + (size_t)told, at, now;
	struct buf *out = packets_output(to);
	mend_fn *fn = rewriter(scan, mend, told);

	TRY(packets_need(cx, from, len));
	TRY(scan_bytes(from, scan, slice_cut(packets_input(from), 0, len), cx->err));
	at = out->len;
	wire_put_int(out, 0, PACKET_HEADER);
	if (fn(mend->names, slice_cut(packets_input(from), PACKET_HEADER, len), out, cx->err) != 0) {
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
			TRY(packets_fill(cx, from, 0));
		run = slice_cut(packets_input(from), 0, len);
		TRY(packets_write_raw(cx, to, run));
		from->in_at += run.len;
		len -= run.len;
	}
	return 0;
}

/* The packet that was let through last. */
struct file_end {
	uint32_t len;
	uint8_t seq;
	bool ended; /* it was empty, and so the file's last */
};

/* Where the last whole packet ends. */
static size_t
whole_packets(struct slice bytes, struct file_end *end)
{
	size_t at = 0;

	while (!end->ended && bytes.len - at >= PACKET_HEADER) {
		uint32_t len = packet_header_len(bytes.ptr + at);

		if (len > bytes.len - at - PACKET_HEADER)
			break;
		end->ended = len == 0 && end->len != PACKET_PIECE_MAX;
		end->len = len;
		end->seq = bytes.ptr[at + 3];
		at += PACKET_HEADER + len;
	}
	return at;
}

int
packets_relay_file(struct ctx *cx, struct packets *from, struct packets *to)
{
	struct file_end end = { 0 };

	while (!end.ended) {
		struct packet_head head;
		size_t run;

		TRY(packets_peek(cx, from, &head));
		run = whole_packets(packets_input(from), &end);
		if (run == 0) {
			run = PACKET_HEADER + (size_t)head.len;
			end.len = head.len;
			end.seq = head.seq;
		}
		TRY(relay_bytes(cx, from, to, run));
	}
	from->seq = to->seq = (uint8_t)(end.seq + 1);
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
