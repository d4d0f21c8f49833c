/*
 * buf.h - owned, growing bytes.
 *
 * Invariants
 *   (1) data is never NULL and data[len] is always a spare NUL byte, so that
 *       a buf of text can be passed to what wants a C string.
 *   (2) len < cap, or the buffer is the shared empty one (cap == 0).
 * Growing doubles, out of memory aborts; bound what a peer sends before.
 *
 * What needs no memory is inline: a statement passes through it a hundred times.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/check.h"
#include "base/slice.h"

struct buf {
	char *data;
	size_t len, cap;
};

extern char buf_empty[1];
/* clang-format off */
#define BUF_INIT { buf_empty, 0, 0 }
/* clang-format on */

void buf_free(struct buf *b);                 /* buf_done() of one with memory */
void buf_enlarge(struct buf *b, size_t more); /* buf_reserve() where there is not enough room */
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_consume(struct buf *b, size_t len); /* drops len bytes from the front */
void buf_swap(struct buf *a, struct buf *b);

static inline void
buf_init(struct buf *b)
{
	*b = (struct buf)BUF_INIT;
}

/* Frees; the buf is empty and usable again. */
static inline void
buf_done(struct buf *b)
{
	if (b->cap > 0)
		buf_free(b);
	buf_init(b);
}

/* len <= b->len */
static inline void
buf_truncate(struct buf *b, size_t len)
{
	check(b->cap == 0 ? b->len == 0 : b->len < b->cap); /* (2) */
	check(len <= b->len);
	b->len = len;
	if (b->cap > 0)
		b->data[len] = '\0'; /* (1) */
}

/* len = 0, memory kept. */
static inline void
buf_reset(struct buf *b)
{
	buf_truncate(b, 0);
}

/* Room for more bytes behind len. */
static inline void
buf_reserve(struct buf *b, size_t more)
{
	if (b->len >= b->cap || more >= b->cap - b->len)
		buf_enlarge(b, more);
}

/* len more bytes, uninitialised; valid until the next call. */
static inline char *
buf_grow(struct buf *b, size_t len)
{
	buf_reserve(b, len);
	char *at = b->data + b->len;

	b->len += len;
	b->data[b->len] = '\0';
	return at;
}

static inline void
buf_add(struct buf *b, const void *data, size_t len)
{
	if (len > 0)
		memcpy(buf_grow(b, len), data, len);
}

static inline void
buf_add_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.ptr, s.len);
}

static inline void
buf_add_str(struct buf *b, const char *str)
{
	buf_add(b, str, strlen(str));
}

static inline void
buf_add_char(struct buf *b, char c)
{
	*buf_grow(b, 1) = c;
}

/* Valid until b changes. */
static inline struct slice
buf_slice(const struct buf *b)
{
	return slice_of(b->data, b->len);
}

#endif
