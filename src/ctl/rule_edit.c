#include "ctl/rule_edit.h"

#include "base/check.h"

/* ---- Read */

static void *
grown(struct arena *a, const void *items, size_t bytes, size_t more)
{
	char *copy = arena_alloc(a, bytes + more);

	memset(copy + bytes, 0, more);
	return bytes == 0 ? copy : memcpy(copy, items, bytes);
}

#define GROWN(e, items, count, more)                                                               \
	grown((e)->arena, items, (count) * sizeof *(items), (more) * sizeof *(items))

int
rule_edit_load(struct ctx *cx, struct ctl *c, struct rule_edit *e)
{
	struct routing *r = &e->r;
	const size_t more = RULE_EDIT_OPS_MAX;

	*e = (struct rule_edit){ .arena = cx->arena, .needed = 1 };
	TRY(routing_load(cx, c->topo, r));
	r->rules = GROWN(e, r->rules, r->rules_count, more);
	r->rules_modified = GROWN(e, r->rules_modified, r->rules_count, more);
	r->switches = GROWN(e, r->switches, r->switches_count, more);
	r->switches_modified = GROWN(e, r->switches_modified, r->switches_count, more);
	e->edited = arena_array(cx->arena, enum rule_edited, r->rules_count + more);
	e->touched = arena_array(cx->arena, bool, r->switches_count + more);
	e->read_count = r->rules_count;
	e->names = name_index_new(cx->arena, r->rules_count);
	for (size_t i = 0; i < r->rules_count; i++)
		name_index_add(&e->names, r->rules[i].name.keyspace, r->rules[i].name.table, i);
	name_index_sort(&e->names);
	return 0;
}

bool
rule_edit_full(const struct rule_edit *e)
{
	return e->needed + RULE_EDIT_OPS_OF_ONE > RULE_EDIT_OPS_MAX;
}

/* Those that were added stand behind, in no order. */
static struct switch_record *
find_switch(const struct rule_edit *e, const char *workflow)
{
	for (size_t i = 0; i < e->r.switches_count; i++) {
		if (strcmp(e->r.switches[i].workflow, workflow) == 0)
			return &e->r.switches[i];
	}
	return NULL;
}

const struct switch_record *
rule_edit_governor(const struct rule_edit *e, const struct rule_record *r)
{
	const struct switch_record *sw = r->workflow[0] == '\0' ? NULL : find_switch(e, r->workflow);

	check(sw != NULL || r->workflow[0] == '\0'); /* routing_read() */
	return sw;
}

const struct rule_place *
rule_edit_place(const struct rule_edit *e, const struct rule_record *r)
{
	const struct switch_record *sw = rule_edit_governor(e, r);

	return &r->places[sw == NULL ? RULE_SOURCE : sw->serves];
}

struct rule_record *
rule_edit_find(const struct rule_edit *e, const struct rule_place *name)
{
	const struct name_at *there = name_index_find(&e->names, name->keyspace, name->table);

	if (there != NULL && e->edited[there->at] != RULE_GONE)
		return &e->r.rules[there->at];
	for (size_t i = e->read_count; i < e->r.rules_count; i++) { /* those that were added */
		struct rule_record *r = &e->r.rules[i];

		if (e->edited[i] != RULE_GONE && strcmp(r->name.table, name->table) == 0 &&
		    strcmp(r->name.keyspace, name->keyspace) == 0)
			return r;
	}
	return NULL;
}

/* ---- Changed */

struct switch_record *
rule_edit_switch(struct rule_edit *e, const char *workflow, enum rule_side serves)
{
	struct switch_record *sw = find_switch(e, workflow);

	if (sw == NULL) {
		sw = &e->r.switches[e->r.switches_count++];
		*sw = (struct switch_record){ .workflow = workflow, .serves = serves };
	}
	e->needed += !e->touched[sw - e->r.switches];
	e->touched[sw - e->r.switches] = true;
	return sw;
}

