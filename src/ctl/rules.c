#include "ctl/rules.h"

#include "base/check.h"
#include "base/mutant.h"
#include "ctl/acknowledge.h"
#include "ctl/alone.h"
#include "ctl/rule_edit.h"

int
rules_load(struct ctx *cx, struct ctl *c, struct rules_record *out)
{
	struct routing r;

	TRY(routing_load(cx, c->topo, &r));
	*out = r.view;
	return 0;
}

static bool
is_at(const struct rule_place *p, const char *keyspace, const char *table)
{
	return strcmp(p->keyspace, keyspace) == 0 && strcmp(p->table, table) == 0;
}

static bool
is_same(const struct rule_place *a, const struct rule_place *b)
{
	return is_at(a, b->keyspace, b->table);
}

/* Where the workflow's tables are on side s: which of its names is at a place. */
static struct name_index
tables_at(struct arena *a, const struct workflow *w, enum side s)
{
	struct name_index x = name_index_new(a, workflow_names(w));

	for (size_t i = 0; i < workflow_names(w); i++)
		name_index_add(&x, side_keyspace(w, s), side_name(w, s, i), i);
	name_index_sort(&x);
	return x;
}

static struct name_index
rules_by_name(struct arena *a, const struct rules_record *r)
{
	struct name_index x = name_index_new(a, r->count);

	for (size_t i = 0; i < r->count; i++)
		name_index_add(&x, r->rules[i].from_keyspace, r->rules[i].from_table, i);
	name_index_sort(&x);
	return x;
}

static enum rule_side
served(enum side s)
{
	return s == SIDE_SOURCE ? RULE_SOURCE : RULE_TARGET;
}

static bool
is_ours(const struct workflow *w, const struct rule_record *r)
{
	return strcmp(r->workflow, w->id) == 0;
}

int
rules_check_served(struct ctx *cx, const struct rules_record *r, const struct workflow *w)
{
	enum side from = workflow_from(w);
	const struct name_index by_name = rules_by_name(cx->arena, r);

	for (size_t i = 0; i < 2 * workflow_names(w); i++) {
		enum side s = i % 2 == 0 ? SIDE_SOURCE : SIDE_TARGET;
		const char *table = side_name(w, s, i / 2);
		const struct name_at *at = name_index_find(&by_name, side_keyspace(w, s), table);
		const struct routing_rule *rule;
		const struct rule_place *to;

		if (at == NULL)
			continue;
		rule = &r->rules[at->at];
		to = &(struct rule_place){ rule->to_keyspace, rule->to_table };
		if (is_at(to, side_keyspace(w, from), side_name(w, from, i / 2)))
			continue;
		if (strcmp(rule->to_keyspace, side_keyspace(w, s)) == 0)
			return err_set(cx->err, ERR_REFUSED,
			    "table '%s.%s' is served already by another move's rule",
			    side_keyspace(w, s), table);
		err_set(cx->err, ERR_REFUSED, "table '%s.%s' is served from '%s.%s'",
		    side_keyspace(w, s), table, rule->to_keyspace, rule->to_table);
		return err_hint(cx->err, "move it from there: vtctlclient MoveTables %s %s",
		    name_typed(cx->arena, rule->to_keyspace, rule->to_table),
		    name_typed(cx->arena, w->r.target_keyspace, side_name(w, SIDE_TARGET, i / 2)));
	}
	return 0;
}

int
rules_arrived(struct ctx *cx, const struct workflow *w, bool *arrived)
{
	struct rules_record r;
	struct name_index by_name;

	*arrived = true;
	TRY(rules_load(cx, w->ctl, &r));
	by_name = rules_by_name(cx->arena, &r);
	for (size_t i = 0; i < workflow_names(w); i++) {
		const struct name_at *at = name_index_find(
		    &by_name, side_keyspace(w, SIDE_SOURCE), side_name(w, SIDE_SOURCE, i));
		const struct routing_rule *rule = at == NULL ? NULL : &r.rules[at->at];

		*arrived = *arrived && rule != NULL &&
		    is_at(&(struct rule_place){ rule->to_keyspace, rule->to_table },
			side_keyspace(w, SIDE_TARGET), side_name(w, SIDE_TARGET, i));
	}
	return 0;
}

