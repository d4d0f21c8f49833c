#include "ctl/take_away.h"

#include "base/mutant.h"
#include "ctl/acknowledge.h"
#include "ctl/rule_edit.h"

enum {
	TABLET_WITHIN_S = 20, /* for one question about one table */
	TABLETS_MAX =
	    60, /* of a keyspace, in one transaction with it: TOPO_OPS_MAX is above twice that */
};

/* ---- Moves */

/* Nothing of it is left that somebody may still need: no stream, no fence that is being moved, no way
 * back. */
static bool
is_over(const struct workflow_record *r)
{
	return r->state == WORKFLOW_CANCELLED || r->state == WORKFLOW_COMPLETE ||
	    (r->state == WORKFLOW_ERROR && workflow_unmade(r)) ||
	    (r->state == WORKFLOW_SWITCHED && r->start[0] == '\0' && !r->finishing);
}

/* Of the head. */
typedef bool uses_fn(const struct workflow_record *r, const char *what);

static bool
uses_keyspace(const struct workflow_record *r, const char *keyspace)
{
	return strcmp(r->source_keyspace, keyspace) == 0 ||
	    strcmp(r->target_keyspace, keyspace) == 0;
}

static bool
uses_tablet(const struct workflow_record *r, const char *alias)
{
	for (size_t i = 0; i < r->streams_count; i++) {
		if (strcmp(r->streams[i].source_tablet, alias) == 0 ||
		    strcmp(r->streams[i].target_tablet, alias) == 0)
			return true;
	}
	return false;
}

static int
check_moves(struct ctx *cx, struct ctl *c, uses_fn *uses, const char *kind, const char *name)
{
	struct topo_list all;

	TRY(topo_list(cx, c->topo, "/workflows/", &all));
	for (size_t i = 0; i < all.count && !mutant("ctl_taken_from_a_move"); i++) {
		struct workflow_head h;
		const struct workflow_record *r = &h.r;

		TRY(workflow_head_read(cx->arena, all.items[i].value, &h, cx->err));
		if (is_over(r) || !uses(r, name))
			continue;
		err_set(cx->err, ERR_REFUSED, "%s '%s' is used by workflow '%s', which is not over",
		    kind, name, name_of_table(cx->arena, r->target_keyspace, r->name));
		return err_hint(cx->err,
		    "complete it or cancel it; see: vtctlclient Workflow show %s",
		    name_typed(cx->arena, r->target_keyspace, r->name));
	}
	return 0;
}

/* ---- A keyspace */

static int
check_rules(struct ctx *cx, struct ctl *c, const char *keyspace)
{
	struct rules_record rules;

	TRY(rules_load(cx, c, &rules));
	for (size_t i = 0; i < rules.count; i++) {
		const struct routing_rule *r = &rules.rules[i];

		if (strcmp(r->from_keyspace, keyspace) != 0 && strcmp(r->to_keyspace, keyspace) != 0)
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "keyspace '%s' is used by a routing rule, which sends '%s' to '%s'", keyspace,
		    name_of_table(cx->arena, r->from_keyspace, r->from_table),
		    name_of_table(cx->arena, r->to_keyspace, r->to_table));
		return err_hint(cx->err,
		    "what finished moves have left can be taken away: vtctlclient ApplyRoutingRules --help");
	}
	return 0;
}

static int
check_followers(struct ctx *cx, struct ctl *c, const char *keyspace)
{
	struct topo_list all;

	TRY(topo_list(cx, c->topo, "/keyspaces/", &all));
	for (size_t i = 0; i < all.count; i++) {
		struct keyspace_record r;

		TRY(keyspace_read(cx->arena, all.items[i].value, &r, cx->err));
		if (strcmp(r.follows, keyspace) != 0)
			continue;
		err_set(cx->err, ERR_REFUSED, "new tables of keyspace '%s' are made in '%s'",
		    r.name, keyspace);
		return err_hint(cx->err, "end that: vtctlclient FollowKeyspace --end %s",
		    name_escaped(cx->arena, r.name));
	}
	return 0;
}

