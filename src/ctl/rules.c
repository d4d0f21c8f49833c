#include "ctl/rules.h"

#include "base/check.h"
#include "base/mutant.h"

static const char rules_key[] = "/routing_rules";

int
rules_load(struct ctx *cx, struct ctl *c, struct rules_record *out, int64_t *revision)
{
	struct topo_kv kv;

	*out = (struct rules_record){ .version = 0 };
	*revision = 0;
	if (topo_get(cx, c->topo, rules_key, &kv) != 0) {
		if (cx->err->kind != ERR_NOT_FOUND)
			return err_wrap(cx->err, "reading the routing rules");
		err_clear(cx->err);
		return 0;
	}
	*revision = kv.modified;
	return rules_read(cx->arena, kv.value, out, cx->err);
}

/* ---- Edits: of a copy that is then swapped in */

void
rules_make_room(struct arena *a, struct rules_record *r, size_t more)
{
	struct routing_rule *rules = arena_array(a, struct routing_rule, r->count + more);

	if (r->count > 0)
		memcpy(rules, r->rules, r->count * sizeof(*rules));
	r->rules = rules;
}

static bool
routes_to(const struct routing_rule *rule, const char *keyspace, const char *table)
{
	return strcmp(rule->to_keyspace, keyspace) == 0 && strcmp(rule->to_table, table) == 0;
}

/* Index of the workflow's table whose from side this rule routes to; -1: none. */
static int
routed_table(const struct workflow *w, const struct routing_rule *rule, enum side s)
{
	for (size_t i = 0; i < w->r.tables_count; i++) {
		if (routes_to(rule, side_keyspace(w, s), side_table(w, s, i)))
			return (int)i;
	}
	return -1;
}

static bool
is_ours(const struct workflow *w, const struct routing_rule *rule)
{
	return strcmp(rule->workflow, w->id) == 0;
}

static void
add_missing(struct rules_record *r, const struct workflow *w, enum side name_side, size_t i)
{
	enum side from = workflow_from(w);

	if (rules_find(r, side_keyspace(w, name_side), side_table(w, name_side, i)) != NULL)
		return;
	r->rules[r->count++] = (struct routing_rule){
		.from_keyspace = side_keyspace(w, name_side),
		.from_table = side_table(w, name_side, i),
		.to_keyspace = side_keyspace(w, from),
		.to_table = side_table(w, from, i),
		.phase = RULE_OPEN,
		.workflow = w->id,
		.maker = w->id,
	};
}

int
rules_check_served(struct ctx *cx, const struct rules_record *r, const struct workflow *w)
{
	enum side from = workflow_from(w);

	for (size_t i = 0; i < 2 * w->r.tables_count; i++) {
		enum side s = i % 2 == 0 ? SIDE_SOURCE : SIDE_TARGET;
		const char *table = side_table(w, s, i / 2);
		const struct routing_rule *rule = rules_find(r, side_keyspace(w, s), table);

		if (rule == NULL ||
		    routes_to(rule, side_keyspace(w, from), side_table(w, from, i / 2)))
			continue;
		if (strcmp(rule->to_keyspace, side_keyspace(w, s)) == 0)
			return err_set(cx->err, ERR_REFUSED,
			    "table '%s.%s' is served already by another move's rule",
			    side_keyspace(w, s), table);
		err_set(cx->err, ERR_REFUSED, "table '%s.%s' is served from '%s.%s'",
		    side_keyspace(w, s), table, rule->to_keyspace, rule->to_table);
		return err_hint(cx->err,
		    "move it from there: vtctlclient MoveTables %.64s.%.64s ...", rule->to_keyspace,
		    rule->to_table);
	}
	return 0;
}

int
rules_arrived(struct ctx *cx, const struct workflow *w, bool *arrived)
{
	struct rules_record r;
	int64_t revision;

	*arrived = true;
	TRY(rules_load(cx, w->ctl, &r, &revision));
	for (size_t i = 0; i < w->r.tables_count; i++) {
		const struct routing_rule *rule =
		    rules_find(&r, side_keyspace(w, SIDE_SOURCE), side_table(w, SIDE_SOURCE, i));

		*arrived = *arrived && rule != NULL &&
		    routes_to(rule, side_keyspace(w, SIDE_TARGET), side_table(w, SIDE_TARGET, i));
	}
	return 0;
}

/* Two that are created at once have both written their records before they come here, so that one of
 * them sees the other at least. */
