#include "topo/record.h"

#include "base/check.h"
#include "topo/json.h"

#include <limits.h>

/*
 * Enums are written as the names below, so that a new value in the middle
 * changes no record on disk. Durations end in _us.
 */
static const char *const tablet_type_names[] = { "primary", "replica", "rdonly", NULL };
const char *const rule_phase_names[] = { "open", "hold", "switched", "pause", "naming", NULL };

static const char *
name_at(const char *const *names, unsigned i, unsigned last)
{
	check(i <= last);
	return names[i];
}

const char *
tablet_type_name(enum tablet_type t)
{
	return name_at(tablet_type_names, t, TABLET_RDONLY);
}

const char *
rule_phase_name(enum rule_phase p)
{
	return name_at(rule_phase_names, p, RULE_NAMING);
}

/* ---- Keyspaces, tablets, health, gates */

const char *
keyspace_key(struct arena *a, const char *name)
{
	return arena_printf(a, "/keyspaces/%s", name_escaped(a, name));
}

void
keyspace_write(struct buf *out, const struct keyspace_record *r)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "name", r->name);
	json_put_str(&w, "database", r->database);
	json_put_str(&w, "sidecar_db_name", r->sidecar);
	if (r->follows != NULL && r->follows[0] != '\0')
		json_put_str(&w, "follows", r->follows);
	json_put_str(&w, "server_kind", r->server_kind);
	json_put_i64(&w, "created_us", r->created_us);
	json_put_close(&w, '}');
}

int
keyspace_read(struct arena *a, struct slice json, struct keyspace_record *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "keyspace record", json, a, err));
	struct json j = json_root(&d);

	json_need(&j, "name");
	*out = (struct keyspace_record){
		.name = json_get_str(&j, "name"),
		.database = json_get_str(&j, "database"),
		.sidecar = sidecar_or_default(json_get_str(&j, "sidecar_db_name")),
		.follows = json_get_str(&j, "follows"),
		.server_kind = json_get_str(&j, "server_kind"),
		.created_us = json_get_i64(&j, "created_us"),
	};
	return json_close(&d);
}

bool
combo_has_kind(const char *server_kinds, const char *kind)
{
	struct slice rest = slice_str(server_kinds), one;

	while (rest.len > 0) {
		rest = slice_split(rest, ',', &one);
		if (slice_eq_str(slice_trim(one), kind))
			return true;
	}
	return false;
}

void
combo_write(struct buf *out, const struct combo_record *r)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "server_kinds", r->server_kinds);
	json_put_close(&w, '}');
}

int
combo_read(struct arena *a, struct slice json, struct combo_record *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "record of a vtcombo", json, a, err));
	struct json j = json_root(&d);

	*out = (struct combo_record){ .server_kinds = json_get_str(&j, "server_kinds") };
	return json_close(&d);
}

void
tablet_write(struct buf *out, const struct tablet_record *r)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "alias", r->alias);
	json_put_str(&w, "cell", r->cell);
	json_put_i64(&w, "uid", r->uid);
	json_put_str(&w, "keyspace", r->keyspace);
	json_put_str(&w, "shard", r->shard);
	json_put_str(&w, "type", tablet_type_name(r->type));
	json_put_str(&w, "server", r->server);
	json_put_str(&w, "http", r->http);
	json_put_str(&w, "sidecar_db_name", r->sidecar);
	json_put_close(&w, '}');
}

int
tablet_read(struct arena *a, struct slice json, struct tablet_record *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "tablet record", json, a, err));
	struct json j = json_root(&d);

	json_need(&j, "alias");
	*out = (struct tablet_record){
		.alias = json_get_str(&j, "alias"),
		.cell = json_get_str(&j, "cell"),
		.uid = json_get_int(&j, "uid", 0, INT_MAX),
		.keyspace = json_get_str(&j, "keyspace"),
		.shard = json_get_str(&j, "shard"),
		.type = (enum tablet_type)json_get_enum(&j, "type", tablet_type_names),
		.server = json_get_str(&j, "server"),
		.sidecar = sidecar_or_default(json_get_str(&j, "sidecar_db_name")),
		.http = json_get_str(&j, "http"),
	};
	return json_close(&d);
}

void
health_write(struct buf *out, const struct health_record *r)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_bool(&w, "healthy", r->healthy);
	json_put_str(&w, "state", r->state);
	json_put_str(&w, "reason", r->reason);
	json_put_i64(&w, "lag_ms", r->lag_ms);
	json_put_str(&w, "version", r->version);
	json_put_close(&w, '}');
}

int
health_read(struct arena *a, struct slice json, struct health_record *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "health record", json, a, err));
	struct json j = json_root(&d);

	json_need(&j, "healthy");
	*out = (struct health_record){
		.healthy = json_get_bool(&j, "healthy"),
		.state = json_get_str(&j, "state"),
		.reason = json_get_str(&j, "reason"),
		.lag_ms = json_get_i64(&j, "lag_ms"),
		.version = json_get_str(&j, "version"),
	};
	return json_close(&d);
}

