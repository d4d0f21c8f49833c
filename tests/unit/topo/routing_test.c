/* Routing rules and switch keys: records, what they come to, and what was before them. */
#include "task/sim.h"
#include "test.h"
#include "topo/routing_upgrade.h"

static struct arena arena;
static struct err err;

static struct switch_record
a_switch(void)
{
	return (struct switch_record){ .workflow = "new_customer/users",
		.serves = RULE_TARGET,
		.phase = RULE_SWITCHED,
		.number = INT64_MAX,
		.reader_wait = 3,
		.grace = 4,
		.on_grace = ON_GRACE_KILL,
		.committed = true,
		.version = 7 };
}

static bool
same_switch(const struct switch_record *a, const struct switch_record *b)
{
	return strcmp(a->workflow, b->workflow) == 0 && a->serves == b->serves &&
	    a->phase == b->phase && a->number == b->number && a->reader_wait == b->reader_wait &&
	    a->grace == b->grace && a->on_grace == b->on_grace && a->committed == b->committed &&
	    a->version == b->version;
}

TEST(routing_records_survive)
{
	SCOPED(buf) struct buf rule = BUF_INIT, sw = BUF_INIT, post = BUF_INIT, version = BUF_INIT;
	const struct rule_record r = { { "a", "t.x" }, { { "a", "t" }, { "b", "u" } }, "b/t", "c/t",
		true };
	const struct rules_post p = { 7, true, a_switch(), 99 };
	struct rule_record r2;
	struct switch_record sw1 = a_switch(), sw2;
	struct rules_post p2;
	int64_t v;

	rule_write(&rule, &r);
	expect_ok(rule_read(&arena, buf_slice(&rule), &r2, &err), &err);
	expect_str(r2.name.table, "t.x");
	expect_str(r2.places[RULE_SOURCE].table, "t");
	expect_str(r2.places[RULE_TARGET].keyspace, "b");
	expect_str(r2.workflow, "b/t");
	expect_str(r2.maker, "c/t");
	expect(r2.both);
	switch_write(&sw, &sw1);
	expect_ok(switch_read(&arena, buf_slice(&sw), &sw2, &err), &err);
	expect(same_switch(&sw1, &sw2));
	rules_post_write(&post, &p);
	expect_ok(rules_post_read(&arena, buf_slice(&post), &p2, &err), &err);
	expect(p2.version == 7 && p2.has_switch && p2.revision == 99 && same_switch(&p2.sw, &sw1));
	routing_version_write(&version, 12);
	expect_ok(routing_version_read(&arena, buf_slice(&version), &v, &err), &err);
	expect_eq(v, 12);
	arena_done(&arena);
}

TEST(routing_what_is_not_understood_does_not_read_as_open)
{
	struct switch_record sw;
	struct rule_record r;

	expect_eq(
	    switch_read(&arena,
		slice_str(
		    "{\"workflow\":\"a\",\"serves\":\"both\",\"phase\":\"open\",\"version\":1}"),
		&sw, &err),
	    -1);
	expect_eq(
	    switch_read(&arena,
		slice_str("{\"workflow\":\"a\",\"serves\":\"source\",\"version\":1}"), &sw, &err),
	    -1);
	expect_eq(rule_read(&arena, slice_str("{\"name\":{\"keyspace\":\"a\",\"table\":\"t\"}}"),
		      &r, &err),
	    -1);
	arena_done(&arena);
}

/* ---- A store */

typedef void story_fn(struct ctx *cx, struct topo *t);

static story_fn *story;
static bool told;

static void
story_task(void *arg)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct err failure = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &failure, .arena = &scratch };
	struct topo *t;

	expect_ok(topo_memory_open(&t, &failure), &failure);
	story(&cx, t);
	topo_close(t);
	told = true;
}

static void
tell(story_fn *fn)
{
	story = fn;
	told = false;
	sim_start(test_seed());
	task_detach(task_spawn("story", story_task, NULL));
	sim_run();
	sim_stop();
	expect(told);
}

static void
put(struct ctx *cx, struct topo *t, const char *key, const struct buf *json)
{
	expect_ok(topo_set(cx, t, key, buf_slice(json), 0), cx->err);
}

static void
put_rule(struct ctx *cx, struct topo *t, const char *table, const char *workflow)
{
	const struct rule_record r = { { "a", table }, { { "a", table }, { "b", table } }, workflow,
		"b/made", false };
	SCOPED(buf) struct buf json = BUF_INIT;

	rule_write(&json, &r);
	put(cx, t, rule_key(cx->arena, "a", table), &json);
}

