#include "tablet/table/bare_sql.h"

#include "base/check.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/table/create_table.h"

static bool
serves_auto_increment(const struct table_def *def, const struct index_def *index)
{
	return index->first >= 0 && def->columns[index->first].auto_increment &&
	    (table_def_is_strict(def) || def->key[0] != index->first);
}

/* Whose name the bare table's index has; NULL: it needs none. */
static const struct index_def *
kept_index(const struct table_def *def)
{
	const struct index_def *kept = NULL;

	for (int i = 0; i < def->indexes_count; i++) {
		const struct index_def *index = &def->indexes[i];

		if (!serves_auto_increment(def, index))
			continue;
		if (!index->unique)
			return index;
		if (kept == NULL)
			kept = index;
	}
	return kept;
}

/* Does the clause stand in for the primary key? */
static bool
is_key(const struct table_def *def, const struct clause *clause)
{
	for (int i = 0; i < def->indexes_count; i++) {
		if (def->indexes[i].is_key && slice_eq_str(clause->name, def->indexes[i].name))
			return true;
	}
	return false;
}

static void
add_kept(struct buf *out, const struct table_def *def, const struct index_def *kept)
{
	if (!kept->unique || mutant("tablet_bare_unique")) {
		buf_add_str(out, kept->clause);
		return;
	}
	buf_add_str(out, "KEY ");
	quote_ident(out, slice_str(kept->name));
	buf_add_str(out, " (");
	quote_ident(out, slice_str(def->columns[kept->first].name));
	buf_add_char(out, ')');
}

/* In the arena. */
static struct create_table
read_told(struct arena *a, const struct table_def *def)
{
	struct create_table create;
	struct err err;

	/* It was read once already. */
	if (create_table_read(a, slice_str(def->told_sql), &create, &err) != 0)
		unreachable();
	create_table_drop_foreign(&create);
	return create;
}

/* "CREATE TABLE `d`.`t` (columns, key": without the end of its list. */
static void
add_columns_and_key(struct buf *out, const struct table_def *def, const struct create_table *create,
    const char *database, const char *table)
{
	const char *comma = "\n  ";

	buf_add_str(out, "CREATE TABLE ");
	quote_table(out, slice_str(database), slice_str(table));
	buf_add_str(out, " (");
	for (int i = 0; i < create->clauses_count; i++) {
		if (create->clauses[i].kind == CLAUSE_INDEX && !is_key(def, &create->clauses[i]))
			continue;
		buf_add_str(out, comma);
		buf_add_slice(out, create->clauses[i].text);
		comma = ",\n  ";
	}
}

void
bare_sql_create(
    struct buf *out, const struct table_def *def, const char *database, const char *table)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	const struct index_def *kept = kept_index(def);
	const struct create_table create = read_told(&arena, def);

	add_columns_and_key(out, def, &create, database, table);
	if (kept != NULL) {
		buf_add_str(out, ",\n  ");
		add_kept(out, def, kept);
	}
	buf_add_char(out, '\n');
	buf_add_slice(out, create.options);
}

/* ---- Without AUTO_INCREMENT */

static const char numbered[] = " AUTO_INCREMENT", partitioned[] = "PARTITION BY";

bool
bare_sql_may_be_unnumbered(const struct table_def *def)
{
	struct slice told = slice_str(def->told_sql);

	return def->primary_first >= 0 && def->columns[def->primary_first].auto_increment &&
	    !table_def_is_strict(def) && !def->versioned &&
	    create_table_find(told, partitioned) == told.len;
}

static void
drop_number(struct arena *a, struct clause *column)
{
	size_t at = create_table_find(column->text, numbered);
	SCOPED(buf) struct buf text = BUF_INIT;

	if (column->kind != CLAUSE_COLUMN || at == column->text.len)
		return;
	buf_add_slice(&text, slice_cut(column->text, 0, at));
	buf_add_slice(&text, slice_cut(column->text, at + sizeof(numbered) - 1, column->text.len));
	column->text = arena_dup(a, buf_slice(&text));
}

void
bare_sql_create_unnumbered(
    struct buf *out, const struct table_def *def, const char *database, const char *table)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct create_table create = read_told(&arena, def);

	check(bare_sql_may_be_unnumbered(def));
	for (int i = 0; i < create.clauses_count; i++)
		drop_number(&arena, &create.clauses[i]);
	add_columns_and_key(out, def, &create, database, table);
	buf_add_char(out, '\n');
	buf_add_slice(out, create.options);
	buf_addf(out, "\n%s KEY () (PARTITION " BARE_PARTITION ")", partitioned);
}

/* ---- What makes it whole */

/* How many indexes the bare table has in their places, from the first on. */
static int
in_place(const struct table_def *def, const struct index_def *kept)
{
	int n = 0;

	while (n < def->indexes_count &&
	    (def->indexes[n].is_key || (&def->indexes[n] == kept && !kept->unique)))
		n++;
	return n;
}

void
bare_sql_complete(
    struct buf *out, const struct table_def *def, const char *database, const char *table)
{
	const struct index_def *kept = kept_index(def);
	const int first = in_place(def, kept);
	const char *comma = "";

	if (first == def->indexes_count)
		return;
	buf_add_str(out, "ALTER TABLE ");
	quote_table(out, slice_str(database), slice_str(table));
	buf_add_char(out, ' ');
	for (int i = first; i < def->indexes_count; i++) {
		if (!def->indexes[i].is_key && &def->indexes[i] != kept)
			continue;
		buf_addf(out, "%sDROP KEY ", comma);
		quote_ident(out, slice_str(def->indexes[i].name));
		comma = ", ";
	}
	for (int i = first; i < def->indexes_count; i++) {
		buf_addf(out, "%sADD %s", comma, def->indexes[i].clause);
		comma = ", ";
	}
}
