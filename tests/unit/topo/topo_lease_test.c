/* Leases and locks: what every store promises, and what the keeper of a lease believes. */
#include "unit/topo/topo_conformance.h"

#include "base/mem.h"
#include "task/group.h"

#include <stdlib.h>

enum { TTL = 800 * (int)MSEC }; /* short for the real clock, long beside a slow disk's fsync */

static int64_t
grant(struct ctx *cx, struct topo *t, usec ttl)
{
	int64_t lease = 0;

	expect_ok(t->ops->lease_grant(cx, t, ttl, &lease), cx->err);
	expect(lease != 0);
	return lease;
}

static void
attach(struct ctx *cx, struct topo *t, const char *key, int64_t lease)
{
	expect_ok(topo_set(cx, t, key, slice_str("x"), lease), cx->err);
}

CONFORMS(keys_vanish_with_their_lease_at_once)
{
	int64_t lease = grant(cx, a, TTL), revision;
	struct topo_events e;
	usec begun = task_now();

	attach(cx, a, "/l/1", lease);
	attach(cx, a, "/l/2", lease);
	attach(cx, b, "/l/stays", 0);
	attach(cx, a, "/l/detached", lease);
	attach(cx, b, "/l/detached", 0);
	revision = list_of(cx, b, "/").revision;
	expect_ok(topo_watch(cx, b, "/l/", revision, &e), cx->err); /* nobody renews */
	expect_str(events_text(cx, &e), "-/l/1 -/l/2");
	expect(e.items[0].revision == revision + 1 && e.items[1].revision == revision + 1);
	expect(task_now() - begun >= TTL);
	expect_value(cx, a, "/l/1", NULL);
	expect_value(cx, a, "/l/stays", "x");
	expect_value(cx, a, "/l/detached", "x");
	expect_eq(a->ops->lease_renew(cx, a, lease), -1);
	expect_eq(cx->err->kind, ERR_NOT_FOUND);
	expect_eq(topo_set(cx, a, "/l/1", slice_str("late"), lease), -1);
	expect_eq(cx->err->kind, ERR_NOT_FOUND);
}

CONFORMS(renewals_keep_a_lease)
{
	int64_t lease = grant(cx, a, TTL);
	uint64_t before, after;
	usec ttl;

	attach(cx, a, "/l", lease);
	expect_ok(b->ops->lease_counter(cx, b, lease, &before, &ttl), cx->err);
	expect_eq(ttl, TTL);
	for (int i = 0; i < 12; i++) { /* three times its time to live */
		expect_ok(task_sleep(cx, TTL / 4), cx->err);
		expect_ok(a->ops->lease_renew(cx, a, lease), cx->err);
	}
	expect_value(cx, b, "/l", "x");
	expect_ok(b->ops->lease_counter(cx, b, lease, &after, &ttl), cx->err);
	expect_eq(after, before + 12);
	expect_ok(task_sleep(cx, 3 * TTL), cx->err);
	expect_value(cx, b, "/l", NULL);
	expect_eq(b->ops->lease_counter(cx, b, lease, &after, &ttl), -1);
	expect_eq(cx->err->kind, ERR_NOT_FOUND);
}

CONFORMS(leases_can_be_revoked)
{
	int64_t lease = grant(cx, a, 1000 * SECOND), other = grant(cx, b, 1000 * SECOND);

	expect(lease != other);
	attach(cx, a, "/l", lease);
	attach(cx, a, "/o", other);
	expect_ok(b->ops->lease_revoke(cx, b, lease), cx->err);
	expect_value(cx, a, "/l", NULL);
	expect_value(cx, a, "/o", "x");
	expect_eq(b->ops->lease_revoke(cx, b, lease), -1);
	expect_eq(cx->err->kind, ERR_NOT_FOUND);
}

