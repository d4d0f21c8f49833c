#include "gate/catalogue_show.h"

#include "gate/catalogue_view.h"
#include "sql/quote.h"

enum { LISTING_COLUMNS = 24 };

/* The columns of a SHOW and where they come from; the first is the one that LIKE is about, unless
 * another is. */
struct listing {
	enum show_kind kind;
	const char *table, *schema, *like;
	const char *columns[LISTING_COLUMNS][2]; /* as shown, as in information_schema */
};

static const struct listing LISTINGS[] = {
	{ SHOW_TABLE_STATUS, "TABLES", "TABLE_SCHEMA", "TABLE_NAME",
	    { { "Name", "TABLE_NAME" }, { "Engine", "ENGINE" }, { "Version", "VERSION" },
		{ "Row_format", "ROW_FORMAT" }, { "Rows", "TABLE_ROWS" },
		{ "Avg_row_length", "AVG_ROW_LENGTH" }, { "Data_length", "DATA_LENGTH" },
		{ "Max_data_length", "MAX_DATA_LENGTH" }, { "Index_length", "INDEX_LENGTH" },
		{ "Data_free", "DATA_FREE" }, { "Auto_increment", "AUTO_INCREMENT" },
		{ "Create_time", "CREATE_TIME" }, { "Update_time", "UPDATE_TIME" },
		{ "Check_time", "CHECK_TIME" }, { "Collation", "TABLE_COLLATION" },
		{ "Checksum", "CHECKSUM" }, { "Create_options", "CREATE_OPTIONS" },
		{ "Comment", "TABLE_COMMENT" }, { "Max_index_length", "MAX_INDEX_LENGTH" },
		{ "Temporary", "TEMPORARY" } } },
	{ SHOW_TRIGGERS, "TRIGGERS", "EVENT_OBJECT_SCHEMA", "EVENT_OBJECT_TABLE",
	    { { "Trigger", "TRIGGER_NAME" }, { "Event", "EVENT_MANIPULATION" },
		{ "Table", "EVENT_OBJECT_TABLE" }, { "Statement", "ACTION_STATEMENT" },
		{ "Timing", "ACTION_TIMING" }, { "Created", "CREATED" }, { "sql_mode", "SQL_MODE" },
		{ "Definer", "DEFINER" }, { "character_set_client", "CHARACTER_SET_CLIENT" },
		{ "collation_connection", "COLLATION_CONNECTION" },
		{ "Database Collation", "DATABASE_COLLATION" } } },
};

/* 'it''s' as it is meant; a backslash stays where a server's lexer leaves it before % and _. */
static void
put_title(struct buf *out, const char *name, struct slice like)
{
	SCOPED(buf)
	struct buf title = BUF_INIT;

	buf_add_str(&title, name);
	if (!slice_is_null(like)) {
		buf_add_str(&title, " (");
		for (size_t i = 1; i + 1 < like.len; i++) {
			buf_add_char(&title, (char)like.ptr[i]);
			i += like.ptr[i] == like.ptr[0];
		}
		buf_add_char(&title, ')');
	}
	quote_ident(out, buf_slice(&title));
}

/* The conditions of the SHOW, on columns as it names them. */
static void
put_where(struct buf *out, const struct show *show)
{
	if (!slice_is_null(show->where))
		buf_addf(out, " WHERE %.*s", SLICE_ARG(show->where));
}

static void
put_from(struct buf *out, const char *table, const char *schema, struct slice keyspace)
{
	buf_addf(out, " FROM information_schema.%s WHERE %s = '%.*s'", table, schema,
	    SLICE_ARG(keyspace));
}

/* Names of tables tell letters' case apart, also where the catalogue's columns do not. */
static void
put_like(struct buf *out, const char *column, struct slice like)
{
	if (!slice_is_null(like))
		buf_addf(out, " AND %s COLLATE utf8mb3_bin LIKE %.*s", column, SLICE_ARG(like));
}

