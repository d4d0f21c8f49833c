/*
 * buf.h - owned, growing bytes.
 *
 * Invariants
 *   (1) data is never NULL and data[len] is always a spare NUL byte, so that
 *       a buf of text can be passed to what wants a C string.
 *   (2) len < cap, or the buffer is the shared empty one (cap == 0).
 * Growing doubles, out of memory aborts; bound what a peer sends before.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/slice.h"

struct buf {
	char *data;
	size_t len, cap;
};

extern char buf_empty[1];
/* clang-format off */
#define BUF_INIT { buf_empty, 0, 0 }
/* clang-format on */

void buf_init(struct buf *b);
void buf_done(struct buf *b);                 /* frees; the buf is empty and usable again */
void buf_reset(struct buf *b);                /* len = 0, memory kept */
void buf_reserve(struct buf *b, size_t more); /* room for more bytes behind len */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_slice(struct buf *b, struct slice s);
void buf_add_str(struct buf *b, const char *str);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *buf_grow(
    struct buf *b, size_t len); /* len more bytes, uninitialised; valid until the next call */
void buf_truncate(struct buf *b, size_t len); /* len <= b->len */
void buf_consume(struct buf *b, size_t len);  /* drops len bytes from the front */
void buf_swap(struct buf *a, struct buf *b);
struct slice buf_slice(const struct buf *b); /* valid until b changes */

#endif
