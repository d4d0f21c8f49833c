#include "base/map.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>

enum { MAP_FIRST = 16 }; /* slots of the first table, a power of two as all are */

/*
 * Linear probing. A key stands at its home slot or behind it with no free
 * slot between, so a search ends at the first free one; map_take() moves
 * later keys up to keep that true, and there are no tombstones.
 */
struct map_slot {
	uint64_t hash;
	uint8_t *key;
	size_t key_len;
	void *value; /* NULL: the slot is free */
};

void
map_init(struct map *m)
{
	*m = (struct map){ NULL, 0, 0 };
}

void
map_clear(struct map *m)
{
	for (size_t i = 0; i < m->cap; i++) {
		free(m->slots[i].key);
		m->slots[i] = (struct map_slot){ .value = NULL };
	}
	m->count = 0;
}

void
map_done(struct map *m)
{
	map_clear(m);
	free(m->slots);
	map_init(m);
}

static uint64_t
hash_of(struct slice key)
{
	return hash_bytes(key);
}

/* The slot that holds key, or the free one where it would go. There is always a free one. */
static size_t
map_find(const struct map *m, struct slice key, uint64_t hash)
{
	size_t i = hash & (m->cap - 1);

	for (; m->slots[i].value != NULL; i = (i + 1) & (m->cap - 1)) {
		const struct map_slot *s = &m->slots[i];

		if (s->hash == hash && slice_eq(slice_of(s->key, s->key_len), key))
			break;
	}
	return i;
}

void *
map_get(const struct map *m, struct slice key)
{
	return m->count == 0 ? NULL : m->slots[map_find(m, key, hash_of(key))].value;
}

/* Makes room for one more key below 3/4 full. */
static void
map_make_room(struct map *m)
{
	struct map was = *m;

	if (was.cap > 0 && (was.count + 1) * 4 <= was.cap * 3)
		return;
	m->cap = was.cap == 0 ? MAP_FIRST : was.cap * 2;
	check(m->cap < SIZE_MAX / sizeof *m->slots);
	m->slots = mem_zalloc(m->cap * sizeof *m->slots);
	for (size_t i = 0; i < was.cap; i++) {
		const struct map_slot *s = &was.slots[i];

		if (s->value != NULL)
			m->slots[map_find(m, slice_of(s->key, s->key_len), s->hash)] = *s;
	}
	free(was.slots);
}

void *
map_put(struct map *m, struct slice key, void *value)
{
	uint64_t hash = hash_of(key);

	check(value != NULL);
	map_make_room(m);
	struct map_slot *s = &m->slots[map_find(m, key, hash)];
	void *was = s->value;

	if (was == NULL) {
		*s = (struct map_slot){ hash, (uint8_t *)mem_strndup(key.ptr, key.len), key.len,
			NULL };
		m->count++;
	}
	s->value = value;
	return was;
}

/* Slot hole has become free: moves up every key behind it that may stand there. */
static void
map_close_hole(struct map *m, size_t hole)
{
	size_t mask = m->cap - 1;

	for (size_t i = (hole + 1) & mask; m->slots[i].value != NULL; i = (i + 1) & mask) {
		size_t home = m->slots[i].hash & mask;

		if (((i - home) & mask) < ((i - hole) & mask))
			continue; /* its home is behind the hole */
		m->slots[hole] = m->slots[i];
		m->slots[i] = (struct map_slot){ .value = NULL };
		hole = i;
	}
}

void *
map_take(struct map *m, struct slice key)
{
	if (m->count == 0)
		return NULL;
	size_t i = map_find(m, key, hash_of(key));
	void *value = m->slots[i].value;

	if (value == NULL)
		return NULL;
	free(m->slots[i].key);
	m->slots[i] = (struct map_slot){ .value = NULL };
	m->count--;
	map_close_hole(m, i);
	return value;
}

bool
map_next(const struct map *m, size_t *i, struct slice *key, void **value)
{
	while (*i < m->cap) {
		const struct map_slot *s = &m->slots[(*i)++];

		if (s->value == NULL)
			continue;
		*key = slice_of(s->key, s->key_len);
		*value = s->value;
		return true;
	}
	return false;
}
