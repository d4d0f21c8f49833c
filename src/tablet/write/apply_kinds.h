/*
 * apply_kinds.h - what becomes of each row of a run in the mode EXACT (apply.h).
 *
 *   existed  exists
 *   yes      yes     ROW_UPDATE; ROW_REPLACE when a unique value moves; ROW_ALONE when it is no different,
 *                    or large
 *   no       yes     ROW_INSERT
 *   yes      no      ROW_DELETE
 *   no       no      ROW_ABSENT; ROW_PASSED where another row of the target may answer to its key
 */
#ifndef TABLET_WRITE_APPLY_KINDS_H
#define TABLET_WRITE_APPLY_KINDS_H

#include "tablet/table/moved_table.h"
#include "tablet/write/fold.h"

enum row_kind {
	ROW_PASSED,  /* nothing is asked */
	ROW_ABSENT,  /* a DELETE that finds none */
	ROW_DELETE,  /* a DELETE */
	ROW_REPLACE, /* a DELETE, and an INSERT when all DELETEs are done */
	ROW_INSERT,  /* an INSERT */
	ROW_UPDATE,  /* an UPDATE, or with others (apply_sql_update_end()) */
	ROW_ALONE,   /* an UPDATE: a statement of several would not tell that the row was there */
};

static inline bool
row_kind_deletes(enum row_kind kind)
{
	return kind == ROW_ABSENT || kind == ROW_DELETE || kind == ROW_REPLACE;
}

static inline bool
row_kind_inserts(enum row_kind kind)
{
	return kind == ROW_REPLACE || kind == ROW_INSERT;
}

/* The rows of a fold, table by table, each with its kind. */
struct kinds {
	struct fold_by_table rows;
	enum row_kind *of; /* rows.rows[i]'s */
	int tables;
};

/* In that arena. */
void kinds_of(
    struct arena *a, const struct fold *f, const struct moved_tables *tables, struct kinds *out);
/* Of a table, in rows. */
static inline size_t
kinds_first(const struct kinds *k, int table)
{
	return table == 0 ? 0 : k->rows.ends[table - 1];
}

#endif
