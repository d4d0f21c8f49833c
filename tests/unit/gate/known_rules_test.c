/* What a gate knows of rules and switch keys, and whose acknowledgement counts for what. */
#include "gate/acks.h"
#include "gate/known_rules.h"
#include "test.h"

#include <stdio.h>

static struct arena arena;
static struct err err;
static struct known_rules known;

static struct switch_record
sw(const char *workflow, enum rule_side serves, int64_t version)
{
	return (struct switch_record){ .workflow = workflow,
		.serves = serves,
		.phase = serves == RULE_TARGET ? RULE_SWITCHED : RULE_OPEN,
		.version = version };
}

static struct topo_kv
switch_kv(const char *workflow, enum rule_side serves, int64_t version, int64_t modified)
{
	const struct switch_record r = sw(workflow, serves, version);
	SCOPED(buf) struct buf json = BUF_INIT;

	switch_write(&json, &r);
	return (struct topo_kv){ .key = slice_str(switch_key(&arena, workflow)),
		.value = arena_dup(&arena, buf_slice(&json)),
		.modified = modified };
}

static struct topo_kv
rule_kv(const char *table, const char *workflow, int64_t modified)
{
	const struct rule_record r = { { "a", table }, { { "a", table }, { "b", table } }, workflow,
		"", false };
	SCOPED(buf) struct buf json = BUF_INIT;

	rule_write(&json, &r);
	return (struct topo_kv){ .key = slice_str(rule_key(&arena, "a", table)),
		.value = arena_dup(&arena, buf_slice(&json)),
		.modified = modified };
}

static struct topo_kv
version_kv(int64_t version, int64_t modified)
{
	SCOPED(buf) struct buf json = BUF_INIT;

	routing_version_write(&json, version);
	return (struct topo_kv){ .key = slice_str(ROUTING_VERSION_KEY),
		.value = arena_dup(&arena, buf_slice(&json)),
		.modified = modified };
}

/* Revision 40: users is governed by b/users, orders by b/orders; version 7. */
static void
start(void)
{
	struct topo_kv items[] = { rule_kv("users", "b/users", 40),
		rule_kv("orders", "b/orders", 40), switch_kv("b/users", RULE_SOURCE, 7, 40),
		switch_kv("b/orders", RULE_SOURCE, 7, 40), version_kv(7, 40) };
	const struct topo_list l = { items, sizeof items / sizeof *items, 40 };

	known_rules_init(&known);
	expect_ok(known_rules_list(&known, &l, &err), &err);
	expect(known.version == 7 && known.rules->count == 2);
}

static void
end(void)
{
	known_rules_done(&known);
	arena_done(&arena);
}

static struct known_switch
used(const char *workflow)
{
	size_t count;
	const struct known_switch *all = known_rules_switches(&known, &arena, &count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(all[i].record.workflow, workflow) == 0)
			return all[i];
	}
	return (struct known_switch){ .revision = -1 };
}

static bool
post(const char *workflow, enum rule_side serves, int64_t version, int64_t revision)
{
	const struct switch_record r = sw(workflow, serves, version);

	return known_rules_post(&known, &r, revision);
}

TEST(a_posted_switch_key_is_used_until_the_watch_has_brought_a_newer_one)
{
	struct topo_event events[] = { { switch_kv("b/users", RULE_SOURCE, 7, 60), 60 } };
	const struct topo_events e = { events, 1, 60, false };

	start();
	expect(post("b/users", RULE_TARGET, 7, 57));
	expect_eq(used("b/users").revision, 57);
	expect_eq(used("b/users").record.serves, RULE_TARGET);
	expect_eq(used("b/orders").record.serves, RULE_SOURCE);
	expect(!post("b/users", RULE_SOURCE, 7, 52)); /* by one that was late */
	expect_eq(used("b/users").revision, 57);
	expect_ok(known_rules_follow(&known, &e, &err), &err);
	expect_eq(used("b/users").revision, 60);
	expect_eq(used("b/users").record.serves, RULE_SOURCE);
	expect(!post("b/users", RULE_TARGET, 7, 57));
	expect_eq(known.posts.count, 0);
	end();
}

