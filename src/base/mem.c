#include "base/mem.h"

#include "base/check.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Chunks and runs of usual rows are below it, and are not mapped anew each time. */
	LARGE = 5 * 1024 * 1024,
	KEPT_AT_END = 16 * 1024 * 1024, /* of the heap: some such chunks */
};

void
mem_return_large(void)
{
	/* Another allocator in the place of glibc's (a sanitizer's) refuses, and need not know it. */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
	(void)mallopt(M_TRIM_THRESHOLD, KEPT_AT_END);
}

/* malloc(0) may be NULL; one byte keeps "never NULL" true. */
static size_t
at_least_one(size_t size)
{
	return size == 0 ? 1 : size;
}

void *
mem_alloc(size_t size)
{
	void *ptr = malloc(at_least_one(size));

	check(ptr != NULL);
	return ptr;
}

void *
mem_zalloc(size_t size)
{
	void *ptr = calloc(1, at_least_one(size));

	check(ptr != NULL);
	return ptr;
}

void *
mem_realloc(void *ptr, size_t size)
{
	void *moved = realloc(ptr, at_least_one(size));

	check(moved != NULL);
	return moved;
}

char *
mem_strndup(const void *ptr, size_t len)
{
	check(len < SIZE_MAX);
	char *copy = mem_alloc(len + 1);

	if (len > 0)
		memcpy(copy, ptr, len);
	copy[len] = '\0';
	return copy;
}

char *
mem_strdup(const char *str)
{
	return mem_strndup(str, strlen(str));
}

void *
mem_grow(void *array, size_t *cap, size_t want, size_t size)
{
	size_t bytes, more = *cap < 8 ? 8 : *cap; /* 8: below it malloc's own rounding is as large */

	if (want <= *cap)
		return array;
	while (more < want) {
		check(more <= SIZE_MAX / 2);
		more *= 2;
	}
	check(!__builtin_mul_overflow(more, size, &bytes));
	*cap = more;
	return mem_realloc(array, bytes);
}