static int
edit_create(struct ctx *cx, const struct workflow *w, struct rules_record *r)
{
	if (!mutant("ctl_created_at_once"))
		TRY(workflow_check_alone(cx, w));
	if (!mutant("ctl_moved_since_preflight"))
		TRY(rules_check_served(cx, r, w)); /* a move may have switched since the preflight */
	rules_make_room(cx->arena, r, 2 * w->r.tables_count);
	for (size_t i = 0; i < w->r.tables_count; i++) {
		add_missing(r, w, SIDE_SOURCE, i);
		add_missing(r, w, SIDE_TARGET, i);
	}
	return 0;
}

/* Another move of the same table found its name routed and made no rule of its own: it takes this one
 * over. (Its record was there before it looked for the rule.) */
static int
hand_over(struct ctx *cx, const struct workflow *w, struct routing_rule *rule, bool *taken)
{
	const char *other;

	TRY(workflow_other(cx, w, rule->from_keyspace, rule->from_table, &other));
	*taken = other != NULL && !mutant("ctl_cancel_takes_all_rules");
	if (*taken)
		rule->workflow = rule->maker = other;
	return 0;
}

/* What an earlier move has left is how clients find the table: it stays. */
static int
edit_remove(struct ctx *cx, const struct workflow *w, struct rules_record *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->count; i++) {
		struct routing_rule *rule = &r->rules[i];
		bool ours = mutant("ctl_cancel_takes_earlier_rules")
		    ? is_ours(w, rule)
		    : strcmp(rule->maker, w->id) == 0;
		bool stays = !ours || routed_table(w, rule, SIDE_SOURCE) < 0;

		if (!stays)
			TRY(hand_over(cx, w, rule, &stays));
		if (stays)
			r->rules[kept++] = *rule;
	}
	r->count = kept;
	return 0;
}

/* Held by a cutover, or while a name gets another place: no other workflow may change such a rule. A pause
 * does not count: it ends by itself, also when the vtctld that began it has died. */
static bool
is_held(const struct routing_rule *rule)
{
	return rule->phase == RULE_HOLD || rule->phase == RULE_SWITCHED ||
	    rule->phase == RULE_NAMING;
}

static int
edit_hold(struct ctx *cx, const struct workflow *w, struct rules_record *r)
{
	const struct workflow_options *o = &w->r.options;

	for (size_t i = 0; i < r->count; i++) {
		struct routing_rule *rule = &r->rules[i];

		if (routed_table(w, rule, workflow_from(w)) < 0)
			continue;
		if (is_held(rule) && !is_ours(w, rule))
			return err_set(cx->err, ERR_REFUSED,
			    "table '%s.%s' is held by workflow '%s'", rule->to_keyspace,
			    rule->to_table, rule->workflow);
		rule->phase = RULE_HOLD;
		rule->workflow = w->id;
		rule->attempt = w->r.attempt;
		rule->reader_wait = o->reader_wait;
		rule->grace = o->grace_period;
		rule->on_grace = o->on_grace;
	}
	return 0;
}

static int
edit_pause(struct ctx *cx, const struct workflow *w, struct rules_record *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct routing_rule *rule = &r->rules[i];

		if (routed_table(w, rule, SIDE_SOURCE) < 0 && routed_table(w, rule, SIDE_TARGET) < 0)
			continue;
		if (is_held(rule))
			return err_set(cx->err, ERR_RETRY, "table '%s.%s' is held by workflow '%s'",
			    rule->to_keyspace, rule->to_table, rule->workflow);
		rule->phase = RULE_PAUSE;
		rule->workflow = w->id;
		if (mutant("ctl_pause_makes_rules"))
			rule->maker = w->id;
		rule->attempt = (int)(r->version + 1); /* that of these rules */
		rule->reader_wait = 0;
		rule->grace = w->pause;
		rule->on_grace = ON_GRACE_ABORT;
	}
	return 0;
}

static void
end_pause(const struct workflow *w, struct rules_record *r)
{
	for (size_t i = 0; i < r->count; i++) {
		if (is_ours(w, &r->rules[i]) && r->rules[i].phase == RULE_PAUSE)
			r->rules[i].phase = RULE_OPEN;
	}
}

static int
edit_reopen(struct ctx *cx, const struct workflow *w, struct rules_record *r)
{
	for (size_t i = 0; i < r->count; i++) {
		if (is_ours(w, &r->rules[i]) && r->rules[i].phase == RULE_HOLD)
			r->rules[i].phase = RULE_OPEN;
	}
	return 0;
}