static bool
post_phase(enum rule_phase phase, int64_t revision)
{
	struct switch_record r = sw("b/users", RULE_TARGET, 7);

	r.phase = phase;
	return known_rules_post(&known, &r, revision);
}

static struct topo_kv
phase_kv(enum rule_phase phase, int64_t modified)
{
	struct switch_record r = sw("b/users", RULE_TARGET, 7);
	SCOPED(buf) struct buf json = BUF_INIT;

	r.phase = phase;
	switch_write(&json, &r);
	return (struct topo_kv){ .key = slice_str(switch_key(&arena, "b/users")),
		.value = arena_dup(&arena, buf_slice(&json)),
		.modified = modified };
}

static void
follow(struct topo_kv kv, int64_t revision)
{
	struct topo_event event = { kv, kv.modified };
	const struct topo_events e = { &event, 1, revision, false };

	expect_ok(known_rules_follow(&known, &e, &err), &err);
}

static void
expect_used(enum rule_phase phase, int64_t revision)
{
	struct known_switch now = used("b/users");

	expect_eq(now.record.phase, phase);
	expect_eq(now.revision, revision);
}

/* Told by a post, and the watch comes later; or the other way round. */
TEST(a_release_is_used_before_it_is_written)
{
	for (int watched = 0; watched < 2; watched++) {
		start();
		if (watched)
			follow(phase_kv(RULE_SWITCHED, 57), 58);
		else
			expect(post_phase(RULE_SWITCHED, 57));
		expect(post_phase(RULE_OPEN, 57));
		expect(!post_phase(RULE_OPEN, 57));
		expect_used(RULE_OPEN, 57);
		follow(phase_kv(RULE_SWITCHED, 57), 60);
		expect_used(RULE_OPEN, 57);
		expect(!post_phase(RULE_SWITCHED, 57)); /* once more, and late */
		expect_used(RULE_OPEN, 57);
		follow(phase_kv(RULE_OPEN, 63), 63);
		expect_used(RULE_OPEN, 63);
		expect_eq(known.posts.count, 0);
		end();
	}
}

TEST(a_release_that_comes_late_releases_nothing)
{
	start();
	follow(phase_kv(RULE_SWITCHED, 57), 57);
	follow(phase_kv(RULE_HOLD, 70), 70);
	expect(!post_phase(RULE_OPEN, 57));
	expect_used(RULE_HOLD, 70);
	expect(!post_phase(RULE_OPEN, 70)); /* a hold is not released so */
	expect_used(RULE_HOLD, 70);
	end();
}

/* Another move has taken the rule of users (version 9); what is posted of either is not used before. */
TEST(a_switch_key_is_not_used_without_the_rules_that_it_speaks_of)
{
	struct topo_event events[] = {
		{ rule_kv("users", "c/users", 90), 90 },
		{ { .key = slice_str("/routing/switches/b/users"), .value = SLICE_NULL }, 90 },
		{ switch_kv("c/users", RULE_SOURCE, 9, 90), 90 },
		{ version_kv(9, 90), 90 },
	};
	const struct topo_events e = { events, 4, 90, false };

	start();
	expect(post("c/users", RULE_TARGET, 9, 95));
	expect(post("b/users", RULE_TARGET, 9, 96)); /* it has lost one */
	expect_eq(used("c/users").revision, -1);
	expect_eq(used("b/users").revision, 40);
	expect_ok(known_rules_follow(&known, &e, &err), &err);
	expect_eq(used("c/users").revision, 95);
	expect_eq(used("c/users").record.serves, RULE_TARGET);
	expect_eq(used("b/users").revision, -1); /* it has no rule any more */
	expect_eq(known.rules->version, 9);
	end();
}

