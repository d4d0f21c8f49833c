/*
 * cursor.h - reads numbers and bytes from a slice, never past its end.
 *
 * The error is sticky: once something was asked for that is not there, every
 * further read gives 0 or an empty slice and `failed` stays set. A decoder
 * reads a whole structure and looks once at the end. Rows mix little endian
 * (numbers) and big endian (temporal, decimal, bit), hence both.
 */
#ifndef BINLOG_CURSOR_H
#define BINLOG_CURSOR_H

#include "base/slice.h"

struct cursor {
	const uint8_t *ptr;
	size_t left;
	bool failed;
};

static inline struct cursor
cursor_of(struct slice s)
{
	return (struct cursor){ s.ptr, s.len, false };
}

/* n bytes, or NULL when they are not there. */
static inline const uint8_t *
cursor_take(struct cursor *c, size_t n)
{
	const uint8_t *at = c->ptr;

	if (c->failed || n > c->left) {
		c->failed = true;
		return NULL;
	}
	c->ptr += n;
	c->left -= n;
	return at;
}

static inline struct slice
cursor_bytes(struct cursor *c, size_t n)
{
	const uint8_t *at = cursor_take(c, n);

	return at == NULL ? slice_of("", 0) : slice_of(at, n);
}

/* All that is left. */
static inline struct slice
cursor_rest(struct cursor *c)
{
	return cursor_bytes(c, c->left);
}

/* Little endian, n <= 8 bytes. */
static inline uint64_t
cursor_le(struct cursor *c, size_t n)
{
	const uint8_t *at = cursor_take(c, n);
	uint64_t v = 0;

	for (size_t i = n; at != NULL && i > 0; i--)
		v = v << 8 | at[i - 1];
	return v;
}

/* Big endian, n <= 8 bytes. */
static inline uint64_t
cursor_be(struct cursor *c, size_t n)
{
	const uint8_t *at = cursor_take(c, n);
	uint64_t v = 0;

	for (size_t i = 0; at != NULL && i < n; i++)
		v = v << 8 | at[i];
	return v;
}

/* Length-encoded integer: below 251 itself, else 252, 253, 254 and 2, 3, 8 bytes. */
static inline uint64_t
cursor_lenenc(struct cursor *c)
{
	uint64_t first = cursor_le(c, 1);

	if (first < 251)
		return first;
	if (first == 252)
		return cursor_le(c, 2);
	if (first == 253)
		return cursor_le(c, 3);
	if (first == 254)
		return cursor_le(c, 8);
	c->failed = true; /* 251 is NULL, 255 an error packet: no length */
	return 0;
}

/* A length-encoded count, bounded by what can follow: each thing counted takes at least one bit. */
static inline size_t
cursor_count(struct cursor *c)
{
	uint64_t n = cursor_lenenc(c);

	if (n / 8 > c->left)
		c->failed = true;
	return c->failed ? 0 : (size_t)n;
}

#endif
