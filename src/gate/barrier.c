#include "gate/barrier.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- awaited transactions ---- */

/* Had it touched a table of the workflow before the hold began? */
static bool
touched_before(const struct barrier *b, const struct work *w)
{
	if (w->touched_all_seq != 0 && w->touched_all_seq < b->held_seq)
		return true;
	for (size_t i = 0; i < w->touches_count; i++) {
		if (w->touches[i].barrier == b && w->touches[i].seq < b->held_seq)
			return true;
	}
	return false;
}

static bool
wrote_before(const struct barrier *b, const struct work *w)
{
	return w->wrote_seq != 0 && (w->wrote_seq < b->held_seq || mutant("gate_hold_awaited")) &&
	    w->server != NULL && b->server != NULL && strcmp(w->server, b->server) == 0;
}

static bool
is_awaited(const struct barrier *b, const struct work *w)
{
	return w->open && (touched_before(b, w) || wrote_before(b, w));
}

/* (10) */
static enum barrier_verdict
judge_alone(const struct barrier *b, const struct barrier_ask *ask)
{
	bool waits = b->phase == RULE_PAUSE || ask->locks;
	bool let_in = b->phase == RULE_PAUSE ? !mutant("gate_pause_keeps_alone")
					     : b->phase == RULE_HOLD && b->lets_in;

	let_in = let_in && ask->defines == NULL && (!b->shut || mutant("gate_let_in_when_shut"));
	return waits && !let_in ? BARRIER_WAIT : BARRIER_PASS;
}

/* A transaction that uses the table goes on to its end; no other comes to it. */
static enum barrier_verdict
judge_pause(const struct barrier *b, const struct work *w)
{
	return is_awaited(b, w) && !b->acknowledged ? BARRIER_PASS : BARRIER_WAIT;
}

enum barrier_verdict
barrier_judge(const struct barrier *b, const struct work *w, const struct barrier_ask *ask)
{
	if (b->phase == RULE_OPEN ||
	    (b->phase == RULE_SWITCHED && mutant("gate_release_in_two_halves")))
		return BARRIER_PASS;
	if (b->phase == RULE_NAMING)
		return ask->defines != NULL && !mutant("gate_naming_passes") ? BARRIER_WAIT
									     : BARRIER_PASS;
	if (!ask->transaction)
		return judge_alone(b, ask);
	if (b->phase == RULE_PAUSE)
		return judge_pause(b, w);
	if (b->phase == RULE_HOLD && is_awaited(b, w))
		return b->acknowledged && ask->locks && !mutant("gate_hold_acknowledged")
		    ? BARRIER_WAIT
		    : BARRIER_PASS; /* (5) */
	/* One that has begun on no server has no view yet: it waits, and begins at the new side. */
	return !ask->locks && (w->has_view || mutant("gate_hold_begun_nowhere")) ? BARRIER_PASS
										 : BARRIER_WAIT;
}

/* ---- waiting ---- */

/* Has it locked rows that a statement which the hold waits for may need? */
static bool
has_rows(const struct barrier *b, const struct work *w)
{
	return w->open && w->wrote_seq != 0 && w->server != NULL && b->server != NULL &&
	    strcmp(w->server, b->server) == 0;
}

/* (8) */
static bool
may_be_let_in(const struct barrier *b, const struct work *w)
{
	return b->phase == RULE_HOLD && (!b->acknowledged || mutant("gate_let_in_late")) &&
	    has_rows(b, w);
}

/* Has a statement that the hold waits for been at the server for that long? It may be waiting for rows that
 * a transaction which waits here has locked. */
static bool
is_stalled(const struct in_flight *f, const struct barrier *b, usec time)
{
	usec since = task_now() - time;

	list_each(&f->work, n) {
		const struct work *w = list_item(n, struct work, node);

		if (w->sent_at != 0 && w->sent_at <= since &&
		    (is_awaited(b, w) || (w->running && touched_before(b, w))))
			return true;
	}
	return false;
}

static void
touch_at(struct work *w, const struct barrier *b, uint64_t seq)
{
	for (size_t i = 0; i < w->touches_count; i++) {
		if (w->touches[i].barrier != b)
			continue;
		if (seq < w->touches[i].seq)
			w->touches[i].seq = seq;
		return;
	}
	if (w->touches_count < TOUCHES_MAX)
		w->touches[w->touches_count++] = (struct touch){ b, seq };
	else if (w->touched_all_seq == 0 || seq < w->touched_all_seq)
		w->touched_all_seq = seq;
}

