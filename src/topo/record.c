#include "topo/record.h"

#include "base/check.h"
#include "topo/json.h"

#include <limits.h>

/*
 * Enums are written as the names below, so that a new value in the middle
 * changes no record on disk. Durations end in _us.
 */
static const char *const tablet_type_names[] = { "primary", "replica", "rdonly", NULL };
static const char *const phase_names[] = { "open", "hold", "switched", "pause", "naming", NULL };
static const char *const workflow_type_names[] = { "MoveTables", "Migrate", "Materialize", NULL };
static const char *const direction_names[] = { "forward", "reverse", NULL };

static const struct fsm_state workflow_rows[] = {
	[WORKFLOW_CHECKING] = { "Checking", FSM_TO(WORKFLOW_CREATING) | FSM_TO(WORKFLOW_ERROR),
	    "both sides are asked whether it can be; nothing is made" },
	[WORKFLOW_CREATING] = { "Creating",
	    FSM_TO(WORKFLOW_COPYING) | FSM_TO(WORKFLOW_CANCELLING) | FSM_TO(WORKFLOW_ERROR),
	    "rules and stream are being made" },
	[WORKFLOW_COPYING] = { "Copying",
	    FSM_TO(WORKFLOW_RUNNING) | FSM_TO(WORKFLOW_CANCELLING) | FSM_TO(WORKFLOW_ERROR),
	    "the stream is on its way to exact" },
	[WORKFLOW_RUNNING] = { "Running",
	    FSM_TO(WORKFLOW_SWITCHING) | FSM_TO(WORKFLOW_CANCELLING) | FSM_TO(WORKFLOW_ERROR),
	    "the stream is exact and the fences are there, disarmed at the source" },
	[WORKFLOW_SWITCHING] = { "Switching", FSM_TO(WORKFLOW_RUNNING) | FSM_TO(WORKFLOW_SWITCHED),
	    "an attempt is under way: it is finished, or undone, and nothing else" },
	[WORKFLOW_SWITCHED] = { "Switched", FSM_TO(WORKFLOW_CHECKING), "past the commit and released" },
	[WORKFLOW_COMPLETE] = { "Complete", FSM_TO(WORKFLOW_CHECKING), "and the old side is gone (later)" },
	[WORKFLOW_CANCELLING] = { "Cancelling", FSM_TO(WORKFLOW_CANCELLED),
	    "what the move made is taken away, the rules last; there is no way back" },
	[WORKFLOW_CANCELLED] = { "Cancelled", FSM_TO(WORKFLOW_CHECKING),
	    "everything is as before; the record is kept for its number" },
	[WORKFLOW_ERROR] = { "Error",
	    FSM_TO(WORKFLOW_CHECKING) | FSM_TO(WORKFLOW_COPYING) | FSM_TO(WORKFLOW_SWITCHING) |
	        FSM_TO(WORKFLOW_CANCELLING),
	    "a person has to look; the same command goes on, or begins anew where nothing was made" },
};
const struct fsm workflow_states = { "workflow", workflow_rows, WORKFLOW_ERROR + 1 };

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
workflow_type_name(enum workflow_type t)
{
	return name_at(workflow_type_names, t, WORKFLOW_MATERIALIZE);
}

const char *
workflow_state_name(enum workflow_state s)
{
	return fsm_name(&workflow_states, (int)s);
}

const char *
rule_phase_name(enum rule_phase p)
{
	return name_at(phase_names, p, RULE_NAMING);
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
		.created_us = json_get_i64(&j, "created_us"),
	};
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
	    .version = json_get_i64(&j, "version") };
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
		.phase = (enum rule_phase)json_get_enum(j, "phase", phase_names),
		.workflow = json_get_str(j, "workflow"),
		.maker = json_get_str(j, "maker"),
		.attempt = json_get_int(j, "attempt", 0, INT_MAX),
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

/* ---- Workflows */

