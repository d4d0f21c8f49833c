#include "mysql/compression.h"

#include "base/mem.h"
#include "base/mutant.h"

#include <stdlib.h>

enum {
	ER_NET_PACKETS_OUT_OF_ORDER = 1156,
	ER_NET_UNCOMPRESS_ERROR = 1157,
	/* A frame says its length in three bytes: no packing side needs a larger window. */
	WINDOW_LOG = 24,
	PACKET_HEADER_BYTES = 4,
};

/* Where among packets the bytes that were read last have ended. */
struct numbering {
	uint32_t left; /* of the present payload */
	uint32_t head; /* the present header, as far as it has come */
	uint8_t head_len, next;
};

/*
 * Reading:
 *   HEAD    between frames, or in a header
 *   PLAIN   body_left bytes are passed on
 *   PACKED  body_left bytes are unpacked to exactly plain_left more
 */
enum reading { READING_HEAD, READING_PLAIN, READING_PACKED };

struct compression {
	enum pack_kind kind;
	int level;
	struct packer *packer;     /* NULL: not in use */
	struct unpacker *unpacker; /* the same */

	enum reading reading;
	uint8_t head[COMPRESSION_HEADER];
	size_t head_len;
	uint32_t body_left, plain_left;

	uint8_t read_number, write_number; /* of the next frames */
	bool any_number;                   /* the next one that is read begins an answer */
	struct numbering packets;
};

int
compression_choice_read(struct compression_choice *out, const char *words, struct err *err)
{
	static const char *const names[COMPRESSION_ALGORITHMS] = {
		[COMPRESSION_NONE] = "uncompressed", [COMPRESSION_ZLIB] = "zlib", [COMPRESSION_ZSTD] = "zstd"
	};
	struct slice rest = slice_str(words), word;

	*out = (struct compression_choice){ .count = 0 };
	do {
		int a = 0;

		rest = slice_split(rest, ',', &word);
		word = slice_trim(word);
		while (a < COMPRESSION_ALGORITHMS && !slice_eq_nocase(word, slice_str(names[a])))
			a++;
		if (a == COMPRESSION_ALGORITHMS)
			return err_set(err, ERR_REFUSED,
			    "'%.*s' is no compression algorithm: expected some of " COMPRESSION_WORDS,
			    SLICE_ARG(word));
		if (!compression_permits(out, (enum compression_algorithm)a))
			out->order[out->count++] = (enum compression_algorithm)a;
	} while (!slice_is_null(rest));
	return 0;
}

bool
compression_permits(const struct compression_choice *c, enum compression_algorithm algorithm)
{
	for (int i = 0; i < c->count; i++)
		if (c->order[i] == algorithm)
			return true;
	return false;
}

struct compression *
compression_new(enum compression_algorithm algorithm, int level)
{
	struct compression *c = mem_new(struct compression);

	check(algorithm != COMPRESSION_NONE);
	c->kind = algorithm == COMPRESSION_ZLIB ? PACK_ZLIB : PACK_ZSTD;
	c->level = algorithm == COMPRESSION_ZLIB ? PACK_ZLIB_LEVEL : level;
	return c;
}

void
compression_park(struct compression *c)
{
	packer_free(c->packer);
	c->packer = NULL;
	if (c->reading != READING_HEAD)
		return;
	unpacker_free(c->unpacker);
	c->unpacker = NULL;
}

void
compression_free(struct compression *c)
{
	if (c == NULL)
		return;
	packer_free(c->packer);
	unpacker_free(c->unpacker);
	free(c);
}

/* ---- numbers ---- */

void
compression_command_out(struct compression *c)
{
	c->write_number = 0;
	c->any_number = true;
}

void
compression_command_in(struct compression *c)
{
	c->read_number = 0;
}

void
compression_answer_in(struct compression *c)
{
	c->any_number = true;
}

