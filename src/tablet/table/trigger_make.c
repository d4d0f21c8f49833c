#include "tablet/table/trigger_make.h"

#include "base/fault.h"
#include "sql/quote.h"
#include "tablet/table/check_name.h"
#include "tablet/table/create_table.h"
#include "tablet/table/schema.h"
#include "tablet/table/stored_mode.h"
#include "tablet/table/user_triggers.h"

#define TRIED "_switchyard_trigger_trial"

enum {
	ALONE_WITHIN_S = 10, /* another trial takes some hundredths of a second for each trigger */
	UNDO_S = 10,         /* a DROP of a table that nobody knows */
	ER_BAD_FIELD = 1054,
	ER_NO_SUCH_TABLE = 1146,
	ER_TRIGGER_EXISTS = 1359,
};

/* What its table is called at the end that is asked; NULL: it is of no table of the move. */
static const char *
table_here(const struct move_request *q, const struct trigger_definition *t)
{
	for (size_t i = 0; i < q->tables_count; i++) {
		if (strcmp(q->tables[i].from, t->table) == 0)
			return q->side == MOVE_TO ? q->tables[i].to : q->tables[i].from;
	}
	return NULL;
}

static const char *
database_here(const struct move_request *q)
{
	return q->side == MOVE_TO ? q->to.database : q->from.database;
}

/* ---- Made */

static int
set_session(struct ctx *cx, struct mysql_client *c, const struct trigger_definition *t)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "SET sql_mode=");
	quote_string(&sql, slice_str(stored_mode_for(cx->arena, mysql_dialect(c), t->sql_mode)));
	buf_add_str(&sql, ", character_set_client=");
	quote_string(&sql, slice_str(t->charset));
	buf_add_str(&sql, ", collation_connection=");
	quote_string(&sql, slice_str(t->collation));
	return mysql_exec(cx, c, buf_slice(&sql), NULL);
}

static void
add_create(struct buf *out, const struct trigger_definition *t, const char *database,
    const char *name, const char *table)
{
	buf_addf(out, "CREATE DEFINER=%s TRIGGER ", t->definer);
	quote_table(out, slice_str(database), slice_str(name));
	buf_addf(out, " %s ON ", t->when);
	quote_table(out, slice_str(database), slice_str(table));
	buf_addf(out, " FOR EACH ROW %s", t->body);
}

static int
make_one(struct ctx *cx, struct ddl *d, const char *database, const struct trigger_definition *t,
    const char *table)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	SCOPED(buf) struct buf name = BUF_INIT;

	if (fault("trigger.make.before"))
		return err_set(cx->err, ERR_RETRY, "a fault before trigger '%s'", t->name);
	TRY(set_session(cx, d->session, t));
	add_create(&sql, t, database, t->name, table);
	if (ddl_run(cx, d, buf_slice(&sql)) == 0)
		return 0;
	if (cx->err->mysql_errno != ER_TRIGGER_EXISTS)
		return -1;
	quote_table(&name, slice_str(database), slice_str(t->name));
	TRY(ddl_runf(cx, d, "DROP TRIGGER %s", name.data));
	return ddl_run(cx, d, buf_slice(&sql));
}

int
trigger_make(struct ctx *cx, struct ddl *d, const struct move_request *q,
    const struct trigger_list *triggers)
{
	for (size_t i = 0; i < triggers->count; i++) {
		const struct trigger_definition *t = &triggers->items[i];
		const char *table = table_here(q, t);

		if (table == NULL)
			return err_set(cx->err, ERR_CORRUPT,
			    "trigger '%s' is of table '%s', which does not move", t->name, t->table);
		if (make_one(cx, d, database_here(q), t, table) != 0)
			return err_wrap(cx->err, "making trigger '%s' of table '%s.%s'", t->name,
			    database_here(q), table);
	}
	return 0;
}

int
trigger_drop(struct ctx *cx, const struct tablet_env *env, struct mysql_client *dba,
    const struct table_set *set)
{
	SCOPED(ddl) struct ddl d = { 0 };
	struct trigger_list found;

	TRY(user_triggers_list(cx, dba, set, &found));
	if (found.count > 0)
		TRY(ddl_open(cx, env, &d));
	for (size_t i = 0; i < found.count; i++) {
		SCOPED(buf) struct buf name = BUF_INIT;

		quote_table(&name, slice_str(set->database), slice_str(found.items[i].name));
		if (ddl_runf(cx, &d, "DROP TRIGGER IF EXISTS %s", name.data) != 0)
			return err_wrap(cx->err, "dropping trigger '%s.%s'", set->database,
			    found.items[i].name);
	}
	return 0;
}

/* ---- Tried */