static void
tables_write(struct json_writer *w, const struct workflow_record *r)
{
	json_put_open(w, "tables", '[');
	for (size_t i = 0; i < r->tables_count; i++) {
		const struct workflow_table *t = &r->tables[i];

		json_put_open(w, NULL, '{');
		json_put_str(w, "source_table", t->source_table);
		json_put_str(w, "target_table", t->target_table);
		json_put_str(w, "state", t->state);
		json_put_i64(w, "rows_estimate", t->rows_estimate);
		json_put_i64(w, "rows_copied", t->rows_copied);
		json_put_close(w, '}');
	}
	json_put_close(w, ']');
}

static void
tables_read(const struct json *j, struct workflow_record *r)
{
	struct json array = json_get_array(j, "tables");

	r->tables_count = json_count(&array);
	r->tables = arena_array(j->doc->arena, struct workflow_table, r->tables_count);
	for (size_t i = 0; i < r->tables_count; i++) {
		struct json item = json_item(&array, i);

		r->tables[i] = (struct workflow_table){
			.source_table = json_get_str(&item, "source_table"),
			.target_table = json_get_str(&item, "target_table"),
			.state = json_get_str(&item, "state"),
			.rows_estimate = json_get_i64(&item, "rows_estimate"),
			.rows_copied = json_get_i64(&item, "rows_copied"),
		};
	}
}

static void
streams_write(struct json_writer *w, const struct workflow_record *r)
{
	json_put_open(w, "streams", '[');
	for (size_t i = 0; i < r->streams_count; i++) {
		const struct workflow_stream *s = &r->streams[i];

		json_put_open(w, NULL, '{');
		json_put_str(w, "source_keyspace", s->source_keyspace);
		json_put_str(w, "source_shard", s->source_shard);
		json_put_str(w, "source_tablet", s->source_tablet);
		json_put_str(w, "target_keyspace", s->target_keyspace);
		json_put_str(w, "target_shard", s->target_shard);
		json_put_str(w, "target_tablet", s->target_tablet);
		json_put_close(w, '}');
	}
	json_put_close(w, ']');
}

static void
streams_read(const struct json *j, struct workflow_record *r)
{
	struct json array = json_get_array(j, "streams");

	r->streams_count = json_count(&array);
	r->streams = arena_array(j->doc->arena, struct workflow_stream, r->streams_count);
	for (size_t i = 0; i < r->streams_count; i++) {
		struct json item = json_item(&array, i);

		r->streams[i] = (struct workflow_stream){
			.source_keyspace = json_get_str(&item, "source_keyspace"),
			.source_shard = json_get_str(&item, "source_shard"),
			.source_tablet = json_get_str(&item, "source_tablet"),
			.target_keyspace = json_get_str(&item, "target_keyspace"),
			.target_shard = json_get_str(&item, "target_shard"),
			.target_tablet = json_get_str(&item, "target_tablet"),
		};
	}
}

static void
events_write(struct json_writer *w, const struct workflow_record *r)
{
	json_put_open(w, "events", '[');
	for (size_t i = 0; i < r->events_count; i++) {
		const struct workflow_event *e = &r->events[i];

		json_put_open(w, NULL, '{');
		json_put_i64(w, "at_us", e->at_us);
		json_put_i64(w, "attempt", e->attempt);
		json_put_str(w, "step", e->step);
		json_put_str(w, "what", e->what);
		json_put_str(w, "text", e->text);
		json_put_close(w, '}');
	}
	json_put_close(w, ']');
}

static void
events_read(const struct json *j, struct workflow_record *r)
{
	struct json array = json_get_array(j, "events");

	r->events_count = json_count(&array);
	r->events = arena_array(j->doc->arena, struct workflow_event, r->events_count);
	for (size_t i = 0; i < r->events_count; i++) {
		struct json item = json_item(&array, i);

		r->events[i] = (struct workflow_event){
			.at_us = json_get_i64(&item, "at_us"),
			.attempt = json_get_int(&item, "attempt", 0, INT_MAX),
			.step = json_get_str(&item, "step"),
			.what = json_get_str(&item, "what"),
			.text = json_get_str(&item, "text"),
		};
	}
}

