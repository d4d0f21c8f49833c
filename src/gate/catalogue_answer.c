#include "gate/catalogue_answer.h"

#include "gate/catalogue_ship.h"
#include "gate/catalogue_view.h"
#include "sql/quote.h"

/* Rows that have come together: catalogue_begin_row(). */
struct answer {
	const struct mysql_rows *of; /* types of the columns */
	struct buf text;
};

static void
add_row(struct answer *a, const struct slice *row)
{
	catalogue_begin_row(&a->text);
	for (size_t i = 0; i < a->of->columns; i++) {
		if (i > 0)
			buf_add_str(&a->text, ", ");
		catalogue_put_value(&a->text, &a->of->defs[i], row[i]);
	}
	buf_add_char(&a->text, ')');
}

/* Each server is asked once, for the first of its keyspaces. */
static bool
is_first_there(const struct route *r, size_t i)
{
	for (size_t n = 0; n < i; n++) {
		if (r->keyspaces[n].server != NULL &&
		    strcmp(r->keyspaces[n].server, r->keyspaces[i].server) == 0)
			return false;
	}
	return true;
}

/* 1: there are rows; 0: the server refuses. */
static int
ask_server(struct ctx *cx, struct session *s, const struct route_keyspace *k, const char *sql,
    struct mysql_rows *rows)
{
	if (catalogue_select(cx, s, k->server, slice_str(sql), rows) == 0)
		return 1;
	if (cx->err->kind != ERR_SERVER)
		return -1;
	err_clear(cx->err);
	return 0;
}

/* ---- SHOW OPEN TABLES ---- */

/* Is the name hidden by a rule that brings another table? */
static bool
is_hidden(const struct route *r, const struct route_keyspace *k, struct slice table)
{
	const struct route_rule *rule = route_rule(r, slice_str(k->name), table);

	return rule != NULL && catalogue_is_elsewhere(rule);
}

struct open_row {
	const char *server;
	struct slice database, table;
};

static void
add_open(struct answer *a, struct slice *row, struct slice keyspace, struct slice table)
{
	row[0] = keyspace;
	row[1] = table;
	add_row(a, row);
}

/* One table of a server, under each name that it is shown by. */
static void
add_names(struct answer *a, const struct route *r, const struct open_row *o, struct slice *row)
{
	for (size_t i = 0; i < r->keyspaces_count; i++) {
		const struct route_keyspace *k = &r->keyspaces[i];

		if (k->server != NULL && strcmp(k->server, o->server) == 0 &&
		    slice_eq_str(o->database, k->database) && !is_hidden(r, k, o->table))
			add_open(a, row, slice_str(k->name), o->table);
	}
	for (size_t i = 0; i < r->rules.count; i++) {
		const struct route_rule *rule = &r->ruled[i];

		if (rule->to != NULL && catalogue_is_elsewhere(rule) && rule->to->server != NULL &&
		    strcmp(rule->to->server, o->server) == 0 &&
		    slice_eq_str(o->database, rule->to->database) &&
		    slice_eq_str(o->table, rule->record->to_table))
			add_open(a, row, slice_str(rule->record->from_keyspace),
			    slice_str(rule->record->from_table));
	}
}

static int
open_tables(struct ctx *cx, struct session *s, const struct route *r, struct answer *a)
{
	for (size_t i = 0; i < r->keyspaces_count; i++) {
		struct mysql_rows *rows = arena_new(&s->arena, struct mysql_rows);
		int rc;

		if (r->keyspaces[i].server == NULL || !is_first_there(r, i))
			continue;
		rc = ask_server(cx, s, &r->keyspaces[i], "SHOW OPEN TABLES", rows);
		if (rc < 0)
			return -1;
		a->of = rc == 1 && a->of == NULL ? rows : a->of;
		for (size_t n = 0; rc == 1 && n < rows->rows; n++) {
			struct slice *row = &rows->values[n * rows->columns];
			struct open_row o = { r->keyspaces[i].server, row[0], row[1] };

			add_names(a, r, &o, row);
		}
	}
	return 0;
}

/* A server evaluates LIKE and WHERE. The columns get their types from a table that has such columns, and of
 * which no row is asked for. */
