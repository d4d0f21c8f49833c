#include "gate/turnstile.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the second kind ---- */

/* Had the passenger touched a table of t before the hold began? */
static bool
touched_before(const struct turnstile *t, const struct passenger *p)
{
	if (p->touched_all_seq != 0 && p->touched_all_seq < t->held_seq)
		return true;
	for (size_t i = 0; i < p->touches_count; i++) {
		if (p->touches[i].turnstile == t && p->touches[i].seq < t->held_seq)
			return true;
	}
	return false;
}

static bool
wrote_before(const struct turnstile *t, const struct passenger *p)
{
	return p->wrote_seq != 0 && (p->wrote_seq < t->held_seq || mutant("gate_hold_second_kind")) &&
	       p->server != NULL && t->server != NULL && strcmp(p->server, t->server) == 0;
}

static bool
is_second_kind(const struct turnstile *t, const struct passenger *p)
{
	return p->open && (touched_before(t, p) || wrote_before(t, p));
}

/* Whoever is on the table goes on to its end; nobody else comes near it. */
static enum turnstile_verdict
judge_pause(const struct turnstile *t, const struct passenger *p, const struct turnstile_ask *ask)
{
	return ask->transaction && is_second_kind(t, p) && !t->acknowledged ? TURNSTILE_PASS
									     : TURNSTILE_WAIT;
}

enum turnstile_verdict
turnstile_judge(
    const struct turnstile *t, const struct passenger *p, const struct turnstile_ask *ask)
{
	if (t->phase == RULE_OPEN || (t->phase == RULE_SWITCHED && mutant("gate_release_in_two_halves")))
		return TURNSTILE_PASS;
	if (t->phase == RULE_PAUSE)
		return judge_pause(t, p, ask);
	if (t->phase == RULE_NAMING)
		return ask->defines != NULL && !mutant("gate_naming_passes") ? TURNSTILE_WAIT
									     : TURNSTILE_PASS;
	if (!ask->transaction)
		return ask->locks ? TURNSTILE_WAIT : TURNSTILE_PASS;
	if (t->phase == RULE_HOLD && is_second_kind(t, p))
		return t->acknowledged && ask->locks && !mutant("gate_hold_acknowledged")
		    ? TURNSTILE_WAIT : TURNSTILE_PASS; /* (5) */
	/* One that has begun nowhere has no view: it begins at the new side. */
	return !ask->locks && (p->has_view || mutant("gate_hold_begun_nowhere")) ? TURNSTILE_PASS
										 : TURNSTILE_WAIT;
}

/* ---- waiting ---- */

/* Does somebody roll back what is asked too much of? A pause, or a naming, just ends. */
static bool
is_cutover(enum rule_phase phase)
{
	return phase == RULE_HOLD || phase == RULE_SWITCHED;
}

/* Has it locked rows that a statement which the hold waits for may want? */
static bool
has_rows(const struct turnstile *t, const struct passenger *p)
{
	return p->open && p->wrote_seq != 0 && p->server != NULL && t->server != NULL &&
	       strcmp(p->server, t->server) == 0;
}

/* (8) */
static bool
may_be_let_in(const struct turnstile *t, const struct passenger *p)
{
	return t->phase == RULE_HOLD && (!t->acknowledged || mutant("gate_let_in_late")) && has_rows(t, p);
}

/* Does a statement that the hold waits for seem to wait for somebody's rows, for that long? */
static bool
is_stalled(const struct crowd *c, const struct turnstile *t, usec time)
{
	usec since = task_now() - time;

	list_each (&c->passengers, n) {
		const struct passenger *p = list_item(n, struct passenger, node);

		if (p->sent_at != 0 && p->sent_at <= since &&
		    (is_second_kind(t, p) || (p->running && touched_before(t, p))))
			return true;
	}
	return false;
}

static void
touch_at(struct passenger *p, const struct turnstile *t, uint64_t seq)
{
	for (size_t i = 0; i < p->touches_count; i++) {
		if (p->touches[i].turnstile != t)
			continue;
		if (seq < p->touches[i].seq)
			p->touches[i].seq = seq;
		return;
	}
	if (p->touches_count < TOUCHES_MAX)
		p->touches[p->touches_count++] = (struct touch){ t, seq };
	else if (p->touched_all_seq == 0 || seq < p->touched_all_seq)
		p->touched_all_seq = seq;
}