/* ---- Edits of rules: each as much as a transaction takes. Nothing edited: it is all done */

/* Held by a cutover, or while a name gets another place: no other workflow takes a rule of it. A pause does
 * not count: it ends by itself, also when the vtctld that began it has died. */
static bool
is_held(const struct switch_record *sw)
{
	return sw->phase == RULE_HOLD || sw->phase == RULE_SWITCHED || sw->phase == RULE_NAMING;
}

static int
held_by(struct err *err, const struct rule_place *p, const char *workflow)
{
	return err_set(err, ERR_REFUSED, "table '%s.%s' is held by workflow '%s'", p->keyspace,
	    p->table, workflow);
}

static struct rule_record
governed(const struct workflow *w, const struct rule_place *name, size_t i)
{
	return (struct rule_record){
		.name = *name,
		.places = { [RULE_SOURCE] = { side_keyspace(w, SIDE_SOURCE),
				side_name(w, SIDE_SOURCE, i) },
		    [RULE_TARGET] = { side_keyspace(w, SIDE_TARGET), side_name(w, SIDE_TARGET, i) } },
		.workflow = w->id,
		.maker = w->id,
		.both = workflow_name_is_both(w, i),
	};
}

/* served: where w's tables are now. */
struct taking {
	const struct workflow *w;
	struct rule_edit *e;
	struct name_index served;
};

static int
take(struct ctx *cx, const struct taking *t, struct rule_record *r)
{
	struct rule_edit *e = t->e;
	const struct switch_record *sw = rule_edit_governor(e, r);
	const struct rule_place *place = rule_edit_place(e, r);
	const struct name_at *at = name_index_find(&t->served, place->keyspace, place->table);
	struct rule_record now;

	if (is_ours(t->w, r) || at == NULL)
		return 0;
	if (sw != NULL && is_held(sw))
		return held_by(cx->err, place, sw->workflow);
	now = governed(t->w, &r->name, at->at);
	if (!mutant("ctl_taken_is_made"))
		now.maker = rule_maker(r, sw);
	rule_edit_put(e, r, &now);
	return 0;
}

static void
add_missing(const struct workflow *w, struct rule_edit *e, enum side s, size_t i)
{
	const struct rule_place name = { side_keyspace(w, s), side_name(w, s, i) };
	const struct rule_record made = governed(w, &name, i);

	if (!rule_edit_full(e) && rule_edit_find(e, &name) == NULL)
		rule_edit_put(e, NULL, &made);
}

static int
edit_take(struct ctx *cx, const struct workflow *w, struct rule_edit *e)
{
	size_t count = e->r.rules_count;
	const struct taking t = { w, e, tables_at(cx->arena, w, workflow_from(w)) };

	(void)rule_edit_switch(e, w->id, served(workflow_from(w)));
	for (size_t i = 0; i < count && !rule_edit_full(e); i++)
		TRY(take(cx, &t, &e->r.rules[i]));
	for (size_t i = 0; i < workflow_names(w); i++) {
		add_missing(w, e, SIDE_SOURCE, i);
		add_missing(w, e, SIDE_TARGET, i);
	}
	return 0;
}

/* An earlier move of that name has switched: what it left is governed by nobody, before this one begins. */
static void
settle_earlier(const struct workflow *w, struct rule_edit *e)
{
	for (size_t i = 0; i < e->r.rules_count && !rule_edit_full(e); i++) {
		if (is_ours(w, &e->r.rules[i]))
			rule_edit_settle(e, &e->r.rules[i]);
	}
}

/* Two that are created at once have both written their records before they come here, so that one of
 * them sees the other at least. */
static int
edit_create(struct ctx *cx, const struct workflow *w, struct rule_edit *e)
{
	struct switch_record *sw;

	if (!mutant("ctl_created_at_once"))
		TRY(workflow_check_alone(cx, w));
	if (!mutant("ctl_moved_since_preflight"))
		TRY(rules_check_served(
		    cx, &e->r.view, w)); /* a move may have switched since the preflight */
	sw = rule_edit_switch(e, w->id, RULE_SOURCE);
	if (sw->committed)
		settle_earlier(w, e); /* the key goes with the last of them */
	if (e->count > 0)
		return 0;
	sw->committed = false;
	sw->serves = served(workflow_from(w));
	return edit_take(cx, w, e);
}

