#include "tablet/write/load_checked.h"

#include "base/mutant.h"
#include "tablet/server/undo.h"

static int
refuse(struct ctx *cx, struct mysql_client *target, const struct load *l,
    const struct load_counts *counts)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	TRY(mysql_select(&inner, target, slice_str("SHOW WARNINGS LIMIT 1"), &rows));
	return err_set(cx->err, ERR_REFUSED,
	    "loading '%s.%s': %.*s (%ju records, %ju replaced, %ju skipped, %ju warnings)",
	    l->table->database, l->table->name,
	    SLICE_ARG(rows.rows == 1 && rows.columns == 3 ? slice_cut(rows.values[2], 0, 200)
							  : slice_str("the counts differ")),
	    (uintmax_t)counts->records, (uintmax_t)counts->replaced, (uintmax_t)counts->skipped,
	    (uintmax_t)counts->warnings);
}

static int
load_all(
    struct ctx *cx, struct mysql_client *target, const struct load *l, const struct load_batch *b)
{
	struct load_counts counts;

	TRY(load_rows(cx, target, l, b->rows, &counts));
	if ((counts.warnings != b->unsayable && !mutant("copy_no_warnings")) ||
	    counts.skipped != 0 || (l->fresh && counts.replaced != 0) || counts.records != b->count)
		return refuse(cx, target, l, &counts);
	return 0;
}

/* With the mode that takes what strict mode refuses, where there is anything of that kind. */
int
load_checked(
    struct ctx *cx, struct mysql_client *target, const struct load *l, const struct load_batch *b)
{
	if (b->count == 0)
		return 0;
	if (b->unsayable == 0)
		return load_all(cx, target, l, b);
	TRY(mysql_exec(cx, target, slice_str("SET sql_mode='" LENIENT_MODE "'"), NULL));
	return undo_exec(cx, target, "SET sql_mode='" STRICT_MODE "'", load_all(cx, target, l, b));
}
