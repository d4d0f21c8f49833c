#include "topo/routing.h"

#include "topo/json.h"

#include <stdlib.h>

static const char rules_prefix[] = ROUTING_PREFIX "rules/";
static const char switches_prefix[] = ROUTING_PREFIX "switches/";
static const char *const side_names[] = { "source", "target", NULL };

const char *
rule_key(struct arena *a, const char *keyspace, const char *table)
{
	return arena_printf(a, "%s%s", rules_prefix, name_pair(a, keyspace, table));
}

const char *
switch_key(struct arena *a, const char *workflow)
{
	return arena_printf(a, "%s%s", switches_prefix, workflow);
}

/* ---- Records */

static void
place_put(struct json_writer *w, const char *key, const struct rule_place *p)
{
	json_put_open(w, key, '{');
	json_put_str(w, "keyspace", p->keyspace);
	json_put_str(w, "table", p->table);
	json_put_close(w, '}');
}

static struct rule_place
place_get(const struct json *parent, const char *key)
{
	struct json j = json_get_object(parent, key);

	json_need(&j, "keyspace");
	json_need(&j, "table");
	return (struct rule_place){ json_get_str(&j, "keyspace"), json_get_str(&j, "table") };
}

void
rule_write(struct buf *out, const struct rule_record *r)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	place_put(&w, "name", &r->name);
	place_put(&w, "source", &r->places[RULE_SOURCE]);
	place_put(&w, "target", &r->places[RULE_TARGET]);
	json_put_str(&w, "workflow", r->workflow);
	json_put_str(&w, "maker", r->maker);
	if (r->both)
		json_put_bool(&w, "both", true);
	json_put_close(&w, '}');
}

int
rule_read(struct arena *a, struct slice json, struct rule_record *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "routing rule", json, a, err));
	struct json j = json_root(&d);

	json_need(&j, "name");
	json_need(&j, "source");
	json_need(&j, "target");
	json_need(&j, "workflow");
	*out = (struct rule_record){
		.name = place_get(&j, "name"),
		.places = { [RULE_SOURCE] = place_get(&j, "source"),
		    [RULE_TARGET] = place_get(&j, "target") },
		.workflow = json_get_str(&j, "workflow"),
		.maker = json_get_str(&j, "maker"),
		.both = json_get_bool(&j, "both"),
	};
	return json_close(&d);
}

static void
switch_put(struct json_writer *w, const char *key, const struct switch_record *r)
{
	json_put_open(w, key, '{');
	json_put_str(w, "workflow", r->workflow);
	json_put_str(w, "serves", side_names[r->serves]);
	json_put_str(w, "phase", rule_phase_name(r->phase));
	json_put_i64(w, "number", r->number);
	json_put_i64(w, "reader_wait_us", r->reader_wait);
	json_put_i64(w, "grace_us", r->grace);
	on_grace_put(w, r->on_grace);
	json_put_bool(w, "committed", r->committed);
	json_put_i64(w, "version", r->version);
	json_put_close(w, '}');
}

void
switch_write(struct buf *out, const struct switch_record *r)
{
	struct json_writer w = json_to(out);

	switch_put(&w, NULL, r);
}

/* What is not understood must not read as open, or as the source: an error, as every unknown name is. */
static struct switch_record
switch_get(const struct json *j)
{
	json_need(j, "workflow");
	json_need(j, "serves");
	json_need(j, "phase");
	json_need(j, "version");
	return (struct switch_record){
		.workflow = json_get_str(j, "workflow"),
		.serves = (enum rule_side)json_get_enum(j, "serves", side_names),
		.phase = (enum rule_phase)json_get_enum(j, "phase", rule_phase_names),
		.number = json_get_i64(j, "number"),
		.reader_wait = json_get_i64(j, "reader_wait_us"),
		.grace = json_get_i64(j, "grace_us"),
		.on_grace = on_grace_get(j),
		.committed = json_get_bool(j, "committed"),
		.version = json_get_i64(j, "version"),
	};
}

int
switch_read(struct arena *a, struct slice json, struct switch_record *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "switch key", json, a, err));
	struct json j = json_root(&d);

	*out = switch_get(&j);
	return json_close(&d);
}

void
rules_post_write(struct buf *out, const struct rules_post *p)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_i64(&w, "version", p->version);
	json_put_i64(&w, "revision", p->revision);
	if (p->has_switch)
		switch_put(&w, "switch", &p->sw);
	json_put_close(&w, '}');
}

