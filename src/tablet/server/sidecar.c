#include "tablet/server/sidecar.h"

#include "base/mutant.h"
#include "sql/quote.h"

/* ---- What is in it */

struct column {
	const char *name, *type, *rest;
	const char *was; /* its type in version 1; NULL: the same */
};

enum {
	COLUMNS_MAX = 20,
	/* Errors of a server that may not be written to, and of one that was busy. */
	ER_OPTION_PREVENTS_STATEMENT = 1290,
	ER_LOCK_WAIT_TIMEOUT = 1205,
	ER_LOCK_DEADLOCK = 1213,
};

/* Two names of 64 characters, of 4 bytes at most, and a slash. */
#define WORKFLOW_TYPE "varbinary(513)"
/* A position has a GTID for each domain that the server has ever written in, with no bound on their
 * number. */
#define POSITION(prefix)                                                                           \
	{ prefix "_gtid", "longblob", "NOT NULL", "varbinary(1024)" },                             \
	    { prefix "_file", "varbinary(256)", "NOT NULL", NULL },                                \
	{                                                                                          \
		prefix "_offset", "bigint(20) unsigned", "NOT NULL", NULL                          \
	}

static const struct table {
	const char *name, *keys;
	struct column columns[COLUMNS_MAX];
} tables[] = {
	[SIDECAR_STREAM] = { "stream", "PRIMARY KEY (workflow)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", "varbinary(160)" },
		{ "phase", "varbinary(32)", "NOT NULL", NULL },
		{ "attempt", "int(11)", "NOT NULL", NULL }, POSITION("applied"), POSITION("cp"),
		POSITION("dirty"), { "prepared", "longblob", "NOT NULL", NULL },
		{ "request", "longblob", "NOT NULL", NULL },
		{ "error", "varbinary(512)", "NOT NULL", NULL },
		{ "hint", "varbinary(200)", "NOT NULL", NULL } } },
	[SIDECAR_COPY_STATE] = { "copy_state", "PRIMARY KEY (workflow, tbl, range_no)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", "varbinary(160)" },
		{ "tbl", WORKFLOW_TYPE, "NOT NULL", "varbinary(256)" },
		{ "range_no", "int(11)", "NOT NULL", NULL }, { "lower_key", "longblob", "", NULL },
		{ "upper_key", "longblob", "", NULL }, { "done_key", "longblob", "", NULL },
		{ "row_count", "bigint(20)", "NOT NULL", NULL },
		{ "finished", "tinyint(4)", "NOT NULL", NULL },
		{ "cp_file", "varbinary(256)", "NOT NULL", NULL },
		{ "cp_offset", "bigint(20) unsigned", "NOT NULL", NULL } } },
	/* The tail reads its first two columns out of the binlog (tail_group.c). */
	[SIDECAR_HEARTBEAT] = { "heartbeat", "PRIMARY KEY (workflow)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", "varbinary(160)" },
		{ "token", "varbinary(64)", "NOT NULL", NULL } } },
	[SIDECAR_FENCE] = { "fence", "PRIMARY KEY (workflow, db, tbl)",
	    { { "workflow", WORKFLOW_TYPE, "NOT NULL", "varbinary(160)" },
		{ "db", "varbinary(256)", "NOT NULL", NULL },
		{ "tbl", "varbinary(256)", "NOT NULL", NULL },
		{ "armed", "tinyint(4)", "NOT NULL", NULL },
		{ "attempt", "int(11)", "NOT NULL", NULL } } },
};

static const char version_table[] = "schema_version";

const char *
sidecar_table_name(int table)
{
	return tables[table].name;
}

void
sidecar_table(struct buf *out, const char *sidecar, const char *table)
{
	quote_table(out, slice_str(sidecar), slice_str(table));
}

void
sidecar_where(struct buf *out, const char *workflow)
{
	buf_add_str(out, " WHERE workflow=");
	quote_string(out, slice_str(workflow));
}

/* ---- Looking */