void
compression_number_from(struct compression *c, uint8_t number)
{
	c->packets = (struct numbering){ .next = number };
}

/* The next byte of a header. */
static void
number_head(struct numbering *n, char *byte)
{
	if (n->head_len < PACKET_HEADER_BYTES - 1) {
		n->head |= (uint32_t)(uint8_t)*byte << (8 * n->head_len++);
		return;
	}
	*byte = (char)n->next++;
	n->left = n->head;
	n->head = n->head_len = 0;
}

void
compression_number(struct compression *c, char *bytes, size_t len)
{
	struct numbering *n = &c->packets;

	for (size_t at = 0; at < len;) {
		if (n->left == 0) {
			number_head(n, bytes + at++);
			continue;
		}
		uint32_t skip = n->left < len - at ? n->left : (uint32_t)(len - at);
		n->left -= skip;
		at += skip;
	}
}

/* ---- reading ---- */

static int
corrupt(struct err *err, int code, const char *what)
{
	err_set(err, ERR_CORRUPT, "compressed packet: %s", what);
	err->mysql_errno = code;
	memcpy(err->sqlstate, "08S01", 6);
	return -1;
}

static int
lies(struct err *err)
{
	return corrupt(err, ER_NET_UNCOMPRESS_ERROR, "it does not hold as much as it says");
}