static void
put_open_tables(struct buf *out, const struct show *show, const struct answer *a)
{
	buf_add_str(out,
	    "SELECT * FROM (SELECT * FROM (SELECT TABLE_SCHEMA AS `Database`, TABLE_NAME AS `Table`, "
	    "NON_UNIQUE AS In_use, NON_UNIQUE AS Name_locked FROM information_schema.STATISTICS "
	    "WHERE TABLE_SCHEMA = 'information_schema' AND FALSE");
	if (a->text.len > 0)
		buf_addf(out, " UNION ALL %s", a->text.data);
	buf_add_str(out, ") AS t WHERE TRUE");
	if (!slice_is_null(show->database)) {
		buf_add_str(out, " AND `Database` COLLATE utf8mb3_bin = ");
		quote_anywhere(out, show->database);
	}
	if (!slice_is_null(show->like))
		buf_addf(out, " AND `Table` COLLATE utf8mb3_bin LIKE %.*s", SLICE_ARG(show->like));
	buf_add_str(out, ") AS OPEN_TABLES");
	if (!slice_is_null(show->where))
		buf_addf(out, " WHERE %.*s", SLICE_ARG(show->where));
}

/* ---- SHOW GRANTS ---- */

/* Up to the account: "GRANT ... TO `vt_app`@`127.0.0.1` IDENTIFIED ..." is "GRANT ... TO ". */
static bool
cut_account(struct slice grant, struct slice account, struct slice *before, struct slice *behind)
{
	for (size_t i = 0; i + account.len <= grant.len; i++) {
		if (!slice_eq(slice_cut(grant, i, i + account.len), account))
			continue;
		*before = slice_cut(grant, 0, i);
		*behind = slice_cut(grant, i + account.len, grant.len);
		return true;
	}
	return false;
}

/* The account's password is not shown. */
static struct slice
without_secret(struct slice behind)
{
	static const char word[] = " IDENTIFIED ";
	struct slice rest;

	if (!slice_starts(behind, word))
		return behind;
	/* " WITH GRANT OPTION" and what else follows the quoted hash */
	for (size_t i = behind.len; i > 0; i--) {
		rest = slice_cut(behind, i - 1, behind.len);
		if (rest.ptr[0] == '\'')
			return slice_cut(rest, 1, rest.len);
	}
	return slice_cut(behind, behind.len, behind.len);
}

static bool
was_seen(const struct slice *seen, size_t n, struct slice text)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_eq(seen[i], text))
			return true;
	}
	return false;
}

enum {
	GRANTS_MAX = 1000
}; /* more lines than that are cut: of several servers, and of one account */

struct grants {
	struct slice *lines;
	size_t count;
	struct slice account; /* `user`@`host`, as a server writes the gate's */
};

static void
add_grants(struct session *s, const struct mysql_rows *rows, struct grants *g)
{
	for (size_t i = 0; i < rows->rows && g->count < GRANTS_MAX; i++) {
		struct slice before, behind, line;
		SCOPED(buf)
		struct buf text = BUF_INIT;

		if (!cut_account(rows->values[i], g->account, &before, &behind))
			continue; /* of a role, which the client cannot name */
		buf_add_slice(&text, before);
		quote_ident(&text, slice_str(s->user));
		buf_add_str(&text, "@`%`");
		buf_add_slice(&text, without_secret(behind));
		line = arena_dup(&s->arena, buf_slice(&text));
		if (!was_seen(g->lines, g->count, line))
			g->lines[g->count++] = line;
	}
}

/* "Grants for vt_app@127.0.0.1" is the column's name. */
static struct slice
account_of(struct session *s, const struct mysql_rows *rows)
{
	static const char prefix[] = "Grants for ";
	struct slice name = slice_cut(rows->names[0], sizeof prefix - 1, rows->names[0].len), user;
	size_t at = name.len;
	SCOPED(buf)
	struct buf text = BUF_INIT;

	while (at > 0 && name.ptr[at - 1] != '@')
		at--;
	user = slice_cut(name, 0, at > 0 ? at - 1 : 0);
	quote_ident(&text, user);
	buf_add_char(&text, '@');
	quote_ident(&text, slice_cut(name, at, name.len));
	return arena_dup(&s->arena, buf_slice(&text));
}