void
gate_write(struct buf *out, const struct gate_record *r)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "id", r->id);
	json_put_str(&w, "http", r->http);
	json_put_str(&w, "mysql", r->mysql);
	json_put_i64(&w, "lease", r->lease);
	json_put_close(&w, '}');
}

int
gate_read(struct arena *a, struct slice json, struct gate_record *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "gate record", json, a, err));
	struct json j = json_root(&d);

	json_need(&j, "id");
	*out = (struct gate_record){
		.id = json_get_str(&j, "id"),
		.http = json_get_str(&j, "http"),
		.mysql = json_get_str(&j, "mysql"),
		.lease = json_get_i64(&j, "lease"),
	};
	return json_close(&d);
}

void
ack_write(struct buf *out, const struct ack_record *r)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "id", r->id);
	json_put_i64(&w, "version", r->version);
	/* An acknowledgement of the rules has no phase: "open" there would look like one of a switch key. */
	if (r->workflow[0] != '\0') {
		json_put_str(&w, "workflow", r->workflow);
		json_put_i64(&w, "revision", r->revision);
		json_put_i64(&w, "number", r->number);
		json_put_str(&w, "phase", rule_phase_name(r->phase));
	}
	json_put_close(&w, '}');
}

int
ack_read(struct arena *a, struct slice json, struct ack_record *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "acknowledgement record", json, a, err));
	struct json j = json_root(&d);

	json_need(&j, "id");
	json_need(&j, "version");
	*out = (struct ack_record){ .id = json_get_str(&j, "id"),
		.version = json_get_i64(&j, "version"),
		.workflow = json_get_str(&j, "workflow"),
		.revision = json_get_i64(&j, "revision"),
		.number = json_get_i64(&j, "number"),
		.phase = (enum rule_phase)json_get_enum(&j, "phase", rule_phase_names) };
	return json_close(&d);
}

/* ---- Routing rules */

static void
rule_write(struct json_writer *w, const struct routing_rule *r)
{
	json_put_open(w, NULL, '{');
	json_put_str(w, "from_keyspace", r->from_keyspace);
	json_put_str(w, "from_table", r->from_table);
	json_put_str(w, "to_keyspace", r->to_keyspace);
	json_put_str(w, "to_table", r->to_table);
	json_put_str(w, "phase", rule_phase_name(r->phase));
	json_put_str(w, "workflow", r->workflow);
	json_put_str(w, "maker", r->maker == NULL ? "" : r->maker);
	json_put_i64(w, "attempt", r->attempt);
	json_put_i64(w, "reader_wait_us", r->reader_wait);
	json_put_i64(w, "grace_us", r->grace);
	on_grace_put(w, r->on_grace);
	json_put_close(w, '}');
}

void
rules_write(struct buf *out, const struct rules_record *r)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_i64(&w, "version", r->version);
	json_put_open(&w, "rules", '[');
	for (size_t i = 0; i < r->count; i++)
		rule_write(&w, &r->rules[i]);
	json_put_close(&w, ']');
	json_put_close(&w, '}');
}

static struct routing_rule
rule_read(const struct json *j)
{
	/* A phase that is not understood must not read as open: an error, as every unknown name is. */
	json_need(j, "from_keyspace");
	json_need(j, "from_table");
	json_need(j, "to_keyspace");
	json_need(j, "to_table");
	json_need(j, "phase");
	return (struct routing_rule){
		.from_keyspace = json_get_str(j, "from_keyspace"),
		.from_table = json_get_str(j, "from_table"),
		.to_keyspace = json_get_str(j, "to_keyspace"),
		.to_table = json_get_str(j, "to_table"),
		.phase = (enum rule_phase)json_get_enum(j, "phase", rule_phase_names),
		.workflow = json_get_str(j, "workflow"),
		.maker = json_get_str(j, "maker"),
		.attempt = json_get_i64(j, "attempt"),
		.reader_wait = json_get_i64(j, "reader_wait_us"),
		.grace = json_get_i64(j, "grace_us"),
		.on_grace = on_grace_get(j),
	};
}

int
rules_read(struct arena *a, struct slice json, struct rules_record *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "routing rules", json, a, err));
	struct json j = json_root(&d), rules = json_get_array(&j, "rules");

	json_need(&j, "version");
	*out = (struct rules_record){ .version = json_get_i64(&j, "version"),
		.count = json_count(&rules) };
	out->rules = arena_array(a, struct routing_rule, out->count);
	for (size_t i = 0; i < out->count; i++) {
		struct json item = json_item(&rules, i);

		out->rules[i] = rule_read(&item);
	}
	return json_close(&d);
}

const struct routing_rule *
rules_find(const struct rules_record *r, const char *keyspace, const char *table)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->rules[i].from_table, table) == 0 &&
		    strcmp(r->rules[i].from_keyspace, keyspace) == 0)
			return &r->rules[i];
	return NULL;
}
