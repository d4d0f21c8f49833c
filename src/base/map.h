/*
 * map.h - hash map from bytes to pointer.
 *
 * Keys are copied into the map; values are borrowed pointers, never NULL.
 * Open addressing with robin-hood or linear probing over xxh3, grown at 3/4;
 * iteration order is unspecified and invalidated by map_put and map_take.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/slice.h"

struct map_slot;

struct map {
	struct map_slot *slots;
	size_t count, cap;
};

void map_init(struct map *m);
void map_done(struct map *m);                         /* the values are the caller's to free */
void *map_get(const struct map *m, struct slice key); /* NULL when absent */
void *map_put(struct map *m, struct slice key, void *value); /* returns the value replaced, or NULL */
void *map_take(struct map *m, struct slice key); /* removes; returns the value, or NULL */
void map_clear(struct map *m);

/* for (size_t i = 0; map_next(m, &i, &key, &value); ) - key valid until the map changes. */
bool map_next(const struct map *m, size_t *i, struct slice *key, void **value);

#endif
