#include "ctl/cutover.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mutant.h"

enum {
	UNDO_WITHIN_S = 10, /* of one try; it is tried until it is done */
	FORWARD_WITHIN_S = 10,
	AGAIN_MS_MIN = 100,  /* inside a hold: soon */
	AGAIN_MS_MAX = 2000, /* a server that is away needs seconds to come back */
	/* What was held runs now, and what has come meanwhile: nothing beside it, for twice as long as the
	 * hold. A server half busy is through then; and clients that wait bring only so much. */
	BACKLOG_TIMES = 2,
	BACKLOG_MS_MIN = 100,
	BACKLOG_MS_MAX = 2000,
};

bool
cutover_committed(const struct workflow_record *r)
{
	return step_find(r->step) >= step_commit();
}

void
cutover_check(const struct cutover *c, enum cutover_way way)
{
	check(c->attempt % 2 == (way == CUTOVER_FORWARD ? 1 : 0)); /* (5) */
	check(c->attempt == c->w->r.attempt);                      /* (6) */
	check(c->w->r.state == WORKFLOW_SWITCHING);                /* (6) */
	check(way == CUTOVER_FORWARD || c->w->r.rolling_back);     /* (2) */
}

/* ---- Backwards */

/* The same compare-and-swap that the commit needs. */
static int
write_rolling_back(struct ctx *cx, const struct cutover *c, const char *why)
{
	struct workflow *w = c->w;

	/* A gate that wants it rolled back writes no number of its own. */
	if (w->r.rolling_back && w->r.attempt % 2 == 0)
		return 0;
	check(c->reached < step_commit()); /* (4) */
	w->r.step = cutover_steps[c->reached].name;
	if (!w->r.rolling_back)
		workflow_note(w, w->r.step, "failed", why);
	w->r.rolling_back = true;
	if (!mutant("ctl_attempt_not_raised"))
		w->r.attempt++;
	return workflow_save(cx, w);
}

static int
undo_until_done(struct ctx *cx, struct cutover *c, const struct step *s)
{
	for (int again_ms = AGAIN_MS_MIN;;
	     again_ms = again_ms < AGAIN_MS_MAX ? 2 * again_ms : AGAIN_MS_MAX) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = ctx_within(cx, UNDO_WITHIN_S * SECOND);

		inner.arena = &scratch;
		if (c->w->ctl->dead)
			return err_set(cx->err, ERR_CANCELLED, "this vtctld has ended");
		if (s->undo(&inner, c) == 0)
			return 0;
		/* ERR_CONFLICT where the record is compared: another vtctld has the workflow now. From
		 * a tablet it says that a newer number was seen there, and is tried again as any other
		 * error. */
		if (cx->err->kind == ERR_CANCELLED ||
		    (cx->err->kind == ERR_CONFLICT && s->own_record))
			return -1;
		log_warn("undoing %s: %s", s->name, cx->err->text);
		if (again_ms == AGAIN_MS_MAX && mutant("ctl_hold_ends_by_clock"))
			return 0;
		TRY(task_sleep(cx, again_ms * MSEC));
	}
}

/* Undoes what may have begun, the last first. The record is loaded and not committed. */
static int
roll_back(struct ctx *cx, struct cutover *c, const char *why)
{
	struct workflow *w = c->w;
	struct ctx patient = *cx;

	patient.deadline =
	    NEVER; /* nothing ends a hold by itself: it is undone, however long that takes */
	TRY(write_rolling_back(&patient, c, why));
	c->attempt = w->r.attempt;
	cutover_check(c, CUTOVER_BACK);
	int last = c->reached;
	for (int i = last; i >= 0; i--) {
		const struct step *s =
		    &cutover_steps[mutant("ctl_gates_let_go_first") ? last - i : i];

		if (s->undo == NULL)
			continue;
		TRY(undo_until_done(&patient, c, s));
		workflow_note(w, s->name, "undone", "");
	}
	bool forth = w->r.direction == DIRECTION_FORWARD || mutant("ctl_rolled_back_to_running");
	w->r.state = forth ? WORKFLOW_RUNNING : WORKFLOW_SWITCHED;
	w->r.step = w->r.position = w->r.next_start = "";
	w->r.rolling_back = false;
	w->ctl->counts.rolled_back++;
	return workflow_save(&patient, w);
}