CONFORMS(locks_belong_to_one)
{
	int64_t one = grant(cx, a, 1000 * SECOND), two = grant(cx, b, 1000 * SECOND);

	expect_ok(topo_lock(cx, a, "move", "vtctld 1", one), cx->err);
	/* the answer may have been lost */
	expect_ok(topo_lock(cx, a, "move", "vtctld 1", one), cx->err);
	expect_eq(topo_lock(cx, b, "move", "vtctld 2", two), -1);
	expect_eq(cx->err->kind, ERR_CONFLICT);
	expect(strstr(cx->err->text, "'vtctld 1'") != NULL);
	expect_eq(topo_unlock(cx, b, "move", two), -1);
	expect_eq(cx->err->kind, ERR_CONFLICT);
	expect_ok(topo_unlock(cx, a, "move", one), cx->err);
	expect_eq(topo_unlock(cx, a, "move", one), -1);
	expect_eq(cx->err->kind, ERR_NOT_FOUND);
	expect_ok(topo_lock(cx, b, "move", "vtctld 2", two), cx->err);
	expect_ok(b->ops->lease_revoke(cx, b, two), cx->err); /* its holder has died */
	expect_ok(topo_lock(cx, a, "move", "vtctld 1", one), cx->err);
}

CONFORMS(a_kept_lease_is_held)
{
	struct topo_lease *l;
	uint64_t epoch;

	expect_ok(topo_lease_start(cx, a, TTL, &l), cx->err);
	attach(cx, a, "/l", topo_lease_id(l));
	epoch = topo_lease_epoch(l);
	for (int i = 0; i < 12; i++) {
		expect(topo_lease_held(l));
		expect_ok(task_sleep(cx, TTL / 4), cx->err);
	}
	expect_value(cx, b, "/l", "x");
	expect_eq(topo_lease_epoch(l), epoch);
	topo_lease_stop(l);
	expect_value(cx, b, "/l", NULL);
	topo_lease_stop(NULL);
}

static void
attach_again(struct ctx *cx, void *arg, int64_t lease)
{
	struct topo *t = arg;

	(void)!topo_set(cx, t, "/l", slice_str("again"), lease); /* the keeper reads cx->err */
}

CONFORMS(a_lease_that_was_lost_is_granted_anew)
{
	struct topo_lease *l;
	uint64_t epoch;

	expect_ok(topo_lease_start(cx, a, TTL, &l), cx->err);
	topo_lease_on_grant(l, attach_again, a);
	attach(cx, a, "/l", topo_lease_id(l));
	epoch = topo_lease_epoch(l);
	expect_ok(b->ops->lease_revoke(cx, b, topo_lease_id(l)), cx->err);
	expect_value(cx, b, "/l", NULL);
	expect_ok(task_sleep(cx, TTL), cx->err);
	expect_value(cx, b, "/l", "again");
	expect(topo_lease_held(l) && topo_lease_epoch(l) != epoch);
	topo_lease_stop(l);
}

struct told {
	struct topo_lease *lease;
	int times;
};

static void
count_news(void *arg)
{
	struct told *told = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	while (topo_lease_wait(&cx, told->lease) == 0)
		told->times++;
}

CONFORMS(who_waits_is_told_of_renewals_and_of_a_loss)
{
	struct told told = { 0 };
	struct group g;
	usec until;

	expect_ok(topo_lease_start(cx, a, TTL, &told.lease), cx->err);
	group_init(&g);
	expect_ok(group_spawn(&g, "told", count_news, &told, cx->err), cx->err);
	until = topo_lease_until(told.lease);
	while (told.times < 3)
		expect_ok(task_sleep(cx, TTL / 20), cx->err);
	expect(topo_lease_until(told.lease) >= until + TTL / 2); /* each was a renewal */
	expect_ok(b->ops->lease_revoke(cx, b, topo_lease_id(told.lease)), cx->err);
	while (topo_lease_epoch(told.lease) == 1 || !topo_lease_held(told.lease))
		expect_ok(task_sleep(cx, TTL / 20), cx->err);
	expect_ok(task_sleep(cx, 0), cx->err);
	expect(told.times >= 4); /* granted anew, and held */
	group_done(&g);
	topo_lease_stop(told.lease);
}

/* ---- What only a simulated store can do: be out of reach */