/* What has been seen of one table's columns. */
struct comparison {
	int next;
	bool old, new; /* as far as seen, the columns are those of version 1; of ours */
};

static int
find_table(struct slice name)
{
	for (int t = 0; t < SIDECAR_TABLES; t++) {
		if (slice_eq_str(name, tables[t].name))
			return t;
	}
	return -1;
}

static void
compare_column(
    struct ctx *cx, struct sidecar_view *v, struct comparison *seen, int t, const struct slice *row)
{
	static const struct column none = { "", "", "", NULL };
	bool beyond = seen->next == COLUMNS_MAX;
	const struct column *c = beyond ? &none : &tables[t].columns[seen->next++];
	const char *name = c->name == NULL ? "" : c->name;
	bool is_old =
	    slice_eq_str(row[1], name) && slice_eq_str(row[2], c->was != NULL ? c->was : c->type);
	bool is_new = slice_eq_str(row[1], name) && slice_eq_str(row[2], c->type);

	seen->old &= is_old;
	seen->new &= is_new;
	if (!is_new && v->wrong == NULL)
		v->wrong = arena_printf(cx->arena, "%s.%.*s", tables[t].name, SLICE_ARG(row[1]));
}

static void
judge(struct sidecar_view *v, const struct comparison *seen)
{
	for (int t = 0; t < SIDECAR_TABLES; t++) {
		bool whole =
		    seen[t].next < COLUMNS_MAX && tables[t].columns[seen[t].next].name == NULL;

		if (seen[t].next == 0)
			v->forms[t] = FORM_NONE;
		else if (whole && seen[t].new)
			v->forms[t] = FORM_NEW;
		else
			v->forms[t] = whole && seen[t].old ? FORM_OLD : FORM_OTHER;
		if ((v->forms[t] == FORM_NONE || !whole) && v->wrong == NULL)
			v->wrong = tables[t].name;
	}
}

static int
read_version(struct ctx *cx, struct mysql_client *c, const char *sidecar, int *version)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql, "SELECT version FROM ");
	sidecar_table(&sql, sidecar, version_table);
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	if (rows.rows == 0)
		return 0;
	return parse_int(rows.values[0], 1, INT32_MAX, version, cx->err);
}

/* cx has an arena */
static int
look_at(struct ctx *cx, struct mysql_client *c, const char *sidecar, struct sidecar_view *v)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct comparison seen[SIDECAR_TABLES];
	struct mysql_rows rows;
	bool versioned = false;

	for (int t = 0; t < SIDECAR_TABLES; t++)
		seen[t] = (struct comparison){ .old = true, .new = true };
	*v = (struct sidecar_view){ 0 };
	buf_add_str(&sql, "SELECT 1 FROM information_schema.schemata WHERE schema_name=");
	quote_string(&sql, slice_str(sidecar));
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	v->exists = rows.rows > 0;
	buf_reset(&sql);
	buf_add_str(&sql,
	    "SELECT table_name, column_name, column_type FROM "
	    "information_schema.columns WHERE table_schema=");
	quote_string(&sql, slice_str(sidecar));
	buf_add_str(&sql, " ORDER BY table_name, ordinal_position");
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	for (size_t i = 0; i < rows.rows; i++) {
		const struct slice *row = rows.values + i * rows.columns;
		int t = find_table(row[0]);

		if (t >= 0)
			compare_column(cx, v, &seen[t], t, row);
		else if (slice_eq_str(row[0], version_table))
			versioned = true;
		else if (v->stranger == NULL)
			v->stranger = arena_slice_str(cx->arena, row[0]);
	}
	judge(v, seen);
	return versioned ? read_version(cx, c, sidecar, &v->version) : 0;
}

/* ---- What cannot be */

static int
refuse_foreign(struct ctx *cx, const char *sidecar, const char *table)
{
	err_set(cx->err, ERR_REFUSED,
	    "database '%s' has a table '%s' that is not Switchyard's: it cannot be the sidecar database",
	    sidecar, table);
	return err_hint(cx->err,
	    "leave it as it is, and create the keyspace with another: CreateKeyspace "
	    "--sidecar-db-name NAME");
}

