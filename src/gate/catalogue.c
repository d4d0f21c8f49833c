#include "gate/catalogue.h"

#include "gate/catalogue_answer.h"
#include "gate/catalogue_ship.h"
#include "gate/catalogue_show.h"
#include "gate/kill_ask.h"
#include "gate/processes.h"
#include "gate/refuse.h"
#include "rpc/api.h"
#include "sql/quote.h"

static bool
is_information_schema(struct slice database)
{
	return slice_eq_nocase(database, slice_str("information_schema"));
}

/* Those whose text a server keeps stay as they are, and so does what is only explained. */
static bool
is_query(enum statement_kind kind)
{
	return kind == STATEMENT_SELECT || kind == STATEMENT_SELECT_LOCKING ||
	    kind == STATEMENT_WRITE || kind == STATEMENT_SET || kind == STATEMENT_CALL;
}

/* One statement being rewritten. */
struct rewriting {
	struct session *s;
	const struct plan_input *in;
	const char *home;
	bool others; /* catalogue_view.h */
	struct buf text;
	size_t done; /* of the old text */
	bool changed;
};

static const struct catalogue_table *
table_of(const struct rewriting *r, const struct table_ref *t)
{
	struct slice database = slice_is_null(t->database) ? r->in->keyspace : t->database;

	if (t->role == TABLE_QUALIFIER || t->role == TABLE_UNCLEAR || slice_is_null(t->table) ||
	    slice_is_null(database) || !is_information_schema(database))
		return NULL;
	return catalogue_table(t->table);
}

/* As many rows as there are; a derived table with a LIMIT is not merged into its query, which would name the
 * columns as the catalogue does and not as the statement. */
#define NOT_MERGED " LIMIT 18446744073709551615"

/* ( ... ) [AS `name`] */
static void
put_derived(struct rewriting *r, const struct catalogue_ask *ask, const struct table_ref *t,
    struct slice own, struct slice values)
{
	buf_add_char(&r->text, '(');
	catalogue_query(ask, ask->dialect, &r->text);
	buf_addf(&r->text, " WHERE %.*s", SLICE_ARG(own));
	if (values.len > 0)
		buf_addf(&r->text, " UNION ALL %.*s", SLICE_ARG(values));
	else
		buf_add_str(&r->text, NOT_MERGED);
	buf_add_char(&r->text, ')');
	if (!t->aliased) {
		buf_add_str(&r->text, " AS ");
		quote_ident(&r->text, t->table);
	}
	r->changed = true;
}

static bool
is_known(struct slice column)
{
	for (size_t i = 0; i < PROCESSES_COLUMNS; i++)
		if (slice_eq_nocase(column, slice_str(processes_columns[i])))
			return true;
	return false;
}

/* The gate's clients, with the columns that such a row has at the home; what is not known of them is
 * NULL. A row of NULLs gives the columns their names. */
static int
put_clients(struct ctx *cx, struct session *s, const struct catalogue_ask *ask, struct buf *out)
{
	struct mysql_rows home;
	SCOPED(buf)
	struct buf rows = BUF_INIT;

	TRY(catalogue_home(cx, s, ask, &home));
	TRY(kill_list(cx, s, &rows));
	for (size_t i = 0; i < home.columns; i++) {
		buf_add_str(out, i == 0 ? "SELECT " : ", ");
		if (is_known(home.names[i]))
			quote_ident(out, home.names[i]);
		else
			buf_add_str(out, "NULL");
	}
	buf_add_str(out, " FROM (SELECT ");
	for (size_t i = 0; i < PROCESSES_COLUMNS; i++)
		buf_addf(out, "%sNULL AS %s", i == 0 ? "" : ", ", processes_columns[i]);
	buf_addf(out, " UNION ALL VALUES %s) AS clients WHERE ID IS NOT NULL", rows.data);
	return 0;
}

static int
replace_table(struct ctx *cx, struct rewriting *r, const struct table_ref *t)
{
	struct conditions conditions;
	struct catalogue_view view;
	struct catalogue_ask ask = { .route = r->in->route,
		.table = table_of(r, t),
		.home = r->home,
		.others = r->others,
		.keyspace = r->in->keyspace,
		.conditions = &conditions };
	SCOPED(buf)
	struct buf values = BUF_INIT;

	ask.grantee = arena_printf(&r->s->arena, "'%s'@'%%'", r->s->user);
	TRY(conditions_read(&r->s->arena, slice_cut(r->in->sql, t->end, r->in->sql.len),
	    r->in->modes, &conditions, cx->err));
	ask.alias = t->aliased ? conditions.alias : t->table;
	if (ask.table->by_dialect)
		TRY(catalogue_dialect(cx, r->s, r->home, &ask.dialect));
	catalogue_view(&r->s->arena, &ask, &view);
	if (view.untouched) {
		buf_add_slice(&r->text, slice_cut(r->in->sql, t->start, t->end));
		return 0;
	}
	TRY(catalogue_ship(cx, r->s, &ask, &view, &values));
	if (ask.table->clients)
		TRY(put_clients(cx, r->s, &ask, &values));
	put_derived(r, &ask, t, view.own, buf_slice(&values));
	return 0;
}

/* information_schema.tables.table_name: the derived table has no database. */
static bool
is_qualifier(const struct table_ref *t)
{
	return t->role == TABLE_QUALIFIER && !slice_is_null(t->database) &&
	    is_information_schema(t->database) && catalogue_table(t->table) != NULL;
}

