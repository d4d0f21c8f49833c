#include "tablet/named_tables.h"

#include "base/parse.h"
#include "sql/quote.h"
#include "tablet/server/ddl.h"
#include "tablet/server/sidecar.h"

static int
forget_fences(struct ctx *cx, struct ddl *d, const struct tablet_env *env, const char *database,
    const char *table)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "DELETE FROM ");
	sidecar_table(&sql, env->sidecar, "fence");
	buf_add_str(&sql, " WHERE db=");
	quote_string(&sql, slice_str(database));
	buf_add_str(&sql, " AND tbl=");
	quote_string(&sql, slice_str(table));
	return mysql_exec(cx, d->session, buf_slice(&sql), NULL);
}

/* A view that has moved with its tables is one of the names that it has left. */
static int
drop_table_or_view(struct ctx *cx, struct ddl *d, const char *name)
{
	if (ddl_runf(cx, d, "DROP TABLE %s", name) == 0)
		return 0;
	return mysql_dialect(d->session)->may_be_view(cx->err->mysql_errno)
	    ? ddl_runf(cx, d, "DROP VIEW %s", name)
	    : -1;
}

/* Its triggers go with the table; the fence's rows after it, so that no write slips between. Of a table
 * that is not there they go too: the first try may have ended between the two. */
static int
drop_one(struct ctx *cx, struct ddl *d, const struct tablet_env *env, const char *database,
    const char *table)
{
	enum { ER_BAD_TABLE_ERROR = 1051 };
	SCOPED(buf) struct buf name = BUF_INIT;
	bool unknown = false;

	quote_table(&name, slice_str(database), slice_str(table));
	if (drop_table_or_view(cx, d, name.data) != 0) {
		unknown = cx->err->mysql_errno == ER_BAD_TABLE_ERROR;
		if (!unknown)
			return err_wrap(cx->err, "dropping table '%s.%s'", database, table);
	}
	TRY(forget_fences(cx, d, env, database, table));
	if (!unknown)
		return 0;
	return err_set(cx->err, ERR_REFUSED, "table '%s.%s' does not exist", database, table);
}

int
named_tables_drop(struct ctx *cx, const struct tablet_env *env, const struct tables_request *request)
{
	SCOPED(ddl) struct ddl d = { 0 };

	TRY(ddl_open(cx, env, &d));
	for (size_t i = 0; i < request->tables_count; i++)
		TRY(drop_one(cx, &d, env, request->database, request->tables[i]));
	return 0;
}

/* SELECT needs a lock on the name which a session that is making the table has exclusively. So this waits
 * until the table is there or is not, and no CREATE that was under way is overlooked. */
static int
find_table(
    struct ctx *cx, struct mysql_client *c, const char *database, const char *table, bool *exists)
{
	/* 1356, 1449: there is a view of that name whose table, or whose definer, is gone. */
	enum { ER_NO_SUCH_TABLE = 1146, ER_VIEW_INVALID = 1356, ER_NO_SUCH_USER = 1449 };
	SCOPED(buf) struct buf name = BUF_INIT;
	struct mysql_rows rows;
	int error;

	quote_table(&name, slice_str(database), slice_str(table));
	*exists = mysql_selectf(cx, c, &rows, "SELECT 1 FROM %s LIMIT 0", name.data) == 0;
	error = cx->err->mysql_errno;
	if (*exists ||
	    (error != ER_NO_SUCH_TABLE && error != ER_VIEW_INVALID && error != ER_NO_SUCH_USER))
		return *exists ? 0 : -1;
	*exists = error != ER_NO_SUCH_TABLE;
	err_clear(cx->err);
	return 0;
}

/* The triggers of whatever fences it has: a trigger whose row is gone would refuse for ever. */
static int
drop_fences(struct ctx *cx, struct ddl *d, const char *database, const char *table)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(
	    &sql, "SELECT trigger_name FROM information_schema.triggers WHERE LEFT(trigger_name,");
	buf_addf(&sql, "%zu)='" FENCE_PREFIX "' AND event_object_schema=", strlen(FENCE_PREFIX));
	quote_string(&sql, slice_str(database));
	buf_add_str(&sql, " AND event_object_table=");
	quote_string(&sql, slice_str(table));
	TRY(mysql_select(cx, d->session, buf_slice(&sql), &rows));
	for (size_t i = 0; i < rows.rows; i++) {
		SCOPED(buf) struct buf name = BUF_INIT;

		quote_table(&name, slice_str(database), rows.values[i]);
		TRY(ddl_runf(cx, d, "DROP TRIGGER IF EXISTS %s", name.data));
	}
	return 0;
}