static void
put_tables(struct buf *out, const struct show *show, struct slice keyspace)
{
	SCOPED(buf)
	struct buf name = BUF_INIT;

	buf_addf(&name, "Tables_in_%.*s", SLICE_ARG(keyspace));
	buf_add_str(out, "SELECT * FROM (SELECT TABLE_NAME AS ");
	put_title(out, name.data, show->like);
	if (show->full)
		buf_add_str(out, ", TABLE_TYPE AS Table_type");
	put_from(out, "TABLES", "TABLE_SCHEMA", keyspace);
	put_like(out, "TABLE_NAME", show->like);
	buf_add_str(out, ") AS TABLE_NAMES");
	put_where(out, show);
	buf_add_str(out, " ORDER BY ");
	put_title(out, name.data, show->like);
	buf_add_str(out, " COLLATE utf8mb3_bin");
}

static void
put_listing(struct buf *out, const struct show *show, const struct listing *l, size_t columns,
    struct slice keyspace)
{
	buf_add_str(out, "SELECT * FROM (SELECT ");
	for (size_t n = 0; n < columns && l->columns[n][0] != NULL; n++)
		buf_addf(
		    out, "%s%s AS `%s`", n == 0 ? "" : ", ", l->columns[n][1], l->columns[n][0]);
	put_from(out, l->table, l->schema, keyspace);
	put_like(out, l->like, show->like);
	buf_addf(out, ") AS %s", l->table);
	put_where(out, show);
	buf_addf(
	    out, " ORDER BY `%s` COLLATE utf8mb3_bin", l->kind == SHOW_TRIGGERS ? "Table" : "Name");
}

static void
put_databases(struct buf *out, const struct show *show)
{
	buf_add_str(out, "SELECT * FROM (SELECT SCHEMA_NAME AS ");
	put_title(out, "Database", show->like);
	buf_add_str(out, " FROM information_schema.SCHEMATA WHERE TRUE");
	put_like(out, "SCHEMA_NAME", show->like);
	buf_add_str(out, ") AS SCHEMATA");
	put_where(out, show);
	buf_add_str(out, " ORDER BY ");
	put_title(out, "Database", show->like);
	buf_add_str(out, " COLLATE utf8mb3_bin");
}

/* Servers know no conditions here: they will say so. */
static bool
put_processes(struct buf *out, const struct show *show, const struct dialect *home)
{
	if (!slice_is_null(show->like) || !slice_is_null(show->where) ||
	    !slice_is_null(show->database))
		return false;
	buf_addf(out,
	    "SELECT * FROM (SELECT ID AS Id, USER AS User, HOST AS Host, DB AS db, COMMAND AS Command, "
	    "TIME AS Time, STATE AS State, %s AS Info%s "
	    "FROM information_schema.PROCESSLIST) AS PROCESSLIST ORDER BY Id",
	    show->full ? "INFO" : "LEFT(INFO, 100)",
	    home->shows_progress ? ", PROGRESS AS Progress" : "");
	return true;
}

static size_t
columns_of(enum show_kind kind, const struct dialect *home)
{
	return kind == SHOW_TABLE_STATUS ? home->table_status_columns : LISTING_COLUMNS;
}

bool
catalogue_show_query(const struct route *route, const struct show *show, struct slice keyspace,
    const struct dialect *home, struct buf *out)
{
	if (show->kind == SHOW_DATABASES) {
		put_databases(out, show);
		return true;
	}
	if (show->kind == SHOW_PROCESSLIST)
		return put_processes(out, show, home);
	if (!slice_is_null(show->database))
		keyspace = show->database;
	if (slice_is_null(keyspace) || route_keyspace(route, keyspace) == NULL)
		return false;
	/* Where there are rules there may be fences. */
	if (!catalogue_has_moved(route, keyspace) &&
	    !(show->kind == SHOW_TRIGGERS && route->rules.count > 0))
		return false;
	if (show->kind == SHOW_TABLES) {
		put_tables(out, show, keyspace);
		return true;
	}
	for (size_t i = 0; i < sizeof LISTINGS / sizeof LISTINGS[0]; i++) {
		if (LISTINGS[i].kind == show->kind) {
			put_listing(out, show, &LISTINGS[i], columns_of(show->kind, home), keyspace);
			return true;
		}
	}
	return false;
}
