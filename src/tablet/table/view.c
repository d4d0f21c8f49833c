#include "tablet/table/view.h"

#include "base/mutant.h"
#include "sql/program.h"
#include "sql/quote.h"

enum { ER_NO_SUCH_TABLE = 1146 };

/* ---- Which views move */

struct candidate {
	const char *name;
	struct program program;
	bool moves;
};

struct candidates {
	struct candidate *all;
	size_t count;
};

static bool
is_moving_view(const struct candidates *c, struct slice name)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->all[i].moves && slice_eq_str(name, c->all[i].name))
			return true;
	}
	return false;
}

static bool
is_of_set(const struct table_set *set, struct slice name)
{
	for (size_t i = 0; i < set->count; i++) {
		if (slice_eq_str(name, set->tables[i]))
			return true;
	}
	return false;
}

/* A qualifier stands in front of a column, and names what the FROM lists name. */
static bool
names_only_what_moves(
    const struct candidate *v, const struct candidates *c, const struct table_set *set)
{
	size_t named = 0;

	for (size_t i = 0; i < v->program.tables_count; i++) {
		const struct table_ref *t = &v->program.tables[i];

		if (t->role == TABLE_QUALIFIER)
			continue;
		if (t->role != TABLE_READ || slice_is_null(t->database) ||
		    !slice_eq_str(t->database, set->database))
			return false;
		if (!is_of_set(set, t->table) && !is_moving_view(c, t->table) &&
		    !mutant("tablet_view_of_what_stays"))
			return false;
		named++;
	}
	return named > 0 && !v->program.runs_strings && (v->program.uses & USES_ROUTINE) == 0;
}

static int
read_candidates(
    struct ctx *cx, struct mysql_client *c, const struct table_set *set, struct candidates *out)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql,
	    "SELECT table_name, view_definition FROM information_schema.views WHERE table_schema=");
	quote_string(&sql, slice_str(set->database));
	buf_add_str(&sql, " ORDER BY table_name");
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	out->all = arena_array(cx->arena, struct candidate, rows.rows);
	out->count = rows.rows;
	for (size_t i = 0; i < rows.rows; i++) {
		const struct slice *v = &rows.values[i * rows.columns];
		struct err unread = { 0 };

		out->all[i].name = arena_slice_str(cx->arena, v[0]);
		out->all[i].moves =
		    program_read(cx->arena, v[1], 0, &out->all[i].program, &unread) == 0;
	}
	return 0;
}

int
view_find(struct ctx *cx, struct mysql_client *c, const struct table_set *set, const char ***names,
    size_t *count)
{
	struct candidates all = { .count = 0 };

	TRY(read_candidates(cx, c, set, &all));
	/* What names a view that stays, stays. */
	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < all.count; i++) {
			struct candidate *v = &all.all[i];

			if (!v->moves || names_only_what_moves(v, &all, set))
				continue;
			v->moves = false;
			changed = true;
		}
	}
	*names = arena_array(cx->arena, const char *, all.count);
	*count = 0;
	for (size_t i = 0; i < all.count; i++) {
		if (all.all[i].moves)
			(*names)[(*count)++] = all.all[i].name;
	}
	return 0;
}

/* ---- From one server to the other */

static int
use(struct ctx *cx, struct mysql_client *c, const char *database)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "USE ");
	quote_ident(&sql, slice_str(database));
	return mysql_exec(cx, c, buf_slice(&sql), NULL);
}

static int
view_read(struct ctx *cx, struct mysql_client *c, const char *database, struct view_definition *out)
{
	enum { NAME, SQL, CHARSET, COLLATION, COLUMNS };
	SCOPED(buf) struct buf name = BUF_INIT;
	struct mysql_rows rows;

	quote_ident(&name, slice_str(out->name));
	TRY(use(cx, c, database));
	if (mysql_selectf(cx, c, &rows, "SHOW CREATE VIEW %s", name.data) != 0)
		return err_wrap(cx->err, "reading view '%s.%s'", database, out->name);
	if (rows.rows != 1 || rows.columns != COLUMNS)
		return err_set(cx->err, ERR_CORRUPT, "SHOW CREATE VIEW gave %zu rows", rows.rows);
	out->sql = arena_slice_str(cx->arena, rows.values[SQL]);
	out->charset = arena_slice_str(cx->arena, rows.values[CHARSET]);
	out->collation = arena_slice_str(cx->arena, rows.values[COLLATION]);
	return 0;
}

int
view_read_all(struct ctx *cx, const struct tablet_env *env, const struct move_request *q,
    struct objects_read_reply *reply)
{
	SCOPED(client) struct mysql_client *c = NULL;

	TRY(env_dba(cx, env, &c));
	reply->views = arena_array(cx->arena, struct view_definition, q->views_count);
	reply->views_count = q->views_count;
	for (size_t i = 0; i < q->views_count; i++) {
		reply->views[i].name = q->views[i];
		TRY(view_read(cx, c, q->from.database, &reply->views[i]));
	}
	return 0;
}

