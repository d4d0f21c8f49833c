#include "base/idmap.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { IDMAP_FIRST = 8 }; /* slots of the first table */

void
idmap_clear(struct idmap *m)
{
	if (m->cap > 0)
		memset(m->slots, 0, m->cap * sizeof *m->slots);
	m->count = 0;
}

void
idmap_done(struct idmap *m)
{
	free(m->slots);
	*m = (struct idmap){ NULL, 0, 0 };
}

/* The slot that holds id, or the free one where it would go. There is always a free one. */
static struct idmap_slot *
find(const struct idmap *m, uint32_t id)
{
	size_t i = idmap_home(m, id);

	while (m->slots[i].value != NULL && m->slots[i].id != id)
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

/* Makes room for one more below 3/4 full. */
static void
make_room(struct idmap *m)
{
	struct idmap was = *m;

	if (was.cap > 0 && (was.count + 1) * 4 <= was.cap * 3)
		return;
	m->cap = was.cap == 0 ? IDMAP_FIRST : was.cap * 2;
	check(m->cap < SIZE_MAX / sizeof *m->slots);
	m->slots = mem_zalloc(m->cap * sizeof *m->slots);
	for (size_t i = 0; i < was.cap; i++) {
		if (was.slots[i].value != NULL)
			*find(m, was.slots[i].id) = was.slots[i];
	}
	free(was.slots);
}

void *
idmap_put(struct idmap *m, uint32_t id, void *value)
{
	check(value != NULL);
	make_room(m);
	struct idmap_slot *s = find(m, id);
	void *was = s->value;

	*s = (struct idmap_slot){ id, value };
	m->count += was == NULL;
	return was;
}

/* Slot hole has become free: moves up every one behind it that may stand there. */
static void
close_hole(struct idmap *m, size_t hole)
{
	size_t mask = m->cap - 1;

	for (size_t i = (hole + 1) & mask; m->slots[i].value != NULL; i = (i + 1) & mask) {
		size_t home = idmap_home(m, m->slots[i].id);

		if (((i - home) & mask) < ((i - hole) & mask))
			continue; /* its home is behind the hole */
		m->slots[hole] = m->slots[i];
		m->slots[i].value = NULL;
		hole = i;
	}
}

void *
idmap_take(struct idmap *m, uint32_t id)
{
	if (m->count == 0)
		return NULL;
	struct idmap_slot *s = find(m, id);
	void *value = s->value;

	if (value == NULL)
		return NULL;
	s->value = NULL;
	m->count--;
	close_hole(m, (size_t)(s - m->slots));
	return value;
}

void *
idmap_next(const struct idmap *m, size_t *i)
{
	while (*i < m->cap) {
		void *value = m->slots[(*i)++].value;

		if (value != NULL)
			return value;
	}
	return NULL;
}