/* One that this workflow has made, and another move of the same table has taken meanwhile: it is that
 * one's to remove, if it is one of its own names. */
static int
hand_over(struct ctx *cx, struct rule_edit *e, struct rule_record *r)
{
	const struct switch_record *sw = rule_edit_governor(e, r);
	struct rule_record handed = *r;

	handed.maker = r->workflow;
	if ((is_same(&r->name, &r->places[RULE_SOURCE]) ||
		is_same(&r->name, &r->places[RULE_TARGET])) &&
	    !mutant("ctl_cancel_takes_all_rules")) {
		rule_edit_put(e, r, &handed);
		return 0;
	}
	if (is_held(sw)) {
		held_by(cx->err, rule_edit_place(e, r), sw->workflow);
		cx->err->kind = ERR_RETRY; /* it ends */
		return -1;
	}
	rule_edit_remove(e, r);
	return 0;
}

/* What an earlier move has left is how clients find the table: it stays. */
static int
remove_one(struct ctx *cx, const struct workflow *w, struct rule_edit *e, struct rule_record *r)
{
	bool made = strcmp(rule_maker(r, rule_edit_governor(e, r)), w->id) == 0;

	if (made && r->workflow[0] != '\0' && !is_ours(w, r))
		return hand_over(cx, e, r);
	if (made || (is_ours(w, r) && mutant("ctl_cancel_takes_earlier_rules")))
		rule_edit_remove(e, r);
	else if (is_ours(w, r))
		rule_edit_settle(e, r);
	return 0;
}

static int
edit_remove(struct ctx *cx, const struct workflow *w, struct rule_edit *e)
{
	for (size_t i = 0; i < e->r.rules_count && !rule_edit_full(e); i++)
		TRY(remove_one(cx, w, e, &e->r.rules[i]));
	return 0;
}

/* No cancellation of another move of that name is to take it away. */
static int
edit_settle(struct ctx *cx, const struct workflow *w, struct rule_edit *e)
{
	for (size_t i = 0; i < e->r.rules_count && !rule_edit_full(e); i++) {
		struct rule_record *r = &e->r.rules[i];

		if (!is_ours(w, r))
			continue;
		rule_edit_settle(e, r);
		r->maker = "";
	}
	return 0;
}

static int
edit_forget(struct ctx *cx, const struct workflow *w, struct rule_edit *e)
{
	const struct name_index sources = tables_at(cx->arena, w, SIDE_SOURCE);
	const struct name_index targets = tables_at(cx->arena, w, SIDE_TARGET);

	for (size_t i = 0; i < e->r.rules_count && !rule_edit_full(e); i++) {
		struct rule_record *r = &e->r.rules[i];
		const struct rule_place *name = &r->name;

		if (!is_ours(w, r))
			continue;
		if (name_index_find(&sources, name->keyspace, name->table) != NULL ||
		    name_index_find(&targets, name->keyspace, name->table) != NULL)
			rule_edit_remove(e, r);
		else
			rule_edit_settle(e, r);
	}
	return 0;
}

/* ---- Swaps of the switch key */

static void
end_pause(struct switch_record *sw)
{
	if (sw->phase == RULE_PAUSE && !mutant("ctl_pause_left"))
		sw->phase = RULE_OPEN;
}

/* Whatever is routed to the tables must be held with them; and both names of each must be there. */
static int
check_governed(struct ctx *cx, const struct workflow *w, const struct routing *r)
{
	const struct name_index tables = tables_at(cx->arena, w, workflow_from(w));
	size_t names = 0;

	for (size_t i = 0; i < r->rules_count; i++) {
		const struct rule_record *rule = &r->rules[i];
		const struct routing_rule *view = &r->view.rules[i];

		if (is_ours(w, rule))
			names += is_same(&rule->name, &rule->places[RULE_SOURCE]) ||
			    is_same(&rule->name, &rule->places[RULE_TARGET]);
		else if (name_index_find(&tables, view->to_keyspace, view->to_table) != NULL)
			return err_set(cx->err, ERR_RETRY,
			    "the routing rule of '%s.%s' is governed by workflow '%s'",
			    rule->name.keyspace, rule->name.table, rule->workflow);
	}
	return names == 2 * workflow_names(w)
	    ? 0
	    : err_set(cx->err, ERR_RETRY, "a routing rule of '%s' is gone", w->id);
}