static int
check_ours(struct ctx *cx, const char *sidecar, const struct sidecar_view *v)
{
	for (int t = 0; t < SIDECAR_TABLES; t++) {
		if (v->forms[t] == FORM_OTHER)
			return refuse_foreign(cx, sidecar, tables[t].name);
	}
	return v->stranger == NULL ? 0 : refuse_foreign(cx, sidecar, v->stranger);
}

static int
count_rows(struct ctx *cx, struct mysql_client *c, const char *database, const char *table,
    uint64_t *count)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql, "SELECT COUNT(*) FROM ");
	sidecar_table(&sql, database, table);
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	return parse_u64(rows.rows == 1 ? rows.values[0] : SLICE_NULL, count, cx->err);
}

/* A release 0.1 that was started again would have its own streams and fences, which nobody looks at. */
static int
check_none_left(
    struct ctx *cx, struct mysql_client *c, const char *sidecar, const struct sidecar_view *old)
{
	static const int with_state[] = { SIDECAR_STREAM, SIDECAR_FENCE };

	for (size_t i = 0; i < sizeof(with_state) / sizeof(with_state[0]); i++) {
		const char *name = tables[with_state[i]].name;
		uint64_t count = 0;

		if (old->forms[with_state[i]] == FORM_OLD)
			TRY(count_rows(cx, c, SIDECAR_0_1, name, &count));
		if (count == 0)
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "release 0.1 has worked at this server since the sidecar database '%s' was made: "
		    "%llu rows are in '" SIDECAR_0_1 ".%s'",
		    sidecar, (unsigned long long)count, name);
		return err_hint(cx->err, "cancel those moves with release 0.1 first");
	}
	return 0;
}

static int
check_current(struct ctx *cx, const char *sidecar, const struct sidecar_view *v)
{
	if (v->version > SIDECAR_VERSION) {
		err_set(cx->err, ERR_REFUSED,
		    "the sidecar database '%s' is of version %d, and this vttablet knows versions up "
		    "to %d",
		    sidecar, v->version, SIDECAR_VERSION);
		return err_hint(cx->err, "start the newer release that made it");
	}
	if (v->wrong == NULL)
		return 0;
	err_set(cx->err, ERR_REFUSED,
	    "the sidecar database '%s' has been altered: '%s' is not as version %d has it", sidecar,
	    v->wrong, SIDECAR_VERSION);
	return err_hint(cx->err,
	    "restore it; or, when no move is under way, drop the database: it is made anew");
}

/* ---- Making */

static void
add_columns(struct buf *out, const struct table *t)
{
	for (const struct column *c = t->columns; c->name != NULL; c++)
		buf_addf(out, "%s %s %s, ", c->name, c->type, c->rest);
}

static void
add_create(struct buf *out, const char *sidecar, const struct table *t)
{
	buf_add_str(out, "CREATE TABLE IF NOT EXISTS ");
	sidecar_table(out, sidecar, t->name);
	buf_add_str(out, " (");
	add_columns(out, t);
	buf_addf(out, "%s) ENGINE=InnoDB", t->keys);
}

void
sidecar_create_sql(struct buf *out, const char *sidecar, int table)
{
	add_create(out, sidecar, &tables[table]);
}

static int
create_table(struct ctx *cx, struct ddl *d, const char *sidecar, const struct table *t)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	add_create(&sql, sidecar, t);
	return ddl_run(cx, d, buf_slice(&sql));
}

static int
widen(struct ctx *cx, struct ddl *d, const char *sidecar, const struct table *t)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	const char *comma = "";

	buf_add_str(&sql, "ALTER TABLE ");
	sidecar_table(&sql, sidecar, t->name);
	for (const struct column *col = t->columns; col->name != NULL; col++) {
		if (col->was == NULL)
			continue;
		buf_addf(&sql, "%s MODIFY %s %s %s", comma, col->name, col->type, col->rest);
		comma = ",";
	}
	return ddl_run(cx, d, buf_slice(&sql));
}

