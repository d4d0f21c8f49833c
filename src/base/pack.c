#include "base/pack.h"

#include "base/mem.h"

#define ZLIB_CONST /* what is only read is const */
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum { MEMORY_LEVEL = 8 }; /* of zlib: its own default */

struct packer {
	int level;
	z_stream zlib;
	ZSTD_CCtx *zstd; /* NULL: zlib */
};

struct unpacker {
	z_stream zlib;
	ZSTD_DCtx *zstd; /* NULL: zlib */
	size_t magic;    /* bytes of zstd's first word that have come */
	bool ended;
	bool filled; /* all of the last room: there may be more without input */
};

static int
window_bits(enum pack_kind kind)
{
	return kind == PACK_DEFLATE ? -MAX_WBITS : MAX_WBITS;
}

/* ---- packing ---- */

struct packer *
packer_new(enum pack_kind kind, int level)
{
	struct packer *p = mem_new(struct packer);

	p->level = level;
	if (kind != PACK_ZSTD) {
		check(deflateInit2(&p->zlib, level, Z_DEFLATED, window_bits(kind), MEMORY_LEVEL,
			  Z_DEFAULT_STRATEGY) == Z_OK);
		return p;
	}
	p->zstd = ZSTD_createCCtx();
	check(p->zstd != NULL);
	return p;
}

void
packer_free(struct packer *p)
{
	if (p == NULL)
		return;
	if (p->zstd == NULL)
		(void)deflateEnd(&p->zlib);
	ZSTD_freeCCtx(p->zstd);
	free(p);
}

static size_t
deflate_all(z_stream *z, struct slice bytes, char *out, size_t room)
{
	check(bytes.len <= UINT32_MAX && room <= UINT32_MAX);
	check(deflateReset(z) == Z_OK);
	z->next_in = bytes.ptr;
	z->avail_in = (uInt)bytes.len;
	z->next_out = (Bytef *)out;
	z->avail_out = (uInt)room;
	check(deflate(z, Z_FINISH) == Z_STREAM_END);
	return room - z->avail_out;
}

void
packer_add(struct packer *p, struct slice bytes, struct buf *out)
{
	size_t had = out->len, len,
	       room = p->zstd == NULL ? deflateBound(&p->zlib, bytes.len)
				      : ZSTD_compressBound(bytes.len);
	char *at = buf_grow(out, room);

	if (p->zstd == NULL) {
		len = deflate_all(&p->zlib, bytes, at, room);
	} else {
		len = ZSTD_compressCCtx(p->zstd, at, room, bytes.ptr, bytes.len, p->level);
		check(!ZSTD_isError(len));
	}
	buf_truncate(out, had + len);
}

/* ---- unpacking ---- */

struct unpacker *
unpacker_new(enum pack_kind kind, int window_log)
{
	struct unpacker *u = mem_new(struct unpacker);

	u->ended = true;
	if (kind != PACK_ZSTD) {
		check(inflateInit2(&u->zlib, window_bits(kind)) == Z_OK);
		return u;
	}
	u->zstd = ZSTD_createDCtx();
	check(u->zstd != NULL);
	check(window_log == 0 ||
	    !ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, window_log)));
	return u;
}

void
unpacker_free(struct unpacker *u)
{
	if (u == NULL)
		return;
	if (u->zstd == NULL)
		(void)inflateEnd(&u->zlib);
	ZSTD_freeDCtx(u->zstd);
	free(u);
}

static int
inflate_some(struct unpacker *u, struct slice *in, struct room *room, struct err *err)
{
	z_stream *z = &u->zlib;
	int rc;

	z->next_in = in->ptr;
	z->avail_in = in->len > UINT32_MAX ? UINT32_MAX : (uInt)in->len;
	z->next_out = (Bytef *)room->at;
	z->avail_out = room->left > UINT32_MAX ? UINT32_MAX : (uInt)room->left;
	rc = inflate(z, Z_NO_FLUSH);
	*in = slice_cut(*in, (size_t)(z->next_in - in->ptr), in->len);
	room->left -= (size_t)((char *)z->next_out - room->at);
	room->at = (char *)z->next_out;
	u->ended = rc == Z_STREAM_END;
	/* Z_BUF_ERROR: neither taken nor given anything, for want of either. */
	if (rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR)
		return 0;
	return err_set(err, ERR_CORRUPT, "zlib: %s", z->msg == NULL ? "not what it packs" : z->msg);
}

/* The library also knows the forms of before version 1, whose decoders nobody tends any more. */
static int
check_magic(struct unpacker *u, const ZSTD_inBuffer *from, struct err *err)
{
	static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd };
	const uint8_t *bytes = from->src;

	if (u->ended)
		u->magic = 0;
	for (size_t i = from->pos; u->magic < sizeof(magic) && i < from->size; i++)
		if (bytes[i] != magic[u->magic++])
			return err_set(err, ERR_CORRUPT, "zstd: not what it packs");
	return 0;
}

/* At least a byte where there is one more: what zstd keeps in its window comes by asking again. */
static int
zstd_some(struct unpacker *u, struct slice *in, struct room *room, struct err *err)
{
	ZSTD_inBuffer from = { in->ptr, in->len, 0 };
	ZSTD_outBuffer to = { room->at, room->left, 0 };
	size_t rc, before;

	do {
		TRY(check_magic(u, &from, err));
		before = from.pos;
		rc = ZSTD_decompressStream(u->zstd, &to, &from);
		if (ZSTD_isError(rc))
			return err_set(err, ERR_CORRUPT, "zstd: %s", ZSTD_getErrorName(rc));
		u->ended = rc == 0;
	} while (to.pos == 0 && from.pos > before && (rc != 0 || from.pos < from.size));
	*in = slice_cut(*in, from.pos, in->len);
	room->left -= to.pos;
	room->at += to.pos;
	return 0;
}

int
unpacker_next(struct unpacker *u, struct slice *in, struct room *room, struct err *err)
{
	check(room->left > 0);
	/* zstd takes being asked in vain a few times for a mistake. */
	if (in->len == 0 && (u->ended || !u->filled))
		return 0;
	if (u->zstd == NULL && u->ended && u->zlib.total_in > 0)
		return 0;
	TRY(u->zstd != NULL ? zstd_some(u, in, room, err) : inflate_some(u, in, room, err));
	u->filled = room->left == 0;
	return 0;
}

bool
unpacker_ended(const struct unpacker *u)
{
	return u->ended;
}

void
unpacker_restart(struct unpacker *u)
{
	u->ended = true;
	u->filled = false;
	if (u->zstd != NULL)
		(void)ZSTD_DCtx_reset(u->zstd, ZSTD_reset_session_only);
	else
		check(inflateReset(&u->zlib) == Z_OK);
}
