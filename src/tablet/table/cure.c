#include "tablet/table/cure.h"

#include "base/buf.h"
#include "sql/quote.h"
#include "tablet/table/clause_words.h"

/* action: what stands behind the table's name. */
static int
set_hint(struct err *err, struct slice table, const char *action)
{
	static const char end[] = " at the source, or leave the table where it is";
	SCOPED(buf) struct buf name = BUF_INIT;

	quote_ident(&name, table);
	if (name.len + strlen(action) + sizeof("ALTER TABLE ") + sizeof(end) > ERR_HINT_MAX)
		return err_hint(err, "change that at the source, or leave the table where it is");
	return err_hint(err, "ALTER TABLE %s %s%s", name.data, action, end);
}

static int
set_drop(struct err *err, struct slice table, const char *what, struct slice name)
{
	SCOPED(buf) struct buf action = BUF_INIT;

	buf_addf(&action, "DROP %s ", what);
	quote_ident(&action, name);
	return set_hint(err, table, action.data);
}

/* Under an index that is made for the type, neither it nor its SRID may change, whatever else the statement
 * does. */
static void
drop_special(struct buf *out, const struct cure *c)
{
	SCOPED(buf) struct buf column = BUF_INIT, table = BUF_INIT;

	quote_ident(&column, c->clause->name);
	quote_ident(&table, c->table);
	for (int i = 0; i < c->create->clauses_count; i++) {
		const struct clause *other = &c->create->clauses[i];

		if ((!slice_starts(other->text, "SPATIAL KEY ") &&
			!slice_starts(other->text, "VECTOR KEY ")) ||
		    create_table_find(other->text, column.data) == other->text.len)
			continue;
		buf_add_str(out, "DROP KEY ");
		quote_ident(out, other->name);
		buf_addf(out, "; ALTER TABLE %s ", table.data);
	}
}

/* Without what one server writes into a comment: where the values are, or which SRID they may have. */
static bool
cure_comment(struct err *err, const struct cure *cure)
{
	const struct clause *clause = cure->clause;
	static const char *const comments[] = { " /*!80003 SRID ", " /*M!100301 COMPRESSED*/",
		NULL };
	SCOPED(buf) struct buf action = BUF_INIT;

	for (const char *const *c = comments; *c != NULL; c++) {
		size_t at = create_table_find(clause->text, *c), end = at;

		if (at == clause->text.len)
			continue;
		while (clause->text.ptr[end] != '/' || clause->text.ptr[end - 1] != '*')
			end++;
		drop_special(&action, cure);
		buf_addf(&action, "MODIFY %.*s%.*s", SLICE_ARG(slice_cut(clause->text, 0, at)),
		    SLICE_ARG(slice_cut(clause->text, end + 1, clause->text.len)));
		(void)set_hint(err, cure->table, action.data);
		return true;
	}
	return false;
}

/* To a type that keeps its values: the text of the longest, or the bytes that the server has of it. */
static bool
cure_type(struct err *err, const struct cure *cure)
{
	const struct clause *clause = cure->clause;
	static const struct {
		const char *type, *kept;
	} kept[] = {
		{ "uuid", "char(36)" },
		{ "inet4", "varchar(15)" },
		{ "inet6", "varchar(39)" },
		{ "vector", "blob" },
	};
	struct words w = { .rest = clause->text };
	SCOPED(buf) struct buf action = BUF_INIT;

	(void)words_next(&w);
	drop_special(&action, cure);
	buf_addf(&action, "MODIFY %.*s ", SLICE_ARG(w.word));
	(void)words_next(&w);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (!slice_eq_str(w.word, kept[i].type))
			continue;
		buf_add_str(&action, kept[i].kept);
		if (create_table_find(clause->text, " NOT NULL") < clause->text.len)
			buf_add_str(&action, " NOT NULL");
		(void)set_hint(err, cure->table, action.data);
		return true;
	}
	return false;
}

/* To one that may be NULL, or to a plain one of the type; what is computed when it is read can be nothing
 * else. */
