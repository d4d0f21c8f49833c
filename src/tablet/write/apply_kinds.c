#include "tablet/write/apply_kinds.h"

#include "base/mutant.h"
#include "tablet/table/table_row.h"
#include "tablet/write/apply_large.h"
#include "tablet/write/apply_sql.h"

enum {
	/* A row that is updated with others: a larger one has a statement of its own, which costs nothing
	 * beside its bytes. */
	TOGETHER_BYTES = 16 * 1024,
};

static bool
is_replaced(const struct table_def *def, const struct fold_row *row)
{
	if (mutant("tablet_moved_unique_value") || mutant("sim_moved_unique_value"))
		return false;
	return apply_moves_unique(def, row->before, row->after);
}

static enum row_kind
kind_of(const struct table_def *def, const struct fold_row *row)
{
	if (row->existed && !row->exists)
		return ROW_DELETE;
	if (row->exists && !row->existed)
		return ROW_INSERT;
	/* With a collation another row of the target may answer to the key of one that came and went. */
	if (!row->exists)
		return def->key_binary ? ROW_ABSENT : ROW_PASSED;
	if (is_replaced(def, row))
		return ROW_REPLACE;
	if (!apply_sql_updates_many(def) || table_row_bytes(def, row->after) > TOGETHER_BYTES)
		return ROW_ALONE;
	if (!apply_changes(def, row->before, row->after) && !mutant("tablet_update_of_the_same"))
		return ROW_ALONE;
	return ROW_UPDATE;
}

void
kinds_of(struct arena *a, const struct fold *f, const struct moved_tables *tables, struct kinds *out)
{
	*out = (struct kinds){ fold_group(a, f, tables->count),
		arena_array(a, enum row_kind, f->count), tables->count };
	for (size_t i = 0; i < f->count; i++) {
		const struct fold_row *row = out->rows.rows[i];

		out->of[i] = kind_of(tables->items[row->table].def, row);
	}
}
