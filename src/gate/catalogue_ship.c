#include "gate/catalogue_ship.h"

#include "gate/refuse.h"
#include "sql/lexer.h"
#include "sql/quote.h"

enum { COLUMNS_MAX = 64 }; /* no table has so many */

/* ---- reading ---- */

/* whole: nothing is cut short. */
struct question {
	const char *server;
	struct slice sql;
	bool whole;
};

static int
ask(struct ctx *cx, struct mysql_client *c, const struct question *q, struct mysql_rows *out)
{
	SCOPED(buf)
	struct buf sql = BUF_INIT;

	if (!q->whole)
		return mysql_select(cx, c, q->sql, out);
	mysql_dialect(c)->whole(&sql, q->sql);
	return mysql_select(cx, c, buf_slice(&sql), out);
}

static struct pool_key
key_of(const struct session *s, const char *server)
{
	return (struct pool_key){ server, s->caps & POOL_CAPS, COLLATION_UTF8MB4_GENERAL_CI };
}

int
catalogue_dialect(struct ctx *cx, struct session *s, const char *server, const struct dialect **out)
{
	struct pool_key key = key_of(s, server);
	struct backend *b;

	TRY(pool_take(cx, &s->loop->pool, &key, &b));
	*out = mysql_dialect(b->client);
	pool_give(&s->loop->pool, b, !mysql_broken(b->client));
	return 0;
}

static int
ask_server(struct ctx *cx, struct session *s, const struct question *q, struct mysql_rows *out)
{
	struct pool_key key = key_of(s, q->server);
	struct ctx inner = *cx;
	struct backend *b;
	int rc;

	inner.arena = &s->arena;
	TRY(pool_take(cx, &s->loop->pool, &key, &b));
	rc = b->session == 0 ? 0 : backend_reset(cx, b);
	if (rc == 0)
		rc = ask(&inner, b->client, q, out);
	pool_give(&s->loop->pool, b, !mysql_broken(b->client));
	return rc;
}

int
catalogue_select(
    struct ctx *cx, struct session *s, const char *server, struct slice sql, struct mysql_rows *out)
{
	const struct question q = { server, sql, false };

	return ask_server(cx, s, &q, out);
}

/* "SELECT 0, T.* ... UNION ALL SELECT 1, T.* ...": each row says which source it is of. */
static void
put_query(const struct catalogue_ask *ask, const struct dialect *d, const struct catalogue_view *v,
    struct buf *out)
{
	for (size_t i = 0; i < v->count; i++) {
		buf_addf(out, "%sSELECT %zu, T.* FROM (", i == 0 ? "" : " UNION ALL ", i);
		catalogue_query(ask, d, out);
		buf_add_str(out, " WHERE ");
		buf_add_slice(out, v->sources[i].where);
		buf_add_str(out, ") AS T");
	}
}

/* ---- names ---- */

/* Where in a row the names are. */
struct places {
	bool is_schema[COLUMNS_MAX], is_table[COLUMNS_MAX];
	size_t to_schema, to_table, text; /* SIZE_MAX: none */
	size_t columns;
};

static struct places
find_places(const struct catalogue_table *t, const struct mysql_rows *rows)
{
	struct places p = { .to_schema = SIZE_MAX, .to_table = SIZE_MAX, .text = SIZE_MAX };

	p.columns = rows->columns < COLUMNS_MAX ? rows->columns : COLUMNS_MAX;
	for (size_t i = 1; i < p.columns; i++) {
		p.is_schema[i] = catalogue_is_schema(t, rows->names[i]);
		p.is_table[i] = catalogue_is_table(t, rows->names[i]);
		if (t->to_table != NULL && slice_eq_nocase(rows->names[i], slice_str(t->to_schema)))
			p.to_schema = i;
		if (t->to_table != NULL && slice_eq_nocase(rows->names[i], slice_str(t->to_table)))
			p.to_table = i;
		if (t->text != NULL && slice_eq_nocase(rows->names[i], slice_str(t->text)))
			p.text = i;
	}
	return p;
}

/* By which name the keyspace shows a table that lies somewhere: false when no rule says so. */
static bool
find_shown(const struct route *route, struct slice keyspace, struct slice database,
    struct slice table, struct slice *out)
{
	for (size_t i = 0; i < route->rules.count; i++) {
		const struct route_rule *r = &route->ruled[i];

		if (r->to != NULL && slice_eq_str(keyspace, r->record->from_keyspace) &&
		    slice_eq_str(database, r->to->database) &&
		    slice_eq_str(table, r->record->to_table)) {
			*out = slice_str(r->record->from_table);
			return true;
		}
	}
	return false;
}

static bool
is_dot(const struct token *t)
{
	return t->kind == TOKEN_PUNCT && t->punct == '.';
}

