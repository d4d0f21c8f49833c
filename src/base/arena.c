#include "base/arena.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
enum { ARENA_GAP = 16 }; /* poisoned bytes behind each piece, so that running over it is seen */
#else
#define ASAN_POISON_MEMORY_REGION(ptr, len)   ((void)(ptr), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(ptr, len) ((void)(ptr), (void)(len))
enum { ARENA_GAP = 0 };
#endif

enum {
	ARENA_ALIGN = 16,          /* max_align_t on every machine we build for */
	ARENA_BLOCK_MIN = 1 << 10, /* most statements need less */
	ARENA_BLOCK_MAX = 1 << 16, /* above it doubling wastes more than it saves */
};

/* The first block in the list is the one being filled; a large request's own block goes behind it. */
struct arena_block {
	struct arena_block *next;
	size_t cap, used;
	_Alignas(ARENA_ALIGN) char data[];
};

void
arena_init(struct arena *a)
{
	*a = (struct arena)ARENA_INIT;
}

static struct arena_block *
block_new(size_t cap)
{
	struct arena_block *b = mem_alloc(sizeof *b + cap);

	b->next = NULL;
	b->cap = cap;
	b->used = 0;
	ASAN_POISON_MEMORY_REGION(b->data, cap);
	return b;
}

static void
block_free(struct arena_block *b)
{
	ASAN_UNPOISON_MEMORY_REGION(b->data, b->cap);
	free(b);
}

static void
blocks_free(struct arena_block *b)
{
	while (b != NULL) {
		struct arena_block *next = b->next;

		block_free(b);
		b = next;
	}
}

void
arena_done(struct arena *a)
{
	blocks_free(a->blocks);
	arena_init(a);
}

void
arena_reset(struct arena *a)
{
	struct arena_block *keep = a->blocks;

	a->used_bytes = 0;
	if (keep == NULL)
		return;
	blocks_free(keep->next);
	keep->next = NULL;
	keep->used = 0;
	ASAN_POISON_MEMORY_REGION(keep->data, keep->cap);
	if (keep->cap > ARENA_BLOCK_MAX) { /* one huge statement must not hold its memory for ever */
		block_free(keep);
		a->blocks = NULL;
	}
}

/* A block with room for need bytes, in its place in the list. */
static struct arena_block *
block_for(struct arena *a, size_t need)
{
	struct arena_block *first = a->blocks;

	if (first != NULL && need <= first->cap - first->used)
		return first;
	size_t cap = first == NULL ? ARENA_BLOCK_MIN : first->cap * 2;

	if (cap > ARENA_BLOCK_MAX)
		cap = ARENA_BLOCK_MAX;
	while (cap < need && cap < ARENA_BLOCK_MAX)
		cap *= 2;
	bool own = need > cap;
	struct arena_block *b = block_new(own ? need : cap);

	if (own && first != NULL) {
		b->next = first->next;
		first->next = b;
	} else {
		b->next = first;
		a->blocks = b;
	}
	return b;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	check(size < PTRDIFF_MAX - 2 * ARENA_ALIGN - ARENA_GAP);
	size_t need =
	    ((size == 0 ? 1 : size) + ARENA_GAP + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	struct arena_block *b = block_for(a, need);
	void *ptr = b->data + b->used;

	b->used += need;
	a->used_bytes += need;
	check(b->used <= b->cap);
	ASAN_UNPOISON_MEMORY_REGION(ptr, size);
	return ptr;
}

void *
arena_zalloc(struct arena *a, size_t size)
{
	return memset(arena_alloc(a, size), 0, size);
}

char *
arena_strndup(struct arena *a, const void *ptr, size_t len)
{
	check(len < SIZE_MAX);
	char *copy = arena_alloc(a, len + 1);

	if (len > 0)
		memcpy(copy, ptr, len);
	copy[len] = '\0';
	return copy;
}

char *
arena_strdup(struct arena *a, const char *str)
{
	return arena_strndup(a, str, strlen(str));
}

char *
arena_slice_str(struct arena *a, struct slice s)
{
	return arena_strndup(a, s.ptr, s.len);
}

struct slice
arena_dup(struct arena *a, struct slice s)
{
	if (slice_is_null(s))
		return s;
	return slice_of(arena_strndup(a, s.ptr, s.len), s.len);
}

char *
arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, fmt, again);

	va_end(again);
	check(len >= 0);
	char *text = arena_alloc(a, (size_t)len + 1);

	vsnprintf(text, (size_t)len + 1, fmt, ap);
	return text;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = arena_vprintf(a, fmt, ap);

	va_end(ap);
	return text;
}