/* ---- Forwards */

static int
begin_step(struct ctx *cx, struct cutover *c, const struct step *s)
{
	struct workflow *w = c->w;

	/* The commit's name is written by the transaction that commits: a record that has it is committed. */
	if (s->point_of_no_return)
		return 0;
	c->reached = (int)(s - cutover_steps);
	w->r.step = s->name;
	workflow_note(w, s->name, "begun", s->sentence);
	return s->own_record || s->in_hold ? 0 : workflow_save(cx, w);
}

static int
measure(struct ctx *cx, struct cutover *c, const struct step *s)
{
	struct ctl_counts *n = &c->w->ctl->counts;
	ptrdiff_t i = s - cutover_steps;
	usec begun = task_now();

	check(i >= 0 && i < COUNTS_STEPS_MAX);
	if (s->run(cx, c) == 0) {
		histogram_add(&n->steps[i], task_now() - begun);
		return 0;
	}
	n->failures[i][cx->err->kind]++;
	return -1;
}

static int
run_step(struct ctx *cx, struct cutover *c, const struct step *s)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct ctx inner = *cx;

	inner.arena = &scratch;
	TRY(workflow_pass(cx, c->w, s->before));
	TRY(begin_step(&inner, c, s));
	TRY(measure(&inner, c, s));
	if (!s->point_of_no_return)
		workflow_note(c->w, s->name, "done", "");
	log_info("%s: %s done, attempt %d", c->w->id, s->name, c->attempt);
	return workflow_pass(cx, c->w, s->after);
}

/* ---- Up to the commit, unless somebody else ends the attempt */

struct watched {
	struct cutover *c;
	usec deadline;
	struct group group;
};

static int
run_steps(struct ctx *cx, struct cutover *c)
{
	for (int i = 0; i < step_commit(); i++)
		TRY(run_step(cx, c, &cutover_steps[i]));
	return 0;
}

static void
steps_task(void *arg)
{
	struct watched *d = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = d->deadline, .err = &err };

	task_rename("workflow %s", d->c->w->id);
	if (run_steps(&cx, d->c) != 0)
		group_fail(&d->group, &err);
	else
		group_cancel(&d->group);
}

static int
wait_rolling_back(struct ctx *cx, struct workflow *seen, int attempt)
{
	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		struct topo_events events;
		const char *key = workflow_key(&scratch, seen->id);

		inner.arena = &scratch;
		if (workflow_load(&inner, seen) == 0) {
			if (seen->r.rolling_back && !mutant("ctl_rolling_back_unseen"))
				return 0;
			if (seen->r.attempt != attempt)
				return 0;
			if (topo_watch(&inner, seen->ctl->topo, key, seen->revision, &events) == 0)
				continue;
		}
		if (cx->err->kind == ERR_CANCELLED)
			return -1;
		TRY(task_sleep(cx, AGAIN_MS_MIN * MSEC));
	}
}

static void
watch_task(void *arg)
{
	struct watched *d = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	struct workflow seen;

	workflow_init(&seen, d->c->w->ctl, d->c->w->id);
	if (wait_rolling_back(&cx, &seen, d->c->attempt) == 0) {
		err_set(&err, ERR_RETRY, "attempt %d is being rolled back", d->c->attempt);
		group_fail(&d->group, &err);
	}
	workflow_done(&seen);
}

/* A gate whose hold buffer is full does not wait for a step's own bound. One who watches is enough for all
 * steps: each look at the record would be one more that clients wait for. */
static int
run_watched(struct ctx *cx, struct cutover *c)
{
	struct watched d = { .c = c, .deadline = cx->deadline };

	group_init(&d.group);
	int rc = group_spawn(&d.group, "steps", steps_task, &d, cx->err);
	if (rc == 0)
		rc = group_spawn(&d.group, "watching the record", watch_task, &d, cx->err);
	if (rc == 0)
		rc = group_wait(cx, &d.group);
	group_done(&d.group);
	return rc;
}