static int
wait_at(struct ctx *cx, struct crowd *c, const struct turnstile *t, struct passenger *p)
{
	while (may_be_let_in(t, p)) {
		struct ctx within = ctx_within(cx, STALL_MS * MSEC);

		if (waitlist_wait(&within, &c->opened) == 0)
			return 0;
		if (cx->err->kind != ERR_TIMEOUT || task_now() >= cx->deadline)
			return -1;
		err_clear(cx->err);
		if (!may_be_let_in(t, p) || !is_stalled(c, t, STALL_MS * MSEC) ||
		    mutant("gate_rows_kept_waiting"))
			continue;
		touch_at(p, t, t->held_seq - 1); /* as if it had touched the table before the hold */
		return 0;
	}
	return waitlist_wait(cx, &c->opened);
}

int
turnstile_wait(
    struct ctx *cx, struct crowd *c, struct turnstile *t, struct passenger *p, size_t bytes)
{
	int rc;

	t->waiting++;
	t->waiting_bytes += bytes;
	if (t->waiting_bytes > c->waiting_bytes_max && !t->overflowed) {
		t->overflowed = is_cutover(t->phase); /* (4) */
		if (t->phase == RULE_PAUSE)
			t->grace = 0;
		waitlist_wake_all(&c->changed);
	}
	p->waits_at = t;
	p->waits_since = task_now();
	rc = wait_at(cx, c, t, p);
	p->waits_at = NULL;
	t->waiting--;
	t->waiting_bytes -= bytes;
	if (rc != 0 && mutant("gate_hold_own_clock")) {
		t->phase = RULE_OPEN; /* which (3) forbids */
		return 0;
	}
	return rc == 0 ? 0 : err_wrap(cx->err, "waiting for the cutover of '%s'", t->workflow);
}

/* ---- passengers ---- */

void
passenger_send(struct crowd *c, struct passenger *p, const struct turnstile_ask *ask,
    const struct route_rule *const *rules, size_t count)
{
	c->seq++;
	if (!ask->transaction && (count == 0 || !ask->locks) && ask->defines == NULL)
		return; /* nothing that a hold would wait for */
	if (p->node.list == NULL)
		list_push(&c->passengers, &p->node);
	p->running = !ask->transaction;
	p->open = ask->transaction;
	p->sent_at = task_now();
	p->defines = ask->defines;
	p->defines_seq = c->seq;
	p->has_view = p->has_view || (ask->transaction && ask->reads);
	if (ask->locks && p->wrote_seq == 0)
		p->wrote_seq = c->seq;
	for (size_t i = 0; i < count; i++)
		touch_at(p, crowd_turnstile(c, rules[i]->record), c->seq);
}

void
passenger_leave(struct crowd *c, struct passenger *p)
{
	void (*kill)(struct passenger *) = p->kill;

	if (p->node.list != NULL)
		list_remove(&p->node);
	*p = (struct passenger){ .kill = kill };
	if (c->holds > 0)
		waitlist_wake_all(&c->changed);
}

void
passenger_answered(struct crowd *c, struct passenger *p, bool in_transaction)
{
	p->sent_at = 0;
	p->defines = NULL;
	if (c->holds > 0)
		waitlist_wake_all(&c->changed);
	if (p->node.list != NULL && !in_transaction)
		passenger_leave(c, p);
}

/* ---- rules ---- */

void
crowd_init(struct crowd *c, size_t waiting_bytes_max)
{
	*c = (struct crowd){ .seq = 1, .waiting_bytes_max = waiting_bytes_max };
	map_init(&c->turnstiles);
	list_init(&c->passengers);
}

void
crowd_done(struct crowd *c)
{
	struct slice key;
	void        *t;

	for (size_t i = 0; map_next(&c->turnstiles, &i, &key, &t);)
		free(t);
	map_done(&c->turnstiles);
	route_unref(c->route);
	c->route = NULL;
}

/* A rule that belongs to no workflow is held by nobody; all such share one turnstile. */
struct turnstile *
crowd_turnstile(struct crowd *c, const struct routing_rule *rule)
{
	struct turnstile *t = map_get(&c->turnstiles, slice_str(rule->workflow));

	if (t == NULL) {
		t = mem_new(struct turnstile);
		(void)snprintf(t->workflow, sizeof t->workflow, "%s", rule->workflow);
		(void)map_put(&c->turnstiles, slice_str(rule->workflow), t);
	}
	return t;
}

