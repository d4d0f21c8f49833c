#include "ctl/steps.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mutant.h"
#include "ctl/acknowledge.h"
#include "ctl/both.h"
#include "ctl/follow.h"
#include "ctl/pause.h"
#include "ctl/preflight.h"
#include "ctl/ready.h"
#include "ctl/release.h"
#include "ctl/switch_lines.h"

#include <inttypes.h>
#include <string.h>

enum {
	UNLOCK_WITHIN_S = 1, /* what waits for the lock is answered with an error */
	GRACE_LATER_S = 2, /* gates end the transactions at the grace period and acknowledge after */
};

/* side_call() about the attempt, with nothing more. */
static int
ask_side(struct ctx *cx, const struct cutover *c, enum side s, enum tablet_method m, void *reply)
{
	struct move_request q;

	TRY(side_request(cx, c->w, s, &q));
	q.attempt = c->attempt;
	return side_call(cx, c->w, m, &q, reply);
}

/* A tablet that does not answer may be dead, and its lock with it. */
static int
unlock_from(struct ctx *cx, void *arg)
{
	struct cutover *c = arg;
	struct ctx within = ctx_within(cx, UNLOCK_WITHIN_S * SECOND);
	struct err ignored = { 0 };

	within.err = &ignored;
	if (side_do(&within, c->w, workflow_from(c->w), TABLET_UNLOCK, c->attempt) != 0)
		log_warn("unlocking: %s", ignored.text);
	return 0;
}

/* ---- 0 preflight: changes nothing that is seen */

static int
check_values(struct ctx *cx, const struct cutover *c, size_t count)
{
	if (count == c->w->r.tables_count)
		return 0;
	return err_set(cx->err, ERR_CORRUPT, "the tablet told of %zu tables of %zu", count,
	    c->w->r.tables_count);
}

/*
 * Values that rows deleted on the source, or given out and not used, have had must not come again. Done
 * twice: here, so that there is mostly nothing left to do in the hold; and under the lock, to
 * the number, when the stream is frozen and no row can be given a value any more (steps 2 and 3).
 */
static int
carry_auto_increment(struct ctx *cx, struct cutover *c)
{
	struct move_request q;
	struct next_values_reply r;
	struct set_next_values_request set = { .values_count = 0 };

	TRY(side_request(cx, c->w, workflow_from(c->w), &q));
	TRY(side_call(cx, c->w, TABLET_NEXT_VALUES, &q, &r));
	TRY(check_values(cx, c, r.tables_count));
	TRY(side_request(cx, c->w, workflow_to(c->w), &set.move));
	set.values = r.tables;
	set.values_count = r.tables_count;
	return side_call(cx, c->w, TABLET_SET_NEXT_VALUES, &set, NULL);
}

/* Clients may have begun since to run what the switch would break. The list is noted once, before the first
 * attempt of a command. */
static int
look_again(struct ctx *cx, struct cutover *c)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct ctx inner = *cx;
	struct hurt found;

	if (mutant("ctl_preflight_once"))
		return 0;
	inner.arena = &scratch;
	TRY(preflight_collect(&inner, c->w, &found));
	if (c->w->r.attempt <= c->w->r.attempts_from + 1)
		preflight_note(c->w, &found.findings);
	return preflight_judge(&inner, c->w, &found);
}

/* No DDL gets at the tables any more, so these are the ones that the new side is to have. Whether they can be
 * made there is tried while nobody waits. */
static int
know_triggers(struct ctx *cx, struct cutover *c)
{
	struct triggers_try_request q = { .triggers.count = 0 };
	struct triggers_read_reply r;
	struct ctx lasting = *cx;
	struct move_request from;

	lasting.arena = c->kept;
	TRY(side_request(cx, c->w, workflow_from(c->w), &from));
	TRY(side_call(&lasting, c->w, TABLET_TRIGGERS_READ, &from, &r));
	c->triggers = q.triggers = r.triggers;
	if (r.triggers.count == 0)
		return 0;
	TRY(side_request(cx, c->w, workflow_to(c->w), &q.move));
	return side_call(cx, c->w, TABLET_TRIGGERS_TRY, &q, NULL);
}

