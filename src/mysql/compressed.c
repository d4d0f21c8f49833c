#include "mysql/compressed.h"

#include "base/mem.h"
#include "base/mutant.h"

#include <stdlib.h>

struct compressed {
	struct conn *conn;
	struct compression *frames;
	struct buf *in; /* frames, from at on not unpacked yet; NULL while not borrowed */
	size_t at;
	struct buf *out; /* frames to be written; the same */
	char ahead;      /* a byte that was unpacked to see whether there is one */
	bool is_ahead;
};

struct compressed *
compressed_new(
    struct conn *conn, enum compression_algorithm algorithm, int level, struct slice early)
{
	struct compressed *z = mem_new(struct compressed);

	z->conn = conn;
	z->frames = compression_new(algorithm, level);
	if (early.len == 0)
		return z;
	z->in = bufpool_take();
	buf_add_slice(z->in, early);
	return z;
}

void
compressed_free(struct compressed *z)
{
	if (z == NULL)
		return;
	compression_free(z->frames);
	bufpool_give(z->in);
	bufpool_give(z->out);
	free(z);
}

struct compression *
compressed_frames(struct compressed *z)
{
	return z->frames;
}

static struct slice
left(const struct compressed *z)
{
	return z->in == NULL ? SLICE_NULL : slice_of(z->in->data + z->at, z->in->len - z->at);
}

static void
give_empty(struct buf **b, size_t len)
{
	if (len > 0)
		return;
	bufpool_give(*b);
	*b = NULL;
}

void
compressed_park(struct compressed *z)
{
	give_empty(&z->in, left(z).len);
	give_empty(&z->out, compressed_kept(z));
	compression_park(z->frames);
}

/* ---- reading ---- */

/* Room for one read of the conn; received() takes what came. */
static char *
make_room(struct compressed *z, size_t *room)
{
	if (z->in == NULL)
		z->in = bufpool_take();
	else
		buf_consume(z->in, z->at);
	z->at = 0;
	buf_reserve(z->in, BUFPOOL_BUF);
	*room = z->in->cap - z->in->len - 1;
	return z->in->data + z->in->len;
}

static void
received(struct compressed *z, size_t got)
{
	z->in->len += got;
	z->in->data[z->in->len] = 0;
}

/* What can be had without a read of the conn. */
static int
unpack(struct compressed *z, struct room *room, struct err *err)
{
	struct slice in = left(z);
	size_t had = in.len;

	TRY(compression_read(z->frames, &in, room, err));
	if (z->in != NULL)
		z->at += had - in.len;
	return 0;
}

/* Is there a byte? */
static int
look_ahead(struct compressed *z, struct err *err)
{
	struct room room = { &z->ahead, 1 };

	if (z->is_ahead)
		return 0;
	TRY(unpack(z, &room, err));
	z->is_ahead = room.left == 0;
	return 0;
}

static int
take(struct compressed *z, char *out, size_t len, size_t *got, struct err *err)
{
	struct room room = { out, len };

	if (z->is_ahead) {
		*room.at++ = z->ahead;
		room.left--;
		z->is_ahead = false;
	}
	if (room.left > 0)
		TRY(unpack(z, &room, err));
	*got = len - room.left;
	compression_number(z->frames, out, *got);
	return 0;
}

int
compressed_read(struct ctx *cx, struct compressed *z, void *out, size_t len, size_t *got)
{
	size_t in, room;
	char *at;

	for (;;) {
		TRY(take(z, out, len, got, cx->err));
		if (*got > 0)
			return 0;
		at = make_room(z, &room);
		TRY(conn_read(cx, z->conn, at, room, &in));
		received(z, in);
		if (in == 0)
			return 0;
	}
}

int
compressed_wait_readable(struct ctx *cx, struct compressed *z)
{
	bool ended = false;

	for (;;) {
		size_t got, room;
		char *at;

		if (!mutant("mysql_compression_unasked"))
			TRY(look_ahead(z, cx->err));
		if (z->is_ahead || ended)
			return 0;
		compressed_park(z);
		TRY(net_wait_readable(cx, z->conn));
		at = make_room(z, &room);
		TRY(conn_read_now(z->conn, at, room, &got, &ended, cx->err));
		received(z, got);
	}
}

bool
compressed_has_input(const struct compressed *z)
{
	return z->is_ahead || left(z).len > 0 || conn_has_input(z->conn);
}

bool
compressed_hung_up(struct compressed *z)
{
	struct err err = { 0 };
	size_t got, room;
	char *at = make_room(z, &room);
	bool eof;

	if (conn_read_now(z->conn, at, room, &got, &eof, &err) != 0 || eof)
		return true;
	received(z, got);
	if (look_ahead(z, &err) != 0 || z->is_ahead)
		return true;
	give_empty(&z->in, left(z).len);
	return false;
}

/* ---- writing ---- */

static struct buf *
output(struct compressed *z)
{
	if (z->out == NULL)
		z->out = bufpool_take();
	return z->out;
}

void
compressed_keep(struct compressed *z, struct slice bytes)
{
	compression_write(z->frames, bytes, output(z));
}

size_t
compressed_kept(const struct compressed *z)
{
	return z->out == NULL ? 0 : z->out->len;
}

/* A piece at a time: between two of them other tasks have their turn. */
int
compressed_write(struct ctx *cx, struct compressed *z, struct slice bytes)
{
	struct buf *out = output(z);

	do {
		struct slice piece = slice_cut(bytes, 0, COMPRESSION_PIECE);

		bytes = slice_cut(bytes, piece.len, bytes.len);
		compression_write(z->frames, piece, out);
		TRY(conn_write(cx, z->conn, out->data, out->len));
		buf_reset(out);
	} while (bytes.len > 0);
	bufpool_give(out);
	z->out = NULL;
	return 0;
}

void
compressed_write_last(struct compressed *z, struct slice bytes)
{
	compressed_keep(z, bytes);
	conn_write_last(z->conn, z->out->data, z->out->len);
	buf_reset(z->out);
}
