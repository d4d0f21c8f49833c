#include "mysql/packet.h"

#include "base/check.h"
#include "base/mutant.h"

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
	compressed_free(p->zip);
	p->zip = NULL;
}

void
packets_park(struct packets *p)
{
	if (!packets_buffered(p))
		give(&p->in);
	if (p->out != NULL && p->out->len == 0)
		give(&p->out);
	if (__builtin_expect(p->zip != NULL, 0))
		compressed_park(p->zip);
}

int
packets_wait(struct ctx *cx, struct packets *p)
{
	packets_park(p);
	if (packets_buffered(p))
		return 0;
	if (__builtin_expect(p->zip == NULL, 1))
		return net_wait_readable(cx, p->conn);
	if (compressed_wait_readable(cx, p->zip) == 0)
		return 0;
	p->broken = p->broken || cx->err->kind == ERR_CORRUPT;
	return -1;
}

bool
packets_has_input(const struct packets *p)
{
	return packets_buffered(p) ||
	    (p->zip != NULL ? compressed_has_input(p->zip) : conn_has_input(p->conn));
}

bool
packets_hung_up(struct packets *p)
{
	uint8_t byte;
	size_t got = 0;
	bool eof = false;

	if (packets_buffered(p))
		return true;
	if (p->zip != NULL)
		return compressed_hung_up(p->zip);
	return conn_read_now(p->conn, &byte, 1, &got, &eof, &(struct err){ 0 }) != 0 || got > 0 ||
	    eof;
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

struct slice
packets_take_all(struct packets *p)
{
	struct slice all = packets_input(p);

	p->in_at += all.len;
	return all;
}

/* ---- reading ---- */

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

/* Of a large packet that was taken nothing is left but what came behind it. */
static __attribute__((noinline)) void
shed(struct packets *p)
{
	struct slice rest = packets_input(p);
	struct buf *small;

	if (rest.len > PACKET_KEEP / 4)
		return; /* it is the beginning of another one */
	small = bufpool_take();
	buf_add_slice(small, rest);
	give(&p->in);
	p->in = small;
	p->in_at = 0;
}

/* Behind a large packet little is read of what follows it: that would keep its buffer. */
static size_t
room_behind(const struct packets *p, size_t want)
{
	size_t room = p->in->cap - p->in->len - 1;

	if (p->in->cap <= PACKET_KEEP || room <= want + BUFPOOL_BUF)
		return room;
	return want + BUFPOOL_BUF;
}

/* What is buffered, and what follows it, has the numbers from p->seq on. */
static void
number_from_here(struct packets *p)
{
	struct compression *frames = compressed_frames(p->zip);

	compression_number_from(frames, p->seq);
	if (packets_buffered(p))
		compression_number(frames, p->in->data + p->in_at, p->in->len - p->in_at);
	p->zip_turned = false;
}

/* As conn_read(). */
static __attribute__((noinline)) int
read_frames(struct ctx *cx, struct packets *p, char *out, size_t len, size_t *got)
{
	if (p->zip_turned && !packets_buffered(p) && !mutant("mysql_compression_numbers"))
		number_from_here(p);
	return compressed_read(cx, p->zip, out, len, got);
}

int
packets_fill(struct ctx *cx, struct packets *p, size_t want)
{
	size_t got = 0, room;
	char *at;
	int rc;

	if (p->broken)
		return err_set(cx->err, ERR_RETRY, "the connection is broken");
	make_room(p, want);
	room = room_behind(p, want);
	at = p->in->data + p->in->len;
	rc = __builtin_expect(p->zip != NULL, 0) ? read_frames(cx, p, at, room, &got)
						 : conn_read(cx, p->conn, at, room, &got);
	if (rc != 0) {
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

int
packets_read_more(struct ctx *cx, struct packets *p, size_t len)
{
	struct ctx within;

	while (packets_input(p).len < len) {
		if (p->silence > 0)
			within = ctx_within(cx, p->silence);
		TRY(packets_fill(p->silence > 0 ? &within : cx, p, len - packets_input(p).len));
	}
	return 0;
}

/* The header of the next packet, checked against the sequence. */
static int
read_header(struct ctx *cx, struct packets *p, uint32_t *len)
{
	TRY(packets_need(cx, p, PACKET_HEADER));
	*len = packet_header_len(packets_input(p).ptr);
	if (packets_input(p).ptr[3] != p->seq)
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

		TRY(packets_need(cx, p, *total + PACKET_HEADER));
		piece = (uint8_t *)p->in->data + p->in_at + *total;
		len = packet_header_len(piece);
		if (piece[3] != p->seq)
			return corrupt(
			    p, cx->err, ER_NET_PACKETS_OUT_OF_ORDER, "got packets out of order");
		if (*total + len > max)
			return corrupt(p, cx->err, ER_NET_PACKET_TOO_LARGE,
			    "got a packet bigger than allowed");
		p->seq++;
		TRY(packets_need(cx, p, *total + PACKET_HEADER + len));
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

	if (__builtin_expect(p->in != NULL && p->in->cap > PACKET_KEEP, 0))
		shed(p);
	TRY(read_header(cx, p, &len));
	if (len > max)
		return corrupt(
		    p, cx->err, ER_NET_PACKET_TOO_LARGE, "got a packet bigger than allowed");
	p->seq++;
	p->in_at += PACKET_HEADER;
	TRY(packets_need(cx, p, len));
	total = len;
	if (len == PACKET_PIECE_MAX)
		TRY(join_pieces(cx, p, max, &total));
	*payload = slice_cut(packets_input(p), 0, total);
	if (payload->ptr == NULL)
		*payload = slice_of("", 0);
	p->in_at += total;
	return 0;
}

int
packets_peek(struct ctx *cx, struct packets *p, struct packet_head *head)
{
	struct slice in;

	TRY(packets_need(cx, p, PACKET_HEADER));
	head->len = packet_header_len(packets_input(p).ptr);
	if (head->len > 0)
		TRY(packets_need(cx, p, PACKET_HEADER + 1));
	in = packets_input(p);
	head->seq = in.ptr[3];
	head->first = head->len > 0 ? in.ptr[PACKET_HEADER] : -1;
	return 0;
}

/* ---- writing ---- */

static __attribute__((noinline)) int
write_frames(struct ctx *cx, struct packets *p, struct slice bytes)
{
	p->zip_turned = true;
	return compressed_write(cx, p->zip, bytes);
}

static int
write_now(struct ctx *cx, struct packets *p, struct slice bytes)
{
	int rc;

	if (p->broken)
		return err_set(cx->err, ERR_RETRY, "the connection is broken");
	rc = __builtin_expect(p->zip != NULL, 0) ? write_frames(cx, p, bytes)
						 : conn_write(cx, p->conn, bytes.ptr, bytes.len);
	if (rc != 0) {
		p->broken = true;
		return -1;
	}
	p->writes++;
	p->bytes_out += bytes.len;
	return 0;
}

struct buf *
packets_output(struct packets *p)
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

/* Bytes that are written and not flushed. */
static size_t
waiting(const struct packets *p)
{
	return p->out->len + (__builtin_expect(p->zip != NULL, 0) ? compressed_kept(p->zip) : 0);
}

/* A large one is not copied: what waits goes out, then the bytes themselves. */
static int
write_bytes(struct ctx *cx, struct packets *p, struct slice bytes)
{
	if (bytes.len < PACKET_FLUSH) {
		buf_add_slice(packets_output(p), bytes);
		return 0;
	}
	TRY(packets_flush(cx, p));
	return write_now(cx, p, bytes);
}

/* The next len bytes of the parts, of which the first is cut. */
static int
write_from(struct ctx *cx, struct packets *p, struct slice **parts, size_t len)
{
	while (len > 0) {
		struct slice some = slice_cut(**parts, 0, len);

		TRY(write_bytes(cx, p, some));
		len -= some.len;
		**parts = slice_cut(**parts, some.len, (*parts)->len);
		if ((*parts)->len == 0)
			(*parts)++;
	}
	return 0;
}

enum { PARTS_MAX = 2 };

int
packets_write_parts(struct ctx *cx, struct packets *p, const struct slice *parts, size_t count)
{
	struct slice left[PARTS_MAX + 1] = { 0 }, *at = left;
	size_t total = 0, n;

	check(count <= PARTS_MAX);
	for (size_t i = 0; i < count; i++) {
		left[i] = parts[i];
		total += parts[i].len;
	}
	do {
		n = total < PACKET_PIECE_MAX ? total : PACKET_PIECE_MAX;
		packet_header_put(packets_output(p), n, p->seq++);
		TRY(write_from(cx, p, &at, n));
		total -= n;
	} while (n == PACKET_PIECE_MAX);
	return p->out != NULL && waiting(p) >= PACKET_FLUSH ? packets_flush(cx, p) : 0;
}

int
packets_write(struct ctx *cx, struct packets *p, struct slice payload)
{
	if (payload.len >= PACKET_FLUSH)
		return packets_write_parts(cx, p, &payload, 1);
	packet_put(packets_output(p), &p->seq, payload);
	return waiting(p) >= PACKET_FLUSH ? packets_flush(cx, p) : 0;
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

void
packets_write_last(struct packets *p, struct slice payload)
{
	SCOPED(buf) struct buf packet = BUF_INIT;

	packets_begin_command(p);
	packet_put(&packet, &p->seq, payload);
	if (p->zip != NULL)
		compressed_write_last(p->zip, buf_slice(&packet));
	else
		conn_write_last(p->conn, packet.data, packet.len);
}

/* ---- where commands and answers begin ---- */

void
packets_compress(struct packets *p, enum compression_algorithm algorithm, int level)
{
	check(p->zip == NULL && (p->out == NULL || p->out->len == 0));
	p->zip = compressed_new(p->conn, algorithm, level, packets_take_all(p));
}

/* Each command has frames of its own. */
void
packets_begin_frames(struct packets *p)
{
	if (p->out != NULL && p->out->len > 0) {
		compressed_keep(p->zip, buf_slice(p->out));
		buf_reset(p->out);
	}
	compression_command_out(compressed_frames(p->zip));
}

void
packets_await_command_frame(struct packets *p)
{
	compression_command_in(compressed_frames(p->zip));
	number_from_here(p);
}

void
packets_await_answer_frame(struct packets *p)
{
	compression_answer_in(compressed_frames(p->zip));
	number_from_here(p);
}