/* A transaction that deletes some keys, each as it was read. */
struct deletion {
	struct topo_compare compares[2 * TABLETS_MAX + 2];
	struct topo_op ops[2 * TABLETS_MAX + 2];
	size_t count;
};

static void
delete_key(struct deletion *d, const char *key, int64_t modified)
{
	d->compares[d->count] = (struct topo_compare){ key, modified };
	d->ops[d->count++] = (struct topo_op){ .key = key, .value = SLICE_NULL };
}

static int
commit(struct ctx *cx, struct ctl *c, const struct deletion *d)
{
	const struct topo_txn txn = { .compares = d->compares,
		.compares_count = d->count,
		.ops = d->ops,
		.ops_count = d->count };
	struct topo_result result;

	TRY(topo_txn(cx, c->topo, &txn, &result));
	if (result.succeeded)
		return 0;
	err_set(cx->err, ERR_CONFLICT, "somebody else has changed it meanwhile");
	return err_hint(cx->err, "look again, and repeat the command");
}

static int
note_running(struct ctx *cx, struct ctl *c, const char *alias, struct taken *out)
{
	struct topo_kv kv;

	if (topo_get(cx, c->topo, arena_printf(cx->arena, "/health/%s", alias), &kv) == 0)
		out->running[out->running_count++] = arena_strdup(cx->arena, alias);
	else if (cx->err->kind != ERR_NOT_FOUND)
		return -1;
	err_clear(cx->err);
	return 0;
}

/* The record of that tablet, and that it is its shard's primary. */
static int
add_tablet(struct ctx *cx, struct ctl *c, struct deletion *d, const struct tablet_record *t)
{
	const char *key =
	    arena_printf(cx->arena, "/primaries/%s", name_pair(cx->arena, t->keyspace, t->shard));
	struct topo_kv kv;

	if (t->type != TABLET_PRIMARY)
		return 0;
	if (topo_get(cx, c->topo, key, &kv) == 0) {
		if (slice_eq_str(kv.value, t->alias))
			delete_key(d, key, kv.modified);
		return 0;
	}
	if (cx->err->kind != ERR_NOT_FOUND)
		return -1;
	err_clear(cx->err);
	return 0;
}

static int
add_tablets(
    struct ctx *cx, struct ctl *c, const char *keyspace, struct deletion *d, struct taken *out)
{
	struct topo_list all;
	size_t count = 0;

	TRY(topo_list(cx, c->topo, "/tablets/", &all));
	out->running = arena_array(cx->arena, const char *, all.count);
	for (size_t i = 0; i < all.count; i++) {
		struct tablet_record t;

		TRY(tablet_read(cx->arena, all.items[i].value, &t, cx->err));
		if (strcmp(t.keyspace, keyspace) != 0)
			continue;
		if (++count > TABLETS_MAX)
			return err_set(cx->err, ERR_REFUSED,
			    "keyspace '%s' has more than %d tablets: delete some of them first",
			    keyspace, TABLETS_MAX);
		delete_key(d, arena_slice_str(cx->arena, all.items[i].key), all.items[i].modified);
		TRY(add_tablet(cx, c, d, &t));
		TRY(note_running(cx, c, t.alias, out));
	}
	return 0;
}

int
take_away_keyspace(
    struct ctx *cx, struct ctl *c, const char *keyspace, bool recursive, struct taken *out)
{
	const char *key = keyspace_key(cx->arena, keyspace);
	struct deletion *d = arena_new(cx->arena, struct deletion);
	struct keyspace_record r;
	struct topo_kv kv;

	*out = (struct taken){ .running_count = 0 };
	TRY(cluster_keyspace(cx, c, keyspace, &r));
	TRY(topo_get(cx, c->topo, key, &kv));
	delete_key(d, key, kv.modified);
	TRY(check_moves(cx, c, uses_keyspace, "keyspace", keyspace));
	TRY(check_rules(cx, c, keyspace));
	TRY(check_followers(cx, c, keyspace));
	TRY(add_tablets(cx, c, keyspace, d, out));
	if (d->count > 1 && !recursive) {
		err_set(cx->err, ERR_REFUSED,
		    "keyspace %s still has tablets; use --recursive or remove them", keyspace);
		return err_hint(cx->err, "vtctlclient GetTablets --keyspace %s", keyspace);
	}
	return commit(cx, c, d);
}