/* Where they go to they are before the hold. What a client changes of them until then is seen in it. */
static int
make_objects(struct ctx *cx, struct cutover *c)
{
	struct ctx lasting = *cx;

	lasting.arena = c->kept;
	TRY(side_objects_read(&lasting, c->w, &c->objects));
	return side_objects_make(cx, c->w, &c->objects);
}

static int
run_preflight(struct ctx *cx, struct cutover *c)
{
	struct ctx within = ctx_within(cx, workflow_longer(c->w, c->w->r.options.timeout));

	TRY(ready_wait(&within, c->w));
	TRY(side_ask(&within, c->w, workflow_from(c->w)));
	TRY(rules_apply(&within, c->w, RULES_TAKE)); /* mostly there is nothing to do */
	TRY(rules_known(&within, c->w->ctl));
	TRY(look_again(&within, c));
	TRY(pause_for(&within, c->w, workflow_from(c->w), side_fence_install));
	/* Its row is not touched here: writers that are open hold it, and only the hold waits for them. */
	TRY(make_objects(&within, c));
	TRY(side_fence_install(&within, c->w, workflow_to(c->w)));
	TRY(carry_auto_increment(&within, c));
	TRY(workflow_know_sides(&within, c->w));
	if (c->w->r.routines_count > 0)
		TRY(ask_side(&within, c, workflow_from(c->w), TABLET_EVENTS_OFF, NULL));
	/* Until the lock has come, nobody else's DDL gets at the tables. */
	TRY(ask_side(&within, c, workflow_from(c->w), TABLET_LOCK_PREPARE, NULL));
	TRY(know_triggers(&within, c));
	c->deadline = task_now() + c->w->r.options.timeout;
	return 0;
}

/* Of a tablet that is alive and not reached, the lock ends by itself, or with the next attempt; events do not
 * come back so. */
static int
undo_preflight(struct ctx *cx, struct cutover *c)
{
	TRY(unlock_from(cx, c));
	return mutant("ctl_events_stay_off") ? 0 : side_events_on(cx, c->w, workflow_from(c->w));
}

/* ---- 1 hold */

static usec
hold_deadline(const struct cutover *c)
{
	const struct workflow_options *o = &c->w->r.options;
	usec grace = task_now() + o->grace_period;

	if (o->on_grace == ON_GRACE_WAIT)
		return c->deadline;
	if (o->on_grace == ON_GRACE_KILL)
		grace += GRACE_LATER_S * SECOND;
	return grace < c->deadline ? grace : c->deadline;
}

static int
run_hold(struct ctx *cx, struct cutover *c)
{
	struct ctx within = ctx_until(cx, hold_deadline(c));

	TRY(rules_apply(&within, c->w, RULES_HOLD));
	if (mutant("ctl_hold_unacknowledged") || rules_acknowledged(&within, c->w) == 0)
		return 0;
	err_wrap(cx->err, "waiting for transactions in flight");
	return cx->err->kind == ERR_TIMEOUT
	    ? err_hint(cx->err, "longer with --grace-period, or --on-grace wait or kill")
	    : -1;
}

/* The gates let go last: everything else is undone before. */
static int
undo_hold(struct ctx *cx, struct cutover *c)
{
	struct ctx within = ctx_within(cx, SECOND);
	struct err ignored = { 0 };

	TRY(rules_apply(cx, c->w, RULES_REOPEN));
	within.err = &ignored;
	if (rules_acknowledged(&within, c->w) != 0)
		log_info("a gate that cannot be told now sees it in the topology: %s", ignored.text);
	return 0;
}

/* ---- 2 fence */