static int
edit_switch(struct ctx *cx, const struct workflow *w, struct rules_record *r)
{
	enum side to = workflow_to(w);
	size_t switched = 0;

	for (size_t n = 0; n < r->count; n++) {
		struct routing_rule *rule = &r->rules[n];
		int i = routed_table(w, rule, workflow_from(w));

		if (i < 0)
			continue;
		if (rule->phase != RULE_HOLD || !is_ours(w, rule) || rule->attempt != w->r.attempt)
			return err_set(
			    cx->err, ERR_REFUSED, "the hold of attempt %d is gone", w->r.attempt);
		rule->phase = RULE_SWITCHED;
		rule->maker = "";
		rule->to_keyspace = side_keyspace(w, to);
		rule->to_table = side_table(w, to, (size_t)i);
		switched++;
	}
	if (switched < w->r.tables_count)
		return err_set(cx->err, ERR_REFUSED, "a routing rule of '%s' is gone", w->id);
	return 0;
}

static int
edit_release(struct ctx *cx, const struct workflow *w, struct rules_record *r)
{
	for (size_t i = 0; i < r->count; i++) {
		if (is_ours(w, &r->rules[i]) && r->rules[i].phase == RULE_SWITCHED)
			r->rules[i].phase = RULE_OPEN;
	}
	return 0;
}

typedef int edit_fn(struct ctx *cx, const struct workflow *w, struct rules_record *r);

static edit_fn *const edits[] = {
	[RULES_CREATE] = edit_create,
	[RULES_REMOVE] = edit_remove,
	[RULES_HOLD] = edit_hold,
	[RULES_PAUSE] = edit_pause,
	[RULES_REOPEN] = edit_reopen,
	[RULES_SWITCH] = edit_switch,
	[RULES_RELEASE] = edit_release,
};

/* ---- Swapping in */

static int
swap_once(struct ctx *cx, struct workflow *w, enum rules_change change, int64_t *version)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	struct rules_record r;
	int64_t revision;

	TRY(rules_load(cx, w->ctl, &r, &revision));
	if (!mutant("ctl_pause_left"))
		end_pause(w, &r);
	TRY(edits[change](cx, w, &r));
	r.version++;
	*version = r.version;
	rules_write(&json, &r);
	struct topo_compare compare = { .key = rules_key, .modified = revision };
	struct topo_op op = { .key = rules_key, .value = buf_slice(&json) };
	return workflow_save_with(cx, w, &compare, &op);
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
rules_apply(struct ctx *cx, struct workflow *w, enum rules_change change, int64_t *version)
{
	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		struct err conflict;
		bool ours;

		inner.arena = &scratch;
		if (swap_once(&inner, w, change, version) == 0)
			return 0;
		if (cx->err->kind != ERR_CONFLICT)
			return -1;
		conflict = *cx->err;
		TRY(still_ours(&inner, w, &ours));
		if (!ours)
			return err_copy(cx->err, &conflict);
	}
}

static int
edit_once(struct ctx *cx, struct ctl *c, rules_edit_fn *edit, void *arg, int64_t *version)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	struct rules_record r;
	struct topo_compare old = { .key = rules_key };

	TRY(rules_load(cx, c, &r, &old.modified));
	TRY(edit(cx, &r, arg));
	r.version++;
	*version = r.version;
	rules_write(&json, &r);
	return topo_put(cx, c->topo, &old, buf_slice(&json), 0, NULL);
}

int
rules_edit(struct ctx *cx, struct ctl *c, rules_edit_fn *edit, void *arg, int64_t *version)
{
	int64_t seen = *version = -1;

	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;

		inner.arena = &scratch;
		if (edit_once(&inner, c, edit, arg, version) == 0)
			return 0;
		/* Without a version the edit itself has refused: nobody else has changed the rules, so that
		 * trying again would not help. */
		if (cx->err->kind != ERR_CONFLICT || *version == seen)
			return -1;
		err_clear(cx->err);
		seen = *version = -1;
	}
}

/* ---- Acknowledgements */

enum {
	ASK_WITHIN_MS =
	    1000,          /* of one post: then the lease and the gate's own record are looked at */
	ASK_AGAIN_MS = 50, /* a gate that cannot be reached is asked again, inside the hold */
	GATES_MAX =
	    256, /* gates asked at a time, each by a task; with more of them no rules are changed */
};

struct asking {
	struct ctl *ctl;
	const char *id, *http;
	int64_t lease, version;
	struct slice body;
	usec deadline;
	struct group *group;
};