/* The next of them in the text. */
static const struct table_ref *
next_ref(const struct rewriting *r)
{
	const struct statement *s = r->in->statement;
	const struct table_ref *best = NULL;

	for (size_t i = 0; i < s->tables_count; i++) {
		const struct table_ref *t = &s->tables[i];

		if (t->start >= r->done && (best == NULL || t->start < best->start) &&
		    (table_of(r, t) != NULL || is_qualifier(t)))
			best = t;
	}
	return best;
}

static int
rewrite(struct ctx *cx, struct rewriting *r)
{
	const struct table_ref *t;

	while ((t = next_ref(r)) != NULL) {
		buf_add_slice(&r->text, slice_cut(r->in->sql, r->done, t->start));
		if (is_qualifier(t))
			quote_ident(&r->text, t->table);
		else
			TRY(replace_table(cx, r, t));
		r->done = t->end;
	}
	buf_add_slice(&r->text, slice_cut(r->in->sql, r->done, r->in->sql.len));
	return 0;
}

/* Another text in the place of the client's. */
static int
plan_text(struct session *s, const struct plan_input *in, struct slice text, struct plan *out,
    struct err *err)
{
	struct plan_input other = *in;
	struct statement *st = arena_new(&s->arena, struct statement);

	other.sql = arena_dup(&s->arena, text);
	TRY(statement_read(&s->arena, other.sql, in->modes, st, err));
	other.statement = st;
	TRY(plan_make(&s->arena, &other, out, err));
	out->rewritten = true;
	return 0;
}

/* Tables of information_schema in a query. */
static int
plan_query(struct ctx *cx, struct session *s, const struct plan_input *in, struct plan *out)
{
	const struct route_keyspace *home = out->place != NULL ? out->place : route_any(in->route);
	const struct route_keyspace *base = route_base(in->route, in->base);
	struct rewriting r = { .s = s, .in = in, .text = BUF_INIT };
	int rc = 0;

	if (home == NULL || home->server == NULL)
		return 0; /* refused where a backend is taken */
	r.home = home->server;
	r.others = base != NULL && base->server != NULL && strcmp(base->server, home->server) == 0;
	rc = rewrite(cx, &r);
	if (rc == 0 && r.changed)
		rc = plan_text(s, in, buf_slice(&r.text), out, cx->err);
	out->catalogue = true;
	buf_done(&r.text);
	return rc;
}

/* Nobody's to see. */
static bool
is_fence(struct slice trigger)
{
	return slice_starts(trigger, FENCE_PREFIX) || slice_starts(trigger, FENCE_PREFIX_0_1);
}

/* With its database, wherever the session is. */
static void
place_trigger(const struct route *route, const struct show *show, struct plan *out)
{
	const struct route_keyspace *k =
	    slice_is_null(show->database) ? NULL : route_keyspace(route, show->database);

	if (k == NULL || k->server == NULL)
		return;
	out->place = k;
	out->in_place = true;
}

/* A SHOW that lists things. */
static int
plan_show(struct ctx *cx, struct session *s, const struct plan_input *in, struct plan *out)
{
	const struct route_keyspace *home = out->place != NULL ? out->place : route_any(in->route);
	const struct dialect *dialect = NULL;
	struct plan_input other = *in;
	struct statement *st;
	struct show show;
	SCOPED(buf)
	struct buf query = BUF_INIT;

	TRY(show_read(&s->arena, in->sql, in->modes, &show, cx->err));
	if (show.kind == SHOW_CREATE_TRIGGER && is_fence(show.name))
		return refuse(cx->err, ER_TRG_DOES_NOT_EXIST, "Trigger does not exist");
	if (show.kind == SHOW_CREATE_TRIGGER && slice_is_null(show.database))
		show.database = in->keyspace;
	bool by_home = show.kind == SHOW_PROCESSLIST || show.kind == SHOW_TABLE_STATUS;
	if (by_home && (home == NULL || home->server == NULL))
		return 0; /* refused where a backend is taken */
	if (by_home)
		TRY(catalogue_dialect(cx, s, home->server, &dialect));
	if (!catalogue_show_query(in->route, &show, in->keyspace, dialect, &query))
		TRY(catalogue_answer(cx, s, in->route, &show, &query));
	if (query.len == 0) {
		if (show.kind == SHOW_CREATE_TRIGGER)
			place_trigger(in->route, &show, out);
		return 0;
	}
	st = arena_new(&s->arena, struct statement);
	other.sql = arena_dup(&s->arena, buf_slice(&query));
	other.statement = st;
	TRY(statement_read(&s->arena, other.sql, in->modes, st, cx->err));
	TRY(plan_make(&s->arena, &other, out, cx->err));
	out->rewritten = out->catalogue = true;
	return plan_query(cx, s, &other, out);
}

int
catalogue_plan(struct ctx *cx, struct session *s, const struct plan_input *in, struct plan *out)
{
	TRY(plan_make(&s->arena, in, out, cx->err));
	if (!in->statement->understood)
		return 0;
	if (in->statement->kind == STATEMENT_SHOW)
		return plan_show(cx, s, in, out);
	return out->catalogue && is_query(in->statement->kind) ? plan_query(cx, s, in, out) : 0;
}