/* Past the commit: again and again until it is done. */
static int
run_until_done(struct ctx *cx, struct cutover *c, const struct step *s)
{
	for (int again_ms = AGAIN_MS_MIN;;
	     again_ms = again_ms < AGAIN_MS_MAX ? 2 * again_ms : AGAIN_MS_MAX) {
		struct ctx inner = ctx_within(cx, FORWARD_WITHIN_S * SECOND);

		if (run_step(&inner, c, s) == 0)
			return 0;
		if (cx->err->kind == ERR_CANCELLED)
			return -1;
		log_warn("%s: %s: %s", c->w->id, s->name, cx->err->text);
		TRY(task_sleep(cx, again_ms * MSEC));
		if (workflow_load(cx, c->w) == 0 && c->w->r.attempt != c->attempt)
			return err_set(cx->err, ERR_CONFLICT,
			    "somebody else goes on with attempt %d", c->w->r.attempt);
	}
}

/* Step "finish", which has no name in the record: its sides are exchanged already. */
static int
finish(struct ctx *cx, struct workflow *w)
{
	struct cutover c = { .w = w, .attempt = w->r.attempt, .deadline = NEVER };
	const struct step *s = &cutover_steps[step_find("finish")];

	TRY(workflow_pass(cx, w, s->before));
	workflow_note(w, s->name, "begun", s->sentence);
	if (measure(cx, &c, s) != 0 && !finish_is_in_vain(w, cx->err))
		return -1;
	workflow_note(w, s->name, "done", "");
	w->r.finishing = false;
	w->r.state_text = "";
	TRY(workflow_save(cx, w));
	log_info("%s: %s done, round %d", w->id, s->name, w->r.round);
	return workflow_pass(cx, w, s->after);
}

int
cutover_finish(struct ctx *cx, struct workflow *w)
{
	struct ctx within = ctx_within(cx, FORWARD_WITHIN_S * SECOND);

	check(w->r.finishing);
	return finish(&within, w);
}

/* Clients write at the new side. It is the one that the next round comes from. */
static int
arrive(struct ctx *cx, struct workflow *w)
{
	bool back = w->r.direction == DIRECTION_REVERSE;

	for (size_t i = 0; i < w->r.tables_count; i++)
		w->r.tables[i].state = back ? "running" : "switched";
	w->r.state = back ? WORKFLOW_RUNNING : WORKFLOW_SWITCHED;
	w->r.direction = back ? DIRECTION_FORWARD : DIRECTION_REVERSE;
	w->r.round++;
	w->r.start = w->r.next_start;
	w->r.next_start = w->r.proof = w->r.closed = w->r.step = w->r.state_text = w->r.hint = "";
	w->r.finishing = true;
	w->r.reversing = false;
	if (back && !mutant("ctl_reverse_goes_on"))
		w->r.options.no_switch = w->r.options.manual = true; /* until SwitchTraffic */
	w->r.switched_us = clock_wall();
	return workflow_save(cx, w);
}

static usec
backlog(const struct workflow *w)
{
	usec wait = BACKLOG_TIMES * w->r.hold_us;

	if (wait < BACKLOG_MS_MIN * MSEC)
		return BACKLOG_MS_MIN * MSEC;
	return wait < BACKLOG_MS_MAX * MSEC ? wait : BACKLOG_MS_MAX * MSEC;
}

static int
go_forward(struct ctx *cx, struct cutover *c, int first)
{
	struct ctx patient = *cx;

	cutover_check(c, CUTOVER_FORWARD);
	patient.deadline = NEVER;
	for (int i = first; i < cutover_steps_count; i++) {
		if (!cutover_steps[i].serving)
			TRY(run_until_done(&patient, c, &cutover_steps[i]));
	}
	TRY(arrive(&patient, c->w));
	TRY(task_sleep(&patient, backlog(c->w)));
	if (cutover_finish(&patient, c->w) == 0)
		return 0;
	if (cx->err->kind == ERR_CANCELLED)
		return -1;
	/* It has switched. What is left the job does. */
	log_warn("%s: finish: %s", c->w->id, cx->err->text);
	return workflow_load(&patient, c->w);
}

/* ---- The two verbs */

static int
begin_attempt(struct ctx *cx, struct workflow *w)
{
	check(w->r.state == WORKFLOW_RUNNING || w->r.state == WORKFLOW_SWITCHED);
	check(!w->r.rolling_back && !w->r.finishing);
	w->r.attempt += 1 + w->r.attempt % 2; /* the next odd number */
	w->r.state = WORKFLOW_SWITCHING;
	w->r.step = cutover_steps[0].name;
	w->ctl->counts.attempts++;
	w->r.position = w->r.next_start = "";
	return workflow_save(cx, w);
}