static void
put_switch(struct ctx *cx, struct topo *t, const char *workflow, enum rule_side serves)
{
	const struct switch_record sw = { .workflow = workflow,
		.serves = serves,
		.phase = serves == RULE_TARGET ? RULE_SWITCHED : RULE_OPEN,
		.committed = serves == RULE_TARGET,
		.version = 1 };
	SCOPED(buf) struct buf json = BUF_INIT;

	switch_write(&json, &sw);
	put(cx, t, switch_key(cx->arena, workflow), &json);
}

static void
one_value_says_which_side_serves(struct ctx *cx, struct topo *t)
{
	struct routing r;

	put_rule(cx, t, "one", "b/set");
	put_rule(cx, t, "two", "b/set");
	put_rule(cx, t, "stays", "b/other");
	put_rule(cx, t, "nobody", "");
	put_switch(cx, t, "b/set", RULE_SOURCE);
	put_switch(cx, t, "b/other", RULE_SOURCE);
	expect_ok(routing_load(cx, t, &r), cx->err);
	for (size_t i = 0; i < r.view.count; i++)
		expect_str(r.view.rules[i].to_keyspace, "a");
	put_switch(cx, t, "b/set", RULE_TARGET);
	expect_ok(routing_load(cx, t, &r), cx->err);
	expect_eq(r.view.count, 4);
	for (size_t i = 0; i < r.view.count; i++) {
		const struct routing_rule *rule = &r.view.rules[i];
		bool moved = strcmp(rule->workflow, "b/set") == 0;

		expect_str(rule->to_keyspace, moved ? "b" : "a");
		expect_str(
		    rule->maker, moved ? "" : "b/made"); /* it has switched: nobody's to remove */
		expect_eq(rule->phase, moved ? RULE_SWITCHED : RULE_OPEN);
	}
	expect(routing_switch(&r, "b/other") == &r.switches[0]);
	expect(routing_switch(&r, "b/none") == NULL);
	put_rule(cx, t, "lost", "b/none");
	expect_eq(routing_load(cx, t, &r), -1);
	expect_eq(cx->err->kind, ERR_CORRUPT);
	err_clear(cx->err);
}

TEST(routing_one_value_says_which_side_serves_a_set)
{
	tell(one_value_says_which_side_serves);
}

/* ---- Until version 0.2 */

enum { OLD_RULES = 130 }; /* three steps */

static void
put_workflow(struct ctx *cx, struct topo *t)
{
	struct workflow_table *tables = arena_array(cx->arena, struct workflow_table, OLD_RULES);
	static struct workflow_stream stream = { "a", "0", "z-1", "b", "0", "z-2" };
	struct workflow_record w = { .name = "set",
		.state = WORKFLOW_SWITCHING,
		.source_keyspace = "a",
		.target_keyspace = "b",
		.tables = tables,
		.tables_count = OLD_RULES,
		.streams = &stream,
		.streams_count = 1 };
	SCOPED(buf) struct buf json = BUF_INIT;

	for (int i = 0; i < OLD_RULES; i++) {
		const char *name = arena_printf(cx->arena, "t%d", i);

		tables[i] = (struct workflow_table){ name, name, "running", 0, 0 };
	}
	workflow_write(&json, &w);
	put(cx, t, "/workflows/b/set", &json);
}

/* A workflow's tables, held, or switched and held; and two that moves have left. */
static void
put_old(struct ctx *cx, struct topo *t, enum rule_phase phase)
{
	struct routing_rule *rules = arena_array(cx->arena, struct routing_rule, OLD_RULES + 2);
	struct rules_record r = { 41, rules, OLD_RULES + 2 };
	SCOPED(buf) struct buf json = BUF_INIT;

	for (int i = 0; i < OLD_RULES; i++) {
		const char *name = arena_printf(cx->arena, "t%d", i);

		rules[i] = (struct routing_rule){ "a", name, phase == RULE_HOLD ? "a" : "b", name,
			phase, "b/set", phase == RULE_HOLD ? "b/set" : "", 5, SECOND, 2 * SECOND,
			ON_GRACE_WAIT, false };
	}
	rules[OLD_RULES] = (struct routing_rule){ "a", "gone", "c", "there", RULE_OPEN, "c/gone",
		"", 0, 0, 0, ON_GRACE_ABORT, false };
	rules[OLD_RULES + 1] = (struct routing_rule){ "a", "named", "b", "named", RULE_NAMING,
		"naming", MAKER_DDL, 3, 0, 0, ON_GRACE_ABORT, false };
	rules_write(&json, &r);
	put(cx, t, "/routing_rules", &json);
}