/* The gates keep DDL on routines waiting from the hold on. */
static int
check_objects(struct ctx *cx, void *arg)
{
	struct cutover *c = arg;
	struct objects_read_reply now;

	if (c->w->r.routines_count == 0 || mutant("ctl_routines_not_seen_again"))
		return 0;
	/* One that a client has enabled since. */
	TRY(ask_side(cx, c, workflow_from(c->w), TABLET_EVENTS_OFF, NULL));
	TRY(side_objects_read(cx, c->w, &now));
	return routines_same(&now.routines, &c->objects.routines)
	    ? 0
	    : err_set(cx->err, ERR_RETRY, "a routine was changed while the switch began");
}

static int
lock_from(struct ctx *cx, void *arg)
{
	struct cutover *c = arg;
	struct lock_reply r;

	TRY(ask_side(cx, c, workflow_from(c->w), TABLET_LOCK, &r));
	if (r.position[0] == '\0')
		return err_set(cx->err, ERR_CORRUPT, "the lock came without a position");
	TRY(check_values(cx, c, r.tables_count));
	c->w->r.position = arena_strdup(&c->w->arena, r.position);
	c->values_count = r.tables_count;
	c->values = arena_array(&c->w->arena, struct auto_next, r.tables_count);
	memcpy(c->values, r.tables, r.tables_count * sizeof(*r.tables));
	return 0;
}

static int
run_fence(struct ctx *cx, struct cutover *c)
{
	struct ctx within = ctx_until(cx, c->deadline);

	return both(&within, lock_from, check_objects, c);
}

static int
undo_fence(struct ctx *cx, struct cutover *c)
{
	TRY(side_do(cx, c->w, workflow_from(c->w), TABLET_DISARM, c->w->r.attempt));
	return side_do(cx, c->w, workflow_from(c->w), TABLET_UNLOCK, c->w->r.attempt);
}

/* ---- 3 catch up */

static int
freeze(struct ctx *cx, void *arg)
{
	struct cutover *c = arg;
	struct freeze_request q = { .position = c->w->r.position };
	struct freeze_reply r;

	if (mutant("ctl_target_opens_first"))
		TRY(side_do(cx, c->w, workflow_to(c->w), TABLET_DISARM, c->attempt));
	TRY(side_request(cx, c->w, workflow_to(c->w), &q.move));
	q.move.attempt = c->attempt;
	q.values = c->values;
	q.values_count = mutant("ctl_auto_increment_early") ? 0 : c->values_count;
	q.triggers = c->triggers;
	TRY(side_call(cx, c->w, TABLET_FREEZE, &q, &r));
	if (r.place.position[0] == '\0')
		return err_set(cx->err, ERR_CORRUPT, "the stream stopped without a position");
	c->start = (struct place_of){ .position = arena_strdup(&c->w->arena, r.place.position),
		.file = arena_strdup(&c->w->arena, r.place.file),
		.offset = r.place.offset };
	return 0;
}

/* P is read, and the lock keeps everybody from writing: what the fence is for is that the lock may be lost.
 * So it is armed while the stream goes on to P, at another server and another disk. */
static int
arm_from(struct ctx *cx, void *arg)
{
	struct cutover *c = arg;

	return mutant("ctl_never_armed")
	    ? 0
	    : side_do(cx, c->w, workflow_from(c->w), TABLET_ARM, c->attempt);
}

static int
run_catch_up(struct ctx *cx, struct cutover *c)
{
	struct ctx within = ctx_until(cx, c->deadline);

	return both(&within, freeze, arm_from, c);
}

static int
undo_catch_up(struct ctx *cx, struct cutover *c)
{
	return side_do(cx, c->w, workflow_to(c->w), TABLET_THAW, c->w->r.attempt);
}

/* ---- 4 reverse */

/* Q, which the reverse stream begins at, was read after the freeze and the last ALTER at the to side, and
 * before anybody else may write there. */