static uint32_t
int3(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

/* The header is whole, and its frame the next. */
static int
begin_frame(struct compression *c, struct err *err)
{
	c->body_left = int3(c->head);
	c->plain_left = int3(c->head + 4);
	c->head_len = 0;
	c->any_number = false;
	c->read_number = c->write_number = (uint8_t)(c->head[3] + 1);
	if (c->plain_left == 0) {
		c->reading = READING_PLAIN;
		return 0;
	}
	if (c->body_left == 0)
		return lies(err);
	c->reading = READING_PACKED;
	if (c->unpacker == NULL)
		c->unpacker = unpacker_new(c->kind, WINDOW_LOG);
	else
		unpacker_restart(c->unpacker);
	return 0;
}

/* False in *whole where raw has ended before, or a frame has come that does not follow the last, some of
 * which was given by this call. */
static int
read_head(struct compression *c, struct slice *raw, bool given, bool *whole, struct err *err)
{
	struct slice part = slice_cut(*raw, 0, sizeof(c->head) - c->head_len);

	if (part.len > 0)
		memcpy(c->head + c->head_len, part.ptr, part.len);
	c->head_len += part.len;
	*raw = slice_cut(*raw, part.len, raw->len);
	*whole = c->head_len == sizeof(c->head);
	if (!*whole || c->any_number || c->head[3] == c->read_number)
		return *whole ? begin_frame(c, err) : 0;
	*whole = false;
	/* One that was sent ahead waits until it is asked for. */
	return given ? 0 : corrupt(err, ER_NET_PACKETS_OUT_OF_ORDER, "got packets out of order");
}

static void
pass_on(struct compression *c, struct slice *raw, struct room *room)
{
	struct slice some =
	    slice_cut(*raw, 0, c->body_left < room->left ? c->body_left : room->left);

	if (some.len > 0)
		memcpy(room->at, some.ptr, some.len);
	*raw = slice_cut(*raw, some.len, raw->len);
	room->at += some.len;
	room->left -= some.len;
	c->body_left -= (uint32_t)some.len;
}

/* As unpacker_next(), no further than the frame's bytes. */
static int
unpack_frame(struct compression *c, struct slice *raw, struct room *room, struct err *err)
{
	struct slice rest = slice_cut(*raw, 0, c->body_left);
	size_t taken = rest.len;

	if (unpacker_next(c->unpacker, &rest, room, err) != 0) {
		err->mysql_errno = ER_NET_UNCOMPRESS_ERROR;
		memcpy(err->sqlstate, "08S01", 6);
		return err_wrap(err, "compressed packet");
	}
	taken -= rest.len;
	*raw = slice_cut(*raw, taken, raw->len);
	c->body_left -= (uint32_t)taken;
	return 0;
}

/* Behind what it says it holds its end must come, and nothing else. */
static int
unpack(struct compression *c, struct slice *raw, struct room *room, struct err *err)
{
	char beyond;
	struct room part = { &beyond, 1 };
	bool is_full = c->plain_left == 0;
	size_t most;

	if (!is_full)
		part = (struct room){ room->at,
			c->plain_left < room->left ? c->plain_left : room->left };
	most = part.left;
	TRY(unpack_frame(c, raw, &part, err));
	if (is_full)
		return part.left == 0 && !mutant("mysql_compression_longer") ? lies(err) : 0;
	room->at = part.at;
	room->left -= most - part.left;
	c->plain_left -= (uint32_t)(most - part.left);
	return 0;
}

/* One step. */
static int
read_body(struct compression *c, struct slice *raw, struct room *room, struct err *err)
{
	size_t had = raw->len, had_room = room->left;

	if (c->reading == READING_PLAIN) {
		pass_on(c, raw, room);
		if (c->body_left == 0)
			c->reading = READING_HEAD;
		return 0;
	}
	TRY(unpack(c, raw, room, err));
	if (c->body_left == 0 && c->plain_left == 0 && unpacker_ended(c->unpacker)) {
		c->reading = READING_HEAD;
		return 0;
	}
	/* A step for nothing: what would help must not come, or is there and does not help. */
	if (room->left == had_room && raw->len == had && (had > 0 || c->body_left == 0))
		return lies(err);
	return 0;
}

/* With no room left only the end of a frame is looked for, so that none stays behind what it brought. */
static bool
may_step(const struct compression *c, const struct room *room)
{
	return room->left > 0 || (c->reading == READING_PACKED && c->plain_left == 0);
}

int
compression_read(struct compression *c, struct slice *raw, struct room *room, struct err *err)
{
	size_t most = room->left;

	check(most > 0);
	for (;;) {
		size_t had = raw->len, had_room = room->left;
		bool whole = true;

		if (c->reading == READING_HEAD)
			TRY(read_head(c, raw, room->left < most, &whole, err));
		if (!whole || !may_step(c, room))
			return 0;
		TRY(read_body(c, raw, room, err));
		if (room->left == had_room && raw->len == had && c->reading != READING_HEAD)
			return 0;
	}
}

/* ---- writing ---- */

static void
put_head(char *at, size_t body, uint8_t number, size_t plain)
{
	for (int i = 0; i < 3; i++) {
		at[i] = (char)(body >> (8 * i) & 0xff);
		at[4 + i] = (char)(plain >> (8 * i) & 0xff);
	}
	at[3] = (char)number;
}

static void
write_piece(struct compression *c, struct slice piece, struct buf *out)
{
	size_t at = out->len, body = piece.len;

	buf_grow(out, COMPRESSION_HEADER);
	if (piece.len >= COMPRESSION_LEAST) {
		if (c->packer == NULL)
			c->packer = packer_new(c->kind, c->level);
		packer_add(c->packer, piece, out);
		body = out->len - at - COMPRESSION_HEADER;
	}
	if (piece.len < COMPRESSION_LEAST || body >= piece.len) {
		buf_truncate(out, at + COMPRESSION_HEADER);
		buf_add_slice(out, piece);
		put_head(out->data + at, piece.len, c->write_number++, 0);
	} else {
		put_head(out->data + at, body, c->write_number++, piece.len);
	}
	c->read_number = c->write_number;
}

void
compression_write(struct compression *c, struct slice bytes, struct buf *out)
{
	while (bytes.len > 0) {
		write_piece(c, slice_cut(bytes, 0, COMPRESSION_PIECE), out);
		bytes = slice_cut(bytes, COMPRESSION_PIECE, bytes.len);
	}
}