static int
wait_at(struct ctx *cx, struct in_flight *f, const struct barrier *b, struct work *w)
{
	while (may_be_let_in(b, w)) {
		struct ctx within = ctx_within(cx, STALL_MS * MSEC);

		if (waitlist_wait(&within, &f->opened) == 0)
			return 0;
		if (cx->err->kind != ERR_TIMEOUT || task_now() >= cx->deadline)
			return -1;
		err_clear(cx->err);
		if (!may_be_let_in(b, w) || !is_stalled(f, b, STALL_MS * MSEC) ||
		    mutant("gate_rows_kept_waiting"))
			continue;
		touch_at(w, b, b->held_seq - 1); /* as if it had touched the table before the hold */
		return 0;
	}
	return waitlist_wait(cx, &f->opened);
}

int
barrier_wait(struct ctx *cx, struct in_flight *f, struct barrier *b, struct work *w, size_t bytes)
{
	int rc;

	b->waiting++;
	b->waiting_bytes += bytes;
	if (b->waiting_bytes > f->waiting_bytes_max && !b->overflowed) {
		/* (4). A pause, or a naming, just ends, and past the commit there is only forward. */
		b->overflowed = b->phase == RULE_HOLD;
		if (b->phase == RULE_PAUSE)
			b->grace = 0;
		waitlist_wake_all(&f->changed);
	}
	w->waits_at = b;
	w->waits_since = task_now();
	rc = wait_at(cx, f, b, w);
	w->waits_at = NULL;
	b->waiting--;
	b->waiting_bytes -= bytes;
	if (rc != 0 && mutant("gate_hold_own_clock")) {
		b->phase = RULE_OPEN; /* which (3) forbids */
		return 0;
	}
	return rc == 0 ? 0 : err_wrap(cx->err, "waiting for the cutover of '%s'", b->workflow);
}

/* ---- work ---- */

void
work_send(struct in_flight *f, struct work *w, const struct barrier_ask *ask,
    const struct route_rule *const *rules, size_t count)
{
	f->seq++;
	if (!ask->transaction && (count == 0 || !ask->locks) && ask->defines == NULL)
		return; /* nothing that a hold would wait for */
	if (w->node.list == NULL)
		list_push(&f->work, &w->node);
	w->running = !ask->transaction;
	w->open = ask->transaction;
	w->sent_at = task_now();
	w->defines = ask->defines;
	w->defines_seq = f->seq;
	w->has_view = w->has_view || (ask->transaction && ask->reads);
	if (ask->locks && w->wrote_seq == 0)
		w->wrote_seq = f->seq;
	for (size_t i = 0; i < count; i++) {
		struct barrier *b = in_flight_barrier(f, rules[i]->record);
		bool let_in = w->running && (b->phase == RULE_HOLD || b->phase == RULE_PAUSE);

		touch_at(w, b, let_in ? b->held_seq - 1 : f->seq);
		if (let_in) {
			w->let_in = b;
			w->let_in_to = b->attempt;
		}
	}
}

void
work_leave(struct in_flight *f, struct work *w)
{
	void (*kill)(struct work *) = w->kill;

	if (w->node.list != NULL)
		list_remove(&w->node);
	*w = (struct work){ .kill = kill };
	if (f->holds > 0)
		waitlist_wake_all(&f->changed);
}

void
work_answered(struct in_flight *f, struct work *w, bool in_transaction)
{
	w->sent_at = 0;
	w->defines = NULL;
	if (f->holds > 0)
		waitlist_wake_all(&f->changed);
	if (w->node.list != NULL && !in_transaction)
		work_leave(f, w);
}

/* ---- rules ---- */

void
in_flight_init(struct in_flight *f, size_t waiting_bytes_max)
{
	*f = (struct in_flight){ .seq = 1, .waiting_bytes_max = waiting_bytes_max };
	map_init(&f->barriers);
	list_init(&f->work);
}

void
in_flight_done(struct in_flight *f)
{
	struct slice key;
	void *b;

	for (size_t i = 0; map_next(&f->barriers, &i, &key, &b);)
		free(b);
	map_done(&f->barriers);
	route_unref(f->route);
	f->route = NULL;
}

static struct barrier *
barrier_of(struct in_flight *f, const char *workflow)
{
	struct barrier *b = map_get(&f->barriers, slice_str(workflow));

	if (b == NULL) {
		b = mem_new(struct barrier);
		(void)snprintf(b->workflow, sizeof b->workflow, "%s", workflow);
		(void)map_put(&f->barriers, slice_str(workflow), b);
	}
	return b;
}

/* A rule that no workflow governs is held by nobody; all such share one barrier. */
struct barrier *
in_flight_barrier(struct in_flight *f, const struct routing_rule *rule)
{
	return barrier_of(f, rule->workflow);
}

/* Are rules of this phase acknowledged only when it is drained? */
static bool
must_drain(enum rule_phase phase)
{
	return phase == RULE_HOLD || phase == RULE_PAUSE || phase == RULE_NAMING;
}

