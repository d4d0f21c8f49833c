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
static const struct entry *
of_referred(const struct map *by_name, const struct foreign_key *k)
{
	const struct entry *e = k->cascades ? map_get(by_name, slice_str(k->table)) : NULL;

	if (e == NULL || strcmp(k->database, e->def->database) != 0 || !e->def->silent ||
	    !refers_to_unique(k, e->def))
		return NULL;
	return e;
}

static bool
is_known(const struct referrers *r, const struct referred *set)
{
	for (int i = 0; i < r->count; i++)
		if (r->sets[i].count == set->count &&
		    memcmp(r->sets[i].columns, set->columns, (size_t)set->count * sizeof(int)) == 0)
			return true;
	return false;
}

/* As many as a table has unique keys: few. */
static void
add_set(struct arena *a, struct referrers *r, const struct referred *set)
{
	struct referred *more;

	if (is_known(r, set))
		return;
	more = arena_array(a, struct referred, r->count + 1);
	for (int i = 0; i < r->count; i++)
		more[i] = r->sets[i];
	more[r->count] = *set;
	*r = (struct referrers){ more, r->count + 1 };
}

static void
add_key(struct arena *a, const struct entry *e, const struct foreign_key *k)
{
	int *columns = arena_array(a, int, k->count);

	for (int i = 0; i < k->count; i++) {
		columns[i] = table_def_column(e->def, slice_str(k->refers[i]));
		if (columns[i] < 0)
			return;
	}
	add_set(a, e->found, &(struct referred){ columns, k->count });
}

static void
find_keys(struct arena *a, const struct map *by_name, const struct table_def *def)
{
	for (int i = 0; i < def->foreign_count; i++) {
		const struct entry *e = of_referred(by_name, &def->foreign_keys[i]);

		if (e != NULL)
			add_key(a, e, &def->foreign_keys[i]);
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
has_values(const struct referred *set, const struct slice *row)
{
	for (int i = 0; i < set->count; i++)
		if (slice_is_null(row[set->columns[i]]))
			return false;
	return true;
}

bool
referrers_may_have(const struct referrers *r, const struct slice *row)
{
	for (int i = 0; i < r->count; i++)
		if (has_values(&r->sets[i], row))
			return true;
	return mutant("tablet_equal_rows_gone");
}
