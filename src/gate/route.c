#include "gate/route.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

/* Until a tablet has told: the oldest server that we serve. */
#define VERSION_UNKNOWN "10.11.0-MariaDB"

static int
read_keyspaces(struct route *r, const struct route_source *from, struct err *err)
{
	r->keyspaces = arena_array(&r->arena, struct route_keyspace, from->keyspaces_count + 1);
	for (size_t i = 0; i < from->keyspaces_count; i++) {
		struct keyspace_record k;

		TRY(keyspace_read(&r->arena, from->keyspaces[i], &k, err));
		r->keyspaces[i] = (struct route_keyspace){ .name = k.name,
			.database = k.database,
			.sidecar = sidecar_or_default(k.sidecar) };
		(void)map_put(&r->by_keyspace, slice_str(k.name), &r->keyspaces[i]);
	}
	r->keyspaces_count = from->keyspaces_count;
	return 0;
}

static int
read_tablets(struct route *r, const struct route_source *from, struct err *err)
{
	for (size_t i = 0; i < from->tablets_count; i++) {
		struct tablet_record t;
		struct route_keyspace *k;

		TRY(tablet_read(&r->arena, from->tablets[i], &t, err));
		k = map_get(&r->by_keyspace, slice_str(t.keyspace));
		if (k != NULL && t.type == TABLET_PRIMARY)
			k->server = t.server;
	}
	return 0;
}

static void
read_vtctlds(struct route *r, const struct route_source *from)
{
	r->vtctlds = arena_array(&r->arena, const char *, from->vtctlds_count + 1);
	for (size_t i = 0; i < from->vtctlds_count; i++)
		r->vtctlds[i] = arena_slice_str(&r->arena, from->vtctlds[i]);
	r->vtctlds_count = from->vtctlds_count;
}

/* NUL between them, which no name has: a dot may be part of either. */
static size_t
write_key(char *out, struct slice keyspace, struct slice table)
{
	memcpy(out, keyspace.ptr, keyspace.len);
	out[keyspace.len] = '\0';
	memcpy(out + keyspace.len + 1, table.ptr, table.len);
	return keyspace.len + 1 + table.len;
}

static struct slice
table_key(struct arena *a, struct slice keyspace, struct slice table)
{
	char *key = arena_alloc(a, keyspace.len + 1 + table.len);

	return slice_of(key, write_key(key, keyspace, table));
}

static int
read_rules(struct route *r, const struct route_source *from, struct err *err)
{
	if (slice_is_null(from->rules))
		return 0;
	TRY(rules_read(&r->arena, from->rules, &r->rules, err));
	r->ruled = arena_array(&r->arena, struct route_rule, r->rules.count + 1);
	for (size_t i = 0; i < r->rules.count; i++) {
		const struct routing_rule *rule = &r->rules.rules[i];

		r->ruled[i].record = rule;
		r->ruled[i].to = route_keyspace(r, slice_str(rule->to_keyspace));
		(void)map_put(&r->by_table,
		    table_key(&r->arena, slice_str(rule->from_keyspace), slice_str(rule->from_table)),
		    &r->ruled[i]);
	}
	return 0;
}

int
route_new(const struct route_source *from, struct route **out, struct err *err)
{
	struct route *r = mem_new(struct route);

	atomic_init(&r->refs, 1);
	arena_init(&r->arena);
	map_init(&r->by_table);
	map_init(&r->by_keyspace);
	r->epoch = from->epoch;
	(void)snprintf(r->version, sizeof r->version, "%s",
	    from->version != NULL && from->version[0] != '\0' ? from->version : VERSION_UNKNOWN);
	read_vtctlds(r, from);
	if (read_keyspaces(r, from, err) != 0 || read_tablets(r, from, err) != 0 ||
	    read_rules(r, from, err) != 0) {
		route_unref(r);
		return err_wrap(err, "reading the topology");
	}
	*out = r;
	return 0;
}

struct route *
route_ref(struct route *r)
{
	check(atomic_fetch_add(&r->refs, 1) > 0);
	return r;
}

void
route_unref(struct route *r)
{
	if (r == NULL || atomic_fetch_sub(&r->refs, 1) > 1)
		return;
	map_done(&r->by_table);
	map_done(&r->by_keyspace);
	arena_done(&r->arena);
	free(r);
}

const struct route_keyspace *
route_keyspace(const struct route *r, struct slice name)
{
	return map_get(&r->by_keyspace, name);
}

const struct route_rule *
route_rule(const struct route *r, struct slice keyspace, struct slice table)
{
	char key[NAME_PAIR_MAX];

	/* A longer name is no table, and no rule has one. */
	if (r->rules.count == 0 || keyspace.len > NAME_MAX_BYTES || table.len > NAME_MAX_BYTES)
		return NULL;
	return map_get(&r->by_table, slice_of(key, write_key(key, keyspace, table)));
}

bool
route_is_system(struct slice database)
{
	return slice_eq_nocase(database, slice_str("information_schema")) ||
	    slice_eq_nocase(database, slice_str("performance_schema")) ||
	    slice_eq_nocase(database, slice_str("mysql")) ||
	    slice_eq_nocase(database, slice_str("sys"));
}

bool
route_is_hidden(const struct route *r, struct slice database)
{
	for (size_t i = 0; i < r->keyspaces_count; i++) {
		const struct route_keyspace *k = &r->keyspaces[i];

		if (slice_eq_nocase(slice_str(k->sidecar), database) ||
		    (slice_eq_str(database, k->database) && strcmp(k->name, k->database) != 0))
			return true;
	}
	return false;
}

const struct route_rule *
route_rule_named(const struct route *r, struct slice table)
{
	for (size_t i = 0; i < r->rules.count; i++) {
		if (slice_eq_nocase(slice_str(r->rules.rules[i].from_table), table))
			return &r->ruled[i];
	}
	return NULL;
}

static const struct route_keyspace *
first_at(const struct route *r, const char *server)
{
	const struct route_keyspace *best = NULL;

	for (size_t i = 0; i < r->keyspaces_count; i++) {
		const struct route_keyspace *k = &r->keyspaces[i];

		if (k->server != NULL && (server == NULL || strcmp(k->server, server) == 0) &&
		    (best == NULL || strcmp(k->name, best->name) < 0))
			best = k;
	}
	return best;
}

const struct route_keyspace *
route_keyspace_at(const struct route *r, const char *server)
{
	return first_at(r, server);
}

const struct route_keyspace *
route_any(const struct route *r)
{
	return first_at(r, NULL);
}

const struct route_keyspace *
route_base(const struct route *r, struct slice last)
{
	const struct route_keyspace *any = route_any(r);

	if (!slice_is_null(last))
		return route_keyspace(r, last);
	for (size_t i = 0; any != NULL && i < r->keyspaces_count; i++) {
		const char *server = r->keyspaces[i].server;

		if (server == NULL || strcmp(server, any->server) != 0)
			return NULL;
	}
	return any;
}
