#include "gate/catalogue_view.h"

#include "rpc/api.h"
#include "sql/quote.h"

#include <stdlib.h>

/* Of the servers themselves: shown as the home has them. */
static const char *const SYSTEM[] = { "information_schema", "mysql", "performance_schema", "sys" };
enum { SYSTEM_COUNT = sizeof SYSTEM / sizeof SYSTEM[0] };

bool
catalogue_is_elsewhere(const struct route_rule *r)
{
	return strcmp(r->record->from_keyspace, r->record->to_keyspace) != 0 ||
	    strcmp(r->record->from_table, r->record->to_table) != 0;
}

bool
catalogue_has_moved(const struct route *r, struct slice keyspace)
{
	for (size_t i = 0; i < r->rules.count; i++) {
		if (slice_eq_str(keyspace, r->ruled[i].record->from_keyspace) &&
		    catalogue_is_elsewhere(&r->ruled[i]))
			return true;
	}
	return false;
}

/* ---- conditions of the statement ---- */

static bool
is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] >= 0x80)
			return false;
	}
	return true;
}

/* Is it surely about this table, and are its values what servers read in them? */
static bool
applies(const struct catalogue_ask *ask, const struct condition *c)
{
	for (size_t i = 0; i < c->values_count; i++) {
		if (!is_ascii(c->values[i]))
			return false;
	}
	return slice_is_null(c->qualifier) || slice_eq(c->qualifier, ask->alias);
}

typedef bool column_fn(const struct catalogue_table *t, struct slice column);

/* As the catalogue compares: letters' case and blanks at the end do not matter. */
static bool
equal(struct slice a, struct slice b)
{
	while (a.len > 0 && a.ptr[a.len - 1] == ' ')
		a.len--;
	while (b.len > 0 && b.ptr[b.len - 1] == ' ')
		b.len--;
	return slice_eq_nocase(a, b);
}

static bool
has_value(const struct catalogue_ask *ask, const struct condition *c, struct slice value)
{
	if (c->is_database)
		return !slice_is_null(ask->keyspace) && equal(ask->keyspace, value);
	for (size_t i = 0; i < c->values_count; i++) {
		if (equal(c->values[i], value))
			return true;
	}
	return false;
}

/* May rows with this value be shown? */
static bool
is_wanted(const struct catalogue_ask *ask, column_fn *is_column, struct slice value)
{
	for (size_t i = 0; i < ask->conditions->count; i++) {
		const struct condition *c = &ask->conditions->items[i];

		if (is_column(ask->table, c->column) && applies(ask, c) && !has_value(ask, c, value))
			return false;
	}
	return true;
}

static bool
wants_schema(const struct catalogue_ask *ask, const char *name)
{
	return is_wanted(ask, catalogue_is_schema, slice_str(name));
}

/* ---- texts ---- */

static void
put_list(struct buf *out, const struct slice *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_add_str(out, i == 0 ? "(" : ", ");
		quote_anywhere(out, values[i]);
	}
	buf_add_char(out, ')');
}

/* The statement's conditions on names of tables: a server looks one name up without a search. */
static void
put_conditions(const struct catalogue_ask *ask, struct buf *out)
{
	for (size_t i = 0; i < ask->conditions->count; i++) {
		const struct condition *c = &ask->conditions->items[i];

		if (!catalogue_is_table(ask->table, c->column) || !applies(ask, c) || c->is_database)
			continue;
		buf_addf(out, " AND %s IN ", ask->table->table);
		put_list(out, c->values, c->values_count);
	}
}

/* A fence's triggers are not shown. */
static void
put_triggers(const struct catalogue_ask *ask, struct buf *out)
{
	static const char *const prefixes[] = { FENCE_PREFIX, FENCE_PREFIX_0_1 };

	if (strcmp(ask->table->name, "TRIGGERS") != 0)
		return;
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
		buf_addf(
		    out, " AND LEFT(TRIGGER_NAME, %zu) <> '%s'", strlen(prefixes[i]), prefixes[i]);
}

/* Names of the keyspace that mean tables of other places. How many? */
static size_t
put_hidden(const struct catalogue_ask *ask, const struct route_keyspace *k, struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; ask->table->table != NULL && i < ask->route->rules.count; i++) {
		const struct route_rule *r = &ask->route->ruled[i];

		if (strcmp(r->record->from_keyspace, k->name) != 0 || !catalogue_is_elsewhere(r) ||
		    !is_wanted(ask, catalogue_is_table, slice_str(r->record->from_table)))
			continue;
		if (n++ == 0)
			buf_addf(out, " AND NOT (%s = _utf8mb3'%s' AND %s COLLATE utf8mb3_bin IN (",
			    ask->table->schema, k->database, ask->table->table);
		else
			buf_add_str(out, ", ");
		quote_anywhere(out, slice_str(r->record->from_table));
	}
	if (n > 0)
		buf_add_str(out, "))");
	return n;
}