void
workflow_write(struct buf *out, const struct workflow_record *r)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "name", r->name);
	json_put_str(&w, "type", workflow_type_name(r->type));
	json_put_str(&w, "state", workflow_state_name(r->state));
	json_put_str(&w, "state_text", r->state_text);
	json_put_str(&w, "hint", r->hint);
	json_put_str(&w, "source_keyspace", r->source_keyspace);
	json_put_str(&w, "target_keyspace", r->target_keyspace);
	tables_write(&w, r);
	streams_write(&w, r);
	json_put_str(&w, "direction", name_at(direction_names, r->direction, DIRECTION_REVERSE));
	json_put_i64(&w, "attempt", r->attempt);
	json_put_str(&w, "step", r->step);
	json_put_bool(&w, "rolling_back", r->rolling_back);
	json_put_bool(&w, "cancel", r->cancel);
	json_put_i64(&w, "attempts_from", r->attempts_from);
	json_put_str(&w, "before", r->before == NULL ? "" : r->before);
	json_put_str(&w, "position", r->position);
	json_put_i64(&w, "hold_us", r->hold_us);
	json_put_i64(&w, "created_us", r->created_us);
	json_put_i64(&w, "copied_us", r->copied_us);
	json_put_i64(&w, "switched_us", r->switched_us);
	workflow_options_put(&w, &r->options, GIVEN_ALL);
	events_write(&w, r);
	json_put_close(&w, '}');
}

int
workflow_read(struct arena *a, struct slice json, struct workflow_record *out, struct err *err)
{
	struct json_doc d;
	unsigned given; /* a record of an older program may lack one: zero */

	TRY(json_open(&d, "workflow record", json, a, err));
	struct json j = json_root(&d);

	json_need(&j, "name");
	json_need(&j, "state");
	*out = (struct workflow_record){
		.name = json_get_str(&j, "name"),
		.type = (enum workflow_type)json_get_enum(&j, "type", workflow_type_names),
		.state = (enum workflow_state)json_get_state(&j, "state", &workflow_states),
		.state_text = json_get_str(&j, "state_text"),
		.hint = json_get_str(&j, "hint"),
		.source_keyspace = json_get_str(&j, "source_keyspace"),
		.target_keyspace = json_get_str(&j, "target_keyspace"),
		.direction = (enum workflow_direction)json_get_enum(&j, "direction",
		    direction_names),
		.attempt = json_get_int(&j, "attempt", 0, INT_MAX),
		.step = json_get_str(&j, "step"),
		.rolling_back = json_get_bool(&j, "rolling_back"),
		.cancel = json_get_bool(&j, "cancel"),
		.attempts_from = json_get_int(&j, "attempts_from", 0, INT_MAX),
		.before = json_get_str(&j, "before"),
		.position = json_get_str(&j, "position"),
		.hold_us = json_get_i64(&j, "hold_us"),
		.created_us = json_get_i64(&j, "created_us"),
		.copied_us = json_get_i64(&j, "copied_us"),
		.switched_us = json_get_i64(&j, "switched_us"),
		.options = workflow_options_get(&j, &given),
	};
	tables_read(&j, out);
	streams_read(&j, out);
	events_read(&j, out);
	return json_close(&d);
}

static const char *
copy_or_empty(struct arena *a, const char *text)
{
	return text == NULL ? "" : arena_strdup(a, text);
}

void
workflow_add_event(struct arena *a, struct workflow_record *r, const struct workflow_event *e)
{
	size_t keep = r->events_count < WORKFLOW_EVENTS_MAX ? r->events_count : WORKFLOW_EVENTS_MAX - 1;
	struct workflow_event *events = arena_array(a, struct workflow_event, keep + 1);

	if (keep > 0)
		memcpy(events, r->events + (r->events_count - keep), keep * sizeof *events);
	events[keep] = (struct workflow_event){
		.at_us = e->at_us,
		.attempt = e->attempt,
		.step = copy_or_empty(a, e->step),
		.what = copy_or_empty(a, e->what),
		.text = copy_or_empty(a, e->text),
	};
	r->events = events;
	r->events_count = keep + 1;
}