static void
follow(struct in_flight *f, const struct route_switch *sw)
{
	const struct switch_record *r = &sw->record;
	struct barrier *b = barrier_of(f, r->workflow);
	enum rule_phase phase = r->phase;
	bool begins;

	if (phase == RULE_PAUSE && r->number == b->pause_over && !mutant("gate_pause_again")) /* (7) */
		phase = RULE_OPEN;
	begins = must_drain(phase) && (b->phase != phase || b->attempt != r->number);

	b->ruled = true;
	b->server = sw->server;
	b->revision = sw->revision;
	b->reader_wait = r->reader_wait;
	b->grace = r->grace;
	b->on_grace = r->on_grace;
	if (begins) {
		b->held_seq = ++f->seq;
		b->held_since = task_now();
		b->acknowledged = b->overflowed = b->reported = false;
		b->lets_in = b->shut = b->quiet = b->quiet_told = false;
	}
	if (b->phase != phase)
		log_info("workflow %s: %s, number=%lld revision=%lld in_flight=%zu waiting=%zu",
		    b->workflow, rule_phase_name(phase), (long long)r->number,
		    (long long)sw->revision, f->work.count, b->waiting);
	b->phase = phase;
	b->attempt = r->number;
}

/* What it did to tables of the old barrier counts for b as well. */
static void
touch_also(struct work *w, const struct barrier *old, const struct barrier *b)
{
	for (size_t i = 0; i < w->touches_count; i++) {
		if (w->touches[i].barrier != old)
			continue;
		if (!mutant("gate_next_workflow"))
			touch_at(w, b, w->touches[i].seq);
		return;
	}
}

/* (6): the next move of a table takes over its rule from the workflow that moved it before. */
static void
follow_workflow(struct in_flight *f, const struct routing_rule *rule)
{
	const struct route_rule *before = f->route == NULL
	    ? NULL
	    : route_rule(f->route, slice_str(rule->from_keyspace), slice_str(rule->from_table));
	const struct barrier *old, *b;

	if (before == NULL || strcmp(before->record->workflow, rule->workflow) == 0)
		return;
	old = in_flight_barrier(f, before->record);
	b = in_flight_barrier(f, rule);
	list_each(&f->work, n)
		touch_also(list_item(n, struct work, node), old, b);
}

/* A workflow without a switch key holds nothing any more. */
static void
follow_switches(struct in_flight *f)
{
	struct slice key;
	void *value;

	for (size_t i = 0; map_next(&f->barriers, &i, &key, &value);) {
		struct barrier *b = value;

		b->server = NULL; /* it pointed into the route before */
		b->ruled = false;
	}
	for (size_t i = 0; i < f->route->switches_count; i++)
		follow(f, &f->route->switches[i]);
	for (size_t i = 0; map_next(&f->barriers, &i, &key, &value);) {
		struct barrier *b = value;

		if (!b->ruled)
			b->phase = RULE_OPEN;
	}
}

static void
count_holds(struct in_flight *f)
{
	struct slice key;
	void *b;

	f->holds = 0;
	for (size_t i = 0; map_next(&f->barriers, &i, &key, &b);)
		f->holds += ((struct barrier *)b)->phase != RULE_OPEN;
}

void
in_flight_set_route(struct in_flight *f, struct route *route)
{
	struct route *before = f->route;

	for (size_t i = 0; (before == NULL || before->set != route->set) && i < route->rules.count;
	     i++)
		follow_workflow(f, &route->rules.rules[i]);
	f->route = route;
	follow_switches(f);
	count_holds(f);
	route_unref(before);
	waitlist_wake_all(&f->opened);
	waitlist_wake_all(&f->changed);
	in_flight_check(f);
}

/* ---- draining ---- */

/* May its DDL at the server be making a table of a name that b is about? Databases are not compared: to
 * wait for a table of that name in another keyspace costs a moment, no more. */
static bool
may_make(const struct in_flight *f, const struct barrier *b, const struct work *w)
{
	if (w->defines == NULL || w->defines_seq > b->held_seq || mutant("gate_naming_running"))
		return false;
	for (size_t i = 0; i < f->route->rules.count; i++) {
		const struct routing_rule *rule = &f->route->rules.rules[i];

		for (size_t n = 0; rule->phase == RULE_NAMING && n < w->defines->tables_count; n++) {
			if (slice_eq_str(w->defines->tables[n].table, rule->from_table))
				return true;
		}
	}
	return false;
}

