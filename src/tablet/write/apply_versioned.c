#include "tablet/write/apply_versioned.h"

#include "sql/quote.h"
#include "tablet/table/versioned.h"
#include "tablet/write/apply_sql.h"

static int
refuse(const struct table_def *def, const char *what, struct err *err)
{
	err_set(err, ERR_REFUSED,
	    "rows of the history of table '%s.%s' were %s, which no stream follows", def->database,
	    def->name, what);
	return err_hint(err, "move it anew, and let no DELETE HISTORY run meanwhile");
}

/* Is the row that one, ended? */
static bool
is_made(const struct table_def *def, const struct slice *row, const struct versioned_last *last)
{
	if (last->before == NULL || last->columns != def->columns_count)
		return false;
	for (int i = 0; i < def->columns_count; i++) {
		struct slice wanted = i == def->row_end ? last->end : last->before[i];

		if (slice_is_null(row[i]) != slice_is_null(wanted) || !slice_eq(row[i], wanted))
			return false;
	}
	return true;
}

/* Within one microsecond no row ends that began in it: the server writes no history of it. */
static int
read_update(const struct table_def *def, const struct change *c, struct versioned_last *last,
    struct versioned_change *out, struct err *err)
{
	struct slice began = c->before[def->row_start], begins = c->after[def->row_start];

	if (!versioned_is_present(def, c->before))
		return refuse(def, "changed", err);
	if (!versioned_is_present(def, c->after)) {
		*out = (struct versioned_change){ VERSIONED_DELETE, c->after[def->row_end] };
		return 0;
	}
	*out = (struct versioned_change){ VERSIONED_UPDATE, SLICE_NULL };
	if (slice_eq(began, begins))
		return 0;
	out->at = begins;
	if (memcmp(began.ptr, begins.ptr, begins.len) <
	    0) /* of one length: they sort as their times */
		*last = (struct versioned_last){ c->before, def->columns_count, begins };
	return 0;
}

int
versioned_read(const struct table_def *def, const struct change *c, struct versioned_last *last,
    struct versioned_change *out, struct err *err)
{
	struct versioned_last made = *last;

	*last = (struct versioned_last){ 0 };
	switch (c->kind) {
	case CHANGE_INSERT:
		*out = (struct versioned_change){ is_made(def, c->after, &made) ? VERSIONED_MADE
										: VERSIONED_INSERT,
			SLICE_NULL };
		return 0;
	case CHANGE_UPDATE: return read_update(def, c, last, out, err);
	case CHANGE_DELETE: break;
	}
	return refuse(def, "deleted", err);
}

void
versioned_update_sql(struct buf *out, const struct moved_table *t, const struct change *c,
    const struct dialect *dialect)
{
	const char *before = " SET ";

	buf_add_str(out, "UPDATE ");
	quote_table(out, slice_str(t->database), slice_str(t->name));
	for (int i = 0; i < t->def->columns_count; i++) {
		const struct column *column = &t->def->columns[i];

		if (!column_is_written(column) ||
		    (slice_is_null(c->before[i]) == slice_is_null(c->after[i]) &&
			slice_eq(c->before[i], c->after[i])))
			continue;
		buf_add_str(out, before);
		before = ",";
		quote_ident(out, slice_str(column->name));
		buf_add_char(out, '=');
		column_literal(out, &column->type, c->after[i]);
	}
	buf_add_str(out, " WHERE ");
	apply_sql_row(out, t, c->before, dialect);
	buf_add_str(out, " LIMIT 1");
}