static struct slice
unquoted(struct slice text, const struct token *t)
{
	bool quoted = t->kind == TOKEN_QUOTED;

	return slice_cut(text, t->start + quoted, t->end - quoted);
}

struct slice
catalogue_rename_text(struct arena *a, const struct route *route, const struct route_keyspace *at,
    struct slice as_keyspace, struct slice text)
{
	struct lexer lexer;
	struct token t[3] = { { .kind = TOKEN_END } }; /* the last three */
	struct err err;
	struct slice shown;
	size_t done = 0;
	SCOPED(buf)
	struct buf out = BUF_INIT;

	lexer_init(&lexer, text, 0);
	while (lexer_next(&lexer, &t[2], &err) == 0 && t[2].kind != TOKEN_END) {
		if (t[0].kind != TOKEN_END && t[0].start >= done && is_dot(&t[1]) &&
		    slice_eq_str(unquoted(text, &t[0]), at->database) &&
		    find_shown(
			route, as_keyspace, unquoted(text, &t[0]), unquoted(text, &t[2]), &shown)) {
			buf_add_slice(&out, slice_cut(text, done, t[0].start));
			quote_table(&out, as_keyspace, shown);
			done = t[2].end;
		}
		t[0] = t[1];
		t[1] = t[2];
	}
	buf_add_slice(&out, slice_cut(text, done, text.len));
	return arena_dup(a, buf_slice(&out));
}

static void
rename_row(struct arena *a, const struct catalogue_ask *ask, const struct catalogue_source *s,
    const struct places *p, struct slice *row)
{
	struct slice database = slice_str(s->at->database), shown;

	if (p->text != SIZE_MAX && !slice_is_null(row[p->text]) &&
	    !slice_eq(database, s->as_keyspace))
		row[p->text] =
		    catalogue_rename_text(a, ask->route, s->at, s->as_keyspace, row[p->text]);

	for (size_t i = 1; i < p->columns; i++) {
		if (p->is_schema[i] && slice_eq(row[i], database))
			row[i] = s->as_keyspace;
		else if (p->is_table[i] && !slice_is_null(s->table) && slice_eq(row[i], s->table))
			row[i] = s->as_table;
	}
	if (p->to_schema == SIZE_MAX || p->to_table == SIZE_MAX || slice_is_null(row[p->to_schema]))
		return;
	if (find_shown(ask->route, s->as_keyspace, row[p->to_schema], row[p->to_table], &shown)) {
		row[p->to_schema] = s->as_keyspace;
		row[p->to_table] = shown;
	} else if (slice_is_null(s->table) && slice_eq(row[p->to_schema], database)) {
		row[p->to_schema] = s->as_keyspace;
	}
}

/* ---- literals ---- */

static void
put_cast(struct buf *out, struct slice value, const char *type)
{
	buf_add_str(out, "CAST(");
	if (slice_is_null(value))
		buf_add_str(out, "NULL");
	else
		buf_add_slice(out, value);
	buf_addf(out, " AS %s)", type);
}

static void
put_datetime(struct buf *out, const struct column_def *def, struct slice value)
{
	buf_add_str(out, "CAST(");
	if (slice_is_null(value))
		buf_add_str(out, "NULL");
	else
		buf_addf(out, "'%.*s'", SLICE_ARG(value));
	buf_addf(out, " AS DATETIME(%d))", def->decimals <= 6 ? def->decimals : 0);
}

static bool
is_integer(unsigned type)
{
	return type == TYPE_TINY || type == TYPE_SHORT || type == TYPE_INT24 || type == TYPE_LONG ||
	    type == TYPE_LONGLONG || type == TYPE_YEAR;
}

/* The catalogues have integers, moments and texts; a number of another kind is read out of its text. */
void
catalogue_put_value(struct buf *out, const struct column_def *def, struct slice value)
{
	if (is_integer(def->type))
		put_cast(out, value, (def->flags & COLUMN_UNSIGNED) != 0 ? "UNSIGNED" : "SIGNED");
	else if (def->type == TYPE_DATETIME || def->type == TYPE_TIMESTAMP)
		put_datetime(out, def, value);
	else if (slice_is_null(value))
		buf_add_str(out, "NULL");
	else
		quote_anywhere(out, value);
}

void
catalogue_begin_row(struct buf *out)
{
	buf_add_str(out, out->len == 0 ? "VALUES " DIALECT_ROW "(" : ", " DIALECT_ROW "(");
}

/* Where a row of a source has each of the home's columns: other versions have others, and another order. */
struct mapping {
	const struct mysql_rows *home; /* no rows */
	size_t at[COLUMNS_MAX];        /* 0, where the source's number is: it has none */
};