static int
write_version(struct ctx *cx, struct ddl *d, const char *sidecar)
{
	static const struct table version = { version_table, "PRIMARY KEY (id)",
		{ { "id", "tinyint(4)", "NOT NULL", NULL },
		    { "version", "int(11)", "NOT NULL", NULL } } };
	SCOPED(buf) struct buf sql = BUF_INIT;

	TRY(create_table(cx, d, sidecar, &version));
	buf_add_str(&sql, "INSERT IGNORE INTO ");
	sidecar_table(&sql, sidecar, version_table);
	buf_addf(&sql, " (id, version) VALUES (1, %d)", SIDECAR_VERSION);
	return ddl_run(cx, d, buf_slice(&sql));
}

static int
make(struct ctx *cx, struct ddl *d, const char *sidecar, const struct sidecar_view *v,
    const struct sidecar_view *old)
{
	SCOPED(buf) struct buf name = BUF_INIT;
	struct sidecar_view now;

	quote_ident(&name, slice_str(sidecar));
	if (!v->exists)
		TRY(ddl_runf(cx, d, "CREATE DATABASE IF NOT EXISTS %s", name.data));
	TRY(create_table(cx, d, sidecar, &tables[SIDECAR_FENCE]));
	if (mutant("tablet_sidecar_version_first"))
		TRY(write_version(cx, d, sidecar));
	TRY(sidecar_upgrade(cx, d, sidecar, old));
	for (int t = 0; t < SIDECAR_TABLES; t++)
		TRY(create_table(cx, d, sidecar, &tables[t]));
	TRY(look_at(cx, d->session, sidecar, &now));
	for (int t = 0; t < SIDECAR_TABLES; t++) {
		if (now.forms[t] == FORM_OLD)
			TRY(widen(cx, d, sidecar, &tables[t]));
	}
	TRY(write_version(cx, d, sidecar));
	TRY(look_at(cx, d->session, sidecar, &now));
	return check_current(cx, sidecar, &now);
}

/* What the server said to an attempt to write, for people. */
static int
explain(struct ctx *cx, const char *sidecar)
{
	SCOPED(buf) struct buf name = BUF_INIT;

	quote_ident(&name, slice_str(sidecar));
	err_wrap(cx->err, "making the sidecar database '%s'", sidecar);
	switch (cx->err->mysql_errno) {
	case ER_LOCK_WAIT_TIMEOUT:
	case ER_LOCK_DEADLOCK: cx->err->kind = ERR_RETRY; return -1;
	case ER_OPTION_PREVENTS_STATEMENT:
		cx->err->kind = ERR_REFUSED;
		return err_hint(cx->err,
		    "SET GLOBAL read_only=OFF, or have it replicated from its primary first");
	default:
		if (!env_is_denied(cx->err))
			return -1;
		cx->err->kind = ERR_REFUSED;
		return err_hint(
		    cx->err, "GRANT ALL PRIVILEGES ON %s.* TO the account vt_dba", name.data);
	}
}

int
sidecar_open(struct ctx *cx, struct ddl *d, const char *sidecar)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct sidecar_view v, old = { 0 };

	inner.arena = &arena;
	TRY(look_at(&inner, d->session, sidecar, &v));
	if (strcmp(sidecar, SIDECAR_0_1) != 0)
		TRY(look_at(&inner, d->session, SIDECAR_0_1, &old));
	else
		old = v;
	if (v.version != 0) {
		TRY(check_current(cx, sidecar, &v));
		return old.forms[SIDECAR_STREAM] == FORM_NONE
		    ? 0
		    : check_none_left(&inner, d->session, sidecar, &old);
	}
	TRY(check_ours(cx, sidecar, &v));
	return make(&inner, d, sidecar, &v, &old) == 0 ? 0 : explain(cx, sidecar);
}
