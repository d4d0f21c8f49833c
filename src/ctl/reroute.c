#include "ctl/reroute.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/mutant.h"
#include "ctl/acknowledge.h"
#include "ctl/rule_edit.h"
#include "ctl/rules.h"

enum {
	ER_TABLE_EXISTS_ERROR = 1050,
	ER_LOCK_WAIT_TIMEOUT = 1205,
	ER_NOT_SUPPORTED_YET = 1235,
	TURN_AGAIN_MS = 10,
	TURN_WITHIN_S = 10,
	GATES_WITHIN_S = 5, /* a lease is 3 s; DDL on the name that runs longer is not waited for */
	TABLET_WITHIN_S = 5,
	ROUTED_WITHIN_S = 10, /* past the change: a gate that does not answer is waited out */
	UNDO_WITHIN_S = 5,
};

static const char lock_name[] = "naming";
static const char busy[] = "naming"; /* the workflow that governs a rule that is NAMING: no move's */

/* One name on its way. */
struct naming {
	struct ctl *ctl;
	struct place name, to, from;
	int64_t number; /* version of the rules that made it NAMING */
};

static bool
is_place(const struct place *a, const struct place *b)
{
	return strcmp(a->keyspace, b->keyspace) == 0 && strcmp(a->table, b->table) == 0;
}

static int
refused(struct err *err, int number)
{
	err->mysql_errno = number;
	return -1;
}

/* It stands for the death of this vtctld, as workflow_pass() has it. */
static int
pass(struct ctx *cx, struct ctl *c, const char *point)
{
	int ms = fault_sleep_ms(point);

	if (ms > 0)
		TRY(task_sleep(cx, ms * MSEC));
	if (!fault(point) && !c->dead)
		return 0;
	c->dead = true;
	return err_set(cx->err, ERR_CANCELLED, "fault point '%s'", point);
}

/* ---- May it be done? */

static bool
is_at_work(const struct workflow_found *f, const void *arg)
{
	const struct workflow_record *r = &f->r;

	return !workflow_switched(r) && r->state != WORKFLOW_CANCELLED && !workflow_unmade(r);
}

static int
check_rest(struct ctx *cx, struct ctl *c, const struct place *p)
{
	struct workflow_query all = { .prefix = "/workflows/", .wanted = is_at_work };

	TRY(workflow_find(cx, c->topo, &all));
	for (size_t i = 0; i < all.count; i++) {
		const struct workflow_record *r = &all.items[i].r;

		if (!is_at_work(&all.items[i], NULL) || !workflow_uses(r, p->keyspace, p->table))
			continue;
		err_set(cx->err, ERR_REFUSED, "table '%s.%s' is being moved by workflow '%s/%s'",
		    p->keyspace, p->table, r->target_keyspace, r->name);
		return refused(cx->err, ER_NOT_SUPPORTED_YET);
	}
	return 0;
}

static struct place
place_of(const struct rules_record *rules, const struct place *name)
{
	const struct routing_rule *rule = rules_find(rules, name->keyspace, name->table);

	return rule == NULL ? *name : (struct place){ rule->to_keyspace, rule->to_table };
}

/* Asks the tablet of that keyspace whether there is such a table or view. Waits for one that is being
 * made. */
static int
check_absent(struct ctx *cx, struct ctl *c, const struct place *p)
{
	struct ctx within = ctx_within(cx, TABLET_WITHIN_S * SECOND);
	struct table_find_reply r;

	TRY(cluster_table_call(&within, c, p, TABLET_TABLE_FIND, &r));
	if (r.tables_count == 1 && !r.tables[0].exists)
		return 0;
	err_set(cx->err, ERR_REFUSED, "Table '%s' already exists", p->table);
	return refused(cx->err, ER_TABLE_EXISTS_ERROR);
}

static int
check_both_absent(struct ctx *cx, const struct naming *n)
{
	TRY(check_absent(cx, n->ctl, &n->from));
	return check_absent(cx, n->ctl, &n->to);
}

/* Neither the name nor its new place may be in a move, and the new place must not be routed elsewhere
 * itself. */