static void
expect_upgraded(struct ctx *cx, struct topo *t, enum rule_phase phase)
{
	const struct routing_rule *gone, *named;
	const struct switch_record *sw;
	struct routing r;

	expect_ok(routing_load(cx, t, &r), cx->err);
	expect_eq(r.view.count, OLD_RULES + 2);
	expect(r.version > 41);
	expect_eq(r.switches_count, 1);
	sw = routing_switch(&r, "b/set");
	expect_eq(sw->phase, phase);
	expect(sw->number == 5 && sw->grace == 2 * SECOND && sw->on_grace == ON_GRACE_WAIT);
	expect_eq(sw->serves, phase == RULE_HOLD ? RULE_SOURCE : RULE_TARGET);
	expect_eq(sw->version, r.version); /* its last rule came with the last step */
	for (size_t i = 0; i < r.rules_count; i++) {
		if (strcmp(r.rules[i].workflow, "b/set") != 0)
			continue;
		expect_str(r.rules[i].places[RULE_SOURCE].keyspace, "a");
		expect_str(r.rules[i].places[RULE_TARGET].keyspace, "b");
		expect_str(r.view.rules[i].maker, phase == RULE_HOLD ? "b/set" : "");
	}
	gone = rules_find(&r.view, "a", "gone");
	expect(gone->phase == RULE_OPEN && strcmp(gone->to_table, "there") == 0 &&
	    gone->workflow[0] == '\0');
	named = rules_find(&r.view, "a", "named");
	expect(named->phase == RULE_OPEN && strcmp(named->maker, MAKER_DDL) == 0);
}

static void
upgrades(struct ctx *cx, struct topo *t)
{
	enum rule_phase phases[] = { RULE_HOLD, RULE_SWITCHED };
	struct rules_record refused;
	struct topo_kv kv;

	for (int i = 0; i < 2; i++) {
		struct topo_list all;

		put_workflow(cx, t);
		put_old(cx, t, phases[i]);
		expect_ok(routing_upgrade(cx, t), cx->err);
		expect_upgraded(cx, t, phases[i]);
		expect_ok(routing_upgrade(cx, t), cx->err); /* by the next program */
		expect_upgraded(cx, t, phases[i]);
		expect_ok(topo_get(cx, t, "/routing_rules", &kv), cx->err);
		expect_eq(
		    rules_read(cx->arena, kv.value, &refused, cx->err), -1); /* as 0.1 reads it */
		err_clear(cx->err);
		expect_ok(topo_list(cx, t, ROUTING_PREFIX, &all), cx->err);
		for (size_t n = 0; n < all.count; n++)
			expect_ok(
			    topo_delete(cx, t,
				&(struct topo_compare){ arena_slice_str(cx->arena, all.items[n].key),
				    all.items[n].modified }),
			    cx->err);
	}
}

TEST(routing_rules_of_before_are_read_and_converted)
{
	tell(upgrades);
}

/* A store that is gone after so many calls. */
struct dying {
	struct topo base;
	struct topo *real;
	int calls;
};

static int
alive(struct ctx *cx, struct topo *t)
{
	struct dying *d = (struct dying *)t;

	return d->calls-- > 0 ? 0 : err_set(cx->err, ERR_RETRY, "it is gone");
}

static int
dying_get(struct ctx *cx, struct topo *t, const char *key, struct topo_kv *out)
{
	TRY(alive(cx, t));
	return topo_get(cx, ((struct dying *)t)->real, key, out);
}

static int
dying_list(struct ctx *cx, struct topo *t, const char *prefix, struct topo_list *out)
{
	TRY(alive(cx, t));
	return topo_list(cx, ((struct dying *)t)->real, prefix, out);
}

static int
dying_txn(struct ctx *cx, struct topo *t, const struct topo_txn *txn, struct topo_result *out)
{
	TRY(alive(cx, t));
	return topo_txn(cx, ((struct dying *)t)->real, txn, out);
}

/* Whoever does it dies after each of its calls: the next one goes on. */
static void
dies(struct ctx *cx, struct topo *t)
{
	static const struct topo_ops ops = {
		.name = "dying", .get = dying_get, .list = dying_list, .txn = dying_txn
	};
	int calls = 1;

	put_workflow(cx, t);
	put_old(cx, t, RULE_HOLD);
	for (;; calls++) {
		struct dying d = { { &ops }, t, calls };

		if (routing_upgrade(cx, &d.base) == 0)
			break;
		expect_eq(cx->err->kind, ERR_RETRY);
		err_clear(cx->err);
	}
	expect(calls > 3);
	expect_upgraded(cx, t, RULE_HOLD);
}

TEST(routing_an_upgrade_whose_program_dies_is_finished_by_the_next)
{
	tell(dies);
}

static void
a_new_store(struct ctx *cx, struct topo *t)
{
	struct rules_record r;
	struct topo_kv kv;

	expect_ok(routing_upgrade(cx, t), cx->err);
	expect_ok(topo_get(cx, t, "/routing_rules", &kv), cx->err);
	expect_eq(rules_read(cx->arena, kv.value, &r, cx->err), -1);
	err_clear(cx->err);
}

TEST(routing_an_older_program_takes_no_new_store_for_one_without_rules)
{
	tell(a_new_store);
}
