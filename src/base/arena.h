/*
 * arena.h - memory that is freed together.
 *
 * Owned by whoever owns the scope: session, statement, transaction, request.
 * Blocks double from 1 kB to 64 kB; a larger request gets a block of its own.
 * Everything returned is aligned for any type and valid until arena_reset()
 * or arena_done(). Under ASan freed space is poisoned.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

#include <stdarg.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used_bytes;          /* handed out since the last reset */
};

/* clang-format off */
#define ARENA_INIT { NULL, 0 }
/* clang-format on */

void arena_init(struct arena *a);
void arena_done(struct arena *a);
void arena_reset(struct arena *a);                /* keeps one block for reuse */
void *arena_alloc(struct arena *a, size_t size);  /* uninitialised */
void *arena_zalloc(struct arena *a, size_t size); /* zeroed */
char *arena_strdup(struct arena *a, const char *str);
char *arena_strndup(struct arena *a, const void *ptr, size_t len); /* adds NUL */
char *arena_slice_str(struct arena *a, struct slice s);            /* adds NUL */
struct slice arena_dup(struct arena *a, struct slice s);           /* NULL stays NULL */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

#define arena_new(a, type)      ((type *)arena_zalloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_zalloc((a), sizeof(type) * (size_t)(n)))

#endif
