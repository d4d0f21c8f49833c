#include "tablet/write/apply_sql.h"

#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/table/table_row.h"

static void
add_name(struct buf *out, const struct moved_table *t)
{
	quote_table(out, slice_str(t->database), slice_str(t->name));
}

static void
add_column(struct buf *out, const struct table_def *def, int i)
{
	quote_ident(out, slice_str(def->columns[i].name));
}

static void
add_values(struct buf *out, const struct table_def *def, const struct slice *row)
{
	char before = '(';

	for (int i = 0; i < def->columns_count; i++) {
		if (!column_is_written(&def->columns[i]))
			continue;
		buf_add_char(out, before);
		before = ',';
		column_literal(out, &def->columns[i].type, row[i]);
	}
	buf_add_char(out, ')');
}

void
apply_sql_columns(struct buf *out, const struct table_def *def)
{
	const char *before = " (";

	for (int i = 0; i < def->columns_count; i++) {
		if (!column_is_written(&def->columns[i]))
			continue;
		buf_add_str(out, before);
		before = ",";
		add_column(out, def, i);
	}
	buf_add_char(out, ')');
}

static void
add_insert_head(struct buf *out, const struct moved_table *t)
{
	buf_add_str(out, "INSERT INTO ");
	add_name(out, t);
	apply_sql_columns(out, t->def);
	buf_add_str(out, " VALUES ");
}

void
apply_sql_key(struct buf *out, const struct moved_table *t, const struct slice *row)
{
	for (int k = 0; k < t->def->key_count; k++) {
		int i = t->def->key[k];
		buf_add_str(out, k == 0 ? "(" : " AND ");
		add_column(out, t->def, i);
		buf_add_char(out, '=');
		column_literal(out, &t->def->columns[i].type, row[i]);
	}
	buf_add_char(out, ')');
}

/* "UPDATE .. SET .." of all columns. */
static void
add_set(struct buf *out, const struct moved_table *t, const struct slice *after)
{
	const char *before = " SET ";

	buf_add_str(out, "UPDATE ");
	add_name(out, t);
	for (int i = 0; i < t->def->columns_count; i++) {
		const struct column *c = &t->def->columns[i];

		/* Of a versioned row the server says when it began. */
		if (!column_is_written(c) || c->system_time)
			continue;
		buf_add_str(out, before);
		before = ",";
		add_column(out, t->def, i);
		buf_add_char(out, '=');
		column_literal(out, &c->type, after[i]);
	}
}

/* ---- Of strict tables */

/* The digits of a double are each program's own; its value is not. 0 has two, told by their sign. */
static void
add_same_double(
    struct buf *out, const struct column_type *type, struct slice told, struct slice value)
{
	bool zero = false;
	char first = value.len > 0 ? (char)value.ptr[0] : 0;

	for (size_t i = 0; i < value.len && value.ptr[i] != 'e'; i++)
		zero = (i == 0 || zero) && (value.ptr[i] < '1' || value.ptr[i] > '9');
	buf_addf(out, "(%.*s<=>", SLICE_ARG(told));
	column_literal(out, type, value);
	if (zero)
		buf_addf(out, " AND LEFT(CONCAT(%.*s),1)='%c'", SLICE_ARG(told), first);
	buf_add_char(out, ')');
}

static void
add_same(struct buf *out, const struct table_def *def, int i, struct slice value,
    const struct dialect *dialect)
{
	const struct column_type *type = &def->columns[i].type;
	SCOPED(buf) struct buf told = BUF_INIT;

	table_row_select_column(&told, def, i);
	if (slice_is_null(value)) {
		buf_addf(out, "%s IS NULL", told.data);
	} else if (type->kind == COLUMN_FLOAT || type->kind == COLUMN_DOUBLE) {
		add_same_double(out, type, buf_slice(&told), value);
	} else if (type->kind == COLUMN_JSON) {
		buf_addf(out, "CAST(%s AS BINARY)<=>%s", told.data, dialect->json_kept);
		column_literal(out, type, value);
		buf_add_str(out, dialect->json_kept_end);
	} else {
		buf_addf(out, "CAST(%s AS BINARY)<=>_binary", told.data);
		quote_string(out, value);
	}
}

/* Of a type whose literal an index compares as the column itself, and of which an index may be. */
static bool
helps_index(const struct table_def *def, int i)
{
	enum column_kind kind = def->columns[i].type.kind;

	if (kind != COLUMN_INT && kind != COLUMN_STRING && kind != COLUMN_DECIMAL)
		return false;
	for (int n = 0; n < def->indexes_count; n++)
		if (def->indexes[n].first == i)
			return true;
	return def->primary_first == i;
}

void
apply_sql_row(struct buf *out, const struct moved_table *t, const struct slice *row,
    const struct dialect *dialect)
{
	const char *before = "(";

	for (int i = 0; i < t->def->columns_count; i++) {
		if (!column_is_written(&t->def->columns[i]))
			continue;
		buf_add_str(out, before);
		before = " AND ";
		if (helps_index(t->def, i)) {
			add_column(out, t->def, i);
			buf_add_str(out, "<=>");
			column_literal(out, &t->def->columns[i].type, row[i]);
			buf_add_str(out, before);
		}
		add_same(out, t->def, i, row[i], dialect);
	}
	buf_add_char(out, ')');
}

void
apply_sql_delete_one(struct buf *out, const struct moved_table *t, const struct slice *row,
    const struct dialect *dialect)
{
	buf_add_str(out, "DELETE FROM ");
	add_name(out, t);
	buf_add_str(out, " WHERE ");
	apply_sql_row(out, t, row, dialect);
	buf_add_str(out, " LIMIT 1");
}

