#include "tablet/table/cure.h"

#include "base/buf.h"
#include "sql/quote.h"

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
set_modify(struct err *err, const struct cure_column *c, struct slice type)
{
	SCOPED(buf) struct buf action = BUF_INIT;

	buf_add_str(&action, "MODIFY ");
	quote_ident(&action, c->name);
	buf_addf(&action, " %.*s%s", SLICE_ARG(type), c->nullable ? "" : " NOT NULL");
	return set_hint(err, slice_str(c->table), action.data);
}

static int
set_drop(struct err *err, struct slice table, const char *what, struct slice name)
{
	SCOPED(buf) struct buf action = BUF_INIT;

	buf_addf(&action, "DROP %s ", what);
	quote_ident(&action, name);
	return set_hint(err, table, action.data);
}

int
cure_type(struct err *err, const struct cure_column *c)
{
	/* The text of the longest, or the bytes that the server has of it. */
	static const struct {
		const char *type, *kept;
	} kept[] = {
		{ "uuid", "char(36)" },
		{ "inet4", "varchar(15)" },
		{ "inet6", "varchar(39)" },
		{ "vector", "blob" },
		{ "geometry", "longblob" },
		{ "point", "longblob" },
		{ "linestring", "longblob" },
		{ "polygon", "longblob" },
		{ "multipoint", "longblob" },
		{ "multilinestring", "longblob" },
		{ "multipolygon", "longblob" },
		{ "geometrycollection", "longblob" },
		{ "geomcollection", "longblob" },
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (slice_eq_str(c->data_type, kept[i].type))
			return set_modify(err, c, slice_str(kept[i].kept));
	return err_hint(err, "drop or change the column, or leave the table where it is");
}

int
cure_plain(struct err *err, const struct cure_column *c)
{
	size_t comment = create_table_find(c->column_type, " /*");

	if (c->virtual)
		return set_drop(err, slice_str(c->table), "COLUMN", c->name);
	return set_modify(err, c, slice_cut(c->column_type, 0, comment));
}

/* "`v` int COMMENT 'x' CHECK (`v` > 1)": the check with a name, behind the column. */
static bool
cure_check(struct err *err, struct slice table, const struct clause *clause)
{
	static const char word[] = " CHECK (";
	size_t at = create_table_find(clause->text, word);
	SCOPED(buf) struct buf action = BUF_INIT, name = BUF_INIT;

	if (at == clause->text.len)
		return false;
	buf_addf(&name, "%.*s_%.*s", SLICE_ARG(table), SLICE_ARG(clause->name));
	buf_addf(&action, "MODIFY %.*s, ADD CONSTRAINT ", SLICE_ARG(slice_cut(clause->text, 0, at)));
	quote_ident(&action, buf_slice(&name));
	buf_add_slice(&action, slice_cut(clause->text, at, clause->text.len));
	(void)set_hint(err, table, action.data);
	return true;
}

static bool
cure_default(struct err *err, struct slice table, const struct clause *clause)
{
	SCOPED(buf) struct buf action = BUF_INIT;

	if (create_table_find(clause->text, " DEFAULT ") == clause->text.len)
		return false;
	buf_add_str(&action, "ALTER COLUMN ");
	quote_ident(&action, clause->name);
	buf_add_str(&action, " DROP DEFAULT");
	(void)set_hint(err, table, action.data);
	return true;
}

int
cure_clause(struct err *err, struct slice table, const struct clause *clause)
{
	switch (clause->kind) {
	case CLAUSE_INDEX:
	case CLAUSE_FULLTEXT: return set_drop(err, table, "KEY", clause->name);
	case CLAUSE_OTHER:
		if (!slice_is_null(clause->name))
			return set_drop(err, table, "CONSTRAINT", clause->name);
		break;
	case CLAUSE_COLUMN:
		if (cure_check(err, table, clause) || cure_default(err, table, clause))
			return -1;
		break;
	case CLAUSE_PRIMARY:
	case CLAUSE_FOREIGN: break;
	}
	return -1;
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