static bool
cure_generated(struct err *err, const struct cure *cure)
{
	const struct clause *clause = cure->clause;
	static const char no[] = " NOT NULL";
	size_t at = create_table_find(clause->text, " GENERATED ALWAYS AS "),
	       null = create_table_find(clause->text, no);
	SCOPED(buf) struct buf action = BUF_INIT;

	if (at == clause->text.len)
		return false;
	if (null < clause->text.len) {
		buf_addf(&action, "MODIFY %.*s%.*s", SLICE_ARG(slice_cut(clause->text, 0, null)),
		    SLICE_ARG(slice_cut(clause->text, null + strlen(no), clause->text.len)));
		(void)set_hint(err, cure->table, action.data);
		return true;
	}
	if (create_table_find(clause->text, ") VIRTUAL") < clause->text.len) {
		(void)set_drop(err, cure->table, "COLUMN", clause->name);
		return true;
	}
	buf_addf(&action, "MODIFY %.*s", SLICE_ARG(slice_cut(clause->text, 0, at)));
	(void)set_hint(err, cure->table, action.data);
	return true;
}

/* "`v` int COMMENT 'x' CHECK (`v` > 1)": the check with a name, behind the column. */
static bool
cure_check(struct err *err, const struct cure *cure)
{
	const struct clause *clause = cure->clause;
	static const char word[] = " CHECK (";
	size_t at = create_table_find(clause->text, word);
	SCOPED(buf) struct buf action = BUF_INIT, name = BUF_INIT;

	if (at == clause->text.len)
		return false;
	buf_addf(&name, "%.*s_%.*s", SLICE_ARG(cure->table), SLICE_ARG(clause->name));
	buf_addf(&action, "MODIFY %.*s, ADD CONSTRAINT ", SLICE_ARG(slice_cut(clause->text, 0, at)));
	quote_ident(&action, buf_slice(&name));
	buf_add_slice(&action, slice_cut(clause->text, at, clause->text.len));
	(void)set_hint(err, cure->table, action.data);
	return true;
}

static bool
cure_default(struct err *err, const struct cure *cure)
{
	const struct clause *clause = cure->clause;
	SCOPED(buf) struct buf action = BUF_INIT;

	if (create_table_find(clause->text, " DEFAULT ") == clause->text.len)
		return false;
	buf_add_str(&action, "ALTER COLUMN ");
	quote_ident(&action, clause->name);
	buf_add_str(&action, " DROP DEFAULT");
	(void)set_hint(err, cure->table, action.data);
	return true;
}

static void
cure_column(struct err *err, const struct cure *c)
{
	static bool (*const cures[])(struct err *, const struct cure *) = { cure_comment, cure_type,
		cure_generated, cure_check, cure_default };

	for (size_t i = 0; i < sizeof(cures) / sizeof(cures[0]); i++)
		if (cures[i](err, c))
			return;
}

int
cure_clause(struct err *err, const struct cure *c)
{
	switch (c->clause->kind) {
	case CLAUSE_INDEX:
	case CLAUSE_SPECIAL_INDEX: return set_drop(err, c->table, "KEY", c->clause->name);
	case CLAUSE_OTHER:
		if (!slice_is_null(c->clause->name))
			return set_drop(err, c->table, "CONSTRAINT", c->clause->name);
		break;
	case CLAUSE_COLUMN: cure_column(err, c); break;
	case CLAUSE_PRIMARY:
	case CLAUSE_FOREIGN: break;
	}
	return -1;
}

int
cure_check_name(struct err *err, struct slice table, const struct clause *clause)
{
	SCOPED(buf) struct buf action = BUF_INIT, name = BUF_INIT;

	buf_add_str(&action, "DROP CONSTRAINT ");
	quote_ident(&action, clause->name);
	buf_addf(&name, "%.*s_%.*s", SLICE_ARG(table), SLICE_ARG(clause->name));
	buf_add_str(&action, ", ADD CONSTRAINT ");
	quote_ident(&action, buf_slice(&name));
	buf_addf(&action, " %.*s",
	    SLICE_ARG(slice_cut(
		clause->text, create_table_find(clause->text, "CHECK "), clause->text.len)));
	return set_hint(err, table, action.data);
}

int
cure_options(struct err *err, struct slice table, struct slice options)
{
	if (create_table_find(options, "PARTITION BY") < options.len)
		return set_hint(err, table, "REMOVE PARTITIONING");
	return -1;
}

int
cure_collation(struct err *err, struct slice table)
{
	return set_hint(err, table, "CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci");
}