static void
cut_off(struct ctx *cx, struct topo *a, struct topo *b)
{
	struct topo_lease *l;
	struct topo_events e;
	usec begun = task_now();

	expect_ok(topo_lease_start(cx, a, TTL, &l), cx->err);
	topo_lease_on_grant(l, attach_again, a);
	attach(cx, a, "/l", topo_lease_id(l));
	uint64_t epoch = topo_lease_epoch(l);
	int64_t revision = list_of(cx, b, "/").revision;

	topo_memory_cut(a, true);
	expect_eq(topo_set(cx, a, "/k", slice_str("x"), 0), -1);
	expect_eq(cx->err->kind, ERR_RETRY);
	expect_ok(topo_watch(cx, b, "/l", revision, &e), cx->err);
	expect_str(events_text(cx, &e), "-/l");
	expect(task_now() - begun >= TTL);
	expect(!topo_lease_held(l)); /* its holder knew first */
	topo_memory_cut(a, false);
	expect_ok(task_sleep(cx, TTL), cx->err);
	expect_value(cx, b, "/l", "again");
	expect(topo_lease_held(l) && topo_lease_epoch(l) != epoch);
	topo_lease_stop(l);
}

TEST(memory_a_holder_cut_off_stops_believing_before_others_do)
{
	on_memory(cut_off);
}

/*
 * Somebody else keeps the lease alive in the store while its holder cannot: the holder must see the
 * gap.
 */
static void
lapse_without_loss(struct ctx *cx, struct topo *a, struct topo *b)
{
	struct topo_lease *l;
	uint64_t epoch;

	expect_ok(topo_lease_start(cx, a, TTL, &l), cx->err);
	epoch = topo_lease_epoch(l);
	topo_memory_cut(a, true);
	for (int i = 0; i < 6; i++) {
		expect_ok(task_sleep(cx, TTL / 4), cx->err);
		expect_ok(b->ops->lease_renew(cx, b, topo_lease_id(l)), cx->err);
	}
	expect(!topo_lease_held(l));
	topo_memory_cut(a, false);
	expect_ok(task_sleep(cx, TTL / 4), cx->err);
	expect(topo_lease_held(l));
	expect(topo_lease_epoch(l) != epoch); /* held now, but not without a gap */
	topo_lease_stop(l);
}

TEST(memory_a_lease_that_lapsed_and_came_back_has_another_epoch)
{
	on_memory(lapse_without_loss);
}

static void
attach_the_second_time(struct ctx *cx, void *arg, int64_t lease)
{
	int *calls = arg;

	if (++*calls == 1)
		err_set(cx->err, ERR_RETRY, "not yet");
}

static void
attach_fails_once(struct ctx *cx, struct topo *a, struct topo *b)
{
	struct topo_lease *l;
	int calls = 0;
	bool held_before = false;

	expect_ok(topo_lease_start(cx, a, TTL, &l), cx->err);
	topo_lease_on_grant(l, attach_the_second_time, &calls);
	expect_ok(b->ops->lease_revoke(cx, b, topo_lease_id(l)), cx->err);
	while (calls < 2) {
		held_before = calls == 1 && topo_lease_held(l);
		expect_ok(task_sleep(cx, 1 * MSEC), cx->err);
		expect(!held_before); /* its keys are not there yet */
	}
	expect_ok(task_sleep(cx, 1 * MSEC), cx->err);
	expect(topo_lease_held(l));
	topo_lease_stop(l);
}

TEST(memory_a_lease_is_not_held_before_its_keys_are_attached)
{
	on_memory(attach_fails_once);
}

static void
watch_while_cut(struct ctx *cx, struct topo *a, struct topo *b)
{
	struct topo_events e;

	topo_memory_cut(b, true);
	expect_eq(topo_watch(cx, b, "/", 0, &e), -1);
	expect_eq(cx->err->kind, ERR_RETRY);
	expect_ok(topo_set(cx, a, "/k", slice_str("x"), 0), cx->err);
}

TEST(memory_watches_fail_while_the_store_is_out_of_reach)
{
	on_memory(watch_while_cut);
}