/* ---- A tablet */

int
take_away_tablet(
    struct ctx *cx, struct ctl *c, const char *alias, bool allow_primary, struct taken *out)
{
	const char *key = arena_printf(cx->arena, "/tablets/%s", alias);
	struct deletion *d = arena_new(cx->arena, struct deletion);
	struct tablet_record t;
	struct topo_kv kv;

	*out = (struct taken){ .running = arena_array(cx->arena, const char *, 1) };
	TRY(name_word_check("tablet", alias, cx->err));
	TRY(cluster_tablet(cx, c, alias, &t));
	TRY(topo_get(cx, c->topo, key, &kv));
	if (t.type == TABLET_PRIMARY && !allow_primary)
		return err_set(cx->err, ERR_REFUSED,
		    "cannot delete tablet %s as it is a primary, use --allow-primary", alias);
	TRY(check_moves(cx, c, uses_tablet, "tablet", alias));
	delete_key(d, key, kv.modified);
	TRY(add_tablet(cx, c, d, &t));
	TRY(note_running(cx, c, alias, out));
	return commit(cx, c, d);
}

/* ---- Rules */

static bool
is_named(struct arena *a, const char *text, const char *keyspace, const char *table)
{
	return strcmp(text, name_of_table(a, keyspace, table)) == 0;
}

/* Is that rule to stay? ERR_REFUSED where it is to become another one. */
static int
is_wanted(
    struct ctx *cx, const struct wanted_rules *wanted, const struct routing_rule *r, bool *stays)
{
	*stays = false;
	for (size_t i = 0; i < wanted->count; i++) {
		if (!is_named(cx->arena, wanted->rules[i].from, r->from_keyspace, r->from_table))
			continue;
		*stays = is_named(cx->arena, wanted->rules[i].to, r->to_keyspace, r->to_table);
		if (*stays)
			return 0;
		err_set(cx->err, ERR_REFUSED,
		    "table '%s' is served from '%s', and is not switched by rules",
		    wanted->rules[i].from, name_of_table(cx->arena, r->to_keyspace, r->to_table));
		return err_hint(cx->err, "MoveTables moves it, with its rows");
	}
	return 0;
}

static int
check_known(struct ctx *cx, const struct wanted_rules *wanted, const struct rules_record *rules)
{
	for (size_t i = 0; i < wanted->count; i++) {
		bool known = false;

		for (size_t r = 0; r < rules->count; r++)
			known |= is_named(cx->arena, wanted->rules[i].from,
			    rules->rules[r].from_keyspace, rules->rules[r].from_table);
		if (known)
			continue;
		err_set(cx->err, ERR_REFUSED,
		    "there is no routing rule of '%s', and none is made so", wanted->rules[i].from);
		return err_hint(cx->err, "rules are made by moves: vtctlclient MoveTables --help");
	}
	return 0;
}

static int
check_governor(struct ctx *cx, struct ctl *c, const struct routing_rule *r)
{
	struct workflow_head w;
	struct topo_kv kv = { .modified = 0 };

	if (r->workflow[0] == '\0' || mutant("ctl_rule_of_a_live_move"))
		return 0;
	if (topo_get(cx, c->topo, workflow_key(cx->arena, r->workflow), &kv) == 0) {
		TRY(workflow_head_read(cx->arena, kv.value, &w, cx->err));
		if (is_over(&w.r) && r->phase == RULE_OPEN)
			return 0;
	} else if (cx->err->kind != ERR_NOT_FOUND) {
		return -1;
	}
	err_set(cx->err, ERR_REFUSED, "the routing rule of '%s' is governed by workflow '%s'",
	    name_of_table(cx->arena, r->from_keyspace, r->from_table), r->workflow);
	return kv.modified == 0
	    ? -1
	    : err_hint(cx->err, "complete it or cancel it; see: vtctlclient Workflow show %s",
		  workflow_typed(cx->arena, &w.r));
}