int
rules_post_read(struct arena *a, struct slice json, struct rules_post *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "post of routing rules", json, a, err));
	struct json j = json_root(&d);

	json_need(&j, "version");
	*out = (struct rules_post){ .version = json_get_i64(&j, "version"),
		.has_switch = json_has(&j, "switch"),
		.revision = json_get_i64(&j, "revision") };
	if (out->has_switch) {
		struct json sw = json_get_object(&j, "switch");

		out->sw = switch_get(&sw);
	}
	return json_close(&d);
}

void
routing_version_write(struct buf *out, int64_t version)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_i64(&w, "version", version);
	json_put_close(&w, '}');
}

int
routing_version_read(struct arena *a, struct slice json, int64_t *out, struct err *err)
{
	struct json_doc d;

	TRY(json_open(&d, "version of the routing rules", json, a, err));
	struct json j = json_root(&d);

	json_need(&j, "version");
	*out = json_get_i64(&j, "version");
	return json_close(&d);
}

/* ---- What they come to */

const char *
rule_maker(const struct rule_record *r, const struct switch_record *sw)
{
	return sw != NULL && sw->committed ? "" : r->maker;
}

struct routing_rule
rule_view(const struct rule_record *r, const struct switch_record *sw)
{
	const struct rule_place *to = &r->places[sw == NULL ? RULE_SOURCE : sw->serves];
	struct routing_rule view = { .from_keyspace = r->name.keyspace,
		.from_table = r->name.table,
		.to_keyspace = to->keyspace,
		.to_table = to->table,
		.workflow = r->workflow,
		.maker = rule_maker(r, sw),
		.both = r->both };

	if (sw != NULL) {
		view.phase = sw->phase;
		view.attempt = sw->number;
		view.reader_wait = sw->reader_wait;
		view.grace = sw->grace;
		view.on_grace = sw->on_grace;
	}
	return view;
}

/* ---- The list */

static int
take(struct arena *a, const struct topo_kv *kv, struct routing *r, struct err *err)
{
	if (slice_starts(kv->key, rules_prefix)) {
		r->rules_modified[r->rules_count] = kv->modified;
		return rule_read(a, kv->value, &r->rules[r->rules_count++], err);
	}
	if (slice_starts(kv->key, switches_prefix)) {
		r->switches_modified[r->switches_count] = kv->modified;
		return switch_read(a, kv->value, &r->switches[r->switches_count++], err);
	}
	if (!slice_eq_str(kv->key, ROUTING_VERSION_KEY))
		return 0; /* of a newer program */
	r->version_modified = kv->modified;
	return routing_version_read(a, kv->value, &r->version, err);
}

static int
look_at(struct arena *a, struct routing *r, struct err *err)
{
	r->view = (struct rules_record){ .version = r->version,
		.rules = arena_array(a, struct routing_rule, r->rules_count),
		.count = r->rules_count };
	for (size_t i = 0; i < r->rules_count; i++) {
		const struct rule_record *rule = &r->rules[i];
		const struct switch_record *sw = NULL;

		/* A list is of one revision, so a rule without its switch key was never written by us. To
		 * guess where it is served would send writes to the wrong side. */
		if (rule->workflow[0] != '\0') {
			sw = routing_switch(r, rule->workflow);
			if (sw == NULL)
				return err_set(err, ERR_CORRUPT,
				    "the rule of '%s.%s' belongs to workflow '%s', without a switch key",
				    rule->name.keyspace, rule->name.table, rule->workflow);
		}
		r->view.rules[i] = rule_view(rule, sw);
	}
	return 0;
}

int
routing_read(struct arena *a, const struct topo_list *l, struct routing *out, struct err *err)
{
	/* Each array has room for all keys: which is which is known only when they are read. */
	*out = (struct routing){ .revision = l->revision,
		.rules = arena_array(a, struct rule_record, l->count),
		.rules_modified = arena_array(a, int64_t, l->count),
		.switches = arena_array(a, struct switch_record, l->count),
		.switches_modified = arena_array(a, int64_t, l->count) };
	for (size_t i = 0; i < l->count; i++)
		TRY(take(a, &l->items[i], out, err));
	return look_at(a, out, err);
}

int
routing_load(struct ctx *cx, struct topo *t, struct routing *out)
{
	struct topo_list l;

	if (topo_list(cx, t, ROUTING_PREFIX, &l) != 0)
		return err_wrap(cx->err, "reading the routing rules");
	return routing_read(cx->arena, &l, out, cx->err);
}

static int
compare_workflows(const void *workflow, const void *sw)
{
	return strcmp(workflow, ((const struct switch_record *)sw)->workflow);
}

/* Lists come in the order of their keys, which end with the workflow. */
const struct switch_record *
routing_switch(const struct routing *r, const char *workflow)
{
	return r->switches_count == 0 ? NULL
				      : bsearch(workflow, r->switches, r->switches_count,
					    sizeof *r->switches, compare_workflows);
}
