#include "binlog/packed.h"

#include "base/pack.h"
#include "binlog/cursor.h"

enum {
	MARK_ZLIB = 0x80,
	MARK_RAW = 0x08,
	LENGTH_BYTES = 0x07, /* of the mark: how many bytes the length has, at most 4 */
	/* What zlib makes of a byte at most: a length that says more is a lie, and gets no memory. */
	EXPANDS_MAX = 1032,
};

/* Taken apart, and not unpacked yet. */
struct form {
	enum pack_kind kind;
	size_t len; /* what comes out */
	struct slice bytes;
};

static bool
form_read(struct slice packed, struct form *out)
{
	struct cursor c = cursor_of(packed);
	uint8_t mark = (uint8_t)cursor_le(&c, 1);
	size_t bytes = mark & LENGTH_BYTES;

	if ((mark & ~(MARK_RAW | LENGTH_BYTES)) != MARK_ZLIB || bytes == 0 || bytes > 4)
		return false;
	out->kind = mark & MARK_RAW ? PACK_DEFLATE : PACK_ZLIB;
	out->len = (size_t)cursor_be(&c, bytes);
	if (c.failed || out->len / EXPANDS_MAX > c.left)
		return false;
	out->bytes = cursor_rest(&c);
	return true;
}

/* All of it, and no byte more. to: len bytes, and one that shows whether more would come. */
static bool
form_unpack(const struct form *f, char *to)
{
	struct unpacker *u = unpacker_new(f->kind, 0);
	struct room room = { to, f->len + 1 };
	struct slice packed = f->bytes;
	struct err err;
	bool whole = unpacker_next(u, &packed, &room, &err) == 0 && unpacker_ended(u) &&
	    packed.len == 0 && room.left == 1;

	unpacker_free(u);
	return whole;
}

bool
packed_value(struct slice packed, struct arena *a, struct slice *out)
{
	struct form f;

	if (packed.len == 0 || packed.ptr[0] == 0) {
		*out = packed.len == 0 ? slice_of("", 0) : slice_cut(packed, 1, packed.len);
		return true;
	}
	if (!form_read(packed, &f))
		return false;
	char *to = arena_alloc(a, f.len + 1);

	*out = slice_of(to, f.len);
	return form_unpack(&f, to);
}

bool
packed_add(struct slice packed, struct buf *out)
{
	size_t had = out->len;
	struct form f;

	if (!form_read(packed, &f))
		return false;
	bool whole = form_unpack(&f, buf_grow(out, f.len + 1));

	buf_truncate(out, whole ? had + f.len : had);
	return whole;
}
