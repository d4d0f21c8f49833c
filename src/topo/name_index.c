#include "topo/name_index.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

struct name_index
name_index_new(struct arena *a, size_t room)
{
	return (struct name_index){ .items = arena_array(a, struct name_at, room), .room = room };
}

void
name_index_add(struct name_index *x, const char *keyspace, const char *table, size_t at)
{
	check(x->count < x->room);
	x->items[x->count++] = (struct name_at){ keyspace, table, at };
}

static int
compare(const void *a, const void *b)
{
	const struct name_at *x = a, *y = b;
	/* The table first: of thousands of names most have one of two keyspaces, and the first strcmp()
	 * decides. */
	int c = strcmp(x->table, y->table);

	return c != 0 ? c : strcmp(x->keyspace, y->keyspace);
}

void
name_index_sort(struct name_index *x)
{
	if (x->count > 0)
		qsort(x->items, x->count, sizeof(x->items[0]), compare);
}

struct name_index
name_index_of(struct arena *a, const char *const *tables, size_t count)
{
	struct name_index x = name_index_new(a, count);

	for (size_t i = 0; i < count; i++)
		name_index_add(&x, "", tables[i], i);
	name_index_sort(&x);
	return x;
}

const struct name_at *
name_index_find(const struct name_index *x, const char *keyspace, const char *table)
{
	const struct name_at wanted = { keyspace, table, 0 };

	return x->count == 0 ? NULL
			     : bsearch(&wanted, x->items, x->count, sizeof(x->items[0]), compare);
}

const struct name_at *
name_index_twice(const struct name_index *x)
{
	for (size_t i = 1; i < x->count; i++) {
		if (compare(&x->items[i - 1], &x->items[i]) == 0)
			return &x->items[i];
	}
	return NULL;
}