/* The gate's account is shown under the client's name. */
static void
put_grantee(const struct catalogue_ask *ask, struct buf *out)
{
	buf_add_str(out,
	    "IF(GRANTEE = CONCAT(CHAR(39 USING utf8mb3), REPLACE(CURRENT_USER(), CHAR(64 USING "
	    "utf8mb3), _utf8mb3 0x274027), CHAR(39 USING utf8mb3)), ");
	quote_anywhere(out, slice_str(ask->grantee));
	buf_add_str(out, ", GRANTEE) AS GRANTEE, ");
}

void
catalogue_query(const struct catalogue_ask *ask, const struct dialect *d, struct buf *out)
{
	buf_add_str(out, "SELECT ");
	if (d != NULL && d->check_constraints_sql != NULL) {
		buf_addf(out, "%s FROM %s", d->check_constraints_columns, d->check_constraints_sql);
		return;
	}
	if (ask->table->grantee)
		put_grantee(ask, out);
	buf_add_str(out, ask->table->columns != NULL ? ask->table->columns : "*");
	buf_addf(out, " FROM information_schema.%s", ask->table->name);
}

/* ---- the home's own rows ---- */

/* Its database is at the home, under its own name. */
static bool
is_native(const struct catalogue_ask *ask, const struct route_keyspace *k)
{
	return k->server != NULL && strcmp(k->server, ask->home) == 0 &&
	    strcmp(k->name, k->database) == 0;
}

static bool
is_system(struct slice name)
{
	for (size_t i = 0; i < SYSTEM_COUNT; i++) {
		if (equal(name, slice_str(SYSTEM[i])))
			return true;
	}
	return false;
}

/* Is the condition about keyspaces and the servers' databases alone? */
static bool
excludes_others(const struct catalogue_ask *ask, const struct condition *c)
{
	if (!catalogue_is_schema(ask->table, c->column) || !applies(ask, c))
		return false;
	if (c->is_database)
		return slice_is_null(ask->keyspace) ||
		    route_keyspace(ask->route, ask->keyspace) != NULL;
	for (size_t i = 0; i < c->values_count; i++) {
		if (!is_system(c->values[i]) && route_keyspace(ask->route, c->values[i]) == NULL)
			return false;
	}
	return true;
}

static bool
wants_others(const struct catalogue_ask *ask)
{
	for (size_t i = 0; i < ask->conditions->count; i++) {
		if (excludes_others(ask, &ask->conditions->items[i]))
			return false;
	}
	return ask->others;
}

/* Do the statement's conditions leave nothing but databases that the home shows as they are? */
static bool
is_bounded(const struct catalogue_ask *ask)
{
	bool bounded = false;

	for (size_t i = 0; i < ask->conditions->count; i++) {
		const struct condition *c = &ask->conditions->items[i];

		if (!catalogue_is_schema(ask->table, c->column) || !applies(ask, c))
			continue;
		bounded = true;
		for (size_t v = 0; v < c->values_count; v++) {
			const struct route_keyspace *k = route_keyspace(ask->route, c->values[v]);

			if (!is_system(c->values[v]) && (k == NULL || !is_native(ask, k)))
				return false;
		}
	}
	return bounded;
}

/* The row's database, without the backslashes of a pattern. */
static void
put_schema(const struct catalogue_ask *ask, struct buf *out)
{
	buf_addf(out, ask->table->pattern ? "REPLACE(%s, CHAR(92 USING utf8mb3), '')" : "%s",
	    ask->table->schema);
}

/* Those that are shown, or none of those that a keyspace or a sidecar has or would have. */
static void
put_databases(struct arena *a, const struct catalogue_ask *ask, const struct slice *shown, size_t n,
    struct buf *out)
{
	const struct route *r = ask->route;
	struct slice *ours = arena_array(a, struct slice, 3 * r->keyspaces_count + SYSTEM_COUNT);
	size_t count = 0;

	if (!wants_others(ask)) {
		put_schema(ask, out);
		buf_add_str(out, " IN ");
		put_list(out, shown, n);
		return;
	}
	for (size_t i = 0; i < SYSTEM_COUNT; i++)
		ours[count++] = slice_str(SYSTEM[i]);
	for (size_t i = 0; i < r->keyspaces_count; i++) {
		ours[count++] = slice_str(r->keyspaces[i].name);
		ours[count++] = slice_str(r->keyspaces[i].database);
		ours[count++] = slice_str(r->keyspaces[i].sidecar);
	}
	buf_add_char(out, '(');
	put_schema(ask, out);
	buf_add_str(out, " NOT IN ");
	put_list(out, ours, count);
	if (n > 0) {
		buf_add_str(out, " OR ");
		put_schema(ask, out);
		buf_add_str(out, " IN ");
		put_list(out, shown, n);
	}
	buf_add_char(out, ')');
}