static int
refuse(struct ctx *cx, const char *database, const char *view, const char *what)
{
	if (cx->err->kind != ERR_SERVER)
		return -1;
	cx->err->kind = ERR_REFUSED;
	err_wrap(cx->err, "view '%s.%s' %s", database, view, what);
	return err_hint(cx->err,
	    "give the server what the view needs (its definer's account, rights), or drop the view");
}

/* It is stored with the character set of the session that makes it. */
static int
make(struct ctx *cx, struct mysql_client *c, const struct view_definition *v)
{
	static const char create[] = "CREATE ";
	SCOPED(buf) struct buf set = BUF_INIT;

	if (strncmp(v->sql, create, sizeof(create) - 1) != 0)
		return err_set(
		    cx->err, ERR_CORRUPT, "a view's definition begins with %.40s", v->sql);
	buf_add_str(&set, "SET character_set_client=");
	quote_string(&set, slice_str(v->charset));
	buf_add_str(&set, ", collation_connection=");
	quote_string(&set, slice_str(v->collation));
	TRY(mysql_exec(cx, c, buf_slice(&set), NULL));
	return mysql_execf(cx, c, "CREATE OR REPLACE %s", v->sql + sizeof(create) - 1);
}

/* Is it there, and the one that is wanted? */
static int
is_same(struct ctx *cx, struct mysql_client *c, const char *database,
    const struct view_definition *wanted, bool *same)
{
	struct view_definition made = { .name = wanted->name };

	*same = false;
	if (view_read(cx, c, database, &made) != 0) {
		if (cx->err->mysql_errno != ER_NO_SUCH_TABLE)
			return -1;
		err_clear(cx->err);
		return 0;
	}
	*same = strcmp(made.sql, wanted->sql) == 0 && strcmp(made.charset, wanted->charset) == 0 &&
	    strcmp(made.collation, wanted->collation) == 0;
	return 0;
}

static int
check_made(struct ctx *cx, struct mysql_client *c, const char *database,
    const struct view_definition *wanted)
{
	bool same;

	TRY(is_same(cx, c, database, wanted, &same));
	if (same)
		return 0;
	err_set(cx->err, ERR_REFUSED, "view '%s.%s' would be another one at the target", database,
	    wanted->name);
	return err_hint(cx->err, "compare the settings of both servers, or drop the view");
}

/* As those that it names are there. What is there already is left alone: DDL that names a moved table would
 * end whoever follows it. */
static int
make_all(struct ctx *cx, struct mysql_client *c, const struct objects_make_request *q)
{
	bool *made = arena_array(cx->arena, bool, q->views_count);
	size_t left = q->views_count;

	for (size_t i = 0; i < q->views_count; i++) {
		TRY(is_same(cx, c, q->move.to.database, &q->views[i], &made[i]));
		left -= made[i];
	}
	for (size_t before = left + 1; left > 0 && left < before;) {
		before = left;
		for (size_t i = 0; i < q->views_count; i++) {
			if (made[i])
				continue;
			made[i] = make(cx, c, &q->views[i]) == 0;
			if (!made[i] && cx->err->mysql_errno != ER_NO_SUCH_TABLE)
				return refuse(cx, q->move.to.database, q->views[i].name,
				    "cannot be made at the target");
			left -= made[i];
		}
	}
	for (size_t i = 0; left > 0; i++) {
		if (!made[i])
			return refuse(cx, q->move.to.database, q->views[i].name,
			    "cannot be made at the target");
	}
	return 0;
}

/* With the definer's rights, or with theirs. */
static int
read_as_client(struct ctx *cx, struct mysql_client *client, const char *database, const char *view)
{
	SCOPED(buf) struct buf quoted = BUF_INIT;
	struct mysql_rows rows;

	quote_table(&quoted, slice_str(database), slice_str(view));
	return mysql_selectf(cx, client, &rows, "SELECT * FROM %s LIMIT 0", quoted.data);
}

int
view_try(struct ctx *cx, const struct tablet_env *env, const struct table_set *views)
{
	SCOPED(client) struct mysql_client *client = NULL;

	TRY(env_app(cx, env, ROLE_PROBE, &client));
	for (size_t i = 0; i < views->count; i++) {
		if (read_as_client(cx, client, views->database, views->tables[i]) != 0)
			return refuse(cx, views->database, views->tables[i], "cannot be read");
	}
	return 0;
}

int
view_make(struct ctx *cx, const struct tablet_env *env, const struct objects_make_request *q)
{
	SCOPED(client) struct mysql_client *c = NULL;
	SCOPED(client) struct mysql_client *client = NULL;
	const char *database = q->move.to.database;

	TRY(env_dba(cx, env, &c));
	TRY(use(cx, c, database));
	TRY(make_all(cx, c, q));
	TRY(env_app(cx, env, ROLE_PROBE, &client));
	for (size_t i = 0; i < q->views_count; i++) {
		const char *name = q->views[i].name;

		if (read_as_client(cx, client, database, name) != 0 && !mutant("tablet_view_unread"))
			return refuse(cx, database, name, "cannot be read at the target");
		TRY(check_made(cx, c, database, &q->views[i]));
	}
	return 0;
}