static int
swap_hold(struct ctx *cx, const struct workflow *w, struct switch_record *sw)
{
	const struct workflow_options *o = &w->r.options;

	if (sw->serves != served(workflow_from(w)))
		return err_set(cx->err, ERR_REFUSED, "workflow '%s' has switched", w->id);
	sw->phase = RULE_HOLD;
	sw->number = w->r.attempt;
	sw->reader_wait = o->reader_wait;
	sw->grace = o->grace_period;
	sw->on_grace = o->on_grace;
	return 0;
}

static int
swap_pause(struct ctx *cx, const struct workflow *w, struct switch_record *sw)
{
	if (is_held(sw))
		return err_set(cx->err, ERR_RETRY, "workflow '%s' is switching", w->id);
	sw->phase = RULE_PAUSE;
	sw->number = w->revision; /* grows with each change of the record */
	sw->reader_wait = 0;
	sw->grace = w->pause;
	sw->on_grace = ON_GRACE_ABORT;
	return 0;
}

static int
swap_reopen(struct ctx *cx, const struct workflow *w, struct switch_record *sw)
{
	if (sw->phase == RULE_HOLD)
		sw->phase = RULE_OPEN;
	return 0;
}

static int
swap_switch(struct ctx *cx, const struct workflow *w, struct switch_record *sw)
{
	if (sw->phase != RULE_HOLD || sw->number != w->r.attempt)
		return err_set(cx->err, ERR_REFUSED, "the hold of attempt %d is gone", w->r.attempt);
	sw->phase = RULE_SWITCHED;
	sw->serves = served(workflow_to(w));
	sw->committed = true;
	return 0;
}

static int
swap_release(struct ctx *cx, const struct workflow *w, struct switch_record *sw)
{
	if (sw->phase == RULE_SWITCHED)
		sw->phase = RULE_OPEN;
	return 0;
}

typedef int edit_fn(struct ctx *cx, const struct workflow *w, struct rule_edit *e);
typedef int swap_fn(struct ctx *cx, const struct workflow *w, struct switch_record *sw);

static edit_fn *const edits[] = {
	[RULES_CREATE] = edit_create,
	[RULES_TAKE] = edit_take,
	[RULES_REMOVE] = edit_remove,
	[RULES_SETTLE] = edit_settle,
	[RULES_FORGET] = edit_forget,
	[RULES_RELEASE] = NULL, /* that one, and those between, swap the switch key */
};

static swap_fn *const swaps[] = {
	[RULES_HOLD] = swap_hold,
	[RULES_PAUSE] = swap_pause,
	[RULES_REOPEN] = swap_reopen,
	[RULES_SWITCH] = swap_switch,
	[RULES_RELEASE] = swap_release,
};

/* ---- In one transaction with the record */

static int
edit_once(struct ctx *cx, struct workflow *w, enum rules_change change, bool *more)
{
	struct rule_edit *e = arena_new(cx->arena, struct rule_edit);
	struct topo_txn txn;

	TRY(rule_edit_load(cx, w->ctl, e));
	TRY(edits[change](cx, w, e));
	*more = e->count > 0;
	if (!*more)
		return 0;
	for (size_t i = 0; i < e->r.switches_count; i++) {
		if (e->touched[i] && strcmp(e->r.switches[i].workflow, w->id) == 0)
			end_pause(&e->r.switches[i]);
	}
	txn = rule_edit_txn(e);
	return workflow_save_with(cx, w, &txn);
}

/* revision 0: there is none. */
static int
read_switch(struct ctx *cx, struct workflow *w, struct swapped *out)
{
	struct topo_kv kv;

	out->revision = 0;
	if (topo_get(cx, w->ctl->topo, switch_key(cx->arena, w->id), &kv) == 0) {
		out->revision = kv.modified;
		return switch_read(cx->arena, kv.value, &out->sw, cx->err);
	}
	if (cx->err->kind != ERR_NOT_FOUND)
		return err_wrap(cx->err, "reading the switch key of '%s'", w->id);
	err_clear(cx->err);
	return 0;
}