/* Is it acknowledged when it is drained? */
static bool
is_waited_for(enum rule_phase phase)
{
	return phase == RULE_HOLD || phase == RULE_PAUSE || phase == RULE_NAMING;
}

static void
follow(struct crowd *c, const struct route_rule *ruled)
{
	const struct routing_rule *rule = ruled->record;
	struct turnstile          *t = crowd_turnstile(c, rule);
	enum rule_phase            phase = rule->phase;
	bool                       begins;

	if (phase == RULE_PAUSE && rule->attempt == t->pause_over && !mutant("gate_pause_again")) /* (7) */
		phase = RULE_OPEN;
	begins = is_waited_for(phase) && (t->phase != phase || t->attempt != rule->attempt);

	t->server = ruled->to != NULL ? ruled->to->server : NULL;
	t->reader_wait = rule->reader_wait;
	t->grace = rule->grace;
	t->on_grace = rule->on_grace;
	if (begins) {
		t->held_seq = ++c->seq;
		t->held_since = task_now();
		t->acknowledged = t->overflowed = t->reported = false;
	}
	if (t->phase != phase)
		log_info("workflow %s: %s, version=%lld passengers=%zu waiting=%zu", t->workflow,
		    rule_phase_name(phase), (long long)c->route->rules.version,
		    c->passengers.count, t->waiting);
	t->phase = phase;
	t->attempt = rule->attempt;
}

/* What the passenger did to tables of the one it did to tables of the other. */
static void
touch_also(struct passenger *p, const struct turnstile *old, const struct turnstile *t)
{
	for (size_t i = 0; i < p->touches_count; i++) {
		if (p->touches[i].turnstile != old)
			continue;
		if (!mutant("gate_next_workflow"))
			touch_at(p, t, p->touches[i].seq);
		return;
	}
}

/* The next move of a table takes over its rule, from the workflow that moved it before: who
 * touched the table under that workflow's name has touched it. */
static void
follow_workflow(struct crowd *c, const struct routing_rule *rule)
{
	const struct route_rule *before = c->route == NULL
	    ? NULL
	    : route_rule(c->route, slice_str(rule->from_keyspace), slice_str(rule->from_table));
	const struct turnstile  *old, *t;

	if (before == NULL || strcmp(before->record->workflow, rule->workflow) == 0)
		return;
	old = crowd_turnstile(c, before->record);
	t = crowd_turnstile(c, rule);
	list_each (&c->passengers, n)
		touch_also(list_item(n, struct passenger, node), old, t);
}

/* A workflow without a rule holds nothing any more. */
static void
open_forgotten(struct crowd *c)
{
	struct slice key;
	void        *value;

	for (size_t i = 0; map_next(&c->turnstiles, &i, &key, &value);) {
		struct turnstile *t = value;
		bool              ruled = false;

		t->server = NULL; /* it pointed into the route before */
		for (size_t n = 0; n < c->route->rules.count; n++)
			ruled =
			    ruled || strcmp(c->route->rules.rules[n].workflow, t->workflow) == 0;
		if (!ruled)
			t->phase = RULE_OPEN;
	}
}

static void
count_holds(struct crowd *c)
{
	struct slice key;
	void        *t;

	c->holds = 0;
	for (size_t i = 0; map_next(&c->turnstiles, &i, &key, &t);)
		c->holds += ((struct turnstile *)t)->phase != RULE_OPEN;
}

void
crowd_set_route(struct crowd *c, struct route *route)
{
	struct route *before = c->route;

	for (size_t i = 0; i < route->rules.count; i++)
		follow_workflow(c, &route->rules.rules[i]);
	c->route = route;
	open_forgotten(c);
	for (size_t i = 0; i < route->rules.count; i++)
		follow(c, &route->ruled[i]);
	count_holds(c);
	route_unref(before);
	waitlist_wake_all(&c->opened);
	waitlist_wake_all(&c->changed);
	crowd_check(c);
}

/* ---- draining ---- */

/* May the statement at the server be making a table of a name that t stands for? Databases are not
 * compared: whoever waits in vain for one of another keyspace waits for a moment. */