static int
check_rules(struct ctx *cx, const struct naming *n, const struct rules_record *rules)
{
	struct place served = place_of(rules, &n->to);

	if (!is_place(&n->to, &n->name) && !is_place(&served, &n->to)) {
		err_set(cx->err, ERR_REFUSED, "name '%s.%s' stands for table '%s.%s'",
		    n->to.keyspace, n->to.table, served.keyspace, served.table);
		return refused(cx->err, ER_NOT_SUPPORTED_YET);
	}
	TRY(check_rest(cx, n->ctl, &n->name));
	TRY(check_rest(cx, n->ctl, &n->from));
	return check_rest(cx, n->ctl, &n->to);
}

/* ---- The rules */

/* A rule of a client's statement that routes a name to where it is without a rule: it can go. */
static bool
is_idle(const struct rule_edit *e, const struct rule_record *r)
{
	const struct rule_place *at = rule_edit_place(e, r);

	return strcmp(r->maker, MAKER_DDL) == 0 && strcmp(r->name.keyspace, at->keyspace) == 0 &&
	    strcmp(r->name.table, at->table) == 0;
}

/* There is one at a time; but is left as it is. */
static void
end_naming(struct rule_edit *e, const struct rule_record *but)
{
	for (size_t i = 0; i < e->r.rules_count; i++) {
		struct rule_record *r = &e->r.rules[i];

		if (r == but || strcmp(r->workflow, busy) != 0)
			continue;
		if (is_idle(e, r))
			rule_edit_remove(e, r);
		else
			rule_edit_settle(e, r);
	}
}

static int
edit_end(struct ctx *cx, struct rule_edit *e, void *arg)
{
	end_naming(e, NULL);
	return 0;
}

static struct rule_record *
find_rule(const struct rule_edit *e, const struct place *name)
{
	return rule_edit_find(e, &(struct rule_place){ name->keyspace, name->table });
}

static int
check_free(struct err *err, const struct naming *n, const struct switch_record *sw)
{
	if (sw == NULL || (sw->phase != RULE_HOLD && sw->phase != RULE_SWITCHED))
		return 0;
	err_set(err, ERR_REFUSED, "table '%s.%s' is held by workflow '%s'", n->name.keyspace,
	    n->name.table, sw->workflow);
	return refused(err, ER_NOT_SUPPORTED_YET);
}

/* Until it has its new place, both are the present one. */
static int
edit_begin(struct ctx *cx, struct rule_edit *e, void *arg)
{
	struct naming *n = arg;
	struct rule_record *old = find_rule(e, &n->name),
			   held = { .name = { n->name.keyspace, n->name.table },
				   .workflow = busy,
				   .maker = MAKER_DDL };
	struct switch_record *sw;

	end_naming(e, old); /* the lock is ours: of one that is dead */
	TRY(check_rules(cx, n, &e->r.view));
	held.places[RULE_SOURCE] = held.places[RULE_TARGET] =
	    old == NULL ? held.name : *rule_edit_place(e, old);
	if (old != NULL) {
		TRY(check_free(cx->err, n, rule_edit_governor(e, old)));
		held.maker = rule_maker(old, rule_edit_governor(e, old));
	}
	n->number = e->r.version + 1;
	rule_edit_put(e, old, &held);
	sw = rule_edit_switch(e, busy, RULE_SOURCE);
	sw->phase = RULE_NAMING;
	sw->number = n->number;
	return 0;
}

static bool
is_held_for(const struct naming *n, const struct rule_edit *e, const struct rule_record *r)
{
	const struct switch_record *sw = rule_edit_governor(e, r);

	if (mutant("ctl_naming_number"))
		return true;
	return sw != NULL && sw->phase == RULE_NAMING && sw->number == n->number;
}

/* Only if the rule is still held for this naming: what was looked up at the servers (nothing has the name)
 * is true as long as it is held, and may be false for a later one. */
