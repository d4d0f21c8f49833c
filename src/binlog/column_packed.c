#include "binlog/column_packed.h"

#include "base/pack.h"
#include "binlog/cursor.h"

enum {
	MARK_ZLIB = 0x80,
	MARK_RAW = 0x08,
	LENGTH_BYTES = 0x07, /* of the mark: how many bytes the length has, at most 4 */
	/* What zlib makes of a byte at most: a length that says more is a lie, and gets no memory. */
	EXPANDS_MAX = 1032,
};

/* All of it, and no byte more. */
static bool
unpack_all(struct slice packed, enum pack_kind kind, char *to, size_t len)
{
	struct unpacker *u = unpacker_new(kind, 0);
	struct room room = { to, len + 1 };
	struct err err;
	bool whole = unpacker_next(u, &packed, &room, &err) == 0 && unpacker_ended(u) &&
	    packed.len == 0 && room.left == 1;

	unpacker_free(u);
	return whole;
}

bool
column_unpack(struct slice packed, struct arena *a, struct slice *out)
{
	struct cursor c = cursor_of(packed);
	uint8_t mark = (uint8_t)(packed.len == 0 ? 0 : cursor_le(&c, 1));
	size_t bytes = mark & LENGTH_BYTES, len;

	if (mark == 0) {
		*out = cursor_rest(&c);
		return true;
	}
	if ((mark & ~(MARK_RAW | LENGTH_BYTES)) != MARK_ZLIB || bytes == 0 || bytes > 4)
		return false;
	len = (size_t)cursor_be(&c, bytes);
	if (c.failed || len / EXPANDS_MAX > c.left)
		return false;
	char *to = arena_alloc(a, len + 1);

	*out = slice_of(to, len);
	return unpack_all(cursor_rest(&c), mark & MARK_RAW ? PACK_DEFLATE : PACK_ZLIB, to, len);
}
