/*
 * pack.h - bytes made smaller, and made what they were, by zlib or zstd.
 *
 * A packer makes one whole form (a zlib stream, a zstd frame) of the bytes of each call. An unpacker takes a
 * form in pieces of any size and gives it in pieces of any size, so that neither side need be held whole.
 *
 *   for each piece of input
 *           unpacker_next() until the piece is empty and it gives nothing more
 *   at the end unpacker_ended() says whether all of it was there
 *
 * An unpacker's memory is that of zlib (40 kB), or zstd's window and 130 kB; the window is the packing
 * side's choice, and bounded by what the unpacker was made with. A packer's is 270 kB for zlib; for zstd it
 * is what the level asks for, below 2 MB for calls of 64 kB.
 */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include "base/buf.h"
#include "base/err.h"

/* PACK_DEFLATE: zlib without its header and check. */
enum pack_kind { PACK_ZLIB, PACK_DEFLATE, PACK_ZSTD };

enum {
	PACK_ZLIB_LEVEL = 6, /* zlib's own default */
	PACK_ZSTD_LEVEL = 3, /* zstd's own default; 1 to 22 */
	PACK_ZSTD_LEVEL_MAX = 22,
};

struct packer;
struct unpacker;

/* Where bytes go; each call moves it on. */
struct room {
	char *at;
	size_t left;
};

struct packer *packer_new(enum pack_kind kind, int level);
void packer_free(struct packer *p); /* NULL is fine */
/* Adds the form of bytes to out. */
void packer_add(struct packer *p, struct slice bytes, struct buf *out);

/* window_log: zstd's largest window, as a power of two; 0: its own bound, 27. */
struct unpacker *unpacker_new(enum pack_kind kind, int window_log);
void unpacker_free(struct unpacker *u); /* NULL is fine */
/* Takes from the front of in, and gives as far as there is room (> 0). It may give nothing while in is not
 * empty: a form's last bytes hold nothing. Behind a form another may begin where zstd has packed; behind
 * zlib's nothing is taken. ERR_CORRUPT: bytes that are no form; unpacker_free() is all that can follow. */
int unpacker_next(struct unpacker *u, struct slice *in, struct room *room, struct err *err) MUST_USE;
/* Between two forms. */
bool unpacker_ended(const struct unpacker *u);
/* A new one begins. */
void unpacker_restart(struct unpacker *u);

#endif
