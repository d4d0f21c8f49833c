#include "topo/routing_upgrade.h"

#include "base/log.h"
#include "base/mutant.h"
#include "topo/json.h"
#include "topo/workflow_store.h"

enum { STEP_RULES = 50 }; /* each has a key, and its workflow's switch another: etcd takes 128 */

static const char old_key[] = "/routing_rules";

/* What one transaction does: it takes the first STEP_RULES of left, each as a record of its own, with the
 * switch keys of their workflows, the next version and what is left now. All in one arena, freed with the
 * step. */
struct step {
	struct arena *a;
	struct topo *topo;
	int64_t old_modified;
	struct rules_record left; /* of the old form */
	const char *known;        /* the workflow that was read last: a set's rules have one */
	struct workflow_record workflow;
	struct routing now;
	struct switch_record switches[STEP_RULES];
	int64_t switches_modified[STEP_RULES];
	size_t switches_count;
	struct topo_compare compares[2 * STEP_RULES + 2];
	struct topo_op ops[2 * STEP_RULES + 2];
	size_t count;
};

/* ---- The old record */

/* *there is false when nothing is left to be done. */
static int
read_old(struct step *s, struct slice json, bool *there, struct err *err)
{
	const char *left = "";
	struct json_doc d;

	*there = true;
	TRY(json_open(&d, "routing rules of before", json, s->a, err));
	struct json j = json_root(&d);
	bool begun = json_has(&j, "moved_to");

	if (begun)
		left = json_get_str(&j, "left");
	TRY(json_close(&d));
	*there = !begun || left[0] != '\0';
	return *there ? rules_read(s->a, begun ? slice_str(left) : json, &s->left, err) : 0;
}

static void
write_left(struct buf *out, const struct rules_record *left)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	struct json_writer w = json_to(out);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "moved_to", ROUTING_PREFIX);
	if (left->count > 0) {
		rules_write(&json, left);
		json_put_slice(&w, "left", buf_slice(&json));
	}
	json_put_close(&w, '}');
}

/* ---- One rule */

static bool
is_held(const struct routing_rule *r)
{
	return r->phase == RULE_HOLD || r->phase == RULE_SWITCHED;
}

static bool
is_place(const struct routing_rule *r, const char *keyspace, const char *table)
{
	return strcmp(r->to_keyspace, keyspace) == 0 && strcmp(r->to_table, table) == 0;
}

/* What an old rule becomes. */
struct converted {
	struct rule_record rule;
	enum rule_side serves;
	bool governed; /* its place is one of its workflow's two */
};

static void
take_places(const struct workflow_record *w, const struct routing_rule *r, struct converted *out)
{
	for (size_t i = 0; i < w->tables_count; i++) {
		const struct workflow_table *t = &w->tables[i];
		bool at_source = is_place(r, w->source_keyspace, t->source_table);

		if (!at_source && !is_place(r, w->target_keyspace, t->target_table))
			continue;
		out->rule.places[RULE_SOURCE] =
		    (struct rule_place){ w->source_keyspace, t->source_table };
		out->rule.places[RULE_TARGET] =
		    (struct rule_place){ w->target_keyspace, t->target_table };
		out->serves = at_source ? RULE_SOURCE : RULE_TARGET;
		out->governed = true;
		return;
	}
}

static int
find_places(struct ctx *cx, struct step *s, const struct routing_rule *r, struct converted *out)
{
	struct ctx inner = *cx;

	inner.arena = s->a;
	if ((s->known == NULL || strcmp(s->known, r->workflow) != 0) &&
	    workflow_whole(&inner, s->topo, r->workflow, &s->workflow) != 0) {
		if (cx->err->kind != ERR_NOT_FOUND)
			return -1;
		err_clear(cx->err);
		return 0;
	}
	s->known = r->workflow;
	take_places(&s->workflow, r, out);
	return 0;
}

static struct switch_record *
switch_of(struct step *s, const char *workflow)
{
	for (size_t i = 0; i < s->switches_count; i++) {
		if (strcmp(s->switches[i].workflow, workflow) == 0)
			return &s->switches[i];
	}
	return NULL;
}

static struct switch_record *
add_switch(struct step *s, const struct routing_rule *r, enum rule_side serves)
{
	const struct switch_record *there = routing_switch(&s->now, r->workflow);
	size_t n = s->switches_count++;

	s->switches_modified[n] =
	    there == NULL ? 0 : s->now.switches_modified[there - s->now.switches];
	s->switches[n] = there != NULL ? *there
				       : (struct switch_record){ .workflow = r->workflow,
						 .serves = serves,
						 .committed = serves == RULE_TARGET };
	s->switches[n].version = s->now.version + 1;
	return &s->switches[n];
}