static int
grants(struct ctx *cx, struct session *s, const struct route *r, struct buf *out)
{
	struct grants g = { .lines = arena_array(&s->arena, struct slice, GRANTS_MAX) };
	SCOPED(buf)
	struct buf more = BUF_INIT;

	for (size_t i = 0; i < r->keyspaces_count; i++) {
		struct mysql_rows rows;
		int rc;

		if (r->keyspaces[i].server == NULL || !is_first_there(r, i))
			continue;
		rc = ask_server(cx, s, &r->keyspaces[i], "SHOW GRANTS", &rows);
		if (rc < 0)
			return -1;
		if (rc == 0 || rows.columns != 1)
			continue;
		g.account = account_of(s, &rows);
		add_grants(s, &rows, &g);
	}
	if (g.count == 0)
		return 0;
	buf_add_str(out, "SELECT ");
	quote_anywhere(out, g.lines[0]);
	buf_add_str(out, " AS ");
	quote_ident(out, slice_str(arena_printf(&s->arena, "Grants for %s@%%", s->user)));
	for (size_t i = 1; i < g.count; i++) {
		catalogue_begin_row(&more);
		quote_anywhere(&more, g.lines[i]);
		buf_add_char(&more, ')');
	}
	if (more.len > 0)
		buf_addf(out, " UNION ALL %s", more.data);
	return 0;
}

/* ---- SHOW CREATE TRIGGER ---- */

/* Is the trigger that of the table which the rule brings? As ask_server(). */
static int
ask_trigger(struct ctx *cx, struct session *s, const struct route_rule *rule, struct slice name)
{
	struct mysql_rows rows;
	int rc;
	SCOPED(buf)
	struct buf sql = BUF_INIT;

	buf_add_str(&sql, "SELECT 1 FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ");
	quote_anywhere(&sql, slice_str(rule->to->database));
	buf_add_str(&sql, " AND EVENT_OBJECT_TABLE = ");
	quote_anywhere(&sql, slice_str(rule->record->to_table));
	buf_add_str(&sql, " AND TRIGGER_NAME = ");
	quote_anywhere(&sql, name);
	rc = ask_server(cx, s, rule->to, sql.data, &rows);
	return rc == 1 && rows.rows == 0 ? 0 : rc;
}

enum { TRIGGER_TEXT = 2 }; /* "SQL Original Statement" */

static int
put_trigger(struct ctx *cx, struct session *s, const struct route_rule *rule,
    const struct show *show, struct buf *out)
{
	struct mysql_rows rows;
	int rc;
	SCOPED(buf)
	struct buf sql = BUF_INIT;

	buf_add_str(&sql, "SHOW CREATE TRIGGER ");
	quote_table(&sql, slice_str(rule->to->database), show->name);
	rc = ask_server(cx, s, rule->to, sql.data, &rows);
	if (rc != 1 || rows.rows != 1 || rows.columns <= TRIGGER_TEXT)
		return rc < 0 ? -1 : 0;
	rows.values[TRIGGER_TEXT] = catalogue_rename_text(&s->arena, s->loop->in_flight.route,
	    rule->to, show->database, rows.values[TRIGGER_TEXT]);
	for (size_t i = 0; i < rows.columns; i++) {
		buf_add_str(out, i == 0 ? "SELECT " : ", ");
		catalogue_put_value(out, &rows.defs[i], rows.values[i]);
		buf_add_str(out, " AS ");
		quote_ident(out, rows.names[i]);
	}
	return 0;
}

static int
show_trigger(struct ctx *cx, struct session *s, const struct route *r, const struct show *show,
    struct buf *out)
{
	for (size_t i = 0; i < r->rules.count && !slice_is_null(show->database); i++) {
		const struct route_rule *rule = &r->ruled[i];
		int rc;

		if (!slice_eq_str(show->database, rule->record->from_keyspace) ||
		    !catalogue_is_elsewhere(rule) || rule->to == NULL || rule->to->server == NULL)
			continue;
		rc = ask_trigger(cx, s, rule, show->name);
		if (rc != 0)
			return rc < 0 ? -1 : put_trigger(cx, s, rule, show, out);
	}
	return 0;
}

int
catalogue_answer(struct ctx *cx, struct session *s, const struct route *route,
    const struct show *show, struct buf *out)
{
	struct answer a = { .text = BUF_INIT };
	int rc;

	if (show->kind == SHOW_GRANTS)
		return grants(cx, s, route, out);
	if (show->kind == SHOW_CREATE_TRIGGER)
		return show_trigger(cx, s, route, show, out);
	if (show->kind != SHOW_OPEN_TABLES)
		return 0;
	rc = open_tables(cx, s, route, &a);
	if (rc == 0 && a.of != NULL)
		put_open_tables(out, show, &a);
	buf_done(&a.text);
	return rc;
}