/* Where nobody answers for the keyspace, no gate reads there either. */
static int
check_home(struct ctx *cx, struct ctl *c, const struct routing_rule *r)
{
	struct ctx within = ctx_within(cx, TABLET_WITHIN_S * SECOND);
	const struct place home = { r->from_keyspace, r->from_table };
	struct tablet_record primary;
	struct table_find_reply found;
	const char *name = name_typed(cx->arena, home.keyspace, home.table);

	if ((strcmp(r->to_keyspace, home.keyspace) == 0 && strcmp(r->to_table, home.table) == 0) ||
	    mutant("ctl_old_table_bared"))
		return 0;
	if (cluster_primary(cx, c, home.keyspace, &primary) != 0) {
		if (cx->err->kind != ERR_REFUSED)
			return -1;
		err_clear(cx->err);
		return 0;
	}
	TRY(cluster_table_call(&within, c, &home, TABLET_TABLE_FIND, &found));
	if (found.tables_count == 1 && !found.tables[0].exists)
		return 0;
	err_set(cx->err, ERR_REFUSED,
	    "without its routing rule '%s' would stand for the old table, which is there still",
	    name);
	return err_hint(cx->err, "drop that first: vtctlclient DropTable %s", name);
}

/* gone: as rules->rules. */
static int
choose(struct ctx *cx, struct ctl *c, const struct wanted_rules *wanted,
    const struct rules_record *rules, bool *gone)
{
	TRY(check_known(cx, wanted, rules));
	for (size_t i = 0; i < rules->count; i++) {
		bool stays;

		TRY(is_wanted(cx, wanted, &rules->rules[i], &stays));
		gone[i] = !stays;
		if (stays)
			continue;
		TRY(check_governor(cx, c, &rules->rules[i]));
		TRY(check_home(cx, c, &rules->rules[i]));
	}
	return 0;
}

/* Those that are as they were when they were chosen. */
static int
remove_chosen(
    struct ctx *cx, struct ctl *c, const struct rules_record *rules, const bool *gone, bool *more)
{
	struct rule_edit *e = arena_new(cx->arena, struct rule_edit);
	struct topo_result result;

	TRY(rule_edit_load(cx, c, e));
	for (size_t i = 0; i < rules->count && !rule_edit_full(e); i++) {
		const struct routing_rule *r = &rules->rules[i];
		struct rule_record *now;

		now = !gone[i]
		    ? NULL
		    : rule_edit_find(e, &(struct rule_place){ r->from_keyspace, r->from_table });
		if (now != NULL && strcmp(now->workflow, r->workflow) == 0 &&
		    strcmp(rule_edit_place(e, now)->keyspace, r->to_keyspace) == 0)
			rule_edit_remove(e, now);
	}
	*more = e->count > 0;
	if (!*more)
		return 0;
	const struct topo_txn txn = rule_edit_txn(e);
	return topo_txn(cx, c->topo, &txn, &result); /* a conflict: read again */
}

static void
without(struct arena *a, struct rules_record *rules, const bool *gone)
{
	struct routing_rule *left = arena_array(a, struct routing_rule, rules->count);
	size_t count = 0;

	for (size_t i = 0; i < rules->count; i++) {
		if (!gone[i])
			left[count++] = rules->rules[i];
	}
	rules->rules = left;
	rules->count = count;
}

int
take_away_rules(
    struct ctx *cx, struct ctl *c, const struct wanted_rules *wanted, struct rules_record *out)
{
	bool *gone, more = !wanted->dry_run;

	TRY(rules_load(cx, c, out));
	gone = arena_array(cx->arena, bool, out->count);
	TRY(choose(cx, c, wanted, out, gone));
	while (more) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;

		inner.arena = &scratch;
		TRY(remove_chosen(&inner, c, out, gone, &more));
	}
	without(cx->arena, out, gone);
	if (wanted->dry_run)
		return 0;
	TRY(rules_known(cx, c));
	return rules_load(cx, c, out);
}
