#include "tablet/table/referrers.h"

#include "base/map.h"
#include "base/mutant.h"
#include "sql/quote.h"

#include <string.h>

struct entry {
	const struct table_def *def;
	struct referrers *found;
};

/* Where there is a primary key no two rows are the same. (A server can be told to take a foreign key to
 * columns that are no unique key's.) */
static bool
refers_to_unique(const struct foreign_key *k, const struct table_def *def)
{
	SCOPED(buf) struct buf list = BUF_INIT;

	if (def->primary_first >= 0)
		return true;
	for (int i = 0; i < k->count; i++) {
		buf_add_str(&list, i == 0 ? "(" : ",");
		quote_ident(&list, slice_str(k->refers[i]));
	}
	buf_add_char(&list, ')');
	for (int i = 0; i < def->indexes_count; i++)
		if (def->indexes[i].unique && strstr(def->indexes[i].clause, list.data) != NULL)
			return true;
	return false;
}

/* NULL: no table of the set, or it does not count. */
static struct referrers *
of_referred(const struct map *by_name, const struct foreign_key *k)
{
	const struct entry *e = k->cascades ? map_get(by_name, slice_str(k->table)) : NULL;

	if (e == NULL || strcmp(k->database, e->def->database) != 0 || !refers_to_unique(k, e->def))
		return NULL;
	return e->found;
}

static void
find_keys(struct arena *a, const struct map *by_name, const struct table_def *def)
{
	for (int i = 0; i < def->foreign_count; i++) {
		struct referrers *r = of_referred(by_name, &def->foreign_keys[i]);
		const struct foreign_key **more;

		if (r == NULL)
			continue;
		more = arena_array(a, const struct foreign_key *, r->count + 1);
		for (int n = 0; n < r->count; n++)
			more[n] = r->keys[n];
		more[r->count] = &def->foreign_keys[i];
		*r = (struct referrers){ more, r->count + 1 };
	}
}

struct referrers *
referrers_find(struct arena *a, struct table_def *const *defs, size_t count)
{
	struct entry *entries = arena_array(a, struct entry, count);
	struct referrers *found = arena_array(a, struct referrers, count);
	struct map by_name;

	map_init(&by_name);
	for (size_t i = 0; i < count; i++) {
		found[i] = (struct referrers){ 0 };
		entries[i] = (struct entry){ defs[i], &found[i] };
		map_put(&by_name, slice_str(defs[i]->name), &entries[i]);
	}
	for (size_t i = 0; i < count; i++)
		find_keys(a, &by_name, defs[i]);
	map_done(&by_name);
	return found;
}

static bool
has_values(const struct foreign_key *k, const struct table_def *def, const struct slice *row)
{
	for (int i = 0; i < k->count; i++) {
		int column = table_def_column(def, slice_str(k->refers[i]));

		if (column < 0 || slice_is_null(row[column]))
			return false;
	}
	return true;
}

bool
referrers_may_have(const struct referrers *r, const struct table_def *def, const struct slice *row)
{
	for (int i = 0; i < r->count; i++)
		if (has_values(r->keys[i], def, row))
			return true;
	return mutant("tablet_equal_rows_gone");
}