static int
prepare_back(struct ctx *cx, void *arg)
{
	struct cutover *c = arg;
	struct stream_prepare_request q = { .guard_from = c->w->r.position, .start = c->start };

	if (!switch_leaves_way_back(c->w))
		return 0;
	TRY(round_request(cx, c->w, c->w->r.round + 1, workflow_from(c->w), &q.move));
	return side_call(cx, c->w, TABLET_STREAM_PREPARE, &q, NULL);
}

/* Of a table that was served before: from the guard's word on that nobody has changed it, nobody may. After
 * the last ALTER there, which the lock would keep waiting. */
static int
lock_to(struct ctx *cx, void *arg)
{
	struct cutover *c = arg;
	struct lock_reply r;

	return c->w->r.round == 1 ? 0 : ask_side(cx, c, workflow_to(c->w), TABLET_LOCK, &r);
}

/* The two are at different servers, and neither needs the other: clients wait for the longer one. */
static int
run_reverse(struct ctx *cx, struct cutover *c)
{
	struct ctx within = ctx_until(cx, c->deadline);

	TRY(both(&within, prepare_back, lock_to, c));
	if (switch_leaves_way_back(c->w))
		c->w->r.next_start = c->start.position;
	return 0;
}

static int
undo_reverse(struct ctx *cx, struct cutover *c)
{
	return round_stream_delete(cx, c->w, c->w->r.round + 1, false);
}

/* ---- 5 commit */

/* A lock dies with its tablet, and what no trigger sees could have been written since. */
static int
check_lock(struct ctx *cx, struct cutover *c, enum side s)
{
	struct lock_status_reply r;

	TRY(ask_side(cx, c, s, TABLET_LOCK_STATUS, &r));
	if (r.held || mutant("ctl_lost_lock_ignored"))
		return 0;
	return err_set(cx->err, ERR_RETRY, "the lock at '%s' was lost", side_keyspace(c->w, s));
}

static int
check_lock_from(struct ctx *cx, void *arg)
{
	struct cutover *c = arg;

	return check_lock(cx, c, workflow_from(c->w));
}

static int
check_lock_to(struct ctx *cx, void *arg)
{
	struct cutover *c = arg;

	return c->w->r.round == 1 ? 0 : check_lock(cx, c, workflow_to(c->w));
}

static int
run_commit(struct ctx *cx, struct cutover *c)
{
	struct ctx within = ctx_until(cx, c->deadline);

	TRY(both(&within, check_lock_from, check_lock_to, c));
	c->w->r.step = "commit";
	workflow_note(c->w, "commit", "done", "");
	return rules_apply(&within, c->w, RULES_SWITCH);
}

/* ---- 6a, 6b, and the end: only forward */

static int
acknowledged(struct ctx *cx, void *arg)
{
	struct cutover *c = arg;

	return mutant("ctl_release_in_one") ? 0 : rules_acknowledged(cx, c->w);
}

static int
disarm_to(struct ctx *cx, void *arg)
{
	struct cutover *c = arg;

	return side_do(cx, c->w, workflow_to(c->w), TABLET_DISARM, c->attempt);
}

/* No gate writes at the to side before the release, so its fence has nobody to refuse there but clients that
 * bypass the gates; and the from side's stays armed. */
static int
run_acknowledge(struct ctx *cx, struct cutover *c)
{
	return both(cx, acknowledged, disarm_to, c);
}

static int
released(struct ctx *cx, void *arg)
{
	struct cutover *c = arg;

	TRY(rules_acknowledged(cx, c->w));
	c->w->r.hold_us = (c->told_us != 0 ? c->told_us : clock_wall()) -
	    workflow_event_at(c->w, "hold", "begun");
	return 0;
}

static int
run_release(struct ctx *cx, struct cutover *c)
{
	TRY(release_apply(cx, c->w, &c->told_us));
	return both(cx, released, unlock_from, c); /* the last step asks again until it is done */
}

/* ---- 7, at leisure: the record has turned round */

