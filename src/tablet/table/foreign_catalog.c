#include "tablet/table/foreign_catalog.h"

#include "sql/quote.h"

enum { TABLES_MAX = 2000 }; /* asked one by one: a second's worth; past it all are asked at once */

static void
add_select(struct buf *sql)
{
	buf_add_str(sql,
	    "SELECT constraint_schema, constraint_name, table_name, unique_constraint_schema, "
	    "referenced_table_name, update_rule, delete_rule "
	    "FROM information_schema.referential_constraints WHERE ");
}

static int
ask(struct ctx *cx, struct mysql_client *c, struct buf *sql, const char *condition,
    struct mysql_rows *out)
{
	buf_addf(sql, "%s ORDER BY table_name, constraint_name", condition);
	TRY(mysql_select(cx, c, buf_slice(sql), out));
	if (out->rows == 0 || out->columns == FOREIGN_COLUMNS)
		return 0;
	return err_set(cx->err, ERR_CORRUPT,
	    "information_schema.referential_constraints answers with %zu columns", out->columns);
}

static int
ask_all(struct ctx *cx, struct mysql_client *c, const char *database, const char *condition,
    struct mysql_rows *out)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	add_select(&sql);
	buf_add_str(&sql, "(constraint_schema=");
	quote_string(&sql, slice_str(database));
	buf_add_str(&sql, " OR unique_constraint_schema=");
	quote_string(&sql, slice_str(database));
	buf_add_char(&sql, ')');
	return ask(cx, c, &sql, condition, out);
}

/* Rows database, table. *known: the server has told them; else it knows no such question, or does not let
 * us ask. */
static int
find_children(struct ctx *cx, struct mysql_client *c, const char *database, struct mysql_rows *out,
    bool *known)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	const char *question = mysql_dialect(c)->foreign_children_sql;

	*known = false;
	if (question == NULL)
		return 0;
	buf_addf(&sql, "%s d=", question);
	quote_string(&sql, slice_str(database));
	buf_add_str(&sql, " OR p=");
	quote_string(&sql, slice_str(database));
	buf_add_str(&sql, " ORDER BY t");
	if (mysql_select(cx, c, buf_slice(&sql), out) != 0) {
		if (cx->err->kind != ERR_SERVER)
			return -1;
		err_clear(cx->err);
		return 0;
	}
	*known = out->rows <= TABLES_MAX && (out->rows == 0 || out->columns == 2);
	return 0;
}

static void
append(struct arena *a, struct mysql_rows *all, const struct mysql_rows *more)
{
	size_t before = all->rows * FOREIGN_COLUMNS, added = more->rows * FOREIGN_COLUMNS;
	struct slice *values = arena_array(a, struct slice, before + added);

	if (before > 0)
		memcpy(values, all->values, before * sizeof(*values));
	if (added > 0)
		memcpy(values + before, more->values, added * sizeof(*values));
	*all = (struct mysql_rows){
		.values = values, .rows = all->rows + more->rows, .columns = FOREIGN_COLUMNS
	};
}

int
foreign_catalog_read(struct ctx *cx, struct mysql_client *c, const char *database,
    const char *condition, struct mysql_rows *out)
{
	struct mysql_rows children, found;
	bool known;

	TRY(find_children(cx, c, database, &children, &known));
	if (!known)
		return ask_all(cx, c, database, condition, out);
	*out = (struct mysql_rows){ .columns = FOREIGN_COLUMNS };
	for (size_t i = 0; i < children.rows; i++) {
		SCOPED(buf) struct buf sql = BUF_INIT;

		add_select(&sql);
		buf_add_str(&sql, "constraint_schema=");
		quote_string(&sql, children.values[2 * i]);
		buf_add_str(&sql, " AND table_name=");
		quote_string(&sql, children.values[2 * i + 1]);
		TRY(ask(cx, c, &sql, condition, &found));
		append(cx->arena, out, &found);
	}
	return 0;
}