/* Is b not drained because of this work? *again as in in_flight_drained(). */
static bool
keeps(const struct in_flight *f, struct barrier *b, struct work *w, usec now, usec *again)
{
	usec readers_until = b->held_since + b->reader_wait;
	bool running = w->running && touched_before(b, w) && !mutant("gate_hold_running");

	if (b->phase == RULE_NAMING)
		return may_make(f, b, w);
	if (!running && !is_awaited(b, w))
		return false;
	if (running || w->wrote_seq != 0 ||
	    (b->phase == RULE_PAUSE && !mutant("gate_pause_of_readers")))
		return true;
	if (now >= readers_until && !mutant("gate_hold_reader_wait"))
		return false;
	if (readers_until < *again)
		*again = readers_until;
	return true;
}

static bool
past_grace(const struct barrier *b, usec now, usec *again)
{
	usec end = b->held_since + b->grace;

	if (b->on_grace != ON_GRACE_KILL)
		return false;
	if (now >= end)
		return true;
	if (end < *again)
		*again = end;
	return false;
}

static bool
is_let_in(const struct barrier *b, const struct work *w)
{
	return w->let_in == b && w->let_in_to == b->attempt;
}

/* (10). *again as in in_flight_drained(). */
static void
let_in_after_a_while(struct in_flight *f, struct barrier *b, usec now, usec *again)
{
	usec since = b->held_since + THINK_MS * MSEC;

	if (b->phase != RULE_HOLD || b->shut || b->lets_in || mutant("gate_alone_kept_waiting"))
		return;
	if (now < since) {
		*again = since < *again ? since : *again;
		return;
	}
	b->lets_in = true;
	waitlist_wake_all(&f->opened);
}

static bool
drained(struct in_flight *f, struct barrier *b, usec now, usec *again)
{
	bool kill = past_grace(b, now, again), let_in = false;

	if (!must_drain(b->phase) || b->acknowledged)
		return true;
	b->quiet = true;
	list_each(&f->work, n) {
		struct work *w = list_item(n, struct work, node);

		if (!keeps(f, b, w, now, again))
			continue;
		let_in = let_in || is_let_in(b, w);
		b->quiet = b->quiet && is_let_in(b, w);
		if (kill && w->kill != NULL && !is_let_in(b, w))
			w->kill(w);
	}
	b->shut = b->shut || (b->quiet && (!f->one_of_many || mutant("gate_loop_shut_alone")));
	let_in_after_a_while(f, b, now, again);
	return b->quiet && !let_in && (b->shut || b->phase == RULE_NAMING);
}

void
in_flight_shut(struct in_flight *f, const char *workflow, int64_t attempt)
{
	struct barrier *b = map_get(&f->barriers, slice_str(workflow));

	if (b == NULL || b->attempt != attempt || b->phase == RULE_NAMING)
		return;
	b->shut = true;
	waitlist_wake_all(&f->changed);
}

/* (7) */
static void
end_pause(struct in_flight *f, struct barrier *b, usec now, usec *again)
{
	usec end = b->held_since + b->grace;

	if (b->phase != RULE_PAUSE)
		return;
	if (now < end || mutant("gate_pause_without_end")) {
		*again = end < *again ? end : *again;
		return;
	}
	b->phase = RULE_OPEN;
	b->pause_over = b->attempt;
	f->holds--;
	waitlist_wake_all(&f->opened);
}

bool
in_flight_drained(struct in_flight *f, usec now, usec *again)
{
	struct slice key;
	void *value;
	bool all = true;

	*again = NEVER;
	for (size_t i = 0; map_next(&f->barriers, &i, &key, &value);) {
		struct barrier *b = value;

		end_pause(f, b, now, again);
		b->drained = drained(f, b, now, again);
		all = all && b->drained;
		if (b->drained && must_drain(b->phase))
			b->acknowledged = true;
	}
	return all;
}

struct standstill
in_flight_standstill(const struct in_flight *f, const struct barrier *b)
{
	usec since = task_now() - STANDSTILL_MS * MSEC;
	struct standstill s = { false, false };

	if (b->phase != RULE_HOLD)
		return s;
	s.stalled = !b->acknowledged && is_stalled(f, b, STANDSTILL_MS * MSEC);
	list_each(&f->work, n) {
		const struct work *w = list_item(n, struct work, node);

		s.keeps = s.keeps ||
		    (w->waits_at == b && w->waits_since <= since &&
			(has_rows(b, w) || mutant("gate_standstill_of_readers")));
	}
	return s;
}

void
in_flight_check(struct in_flight *f)
{
	struct slice key;
	void *value;
	int holds = 0;

	for (size_t i = 0; map_next(&f->barriers, &i, &key, &value);) {
		const struct barrier *b = value;

		holds += b->phase != RULE_OPEN;
		check(b->phase != RULE_HOLD || b->held_seq <= f->seq);
		check(b->waiting > 0 || b->waiting_bytes == 0);
	}
	check(holds == f->holds);
	list_each(&f->work, n) {
		const struct work *w = list_item(n, struct work, node);

		check(w->running != w->open); /* (1) */
		check(w->wrote_seq <= f->seq);
	}
}
