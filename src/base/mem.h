/*
 * mem.h - malloc that aborts.
 *
 * With overcommit there is nothing better to do when memory ends. In exchange
 * every size that a peer sends is bounded before it is allocated.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size); /* uninitialised */
void *mem_zalloc(size_t size);
void *mem_realloc(void *ptr, size_t size);
char *mem_strdup(const char *str);
char *mem_strndup(const void *ptr, size_t len); /* adds NUL */

/* For a program through which large rows go: what is large goes back to the system as soon as it is freed.
 * malloc's own thresholds grow with what is freed. Once, before any thread is started. */
void mem_return_large(void);

#define mem_new(type) ((type *)mem_zalloc(sizeof(type)))

/* Grows an array: *cap elements of size bytes become at least want; returns the array. */
void *mem_grow(void *array, size_t *cap, size_t want, size_t size);

#endif