/* One at a time, at a server: the table's name is always the same. The lock ends with its session. */
static int
be_alone(struct ctx *cx, struct mysql_client *c)
{
	struct mysql_rows rows;

	TRY(mysql_selectf(
	    cx, c, &rows, "SELECT GET_LOCK('switchyard trigger trial', %d)", ALONE_WITHIN_S));
	if (rows.rows == 1 && slice_eq_str(rows.values[0], "1"))
		return 0;
	return err_set(cx->err, ERR_RETRY, "another move's triggers are being tried");
}

/* With a row that has the default of each column, whatever that is, if one can be made up. */
static int
make_table(struct ctx *cx, struct mysql_client *c, const char *definition, const char *name)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct create_table t;

	TRY(create_table_read(cx->arena, slice_str(definition), &t, cx->err));
	create_table_drop_foreign(&t);
	check_names_drop(&t, SLICE_NULL, true);
	create_table_print(&sql, &t, name);
	TRY(mysql_execf(cx, c, "DROP TABLE IF EXISTS %s", name));
	TRY(mysql_execf(cx, c, "SET sql_mode=''"));
	TRY(mysql_exec(cx, c, buf_slice(&sql), NULL));
	if (mysql_execf(cx, c, "INSERT INTO %s () VALUES ()", name) != 0) {
		if (cx->err->kind != ERR_SERVER)
			return -1;
		err_clear(cx->err);
	}
	return 0;
}

/* A variable in a body that says no character set has the database's collation. */
static int
check_collation(struct ctx *cx, struct mysql_client *c, const char *database,
    const struct trigger_definition *t)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	if (strcasestr(t->body, "declare") == NULL)
		return 0;
	buf_add_str(&sql,
	    "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name=");
	quote_string(&sql, slice_str(database));
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	if (rows.rows == 1 && slice_eq_str(rows.values[0], t->database_collation))
		return 0;
	err_set(cx->err, ERR_REFUSED,
	    "its variables have the collation %s where it is, and would have that of database '%s', %.*s",
	    t->database_collation, database,
	    SLICE_ARG(rows.rows == 1 ? rows.values[0] : slice_str("none")));
	return err_hint(cx->err, "ALTER DATABASE `%s` COLLATE %s, or give each variable its own",
	    database, t->database_collation);
}

static int
make_tried(struct ctx *cx, struct mysql_client *c, const char *database,
    const struct trigger_definition *t, int number)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	TRY(check_collation(cx, c, database, t));
	TRY(set_session(cx, c, t));
	/* A name of its own: where the table is the trigger's is taken. */
	add_create(&sql, t, database, arena_printf(cx->arena, TRIED "_%d", number), TRIED);
	return mysql_exec(cx, c, buf_slice(&sql), NULL);
}

/* Says the error that something is missing, or not allowed? All others are about the row, or the
 * trigger's own. */
static bool
is_refusal(const struct err *err, bool alone)
{
	enum {
		ER_DBACCESS_DENIED = 1044,
		ER_TABLEACCESS_DENIED = 1142,
		ER_COLUMNACCESS_DENIED = 1143,
		ER_SPECIFIC_ACCESS_DENIED = 1227,
		ER_SP_DOES_NOT_EXIST = 1305,
		ER_PROCACCESS_DENIED = 1370,
		ER_NO_SUCH_USER = 1449,
	};

	switch (err->mysql_errno) {
	case ER_NO_SUCH_TABLE: return !alone;
	case ER_DBACCESS_DENIED:
	case ER_TABLEACCESS_DENIED:
	case ER_COLUMNACCESS_DENIED:
	case ER_SPECIFIC_ACCESS_DENIED:
	case ER_SP_DOES_NOT_EXIST:
	case ER_PROCACCESS_DENIED:
	case ER_NO_SUCH_USER:
	case ER_BAD_FIELD: return true;
	default: return false;
	}
}

static int
fire(struct ctx *cx, struct mysql_client *stream, const char *sql, bool alone)
{
	if (mysql_exec(cx, stream, slice_str(sql), NULL) == 0)
		return 0;
	if (cx->err->kind != ERR_SERVER || is_refusal(cx->err, alone))
		return -1;
	err_clear(cx->err);
	return 0;
}

/* The fences of this end let the stream's account through, so that a trigger that writes to another table
 * of the move runs to its end. */
static int
fire_all(
    struct ctx *cx, const struct tablet_env *env, const char *name, const char *column, bool alone)
{
	SCOPED(client) struct mysql_client *c = NULL;

	TRY(env_stream(cx, env, env->server, ROLE_STREAM, &c));
	TRY(mysql_execf(cx, c, "SET sql_mode=''"));
	TRY(mysql_execf(cx, c, "BEGIN"));
	TRY(fire(cx, c, arena_printf(cx->arena, "UPDATE %s SET %s=%s", name, column, column), alone));
	TRY(fire(cx, c, arena_printf(cx->arena, "DELETE FROM %s", name), alone));
	TRY(fire(cx, c, arena_printf(cx->arena, "INSERT INTO %s () VALUES ()", name), alone));
	return mysql_execf(cx, c, "ROLLBACK");
}