static int
edit_commit(struct ctx *cx, struct rule_edit *e, void *arg)
{
	const struct naming *n = arg;
	struct rule_record *r = find_rule(e, &n->name);

	if (r == NULL || !is_held_for(n, e, r))
		return err_set(cx->err, ERR_CONFLICT, "somebody else has ended it");
	TRY(check_rules(cx, n, &e->r.view));
	struct rule_record moved = *r;
	moved.places[RULE_SOURCE] = moved.places[RULE_TARGET] =
	    (struct rule_place){ n->to.keyspace, n->to.table };
	rule_edit_put(e, r, &moved);
	end_naming(e, NULL);
	return 0;
}

typedef int edit_fn(struct ctx *cx, struct rule_edit *e, void *arg);

/* *refused: it was the edit, of rules that nobody has changed meanwhile. */
static int
edit_once(struct ctx *cx, struct ctl *c, edit_fn *edit, void *arg, bool *is_refused)
{
	struct rule_edit *e = arena_new(cx->arena, struct rule_edit);
	struct topo_result result;
	struct topo_txn txn;

	TRY(rule_edit_load(cx, c, e));
	*is_refused = edit(cx, e, arg) != 0;
	if (*is_refused)
		return -1;
	txn = rule_edit_txn(e);
	if (txn.ops_count == 0)
		return 0;
	TRY(topo_txn(cx, c->topo, &txn, &result));
	return result.succeeded
	    ? 0
	    : err_set(cx->err, ERR_CONFLICT, "the routing rules were changed by somebody else");
}

static int
edit_rules(struct ctx *cx, struct ctl *c, edit_fn *edit, void *arg)
{
	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		bool is_refused = false;

		inner.arena = &scratch;
		if (edit_once(&inner, c, edit, arg, &is_refused) == 0)
			return 0;
		if (is_refused || cx->err->kind != ERR_CONFLICT)
			return -1;
		err_clear(cx->err);
	}
}

/* ---- The steps */

static int
begin(struct ctx *cx, struct naming *n)
{
	struct ctx within = ctx_within(cx, GATES_WITHIN_S * SECOND);

	TRY(edit_rules(cx, n->ctl, edit_begin, n));
	TRY(pass(cx, n->ctl, "naming.begun"));
	if (!mutant("ctl_naming_unacknowledged"))
		TRY(switch_acknowledged(&within, n->ctl, busy));
	if (!mutant("ctl_naming_one_look"))
		TRY(check_both_absent(cx, n));
	return pass(cx, n->ctl, "naming.checked");
}

/* Also when the client has gone: its gates wait. */
static void
undo(struct ctx *cx, const struct naming *n)
{
	struct err ignored = { 0 };
	struct ctx shielded = ctx_shielded(cx, UNDO_WITHIN_S * SECOND, &ignored);

	shielded.arena = cx->arena;
	if (n->ctl->dead || edit_rules(&shielded, n->ctl, edit_end, NULL) == 0)
		return;
	log_warn("opening name '%s.%s' again: %s", n->name.keyspace, n->name.table, ignored.text);
}

static int
change(struct ctx *cx, struct naming *n, const struct rules_record *rules)
{
	TRY(check_rules(cx, n, rules));
	TRY(check_both_absent(
	    cx, n)); /* most of what is to be refused is, before any gate hears of it */
	if (begin(cx, n) != 0 || edit_rules(cx, n->ctl, edit_commit, n) != 0) {
		undo(cx, n);
		return -1;
	}
	return pass(cx, n->ctl, "naming.routed");
}

/* If the name is there already there is nothing to change. All gates are asked all the same: the vtctld that
 * changed the rule may have died before it told any of them. */
static int
go(struct ctx *cx, struct naming *n, int64_t *version)
{
	struct rules_record rules;
	struct ctx within;

	TRY(rules_load(cx, n->ctl, &rules));
	n->from = place_of(&rules, &n->name);
	*version = rules.version;
	if (!is_place(&n->from, &n->to))
		TRY(change(cx, n, &rules));
	else if (mutant("ctl_naming_there_untold"))
		return 0;
	TRY(rules_load(cx, n->ctl, &rules));
	*version = rules.version;
	within = ctx_within(cx, ROUTED_WITHIN_S * SECOND);
	return rules_known(&within, n->ctl);
}

