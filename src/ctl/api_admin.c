/* Routing rules as a whole, and what is taken away (take_away.h). */
#include "ctl/api_method.h"
#include "ctl/take_away.h"
#include "topo/json.h"

/* ---- Rules */

static void
put_rule(struct ctx *cx, struct json_writer *w, const struct routing_rule *r)
{
	json_put_open(w, NULL, '{');
	json_put_str(w, "from_table", name_of_table(cx->arena, r->from_keyspace, r->from_table));
	json_put_open(w, "to_tables", '[');
	json_put_str(w, NULL, name_of_table(cx->arena, r->to_keyspace, r->to_table));
	json_put_close(w, ']');
	if (r->phase != RULE_OPEN)
		json_put_str(w, "phase", rule_phase_name(r->phase));
	json_put_close(w, '}');
}

static void
put_rules(struct ctx *cx, struct buf *out, const struct rules_record *rules)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_i64(&w, "version", rules->version);
	json_put_open(&w, "rules", '[');
	for (size_t i = 0; i < rules->count; i++)
		put_rule(cx, &w, &rules->rules[i]);
	json_put_close(&w, ']');
	json_put_close(&w, '}');
}

static int
get_routing_rules(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct rules_record rules;

	TRY(rules_load(cx, c, &rules));
	put_rules(cx, out, &rules);
	return 0;
}

static int
apply_routing_rules(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	const struct wanted_rules wanted = { q->tables, q->tables_count, q->dry_run };
	struct rules_record rules;

	TRY(take_away_rules(cx, c, &wanted, &rules));
	put_rules(cx, out, &rules);
	return 0;
}

/* ---- Keyspaces and tablets */

static void
put_taken(struct buf *out, const struct taken *t)
{
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_open(&w, "running", '[');
	for (size_t i = 0; i < t->running_count; i++)
		json_put_str(&w, NULL, t->running[i]);
	json_put_close(&w, ']');
	json_put_close(&w, '}');
}

static int
delete_keyspace(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct taken t;

	TRY(take_away_keyspace(cx, c, q->keyspace, q->recursive, &t));
	put_taken(out, &t);
	return 0;
}

static int
delete_tablet(struct ctx *cx, struct ctl *c, const struct ctl_request *q, struct buf *out)
{
	struct taken t;

	TRY(take_away_tablet(cx, c, q->alias, q->allow_primary, &t));
	put_taken(out, &t);
	return 0;
}

const struct api_method api_admin_methods[] = {
	{ "get_routing_rules", get_routing_rules },
	{ "apply_routing_rules", apply_routing_rules },
	{ "delete_keyspace", delete_keyspace },
	{ "delete_tablet", delete_tablet },
	{ NULL, NULL },
};
