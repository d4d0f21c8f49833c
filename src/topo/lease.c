/*
 * lease.c - the task that keeps a lease (topo.h says what a lease promises).
 *
 * until is this process's own count: from before the last successful renewal
 * was sent, plus the time to live. Others count from after they saw that
 * renewal, so they end later. When a renewal succeeds but arrives after
 * until, there was a moment at which topo_lease_held() said no while the
 * store still had the lease: somebody who waited the lease out may have gone
 * on, so the epoch changes as if it had been lost.
 *
 *   state    until      by                          what others may do
 *   HELD     > now      renew() succeeded in time   nothing
 *   LAPSED   <= now     time went by                end the lease, each by its own count
 *   LOST     0          grant(), while attach()     the old keys are gone, the new ones are not there yet
 *
 * One worked timeline, with a time to live of 4 s (so a renewal each second; while it fails each 0.25 s):
 *
 *    0.00  renew() is sent and the counter becomes 7; the answer comes at 0.10. until = 4.00. A watcher sees
 *          7 at 0.15 at the earliest, and may end the lease at 4.15
 *    1.10  the next one fails: the store cannot be reached. Logged once; tried again until it works
 *    4.00  topo_lease_held() is false. Its owner stops what only a holder may do; nobody was told anything
 *    4.60  the store answers again. Either nobody has ended the lease: the renewal succeeds, but after until:
 *          the epoch is another one, until = 8.60. Or it says ERR_NOT_FOUND: a new lease is granted, with a
 *          new id, the owner attaches its keys, and until counts from before the grant. The epoch is another
 *          one here too
 *
 * "Held since then" is so a comparison of two epochs, and needs no clock of anybody else.
 */
#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "task/group.h"
#include "topo/topo.h"

#include <stdlib.h>

enum {
	RENEWALS = 4, /* per time to live: three may fail before the lease lapses */
	RETRIES = 16, /* per time to live while renewing fails */
};

struct topo_lease {
	struct topo *topo;
	usec ttl;
	int64_t id;
	uint64_t epoch;
	usec until;    /* on task_boottime(); 0: not held */
	bool attached; /* on_grant has succeeded for this id */
	bool failing;  /* the last renewal failed, and was logged */
	void (*on_grant)(struct ctx *cx, void *arg, int64_t lease);
	void *arg;
	struct group group;
	struct waitlist changed; /* epoch or until */
};

int64_t
topo_lease_id(const struct topo_lease *l)
{
	return l->id;
}

uint64_t
topo_lease_epoch(const struct topo_lease *l)
{
	return l->epoch;
}

bool
topo_lease_held(const struct topo_lease *l)
{
	return task_boottime() < l->until;
}

usec
topo_lease_until(const struct topo_lease *l)
{
	return l->until;
}

int
topo_lease_wait(struct ctx *cx, struct topo_lease *l)
{
	return waitlist_wait(cx, &l->changed);
}

void
topo_lease_on_grant(
    struct topo_lease *l, void (*fn)(struct ctx *cx, void *arg, int64_t lease), void *arg)
{
	l->on_grant = fn;
	l->arg = arg;
}

static int
grant(struct ctx *cx, struct topo_lease *l)
{
	l->until = 0;
	TRY(l->topo->ops->lease_grant(cx, l->topo, l->ttl, &l->id));
	l->epoch++;
	l->attached = l->on_grant == NULL;
	waitlist_wake_all(&l->changed);
	return 0;
}

/* Lets the owner attach its keys to a new grant. */
static int
attach(struct ctx *cx, struct topo_lease *l)
{
	if (l->attached)
		return 0;
	err_clear(cx->err);
	l->on_grant(cx, l->arg, l->id);
	if (cx->err->kind != ERR_NONE)
		return err_wrap(cx->err, "attaching keys to the lease");
	l->attached = true;
	return 0;
}

static int
renew(struct ctx *cx, struct topo_lease *l)
{
	usec sent = task_boottime();

	if (l->topo->ops->lease_renew(cx, l->topo, l->id) != 0) {
		if (cx->err->kind != ERR_NOT_FOUND)
			return -1;
		sent = task_boottime();
		TRY(grant(cx, l));
		log_warn("the lease was lost; granted anew lease=%lld", (long long)l->id);
	}
	/* After the answer, not before the call: it is the answer that came late. */
	bool lapsed = task_boottime() >= l->until;

	if (mutant("topo_lease_held_after_attach"))
		l->until = sent + l->ttl;
	TRY(attach(cx, l));
	if (lapsed && !mutant("topo_lease_gap"))
		l->epoch++;
	l->until = sent + l->ttl;
	waitlist_wake_all(&l->changed);
	return 0;
}

/* Logs when renewing begins to fail and when it succeeds again, not each time. */
static void
note(struct topo_lease *l, const struct err *failure)
{
	bool failing = failure != NULL;

	if (failing && !l->failing)
		log_warn("renewing the lease: %s", failure->text);
	if (!failing && l->failing)
		log_info("the lease is renewed again");
	l->failing = failing;
}

static void
keep(void *arg)
{
	struct topo_lease *l = arg;
	struct err err = { 0 };
	struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };
	usec pause = l->ttl / RENEWALS;

	while (task_sleep(&cx, pause) == 0) {
		struct ctx step = ctx_within(&cx, l->ttl / RENEWALS);
		bool ok = renew(&step, l) == 0;

		if (task_cancelled())
			break;
		note(l, ok ? NULL : &err);
		pause = l->ttl / (ok ? RENEWALS : RETRIES);
		arena_reset(&arena);
	}
	arena_done(&arena);
}

int
topo_lease_start(struct ctx *cx, struct topo *t, usec ttl, struct topo_lease **out)
{
	struct topo_lease *l = mem_new(struct topo_lease);
	usec sent = task_boottime();

	check(ttl >= RETRIES * MSEC); /* below it the pauses are shorter than a renewal */
	l->topo = t;
	l->ttl = ttl;
	group_init(&l->group);
	/* on_grant is not known yet: this grant's keys are the caller's to attach. */
	if (grant(cx, l) != 0 || group_spawn(&l->group, "topo lease", keep, l, cx->err) != 0) {
		group_done(&l->group);
		free(l);
		return err_wrap(cx->err, "taking a lease");
	}
	l->until = sent + ttl;
	*out = l;
	return 0;
}

void
topo_lease_stop(struct topo_lease *l)
{
	struct err err = { 0 };

	if (l == NULL)
		return;
	group_done(&l->group);
	check(waitlist_empty(&l->changed));
	l->until = 0;
	/* Shielded: whoever stops has mostly been cancelled. A second: a program that ends must not hang
	 * on a store that does. */
	struct ctx cx = { .deadline = task_now() + SECOND, .err = &err, .shielded = true };

	if (l->topo->ops->lease_revoke(&cx, l->topo, l->id) != 0 && err.kind != ERR_NOT_FOUND)
		log_info("the lease is left to expire: %s", err.text);
	free(l);
}
