#include "gate/beside.h"

struct slice
beside_keyspace(const struct beside *r, const struct table_ref *t)
{
	return slice_is_null(t->database) ? r->keyspace : t->database;
}

bool
beside_is_table(const struct table_ref *t)
{
	return !slice_is_null(t->table) &&
	    (t->role == TABLE_READ || t->role == TABLE_WRITE || t->role == TABLE_LOCK ||
		t->role == TABLE_DDL || t->role == TABLE_SEQUENCE);
}

const struct route_rule *
beside_rule(const struct beside *r, const struct table_ref *t)
{
	struct slice keyspace = beside_keyspace(r, t);

	return slice_is_null(keyspace) ? NULL : route_rule(r->route, keyspace, t->table);
}

/* NULL: no keyspace of ours, or one without a server. */
static const struct route_keyspace *
place_of(const struct beside *r, const struct table_ref *t)
{
	const struct route_rule *rule = beside_rule(r, t);
	const struct route_keyspace *k;

	if (slice_is_null(beside_keyspace(r, t)))
		return NULL;
	k = rule != NULL ? rule->to : route_keyspace(r->route, beside_keyspace(r, t));
	return k == NULL || k->server == NULL ? NULL : k;
}

bool
beside_was_made(const struct beside *r, const struct table_ref *t)
{
	for (const struct table_ref *m = r->st->tables; m < t; m++) {
		if (m->made && slice_eq(m->table, t->table) &&
		    slice_eq(beside_keyspace(r, m), beside_keyspace(r, t)))
			return true;
	}
	return false;
}

/* Where a keyspace wants its new tables that has moved whole. NULL: with itself. */
static const struct route_keyspace *
followed(const struct beside *r)
{
	for (size_t i = 0; i < r->st->tables_count; i++) {
		const struct table_ref *t = &r->st->tables[i];
		const struct route_keyspace *k, *to;

		if (!t->made || slice_is_null(beside_keyspace(r, t)) || beside_rule(r, t) != NULL)
			continue;
		k = route_keyspace(r->route, beside_keyspace(r, t));
		to = k == NULL || k->follows[0] == '\0'
		    ? NULL
		    : route_keyspace(r->route, slice_str(k->follows));
		return to == NULL || to->server == NULL ? NULL : to;
	}
	return NULL;
}

const struct route_keyspace *
beside_place(const struct beside *r)
{
	const struct route_keyspace *k = NULL;

	for (size_t i = 0; k == NULL && i < r->st->tables_count; i++) {
		const struct table_ref *t = &r->st->tables[i];

		if (beside_is_table(t) && !t->made && !beside_was_made(r, t))
			k = place_of(r, t);
	}
	return k != NULL ? k : followed(r);
}

bool
beside_is_temporary(const struct beside *r)
{
	bool found = (r->st->leaves & LEAVES_TABLES) != 0;

	for (size_t i = 0; !found && i < r->st->tables_count; i++) {
		const struct table_ref *t = &r->st->tables[i];

		found = beside_is_table(t) && !slice_is_null(beside_keyspace(r, t)) &&
		    temporary_place(&r->s->temporary, beside_keyspace(r, t), t->table) != NULL;
	}
	return found;
}

bool
beside_is_naming(const struct statement *st)
{
	return st->kind == STATEMENT_DDL && st->understood && !st->multiple;
}

const struct table_ref *
beside_next(const struct beside *r, const struct route_keyspace *beside, size_t *at)
{
	while (*at < r->st->tables_count) {
		const struct table_ref *t = &r->st->tables[(*at)++];
		const struct route_keyspace *k = t->made ? place_of(r, t) : NULL;

		if (k != NULL && strcmp(k->server, beside->server) != 0)
			return t;
	}
	return NULL;
}

bool
beside_is_needed(const struct session *s, const struct statement *st, struct slice keyspace)
{
	const struct beside r = { s, st, s->loop->in_flight.route, keyspace };
	const struct route_keyspace *beside;
	size_t at = 0;

	if (!beside_is_naming(st) || beside_is_temporary(&r))
		return false;
	beside = beside_place(&r);
	return beside != NULL && beside_next(&r, beside, &at) != NULL;
}