/* For HOLD all rules are read, before anybody waits; the others need the switch key alone. What is remembered
 * of it is used once: who is told by the store that it is old has to read. */
static int
load_switch(struct ctx *cx, struct workflow *w, enum rules_change change, struct swapped *out)
{
	const struct swapped *last = w->swapped;
	struct routing r;

	w->swapped = NULL;
	if (last != NULL) {
		*out = *last;
		return 0;
	}
	if (change == RULES_HOLD) {
		TRY(routing_load(cx, w->ctl->topo, &r));
		TRY(check_governed(cx, w, &r));
	}
	return read_switch(cx, w, out);
}

/* After a power cut too: of a release that is undone by it the record says "commit", and whoever goes on from
 * there releases. Clients wait for it, and the save that follows is synced. */
static bool
may_be_done_again(enum rules_change change)
{
	return change == RULES_RELEASE || mutant("ctl_commit_unsynced");
}

static int
swap_apart(struct ctx *cx, struct workflow *w, const struct topo_txn *txn)
{
	struct topo_result result;

	TRY(topo_txn(cx, w->ctl->topo, txn, &result));
	return workflow_save(cx, w);
}

/* sw: with texts of the record before, which are w's no more. */
static int
keep_swapped(struct workflow *w, const struct switch_record *sw, const struct topo_list *gates,
    struct err *err)
{
	struct swapped *s = arena_new(&w->arena, struct swapped);

	*s = (struct swapped){ .sw = *sw, .revision = w->revision };
	s->sw.workflow = w->id;
	TRY(gates_from(&w->arena, gates, &s->gates, err));
	w->swapped = s;
	return 0;
}

static int
swap_once(struct ctx *cx, struct workflow *w, enum rules_change change)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	struct swapped now;

	TRY(load_switch(cx, w, change, &now));
	if (now.revision == 0 && change == RULES_SWITCH)
		return err_set(cx->err, ERR_REFUSED, "the switch key of '%s' is gone", w->id);
	if (now.revision == 0)
		return workflow_save(cx, w); /* it governs nothing */
	now.sw.workflow = w->id;
	end_pause(&now.sw);
	TRY(swaps[change](cx, w, &now.sw));
	switch_write(&json, &now.sw);
	struct topo_compare compare = { switch_key(cx->arena, w->id), now.revision };
	struct topo_op op = { .key = compare.key, .value = buf_slice(&json) };
	struct topo_read gates = { .prefix = GATES_FOLDER };
	struct topo_txn txn = { &compare, 1, &op, 1, may_be_done_again(change), &gates };
	if (mutant("ctl_switch_apart"))
		return swap_apart(cx, w, &txn);
	TRY(workflow_save_with(cx, w, &txn));
	return keep_swapped(w, &now.sw, &gates.out, cx->err);
}

/* Has the workflow's record the revision that we know? Then it was the rules that somebody else changed. */
static int
still_ours(struct ctx *cx, const struct workflow *w, bool *ours)
{
	struct topo_kv kv;
	int64_t modified = 0;

	if (topo_get(cx, w->ctl->topo, workflow_key(cx->arena, w->id), &kv) == 0)
		modified = kv.modified;
	else if (cx->err->kind != ERR_NOT_FOUND)
		return -1;
	*ours = modified == w->revision;
	return 0;
}

int
rules_apply(struct ctx *cx, struct workflow *w, enum rules_change change)
{
	for (bool more = true; more;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		struct err conflict;
		bool ours;

		inner.arena = &scratch;
		more = false;
		if ((edits[change] != NULL ? edit_once(&inner, w, change, &more)
					   : swap_once(&inner, w, change)) == 0)
			continue;
		if (cx->err->kind != ERR_CONFLICT)
			return -1;
		conflict = *cx->err;
		TRY(still_ours(&inner, w, &ours));
		if (!ours)
			return err_copy(cx->err, &conflict);
		err_clear(cx->err);
		more = true;
	}
	return 0;
}

int
rules_acknowledged(struct ctx *cx, struct workflow *w)
{
	const struct swapped *last = w->swapped;

	return last != NULL ? swap_acknowledged(cx, w->ctl, last)
			    : switch_acknowledged(cx, w->ctl, w->id);
}