static void
map_columns(struct mapping *m, const struct mysql_rows *rows)
{
	for (size_t i = 0; i < m->home->columns && i < COLUMNS_MAX; i++) {
		m->at[i] = 0;
		for (size_t n = 1; n < rows->columns; n++)
			if (slice_eq_nocase(m->home->names[i], rows->names[n]))
				m->at[i] = n;
	}
}

static int
put_row(struct buf *out, const struct mapping *m, const struct slice *row, struct err *err)
{
	catalogue_begin_row(out);
	for (size_t i = 0; i < m->home->columns && i < COLUMNS_MAX; i++) {
		if (i > 0)
			buf_add_str(out, ", ");
		catalogue_put_value(
		    out, &m->home->defs[i], m->at[i] == 0 ? SLICE_NULL : row[m->at[i]]);
	}
	buf_add_char(out, ')');
	if (out->len <= CATALOGUE_SHIP_MAX)
		return 0;
	return refuse(err, ER_NOT_SUPPORTED_YET,
	    "so much of information_schema from several servers (more than %d bytes): "
	    "let the WHERE say which table_schema or table_name is meant",
	    CATALOGUE_SHIP_MAX);
}

/* ---- one server ---- */

/* Queries have so many parts at most: each costs its server a table. */
enum { PARTS_MAX = 50 };

struct shipment {
	struct session *s;
	const struct catalogue_ask *ask;
	const struct catalogue_view *view;
	size_t at; /* of the sources: the first that was not asked for yet */
	struct mapping mapping;
	struct buf *values;
};

static size_t
count_together(const struct catalogue_view *v, size_t at)
{
	size_t n = 1;

	while (at + n < v->count && n < PARTS_MAX &&
	    strcmp(v->sources[at + n].at->server, v->sources[at].at->server) == 0)
		n++;
	return n;
}

static size_t
number(struct slice digits)
{
	size_t n = 0;

	for (size_t i = 0; i < digits.len; i++)
		n = n * 10 + (size_t)(digits.ptr[i] - '0');
	return n;
}

static bool
has_no_such_table(const struct err *err)
{
	enum { ER_UNKNOWN_TABLE = 1109 };

	return err->kind == ERR_SERVER && err->mysql_errno == ER_UNKNOWN_TABLE;
}

/* The next sources that are at one server. */
static int
ship_next(struct ctx *cx, struct shipment *p)
{
	const struct catalogue_source *sources = &p->view->sources[p->at];
	size_t n = count_together(p->view, p->at);
	struct mysql_rows rows;
	struct places places;
	const struct dialect *dialect = NULL;
	SCOPED(buf)
	struct buf sql = BUF_INIT;

	p->at += n;
	if (p->ask->table->by_dialect)
		TRY(catalogue_dialect(cx, p->s, sources[0].at->server, &dialect));
	const struct catalogue_view part = { .sources = p->view->sources + p->at - n, .count = n };
	put_query(p->ask, dialect, &part, &sql);
	const struct question q = { sources[0].at->server, buf_slice(&sql), true };
	if (ask_server(cx, p->s, &q, &rows) != 0)
		return has_no_such_table(cx->err) ? err_clear(cx->err), 0 : -1;
	places = find_places(p->ask->table, &rows);
	map_columns(&p->mapping, &rows);
	for (size_t i = 0; i < rows.rows; i++) {
		struct slice *row = &rows.values[i * rows.columns];
		size_t source = number(row[0]);

		if (source >= n)
			return err_set(cx->err, ERR_CORRUPT, "a row that was not asked for");
		rename_row(&p->s->arena, p->ask, &sources[source], &places, row);
		TRY(put_row(p->values, &p->mapping, row, cx->err));
	}
	return 0;
}

int
catalogue_home(
    struct ctx *cx, struct session *s, const struct catalogue_ask *ask, struct mysql_rows *out)
{
	SCOPED(buf)
	struct buf sql = BUF_INIT;

	catalogue_query(ask, ask->dialect, &sql);
	buf_add_str(&sql, " WHERE FALSE");
	return catalogue_select(cx, s, ask->home, buf_slice(&sql), out);
}

int
catalogue_ship(struct ctx *cx, struct session *s, const struct catalogue_ask *ask,
    const struct catalogue_view *view, struct buf *out)
{
	SCOPED(buf)
	struct buf values = BUF_INIT;
	struct shipment p = { .s = s, .ask = ask, .view = view, .values = &values };
	struct mysql_rows home;

	if (view->count == 0)
		return 0;
	TRY(catalogue_home(cx, s, ask, &home));
	p.mapping.home = &home;
	while (p.at < view->count)
		TRY(ship_next(cx, &p));
	buf_add_slice(out, buf_slice(&values));
	return 0;
}