/* Rows of the rounds before the last are nobody's any more. What triggers have done comes as rows, so the
 * side that those come to has none from here on. */
static int
start_reverse(struct ctx *cx, const struct workflow *w)
{
	if (w->r.round > 2)
		TRY(round_stream_delete(cx, w, w->r.round - 2, false));
	if (!mutant("ctl_triggers_stay"))
		TRY(round_do(cx, w, w->r.round, workflow_to(w), TABLET_TRIGGERS_DROP));
	return round_do(cx, w, w->r.round, workflow_to(w), TABLET_STREAM_START);
}

bool
finish_is_in_vain(struct workflow *w, const struct err *why)
{
	if (w->r.start[0] == '\0' || (why->kind != ERR_REFUSED && why->kind != ERR_NOT_FOUND))
		return false;
	w->r.closed = arena_printf(&w->arena, "the stream back could not be started: %s", why->text);
	return true;
}

static int
run_finish(struct ctx *cx, struct cutover *c)
{
	struct workflow *w = c->w;
	int last = w->r.round - 1;

	TRY(side_events_on(cx, w, workflow_from(w)));
	TRY(round_do(cx, w, last, workflow_to(w), TABLET_UNLOCK));
	TRY(round_do(cx, w, last, workflow_from(w), TABLET_FINISH));
	TRY(follow_switched(cx, w));
	/* The fences of both sides stay while there is a way back: no round has DDL at a served table. */
	if (w->r.start[0] != '\0')
		return start_reverse(cx, w);
	/* Its triggers would cost every write at the new side. The old side's fence stays with its
	 * table. */
	return pause_for(cx, w, workflow_from(w), side_fence_remove);
}

/* ---- The table */

#define POINTS(name) .before = "movetables." name ".before", .after = "movetables." name ".after"

/* clang-format off */
const struct step cutover_steps[] = {
	{ "preflight", "asking everybody and installing the fences", run_preflight, undo_preflight,
	    switch_lines_preflight,
	    .own_record = false, POINTS("preflight") },
	{ "hold", "gates keep new writes waiting", run_hold, undo_hold, switch_lines_hold,
	    .own_record = true, POINTS("hold") },
	{ "fence", "locking the old table", run_fence, undo_fence,
	    switch_lines_fence,
	    .in_hold = true, POINTS("fence") },
	{ "catch-up", "arming the fence, applying the last changes, freezing the stream", run_catch_up,
	    undo_catch_up,
	    switch_lines_catch_up,
	    .in_hold = true, POINTS("catch-up") },
	{ "reverse", "giving the reverse stream its start", run_reverse, undo_reverse,
	    switch_lines_reverse,
	    .in_hold = true, POINTS("reverse") },
	{ "commit", "the switch key says where the tables are served", run_commit, NULL,
	    switch_lines_commit,
	    .point_of_no_return = true, .own_record = true, POINTS("commit") },
	{ "acknowledge", "every gate reads at the new side", run_acknowledge, NULL,
	    switch_lines_acknowledge,
	    .in_hold = true, POINTS("acknowledge") },
	{ "release", "writes run at the new table", run_release, NULL, switch_lines_release,
	    .own_record = true, POINTS("release") },
	{ "finish", "ending the stream, starting the reverse one", run_finish, NULL,
	    switch_lines_finish,
	    .serving = true, POINTS("finish") },
};
/* clang-format on */
const int cutover_steps_count = sizeof(cutover_steps) / sizeof(cutover_steps[0]);

int
step_find(const char *name)
{
	for (int i = 0; i < cutover_steps_count; i++) {
		if (strcmp(cutover_steps[i].name, name) == 0)
			return i;
	}
	return -1;
}

int
step_commit(void)
{
	int i = 0;

	while (!cutover_steps[i].point_of_no_return)
		i++;
	return i;
}

int
step_reached(int recorded)
{
	int i = recorded;

	while (i + 1 < step_commit() && cutover_steps[i + 1].in_hold)
		i++;
	return i;
}