static void
touch(struct rule_edit *e, const char *workflow)
{
	if (workflow[0] != '\0')
		(void)rule_edit_switch(e, workflow, RULE_SOURCE);
}

static void
note(struct rule_edit *e, const struct rule_record *r, enum rule_edited how)
{
	size_t i = (size_t)(r - e->r.rules);

	e->count += e->edited[i] == RULE_SAME;
	e->needed += e->edited[i] == RULE_SAME;
	check(e->needed <= RULE_EDIT_OPS_MAX);
	e->edited[i] = how;
}

void
rule_edit_put(struct rule_edit *e, struct rule_record *old, const struct rule_record *now)
{
	struct rule_record *r = old != NULL ? old : &e->r.rules[e->r.rules_count++];

	if (old != NULL)
		touch(e, old->workflow);
	*r = *now;
	touch(e, r->workflow);
	note(e, r, RULE_PUT);
}

void
rule_edit_remove(struct rule_edit *e, struct rule_record *r)
{
	touch(e, r->workflow);
	note(e, r, RULE_GONE);
}

void
rule_edit_settle(struct rule_edit *e, struct rule_record *r)
{
	const struct rule_place place = *rule_edit_place(e, r);
	const struct rule_record settled = { .name = r->name,
		.places = { place, place },
		.workflow = "",
		.maker = rule_maker(r, rule_edit_governor(e, r)) };

	rule_edit_put(e, r, &settled);
}

/* ---- Written */

static void
put(struct rule_edit *e, struct topo_txn *t, const char *key, int64_t modified,
    const struct buf *json)
{
	check(t->ops_count < RULE_EDIT_OPS_MAX);
	e->compares[t->compares_count++] = (struct topo_compare){ key, modified };
	e->ops[t->ops_count++] = (struct topo_op){ .key = key,
		.value = json == NULL ? SLICE_NULL : arena_dup(e->arena, buf_slice(json)) };
}

static void
put_rule(struct rule_edit *e, struct topo_txn *t, size_t i)
{
	const struct rule_record *r = &e->r.rules[i];
	const char *key = rule_key(e->arena, r->name.keyspace, r->name.table);
	SCOPED(buf) struct buf json = BUF_INIT;

	rule_write(&json, r);
	put(e, t, key, e->r.rules_modified[i], e->edited[i] == RULE_GONE ? NULL : &json);
}

static bool
governs_any(const struct rule_edit *e, const char *workflow)
{
	for (size_t i = 0; i < e->r.rules_count; i++) {
		if (e->edited[i] != RULE_GONE && strcmp(e->r.rules[i].workflow, workflow) == 0)
			return true;
	}
	return false;
}

static void
put_switch(struct rule_edit *e, struct topo_txn *t, size_t i)
{
	struct switch_record *sw = &e->r.switches[i];
	const char *key = switch_key(e->arena, sw->workflow);
	int64_t modified = e->r.switches_modified[i];
	bool stays = governs_any(e, sw->workflow);
	SCOPED(buf) struct buf json = BUF_INIT;

	if (!stays && modified == 0)
		return; /* it was not there, and is not needed */
	sw->version = e->r.version + 1;
	switch_write(&json, sw);
	put(e, t, key, modified, stays ? &json : NULL);
}

struct topo_txn
rule_edit_txn(struct rule_edit *e)
{
	struct topo_txn t = { .compares = e->compares, .ops = e->ops };
	SCOPED(buf) struct buf version = BUF_INIT;

	for (size_t i = 0; i < e->r.rules_count; i++) {
		if (e->edited[i] != RULE_SAME)
			put_rule(e, &t, i);
	}
	for (size_t i = 0; i < e->r.switches_count; i++) {
		if (e->touched[i])
			put_switch(e, &t, i);
	}
	if (t.ops_count == 0)
		return t;
	routing_version_write(&version, e->r.version + 1);
	put(e, &t, ROUTING_VERSION_KEY, e->r.version_modified, &version);
	return t;
}