/* ERR_CONFLICT: somebody else has it. The lock is this vtctld's, the flag a task's of it. */
static int
try_turn(struct ctx *cx, struct ctl *c)
{
	int rc;

	if (c->naming || c->lease == NULL)
		return err_set(cx->err, ERR_CONFLICT, "another name is on its way");
	c->naming = true;
	rc = topo_lock(cx, c->topo, lock_name, c->name, topo_lease_id(c->lease));
	c->naming = rc == 0;
	return rc;
}

/* One name at a time in the whole cluster: each takes some milliseconds. */
static int
take_turn(struct ctx *cx, struct ctl *c)
{
	struct ctx within = ctx_within(cx, TURN_WITHIN_S * SECOND);

	while (try_turn(cx, c) != 0) {
		if (cx->err->kind != ERR_CONFLICT)
			return -1;
		err_clear(cx->err);
		TRY(task_sleep(&within, TURN_AGAIN_MS * MSEC));
	}
	return 0;
}

static void
give_turn(struct ctx *cx, struct ctl *c)
{
	struct err err = { 0 };
	struct ctx shielded = ctx_shielded(cx, UNDO_WITHIN_S * SECOND, &err);

	shielded.arena = cx->arena;
	if (!c->dead && topo_unlock(&shielded, c->topo, lock_name, topo_lease_id(c->lease)) != 0)
		log_info("the lock goes with the lease: %s", err.text);
	c->naming = false;
}

static int
name_it(struct ctx *cx, struct naming *n, int64_t *version)
{
	int rc;

	TRY(take_turn(cx, n->ctl));
	rc = go(cx, n, version);
	give_turn(cx, n->ctl);
	if (rc == 0)
		log_info("name '%s.%s' stands for '%s.%s'", n->name.keyspace, n->name.table,
		    n->to.keyspace, n->to.table);
	if (rc != 0 && cx->err->mysql_errno == 0)
		cx->err->mysql_errno = ER_LOCK_WAIT_TIMEOUT;
	return rc;
}

int
reroute_name(struct ctx *cx, struct ctl *c, const struct reroute *r, int64_t *version)
{
	struct naming n = {
		.ctl = c, .name = { r->keyspace, r->table }, .to = { r->to_keyspace, r->to_table }
	};

	return name_it(cx, &n, version);
}

int
reroute_home(
    struct ctx *cx, struct ctl *c, const char *keyspace, const char *table, int64_t *version)
{
	struct naming n = { .ctl = c, .name = { keyspace, table }, .to = { keyspace, table } };
	const struct routing_rule *rule;
	struct rules_record rules;

	TRY(rules_load(cx, c, &rules));
	*version = rules.version;
	rule = rules_find(&rules, keyspace, table);
	return rule == NULL || strcmp(rule->maker, MAKER_DDL) != 0 ? 0 : name_it(cx, &n, version);
}

int
reroute_check_rest(struct ctx *cx, struct ctl *c, const char *keyspace, const char *table)
{
	const struct place name = { keyspace, table };
	struct rules_record rules;
	struct place served;

	TRY(rules_load(cx, c, &rules));
	served = place_of(&rules, &name);
	TRY(check_rest(cx, c, &name));
	return check_rest(cx, c, &served);
}

int
reroute_tidy(struct ctx *cx, struct ctl *c, bool *open)
{
	struct topo_kv kv;
	bool left = topo_get(cx, c->topo, switch_key(cx->arena, busy), &kv) == 0;

	if (!left && cx->err->kind != ERR_NOT_FOUND)
		return -1;
	err_clear(cx->err);
	if (!left || mutant("ctl_naming_left"))
		return 0;
	*open = true;
	if (try_turn(cx, c) != 0) {
		if (cx->err->kind != ERR_CONFLICT) /* else somebody is at it */
			return -1;
		err_clear(cx->err);
		return 0;
	}
	int rc = edit_rules(cx, c, edit_end, NULL);
	give_turn(cx, c);
	return rc;
}