static int
run_to_commit(struct ctx *cx, struct cutover *c)
{
	TRY(run_watched(cx, c));
	return run_step(cx, c, &cutover_steps[step_commit()]);
}

/* A failure whose outcome may be unknown: the record says what happened. */
static int
after_failure(struct ctx *cx, struct cutover *c, const struct err *why)
{
	struct err reason = *why;

	for (;;) {
		struct ctx patient = *cx;

		patient.deadline = NEVER;
		if (workflow_load(&patient, c->w) == 0)
			break;
		if (cx->err->kind == ERR_CANCELLED || cx->err->kind == ERR_NOT_FOUND)
			return -1;
		TRY(task_sleep(&patient, AGAIN_MS_MIN * MSEC));
	}
	if (c->w->r.attempt != c->attempt || c->w->r.state != WORKFLOW_SWITCHING)
		return err_set(cx->err, ERR_CONFLICT, "attempt %d was taken over", c->attempt);
	if (cutover_committed(&c->w->r) && !mutant("ctl_commit_unread"))
		return go_forward(cx, c, step_commit() + 1);
	/* Somebody else has written "rolling back", with the reason: that one is told, not our own error. */
	if (c->w->r.rolling_back && workflow_failure(c->w) != NULL)
		err_set(&reason, ERR_RETRY, "%s", workflow_failure(c->w));
	if (roll_back(cx, c, reason.text) != 0)
		return -1;
	/* It may be tried again. To the caller ERR_CONFLICT would say that somebody else has it. */
	if (reason.kind == ERR_CONFLICT)
		reason.kind = ERR_RETRY;
	return err_copy(cx->err, &reason);
}

int
cutover_attempt(struct ctx *cx, struct workflow *w)
{
	SCOPED(arena) struct arena kept = ARENA_INIT;
	struct cutover c = { .w = w, .deadline = NEVER, .kept = &kept };
	struct err why;

	TRY(begin_attempt(cx, w));
	c.attempt = w->r.attempt;
	cutover_check(&c, CUTOVER_FORWARD);
	if (run_to_commit(cx, &c) == 0)
		return go_forward(cx, &c, step_commit() + 1);
	why = *cx->err;
	/* ERR_CONFLICT may come from the record or from a tablet: only the record says what has happened. */
	if (why.kind == ERR_CANCELLED)
		return -1;
	return after_failure(cx, &c, &why);
}

/* Of a record in SWITCHING, as it was read: is it one that an attempt leaves behind? Of a step that is
 * not known nobody could say what has to be undone. */
static int
check_left(const struct workflow_record *r, struct err *err)
{
	bool forward = r->attempt % 2 == 1;

	if (step_find(r->step) < 0)
		return err_set(err, ERR_CORRUPT,
		    "attempt %d is at '%.100s', which is no step of a cutover", r->attempt, r->step);
	if (forward || (r->rolling_back && !cutover_committed(r)))
		return 0;
	return err_set(err, ERR_CORRUPT, "attempt %d has the number of a rolling back, and is none",
	    r->attempt);
}

int
cutover_resume(struct ctx *cx, struct workflow *w, bool *switched)
{
	struct cutover c = { .w = w, .attempt = w->r.attempt, .deadline = NEVER };

	check(w->r.state == WORKFLOW_SWITCHING);
	TRY(check_left(&w->r, cx->err));
	c.reached = mutant("ctl_hold_taken_literally") ? step_find(w->r.step)
						       : step_reached(step_find(w->r.step));
	*switched = cutover_committed(&w->r);
	if (!*switched)
		return roll_back(cx, &c, "it was left in the middle");
	int first = step_find(w->r.step);
	return go_forward(cx, &c, first > step_commit() ? first : step_commit() + 1);
}

int
cutover_rehearse(struct ctx *cx, struct workflow *w, struct lines *out)
{
	struct ctx within = ctx_within(cx, workflow_longer(w, w->r.options.timeout));

	for (int i = 0; i < cutover_steps_count; i++) {
		if (cutover_steps[i].rehearse != NULL)
			TRY(cutover_steps[i].rehearse(&within, w, out));
	}
	return 0;
}
