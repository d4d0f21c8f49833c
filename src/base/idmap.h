/*
 * idmap.h - hash map from a number to a pointer: no key to copy, and little to hash.
 *
 * Values are borrowed pointers, never NULL. Linear probing, grown at 3/4, without tombstones; the order
 * of iteration is unspecified, and ended by idmap_put() and idmap_take(). All zero is an empty one.
 */
#ifndef BASE_IDMAP_H
#define BASE_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct idmap_slot {
	uint32_t id;
	void *value; /* NULL: the slot is free */
};

struct idmap {
	struct idmap_slot *slots;
	size_t count, cap; /* cap: 0 or a power of two */
};

void idmap_done(
    struct idmap *m); /* the values are the caller's to free; the map is empty and usable again */
void *idmap_put(struct idmap *m, uint32_t id, void *value); /* returns the value replaced, or NULL */
void *idmap_take(struct idmap *m, uint32_t id); /* removes; returns the value, or NULL */
void idmap_clear(struct idmap *m);
/* for (size_t i = 0; (value = idmap_next(m, &i)) != NULL; ) */
void *idmap_next(const struct idmap *m, size_t *i);

/* Where a number belongs; numbers given out one after the other do not come to lie side by side, where each
 * search for one that is not there would pass all of them. */
static inline size_t
idmap_home(const struct idmap *m, uint32_t id)
{
	return (size_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (m->cap - 1);
}

/* NULL when absent. */
static inline void *
idmap_get(const struct idmap *m, uint32_t id)
{
	if (m->count == 0)
		return NULL;
	for (size_t i = idmap_home(m, id); m->slots[i].value != NULL; i = (i + 1) & (m->cap - 1)) {
		if (m->slots[i].id == id)
			return m->slots[i].value;
	}
	return NULL;
}

#endif