void
apply_sql_update_one(struct buf *out, const struct moved_table *t, const struct slice *before,
    const struct slice *after, const struct dialect *dialect)
{
	add_set(out, t, after);
	buf_add_str(out, " WHERE ");
	apply_sql_row(out, t, before, dialect);
	buf_add_str(out, " LIMIT 1");
}

/* ---- Of tables with a key */

void
apply_sql_delete_more(struct buf *out, const struct moved_table *t, const struct slice *row)
{
	if (out->len == 0) {
		buf_add_str(out, "DELETE FROM ");
		add_name(out, t);
		buf_add_str(out, " WHERE ");
	} else {
		buf_add_str(out, " OR ");
	}
	apply_sql_key(out, t, row);
}

void
apply_sql_update(struct buf *out, const struct moved_table *t, const struct slice *after)
{
	add_set(out, t, after);
	buf_add_str(out, " WHERE ");
	apply_sql_key(out, t, after);
}

void
apply_sql_insert_more(struct buf *out, const struct moved_table *t, const struct slice *row)
{
	if (out->len == 0)
		add_insert_head(out, t);
	else
		buf_add_char(out, ',');
	add_values(out, t->def, row);
}

/*
 * "IF(`d`.`t`.`id`=VALUES(`id`),VALUES(`id`),NULL)": no key column can be NULL. An AUTO_INCREMENT one takes
 * that for its next value, so there it is a question that has no answer. What is asked is a number, as such
 * a column is.
 */
static void
add_guarded(struct buf *out, const struct moved_table *t, int i, const struct dialect *dialect)
{
	SCOPED(buf) struct buf name = BUF_INIT;

	add_column(&name, t->def, i);
	buf_add_str(out, "IF(");
	add_name(out, t);
	buf_addf(out, ".%s=", name.data);
	dialect->proposed(out, buf_slice(&name));
	buf_add_char(out, ',');
	dialect->proposed(out, buf_slice(&name));
	buf_add_str(
	    out, t->def->columns[i].auto_increment ? ",(SELECT 1 UNION ALL SELECT 2))" : ",NULL)");
}

bool
apply_sql_met_another(const struct err *err)
{
	enum { ER_BAD_NULL = 1048, ER_SUBQUERY_ROWS = 1242 };

	return err->kind == ERR_SERVER &&
	    (err->mysql_errno == ER_BAD_NULL || err->mysql_errno == ER_SUBQUERY_ROWS);
}

static void
add_upsert_end(
    struct buf *out, const struct moved_table *t, const struct dialect *dialect, bool guarded)
{
	const char *before = " ON DUPLICATE KEY UPDATE ";

	buf_add_str(out, dialect->proposed_sql);
	for (int i = 0; i < t->def->columns_count; i++) {
		SCOPED(buf) struct buf name = BUF_INIT;

		if (!column_is_written(&t->def->columns[i]))
			continue;
		buf_add_str(out, before);
		before = ",";
		add_column(&name, t->def, i);
		buf_addf(out, "%s=", name.data);
		if (guarded && t->def->columns[i].key_index >= 0)
			add_guarded(out, t, i, dialect);
		else
			dialect->proposed(out, buf_slice(&name));
	}
}

/* Key columns too: keys that a collation calls equal are one row of the target. */
void
apply_sql_upsert_end(struct buf *out, const struct moved_table *t, const struct dialect *dialect)
{
	add_upsert_end(out, t, dialect, false);
}

bool
apply_has_another_unique(const struct table_def *def)
{
	for (int i = 0; i < def->indexes_count; i++)
		if (def->indexes[i].unique && !def->indexes[i].is_key)
			return true;
	return false;
}

bool
apply_sql_updates_many(const struct table_def *def)
{
	if (def->overlaps)
		return false;
	for (int k = 0; apply_has_another_unique(def) && k < def->key_count; k++) {
		enum column_kind kind = def->columns[def->key[k]].type.kind;

		/* IF() makes texts of them, and no member has 0's. */
		if (kind == COLUMN_ENUM || kind == COLUMN_SET)
			return false;
	}
	return true;
}

void
apply_sql_update_end(struct buf *out, const struct moved_table *t, const struct dialect *dialect)
{
	add_upsert_end(out, t, dialect,
	    apply_has_another_unique(t->def) && !mutant("tablet_update_of_its_key"));
}

static bool
is_in_unique(const struct table_def *def, int column)
{
	SCOPED(buf) struct buf name = BUF_INIT;

	add_column(&name, def, column);
	for (int i = 0; i < def->indexes_count; i++)
		if (def->indexes[i].unique && strstr(def->indexes[i].clause, name.data) != NULL)
			return true;
	return false;
}

static bool
same(struct slice a, struct slice b)
{
	return slice_is_null(a) == slice_is_null(b) && slice_eq(a, b);
}

bool
apply_changes(const struct table_def *def, const struct slice *before, const struct slice *after)
{
	for (int i = 0; i < def->columns_count; i++)
		if (column_is_written(&def->columns[i]) && !same(before[i], after[i]))
			return true;
	return false;
}

/* What is kept in it is not told by its columns: of what is generated the values are not known here, and any
 * other column may be what it is made of; of a period the index has the name alone. */
static bool
has_other_unique(const struct table_def *def)
{
	if (def->overlaps && !mutant("tablet_overlaps_unique"))
		return true;
	for (int i = 0; i < def->columns_count; i++)
		if (!column_is_written(&def->columns[i]) && is_in_unique(def, i))
			return !mutant("tablet_generated_unique");
	return false;
}

bool
apply_moves_unique(
    const struct table_def *def, const struct slice *before, const struct slice *after)
{
	bool any = has_other_unique(def);

	for (int i = 0; i < def->columns_count; i++)
		if (!same(before[i], after[i]) && (any || is_in_unique(def, i)))
			return true;
	return false;
}