/* The first column of a definition that may be written: any will do. */
static const char *
column_of(struct ctx *cx, const char *definition)
{
	SCOPED(buf) struct buf name = BUF_INIT;
	struct create_table t;

	if (create_table_read(cx->arena, slice_str(definition), &t, cx->err) != 0)
		return NULL;
	for (int i = 0; i < t.clauses_count; i++) {
		if (t.clauses[i].kind != CLAUSE_COLUMN ||
		    create_table_find(t.clauses[i].text, " GENERATED ALWAYS AS ") <
			t.clauses[i].text.len)
			continue;
		quote_ident(&name, t.clauses[i].name);
		return arena_slice_str(cx->arena, buf_slice(&name));
	}
	err_set(cx->err, ERR_CORRUPT, "a table has no column that may be written");
	return NULL;
}

struct trial {
	const struct tablet_env *env;
	const struct move_request *q;
	const struct trigger_list *triggers;
	struct mysql_client *session;
};

static int
try_triggers(
    struct ctx *cx, const struct trial *trial, size_t table, const char *definition, bool alone)
{
	const char *database = database_here(trial->q);
	SCOPED(buf) struct buf name = BUF_INIT;
	const char *column = column_of(cx, definition);

	if (column == NULL)
		return -1;
	quote_table(&name, slice_str(database), slice_str(TRIED));
	TRY(make_table(cx, trial->session, definition, name.data));
	for (size_t i = 0; i < trial->triggers->count; i++) {
		const struct trigger_definition *t = &trial->triggers->items[i];

		if (strcmp(t->table, trial->q->tables[table].from) == 0 &&
		    make_tried(cx, trial->session, database, t, (int)i) != 0)
			return err_wrap(cx->err, "trigger '%s' cannot be made at '%s'", t->name,
			    trial->env->server);
	}
	if (fire_all(cx, trial->env, name.data, column, alone) == 0)
		return 0;
	return err_wrap(cx->err, "a trigger of table '%s' would fail at '%s'",
	    trial->q->tables[table].from, trial->env->server);
}

/* As it is here, if nobody has told how it will be. */
static int
definition_here(struct ctx *cx, const struct trial *trial, size_t table, const char **out)
{
	const struct moved_names *names = &trial->q->tables[table];
	const struct schema_place place = { .database = database_here(trial->q),
		.table = trial->q->side == MOVE_TO ? names->to : names->from };
	struct table_def *def;

	TRY(schema_read(cx, trial->session, &place, &def));
	*out = def->told_sql;
	return 0;
}

static bool
has_trigger(const struct trial *trial, size_t table)
{
	for (size_t i = 0; i < trial->triggers->count; i++) {
		if (strcmp(trial->triggers->items[i].table, trial->q->tables[table].from) == 0)
			return true;
	}
	return false;
}

static int
try_table(struct ctx *cx, const struct trial *trial, size_t table, const char *definition)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf name = BUF_INIT;
	bool alone = definition != NULL;
	struct err undoing = { 0 };
	struct ctx inner = *cx;
	struct ctx undo = ctx_shielded(cx, UNDO_S * SECOND, &undoing);

	inner.arena = &arena;
	if (!alone)
		TRY(definition_here(&inner, trial, table, &definition));
	int rc = try_triggers(&inner, trial, table, definition, alone);
	quote_table(&name, slice_str(database_here(trial->q)), slice_str(TRIED));
	if (mysql_execf(&undo, trial->session, "DROP TABLE IF EXISTS %s", name.data) != 0 && rc == 0)
		return err_copy(cx->err, &undoing);
	return rc;
}

/* What the server says is missing, or not allowed, is a refusal. */
static int
refuse(struct err *err)
{
	if (err->kind == ERR_SERVER) {
		err->kind = ERR_REFUSED;
		err_hint(err,
		    "give that server what the trigger needs (its definer's account and rights; the right to "
		    "make one for somebody else), or drop the trigger");
	}
	return -1;
}

int
trigger_try(struct ctx *cx, const struct tablet_env *env, const struct move_request *q,
    const struct trigger_list *triggers, const char *const *definitions)
{
	SCOPED(client) struct mysql_client *session = NULL;
	struct trial trial = { env, q, triggers, NULL };

	if (triggers->count == 0)
		return 0;
	TRY(env_dba(cx, env, &session));
	trial.session = session;
	TRY(be_alone(cx, session));
	for (size_t i = 0; i < q->tables_count; i++) {
		if (has_trigger(&trial, i) &&
		    try_table(cx, &trial, i, definitions == NULL ? NULL : definitions[i]) != 0)
			return refuse(cx->err);
	}
	return 0;
}
