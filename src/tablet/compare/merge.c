#include "tablet/compare/merge.h"

#include "base/map.h"
#include "base/mem.h"
#include "mysql/bulk.h"
#include "tablet/table/same.h"

#include <stdlib.h>

void
differences_done(struct differences *d)
{
	free(d->items);
	*d = (struct differences){ 0 };
}

bool
rows_same(const struct table_def *def, struct slice source, struct slice target)
{
	if (slice_eq(source, target))
		return true;
	for (int i = 0; i < def->columns_count; i++) {
		const struct column *c = &def->columns[i];

		if (!column_is_written(c))
			continue;
		struct slice a = bulk_next(&source), b = bulk_next(&target);
		if (!same_value(&c->type, a, b))
			return false;
	}
	return true;
}

static void
add(struct differences *d, enum difference_kind kind, size_t source, size_t target)
{
	d->items = mem_grow(d->items, &d->cap, d->count + 1, sizeof(*d->items));
	d->items[d->count++] = (struct difference){ kind, source, target };
}

/* One merging. */
struct merging {
	const struct table_def *def;
	const struct table_rows *source, *target;
	struct differences *out;
};

static void
compare_two(struct merging *m, size_t i, size_t j)
{
	if (rows_same(m->def, table_rows_values(m->source, i), table_rows_values(m->target, j)))
		m->out->matching++;
	else
		add(m->out, DIFFERENCE_ROWS, i, j);
}

/* As long as both have the same keys in the same order, which is nearly always to the end. */
static size_t
walk_together(struct merging *m)
{
	size_t i = 0;

	for (; i < m->source->count && i < m->target->count; i++) {
		if (!slice_eq(table_rows_key(m->source, i), table_rows_key(m->target, i)))
			break;
		compare_two(m, i, i);
	}
	return i;
}

/* What the map finds is the number of a row of the target, by the place of a byte in this. */
static void
look_up(struct merging *m, size_t first, char *met)
{
	struct map by_key;

	map_init(&by_key);
	for (size_t j = first; j < m->target->count; j++)
		map_put(&by_key, table_rows_key(m->target, j), &met[j]);
	for (size_t i = first; i < m->source->count; i++) {
		char *found = map_get(&by_key, table_rows_key(m->source, i));

		if (found == NULL) {
			add(m->out, DIFFERENCE_SOURCE_ONLY, i, 0);
			continue;
		}
		*found = 1;
		compare_two(m, i, (size_t)(found - met));
	}
	map_done(&by_key);
}

void
differences_find(const struct table_def *def, const struct table_rows *source,
    const struct table_rows *target, struct differences *out)
{
	struct merging m = { def, source, target, out };
	size_t first = walk_together(&m);
	char *met;

	if (first == source->count && first == target->count)
		return;
	met = mem_zalloc(target->count + 1);
	look_up(&m, first, met);
	for (size_t j = first; j < target->count; j++)
		if (!met[j])
			add(out, DIFFERENCE_TARGET_ONLY, 0, j);
	free(met);
}