TEST(a_list_that_the_watch_has_overtaken_is_dropped)
{
	struct topo_kv old[] = { rule_kv("users", "b/users", 40),
		switch_kv("b/users", RULE_SOURCE, 7, 45), version_kv(7, 40) };
	const struct topo_list late = { old, 3, 45 };
	struct topo_event events[] = { { switch_kv("b/users", RULE_TARGET, 7, 57), 57 } };
	const struct topo_events e = { events, 1, 57, false };

	start();
	expect_ok(known_rules_follow(&known, &e, &err), &err);
	expect_ok(known_rules_list(&known, &late, &err), &err);
	expect_eq(known.revision, 57);
	expect_eq(used("b/users").revision, 57);
	expect_eq(known.rules->count, 2);
	end();
}

TEST(a_rule_without_its_switch_key_is_an_error_that_changes_nothing)
{
	struct topo_kv items[] = { rule_kv("users", "b/none", 50), version_kv(8, 50) };
	const struct topo_list l = { items, 2, 50 };

	start();
	expect_eq(known_rules_list(&known, &l, &err), -1);
	expect_eq(err.kind, ERR_CORRUPT);
	err_clear(&err);
	expect(known.revision == 40 && known.version == 7 && known.rules->count == 2);
	end();
}

/* ---- Acknowledgements */

static void
drained(struct acks *a, int loop, const char *workflow, int64_t revision)
{
	struct switch_ack told = { .revision = revision, .number = 3, .phase = RULE_HOLD };

	(void)snprintf(told.workflow, sizeof told.workflow, "%s", workflow);
	acks_drained(a, loop, &told);
}

TEST(an_acknowledgement_counts_for_its_workflow_alone)
{
	struct acks a;

	acks_init(&a, 2);
	drained(&a, 0, "b/users", 57);
	drained(&a, 1, "b/users", 57);
	drained(&a, 0, "b/orders",
	    90); /* the other loop has a writer of orders, and all of users is drained */
	expect_eq(acks_of(&a, "b/users").revision, 57);
	expect_eq(acks_of(&a, "b/users").number, 3);
	expect_eq(acks_of(&a, "b/users").phase, RULE_HOLD);
	expect_eq(acks_of(&a, "b/orders").revision, 0);
	expect_eq(acks_of(&a, "b/none").revision, 0);
	drained(&a, 1, "b/orders", 90);
	expect_eq(acks_of(&a, "b/orders").revision, 90);
	expect_eq(acks_of(&a, "b/users").revision, 57);
	drained(&a, 1, "b/users", 50); /* never back */
	expect_eq(acks_of(&a, "b/users").revision, 57);
	acks_done(&a);
}

TEST(loops_are_quiet_when_all_of_them_are_so_in_one_hold)
{
	const struct switch_ack users = { .workflow = "b/users", .number = 3 },
				later = { .workflow = "b/users", .number = 5 },
				orders = { .workflow = "b/orders", .number = 3 };
	struct acks a;

	acks_init(&a, 2);
	expect(!acks_quiet(&a, 0, &users));
	expect(!acks_quiet(&a, 1, &orders));
	expect(!acks_quiet(&a, 1, &later)); /* the attempt between has been rolled back */
	expect(acks_quiet(&a, 0, &later));
	expect_eq(acks_of(&a, "b/users").revision, 0);
	acks_done(&a);
}

TEST(a_version_of_the_rules_is_acknowledged_by_all_loops_whatever_is_held)
{
	struct acks a;

	acks_init(&a, 2);
	acks_routed(&a, 0, 7);
	expect_eq(acks_version(&a), 0);
	acks_routed(&a, 1, 8);
	expect_eq(acks_version(&a), 7);
	drained(&a, 0, "b/users", 57); /* and not the other */
	expect_eq(acks_version(&a), 7);
	acks_routed(&a, 0, 8);
	expect_eq(acks_version(&a), 8);
	acks_done(&a);
}