static void
put(struct step *s, const char *key, int64_t modified, const struct buf *json)
{
	s->compares[s->count] = (struct topo_compare){ key, modified };
	s->ops[s->count++] =
	    (struct topo_op){ .key = key, .value = arena_dup(s->a, buf_slice(json)) };
}

static void
govern(struct step *s, const struct routing_rule *r, struct converted *c)
{
	struct switch_record *sw = switch_of(s, r->workflow);

	if (sw == NULL)
		sw = add_switch(s, r, c->serves);
	if (sw->serves != c->serves) /* it has another place than the workflow's other tables */
		c->rule.places[RULE_SOURCE] = c->rule.places[RULE_TARGET] =
		    (struct rule_place){ r->to_keyspace, r->to_table };
	c->rule.workflow = r->workflow;
	if (!is_held(r) || mutant("topo_upgrade_lets_go"))
		return;
	sw->phase = r->phase;
	sw->number = r->attempt;
	sw->reader_wait = r->reader_wait;
	sw->grace = r->grace;
	sw->on_grace = r->on_grace;
}

static int
convert(struct ctx *cx, struct step *s, const struct routing_rule *r)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	const struct rule_place to = { r->to_keyspace, r->to_table };
	struct converted c = { .rule = { .name = { r->from_keyspace, r->from_table },
				   .places = { to, to },
				   .workflow = "",
				   .maker = r->maker } };

	TRY(find_places(cx, s, r, &c));
	if (c.governed || is_held(r))
		govern(s, r, &c);
	rule_write(&json, &c.rule);
	put(s, rule_key(s->a, r->from_keyspace, r->from_table), 0, &json);
	return 0;
}

/* ---- Steps */

static void
put_rest(struct step *s, size_t done)
{
	const struct rules_record left = { s->left.version, s->left.rules + done,
		s->left.count - done };
	SCOPED(buf) struct buf json = BUF_INIT;
	SCOPED(buf) struct buf version = BUF_INIT;

	for (size_t i = 0; i < s->switches_count; i++) {
		SCOPED(buf) struct buf sw = BUF_INIT;

		switch_write(&sw, &s->switches[i]);
		put(s, switch_key(s->a, s->switches[i].workflow), s->switches_modified[i], &sw);
	}
	routing_version_write(&version, s->now.version + 1);
	put(s, ROUTING_VERSION_KEY, s->now.version_modified, &version);
	write_left(&json, &left);
	put(s, old_key, s->old_modified, &json);
}

static int
step(struct ctx *cx, struct step *s)
{
	size_t count = s->left.count < STEP_RULES ? s->left.count : STEP_RULES;
	struct topo_txn txn = { .compares = s->compares, .ops = s->ops };
	struct topo_result result;

	TRY(routing_load(cx, s->topo, &s->now));
	/* Gates have seen versions up to the old record's: a lower one would look like one they have
	 * already. */
	if (s->now.version < s->left.version)
		s->now.version = s->left.version; /* counts on */
	for (size_t i = 0; i < count; i++)
		TRY(convert(cx, s, &s->left.rules[i]));
	put_rest(s, count);
	txn.compares_count = txn.ops_count = s->count;
	TRY(topo_txn(
	    cx, s->topo, &txn, &result)); /* somebody else was faster: it is looked at again */
	if (result.succeeded)
		log_info("%zu of %zu routing rules are kept as records of their own now", count,
		    s->left.count);
	return 0;
}

/* Where nothing was ever moved: an older program that is started by mistake would take that for "no
 * rules". */
static int
mark_new(struct ctx *cx, struct topo *t)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	const struct topo_compare absent = { .key = old_key };

	write_left(&json, &(struct rules_record){ .count = 0 });
	if (topo_put(cx, t, &absent, buf_slice(&json), 0, NULL) == 0)
		return 0;
	if (cx->err->kind != ERR_CONFLICT)
		return -1;
	err_clear(cx->err); /* it is looked at again */
	return 0;
}

static int
look(struct ctx *cx, struct topo *t, struct step *s, bool *there)
{
	struct topo_kv kv;

	*there = true;
	if (topo_get(cx, t, old_key, &kv) != 0) {
		if (cx->err->kind != ERR_NOT_FOUND)
			return err_wrap(cx->err, "reading the routing rules of before");
		err_clear(cx->err);
		return mark_new(cx, t);
	}
	s->topo = t;
	s->old_modified = kv.modified;
	TRY(read_old(s, kv.value, there, cx->err));
	return *there ? step(cx, s) : 0;
}

int
routing_upgrade(struct ctx *cx, struct topo *t)
{
	for (bool there = true; there;) {
		SCOPED(arena) struct arena arena = ARENA_INIT;
		struct ctx inner = *cx;
		struct step *s = arena_new(&arena, struct step);

		inner.arena = s->a = &arena;
		TRY(look(&inner, t, s, &there));
	}
	return 0;
}