static bool
may_make(const struct crowd *c, const struct turnstile *t, const struct passenger *p)
{
	if (p->defines == NULL || p->defines_seq > t->held_seq || mutant("gate_naming_running"))
		return false;
	for (size_t i = 0; i < c->route->rules.count; i++) {
		const struct routing_rule *rule = &c->route->rules.rules[i];

		for (size_t n = 0; rule->phase == RULE_NAMING && n < p->defines->tables_count; n++) {
			if (slice_eq_str(p->defines->tables[n].table, rule->from_table))
				return true;
		}
	}
	return false;
}

/* Does this one keep t from being drained? *again as in crowd_drained(). */
static bool
keeps(const struct crowd *c, struct turnstile *t, struct passenger *p, usec now, usec *again)
{
	usec readers_until = t->held_since + t->reader_wait;
	bool running = p->running && touched_before(t, p) && !mutant("gate_hold_running");

	if (t->phase == RULE_NAMING)
		return may_make(c, t, p);
	if (!running && !is_second_kind(t, p))
		return false;
	if (running || p->wrote_seq != 0 || (t->phase == RULE_PAUSE && !mutant("gate_pause_of_readers")))
		return true;
	if (now >= readers_until && !mutant("gate_hold_reader_wait"))
		return false;
	if (readers_until < *again)
		*again = readers_until;
	return true;
}

static bool
past_grace(const struct turnstile *t, usec now, usec *again)
{
	usec end = t->held_since + t->grace;

	if (t->on_grace != ON_GRACE_KILL)
		return false;
	if (now >= end)
		return true;
	if (end < *again)
		*again = end;
	return false;
}

static bool
drained(struct crowd *c, struct turnstile *t, usec now, usec *again)
{
	bool kill = past_grace(t, now, again), empty = true;

	if (!is_waited_for(t->phase) || t->acknowledged)
		return true;
	list_each (&c->passengers, n) {
		struct passenger *p = list_item(n, struct passenger, node);

		if (!keeps(c, t, p, now, again))
			continue;
		empty = false;
		if (kill && p->kill != NULL)
			p->kill(p);
	}
	return empty;
}

/* (7) */
static void
end_pause(struct crowd *c, struct turnstile *t, usec now, usec *again)
{
	usec end = t->held_since + t->grace;

	if (t->phase != RULE_PAUSE)
		return;
	if (now < end || mutant("gate_pause_without_end")) {
		*again = end < *again ? end : *again;
		return;
	}
	t->phase = RULE_OPEN;
	t->pause_over = t->attempt;
	c->holds--;
	waitlist_wake_all(&c->opened);
}

bool
crowd_drained(struct crowd *c, usec now, usec *again)
{
	struct slice key;
	void        *value;
	bool         all = true;

	*again = NEVER;
	for (size_t i = 0; map_next(&c->turnstiles, &i, &key, &value);) {
		struct turnstile *t = value;

		end_pause(c, t, now, again);
		if (!drained(c, t, now, again))
			all = false;
		else if (is_waited_for(t->phase))
			t->acknowledged = true;
	}
	return all;
}

struct standstill
crowd_standstill(const struct crowd *c, const struct turnstile *t)
{
	usec              since = task_now() - STANDSTILL_MS * MSEC;
	struct standstill s = { false, false };

	if (t->phase != RULE_HOLD)
		return s;
	s.stalled = !t->acknowledged && is_stalled(c, t, STANDSTILL_MS * MSEC);
	list_each (&c->passengers, n) {
		const struct passenger *p = list_item(n, struct passenger, node);

		s.keeps = s.keeps || (p->waits_at == t && p->waits_since <= since &&
					 (has_rows(t, p) || mutant("gate_standstill_of_readers")));
	}
	return s;
}

void
crowd_check(struct crowd *c)
{
	struct slice key;
	void        *value;
	int          holds = 0;

	for (size_t i = 0; map_next(&c->turnstiles, &i, &key, &value);) {
		const struct turnstile *t = value;

		holds += t->phase != RULE_OPEN;
		check(t->phase != RULE_HOLD || t->held_seq <= c->seq);
		check(t->waiting > 0 || t->waiting_bytes == 0);
	}
	check(holds == c->holds);
	list_each (&c->passengers, n) {
		const struct passenger *p = list_item(n, struct passenger, node);

		check(p->running != p->open); /* (1) */
		check(p->wrote_seq <= c->seq);
	}
}