/* The armed fence goes along, and last: at no moment the table takes writes under its old name. */
int
named_tables_rename(
    struct ctx *cx, const struct tablet_env *env, const struct table_rename_request *request)
{
	SCOPED(buf) struct buf from = BUF_INIT;
	SCOPED(buf) struct buf to = BUF_INIT;
	SCOPED(ddl) struct ddl d = { 0 };
	bool there;

	TRY(ddl_open(cx, env, &d));
	quote_table(&from, slice_str(request->database), slice_str(request->table));
	quote_table(&to, slice_str(request->database), slice_str(request->to));
	if (ddl_runf(cx, &d, "RENAME TABLE %s TO %s", from.data, to.data) != 0) {
		struct err why = *cx->err;

		TRY(find_table(cx, d.session, request->database, request->to, &there));
		if (there)
			TRY(find_table(cx, d.session, request->database, request->table, &there));
		else
			there = true;
		if (there) /* neither was it done before */
			return err_copy(cx->err, &why);
	}
	TRY(drop_fences(cx, &d, request->database, request->to));
	return forget_fences(cx, &d, env, request->database, request->table);
}

int
named_tables_find(struct ctx *cx, const struct tablet_env *env,
    const struct tables_request *request, struct table_find_reply *reply)
{
	SCOPED(client) struct mysql_client *c = NULL;

	TRY(env_dba(cx, env, &c));
	reply->tables = arena_array(cx->arena, struct table_found, request->tables_count);
	reply->tables_count = request->tables_count;
	for (size_t i = 0; i < request->tables_count; i++)
		TRY(find_table(
		    cx, c, request->database, request->tables[i], &reply->tables[i].exists));
	return 0;
}

/* The index of that table in the request; -1: asked for by nobody. */
static int
index_of(const struct tables_request *request, struct slice table)
{
	for (size_t i = 0; i < request->tables_count; i++) {
		if (slice_eq_str(table, request->tables[i]))
			return (int)i;
	}
	return -1;
}

int
named_tables_sizes(struct ctx *cx, const struct tablet_env *env,
    const struct tables_request *request, struct table_sizes_reply *reply)
{
	SCOPED(client) struct mysql_client *c = NULL;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	reply->tables = arena_array(cx->arena, struct table_size, request->tables_count);
	reply->tables_count = request->tables_count;
	TRY(env_dba(cx, env, &c));
	buf_add_str(&sql,
	    "SELECT table_name, COALESCE(data_length, 0) FROM information_schema.tables WHERE "
	    "table_schema=");
	quote_string(&sql, slice_str(request->database));
	buf_add_str(&sql, " AND table_name IN (''");
	for (size_t i = 0; i < request->tables_count; i++) {
		buf_add_char(&sql, ',');
		quote_string(&sql, slice_str(request->tables[i]));
	}
	buf_add_char(&sql, ')');
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	for (size_t i = 0; i < rows.rows; i++) {
		int at = index_of(request, rows.values[2 * i]);

		if (at >= 0)
			TRY(parse_i64(rows.values[2 * i + 1], &reply->tables[at].bytes, cx->err));
	}
	return 0;
}

/* Views are none, and sequences are not yet. */
int
named_tables_list(struct ctx *cx, const struct tablet_env *env,
    const struct tables_request *request, struct table_list_reply *reply)
{
	SCOPED(client) struct mysql_client *c = NULL;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	TRY(env_dba(cx, env, &c));
	buf_add_str(&sql,
	    "SELECT table_name FROM information_schema.tables WHERE table_type IN "
	    "('BASE TABLE','SYSTEM VERSIONED') AND table_schema=");
	quote_string(&sql, slice_str(request->database));
	buf_add_str(&sql, " ORDER BY table_name");
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	reply->tables = arena_array(cx->arena, const char *, rows.rows);
	reply->tables_count = rows.rows;
	for (size_t i = 0; i < rows.rows; i++)
		reply->tables[i] = arena_slice_str(cx->arena, rows.values[i]);
	return 0;
}