/* Gives the number of names that are hidden. */
static size_t
put_own(struct arena *a, const struct catalogue_ask *ask, struct buf *out)
{
	const struct route *r = ask->route;
	struct slice *shown = arena_array(a, struct slice, r->keyspaces_count + SYSTEM_COUNT);
	size_t n = 0, hidden = 0;
	SCOPED(buf)
	struct buf names = BUF_INIT;

	for (size_t i = 0; i < SYSTEM_COUNT; i++) {
		if (wants_schema(ask, SYSTEM[i]))
			shown[n++] = slice_str(SYSTEM[i]);
	}
	for (size_t i = 0; i < r->keyspaces_count; i++) {
		const struct route_keyspace *k = &r->keyspaces[i];

		if (!is_native(ask, k) || !wants_schema(ask, k->name))
			continue;
		shown[n++] = slice_str(k->name);
		hidden += put_hidden(ask, k, &names);
	}
	if (n == 0 && !wants_others(ask)) {
		buf_add_str(out, "FALSE");
		return hidden;
	}
	put_databases(a, ask, shown, n, out);
	put_conditions(ask, out);
	buf_add_slice(out, buf_slice(&names));
	put_triggers(ask, out);
	return hidden;
}

/* ---- rows from elsewhere ---- */

static void
add_source(struct arena *a, struct catalogue_view *out, const struct catalogue_source *s)
{
	/* Doubled at powers of two. */
	if ((out->count & (out->count - 1)) == 0) {
		size_t room = out->count == 0 ? 1 : out->count * 2;
		struct catalogue_source *more = arena_array(a, struct catalogue_source, room);

		for (size_t i = 0; i < out->count; i++)
			more[i] = out->sources[i];
		out->sources = more;
	}
	out->sources[out->count++] = *s;
}

/* A keyspace's own tables, where they are not the home's own. */
static void
add_keyspace(struct arena *a, const struct catalogue_ask *ask, const struct route_keyspace *k,
    struct catalogue_view *out)
{
	struct catalogue_source s = {
		.at = k, .table = SLICE_NULL, .as_keyspace = slice_str(k->name)
	};
	SCOPED(buf)
	struct buf where = BUF_INIT;

	put_schema(ask, &where);
	buf_add_str(&where, " = ");
	quote_anywhere(&where, slice_str(k->database));
	put_conditions(ask, &where);
	(void)put_hidden(ask, k, &where);
	put_triggers(ask, &where);
	s.where = arena_dup(a, buf_slice(&where));
	add_source(a, out, &s);
}

static void
add_table(struct arena *a, const struct catalogue_ask *ask, const struct route_rule *r,
    struct catalogue_view *out)
{
	struct catalogue_source s = { .at = r->to,
		.table = slice_str(r->record->to_table),
		.as_keyspace = slice_str(r->record->from_keyspace),
		.as_table = slice_str(r->record->from_table) };
	SCOPED(buf)
	struct buf where = BUF_INIT;

	put_schema(ask, &where);
	buf_add_str(&where, " = ");
	quote_anywhere(&where, slice_str(r->to->database));
	buf_addf(&where, " AND %s = ", ask->table->table);
	quote_anywhere(&where, s.table);
	put_triggers(ask, &where);
	s.where = arena_dup(a, buf_slice(&where));
	add_source(a, out, &s);
}

static bool
is_sought(const struct catalogue_ask *ask, const struct route_rule *r)
{
	return ask->table->table != NULL && catalogue_is_elsewhere(r) && r->to != NULL &&
	    r->to->server != NULL && wants_schema(ask, r->record->from_keyspace) &&
	    is_wanted(ask, catalogue_is_table, slice_str(r->record->from_table));
}

static int
by_server(const void *a, const void *b)
{
	const struct catalogue_source *x = a, *y = b;
	int c = strcmp(x->at->server, y->at->server);

	return c != 0 ? c : slice_cmp(x->where, y->where);
}

void
catalogue_view(struct arena *a, const struct catalogue_ask *ask, struct catalogue_view *out)
{
	const struct route *r = ask->route;
	size_t hidden;
	bool fences = strcmp(ask->table->name, "TRIGGERS") == 0 && r->rules.count > 0;
	SCOPED(buf)
	struct buf own = BUF_INIT;

	*out = (struct catalogue_view){ .count = 0 };
	if (ask->table->schema == NULL) {
		out->own = slice_str(ask->table->clients ? "FALSE" : "TRUE");
		return;
	}
	hidden = put_own(a, ask, &own);
	out->own = arena_dup(a, buf_slice(&own));
	for (size_t i = 0; i < r->keyspaces_count; i++) {
		const struct route_keyspace *k = &r->keyspaces[i];

		if (k->server != NULL && !is_native(ask, k) && wants_schema(ask, k->name))
			add_keyspace(a, ask, k, out);
	}
	for (size_t i = 0; i < r->rules.count; i++) {
		if (is_sought(ask, &r->ruled[i]))
			add_table(a, ask, &r->ruled[i], out);
	}
	if (out->count > 1)
		qsort(out->sources, out->count, sizeof *out->sources, by_server);
	out->untouched =
	    hidden == 0 && out->count == 0 && !fences && !ask->table->grantee && is_bounded(ask);
}