static int
post(struct ctx *cx, const struct asking *a)
{
	struct ctx within = ctx_within(cx, ASK_WITHIN_MS * MSEC);
	struct ack_record ack;
	struct slice answer;

	TRY(rpc_call(&within, a->http, "/gate/rules", a->body, &answer));
	TRY(ack_read(cx->arena, answer, &ack, cx->err));
	if (ack.version < a->version)
		return err_set(
		    cx->err, ERR_RETRY, "it has version %lld of the rules", (long long)ack.version);
	return 0;
}

/* Of a gate that could not be posted: *yes when it has no lease any more, so that it serves no moved
 * table, or when it has written its acknowledgement into the topology. */
static int
gone_or_written(struct ctx *cx, const struct asking *a, bool *yes)
{
	struct topo_kv kv;
	struct ack_record ack;

	*yes = true;
	if (topo_get(cx, a->ctl->topo, arena_printf(cx->arena, "/gates/%s", a->id), &kv) != 0)
		return cx->err->kind == ERR_NOT_FOUND ? 0 : -1;
	if (kv.lease != a->lease || mutant("ctl_gate_gone_at_once"))
		return 0; /* it has registered anew, and reads the rules after that */
	*yes = false;
	if (topo_get(cx, a->ctl->topo, arena_printf(cx->arena, "/acks/%s", a->id), &kv) != 0)
		return cx->err->kind == ERR_NOT_FOUND ? 0 : -1;
	TRY(ack_read(cx->arena, kv.value, &ack, cx->err));
	*yes = kv.lease == a->lease && ack.version >= a->version;
	return 0;
}

static int
ask(struct ctx *cx, const struct asking *a)
{
	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		struct err why;
		bool done;

		inner.arena = &scratch;
		if (post(&inner, a) == 0)
			return 0;
		if (cx->err->kind == ERR_CANCELLED)
			return -1;
		why = *cx->err;
		if (gone_or_written(&inner, a, &done) == 0 && done)
			return 0;
		if (task_sleep(cx, ASK_AGAIN_MS * MSEC) != 0) {
			if (cx->err->kind == ERR_TIMEOUT)
				err_set(cx->err, ERR_TIMEOUT, "%s", why.text);
			return err_wrap(cx->err, "gate '%s' does not acknowledge", a->id);
		}
	}
}

static void
ask_task(void *arg)
{
	struct asking *a = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = a->deadline, .err = &err };

	if (ask(&cx, a) != 0)
		group_fail(a->group, &err);
}

static int
ask_all(struct ctx *cx, struct group *g, struct asking *askings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		askings[i].group = g;
		TRY(group_spawn(g, "asking a gate", ask_task, &askings[i], cx->err));
	}
	return group_wait(cx, g);
}

static int
read_gates(struct ctx *cx, struct ctl *c, struct asking **out, size_t *count)
{
	struct topo_list gates;

	TRY(topo_list(cx, c->topo, "/gates/", &gates));
	if (gates.count > GATES_MAX)
		return err_set(cx->err, ERR_REFUSED,
		    "%zu gates are registered, at most %d can be asked", gates.count, GATES_MAX);
	*out = arena_array(cx->arena, struct asking, gates.count);
	*count = gates.count;
	for (size_t i = 0; i < gates.count; i++) {
		struct gate_record gate;

		TRY(gate_read(cx->arena, gates.items[i].value, &gate, cx->err));
		(*out)[i] = (struct asking){
			.ctl = c, .id = gate.id, .http = gate.http, .lease = gates.items[i].lease
		};
	}
	return 0;
}

int
rules_acknowledged(struct ctx *cx, struct ctl *c, int64_t version)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	SCOPED(buf) struct buf json = BUF_INIT;
	struct ctx inner = *cx;
	struct rules_record r;
	struct asking *askings = NULL;
	struct group g;
	size_t count = 0;
	int64_t revision;

	inner.arena = &scratch;
	TRY(rules_load(&inner, c, &r, &revision));
	rules_write(&json, &r);
	TRY(read_gates(&inner, c, &askings, &count));
	for (size_t i = 0; i < count; i++) {
		askings[i].version = version;
		askings[i].body = buf_slice(&json);
		askings[i].deadline = cx->deadline;
	}
	group_init(&g);
	/* The tasks have the caller's deadline, this wait a later one: so the error is that of a task, which
	 * says which gate has not answered. */
	if (cx->deadline != NEVER)
		inner.deadline = cx->deadline + ASK_WITHIN_MS * MSEC;
	int rc = ask_all(&inner, &g, askings, count);
	group_done(&g);
	return rc;
}
