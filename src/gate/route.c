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
			.sidecar = sidecar_or_default(k.sidecar),
			.follows = k.follows };
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

static void
read_switches(struct route *r, const struct route_source *from, struct map *by_workflow)
{
	r->switches = arena_array(&r->arena, struct route_switch, from->switches_count + 1);
	r->switches_count = from->switches_count;
	for (size_t i = 0; i < from->switches_count; i++) {
		struct route_switch *sw = &r->switches[i];

		sw->record = from->switches[i].record;
		sw->record.workflow = arena_strdup(&r->arena, sw->record.workflow);
		sw->revision = from->switches[i].revision;
		(void)map_put(by_workflow, slice_str(sw->record.workflow), sw);
	}
}

static void
read_rule(struct route *r, size_t i, const struct map *by_workflow)
{
	const struct rule_record *rule = &r->set->rules[i];
	struct route_switch *sw = map_get(by_workflow, slice_str(rule->workflow));
	struct routing_rule *view = &r->rules.rules[i];
	enum rule_side other;

	*view = rule_view(rule, sw == NULL ? NULL : &sw->record);
	r->ruled[i].record = view;
	r->ruled[i].to = route_keyspace(r, slice_str(view->to_keyspace));
	if (sw == NULL)
		return;
	other = sw->record.serves == RULE_SOURCE ? RULE_TARGET : RULE_SOURCE;
	r->ruled[i].other = route_keyspace(r, slice_str(rule->places[other].keyspace));
	sw->server = r->ruled[i].to == NULL ? NULL : r->ruled[i].to->server;
}

static void
read_rules(struct route *r, const struct route_source *from)
{
	struct map by_workflow;

	if (from->rules == NULL)
		return;
	map_init(&by_workflow);
	r->set = rule_set_ref(from->rules);
	r->rules = (struct rules_record){ .version = r->set->version,
		.rules = arena_array(&r->arena, struct routing_rule, r->set->count + 1),
		.count = r->set->count };
	r->ruled = arena_array(&r->arena, struct route_rule, r->set->count + 1);
	read_switches(r, from, &by_workflow);
	for (size_t i = 0; i < r->set->count; i++)
		read_rule(r, i, &by_workflow);
	map_done(&by_workflow);
}

int
route_new(const struct route_source *from, struct route **out, struct err *err)
{
	struct route *r = mem_new(struct route);

	atomic_init(&r->refs, 1);
	arena_init(&r->arena);
	map_init(&r->by_keyspace);
	r->number = from->stamp.number;
	r->epoch = from->stamp.epoch;
	(void)snprintf(r->version, sizeof r->version, "%s",
	    from->version != NULL && from->version[0] != '\0' ? from->version : VERSION_UNKNOWN);
	read_vtctlds(r, from);
	if (read_keyspaces(r, from, err) != 0 || read_tablets(r, from, err) != 0) {
		route_unref(r);
		return err_wrap(err, "reading the topology");
	}
	read_rules(r, from);
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
	rule_set_unref(r->set);
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
	int i = r->rules.count == 0 ? -1 : rule_set_find(r->set, keyspace, table);

	return i < 0 ? NULL : &r->ruled[i];
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
