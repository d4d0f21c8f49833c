/*
 * name_index.h - finds tables of many by keyspace and name: filled, sorted once, then asked.
 *
 * For what compares sets with sets: a thousand names against two thousand rules, one by one, are two
 * million comparisons. Names compare as bytes. It lives in an arena and borrows the names.
 */
#ifndef TOPO_NAME_INDEX_H
#define TOPO_NAME_INDEX_H

#include "base/arena.h"

struct name_at {
	const char *keyspace, *table;
	size_t at; /* whatever the caller counts */
};

struct name_index {
	struct name_at *items;
	size_t count, room;
};

/* room: how many names at most; one more is a mistake of the caller's. Nothing here can fail. */
struct name_index name_index_new(struct arena *a, size_t room);
void name_index_add(struct name_index *x, const char *keyspace, const char *table, size_t at);
/* After the last one was added. */
void name_index_sort(struct name_index *x);
/* Of tables of one keyspace, which is asked for as "": each at its place in them. Filled and sorted. */
struct name_index name_index_of(struct arena *a, const char *const *tables, size_t count);
/* NULL: there is no such name. Of two that are the same, either. */
const struct name_at *name_index_find(
    const struct name_index *x, const char *keyspace, const char *table);

/* The first name that is there twice, of one that is sorted; NULL: none. */
const struct name_at *name_index_twice(const struct name_index *x);

#endif
