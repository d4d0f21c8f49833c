#include "ctl/job.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "ctl/acknowledge.h"
#include "ctl/cancel.h"
#include "ctl/check.h"
#include "ctl/complete.h"
#include "ctl/cutover.h"
#include "ctl/enlist.h"
#include "ctl/limits.h"
#include "ctl/pause.h"
#include "ctl/progress.h"
#include "ctl/proof.h"
#include "ctl/ready.h"
#include "ctl/reroute.h"
#include "ctl/stopping.h"
#include "ctl/switch_time.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	POLL_MS = 250,  /* of a stream that is in sync */
	LOOK_MS = 500,  /* for workflows that nobody works on, while there are unfinished ones */
	REST_MS = 5000, /* when there are none: what begins is told, and this is for what was not */
	AGAIN_MS_MIN = 250, /* after an error that waiting may mend */
	AGAIN_MS_MAX = 5000,
	BETWEEN_ATTEMPTS_S = 60, /* at most; they begin with one second */
	CREATE_WITHIN_S = 60, /* gates that died have 3 s; a stream that is made asks both servers */
	CLOSE_LAG_MS = 1000,  /* "caught up": what the copy's time is measured to */
};

struct job {
	struct list_node node;
	struct ctl *ctl;
	struct workflow w;
	uint64_t epoch; /* of the lease, when the lock was taken */
	int tries;      /* of switching, since this job began or was told to go on */
	struct progress_look look;
	struct err why; /* of the last of them */
};

/* ---- CHECKING */

static int
do_check(struct ctx *cx, struct job *j)
{
	return check_run(cx, &j->w);
}

/* ---- CREATING */

/* Nothing has been copied yet: takes back what was made, so that everything is as before. */
static int
take_back(struct ctx *cx, struct workflow *w)
{
	struct ctx within = ctx_within(cx, workflow_longer(w, CREATE_WITHIN_S * SECOND));

	TRY(round_stream_delete(&within, w, w->r.round, true));
	return rules_apply(&within, w, RULES_REMOVE);
}

static int
do_create(struct ctx *cx, struct job *j)
{
	struct workflow *w = &j->w;
	struct ctx within = ctx_within(cx, workflow_longer(w, CREATE_WITHIN_S * SECOND));

	if (fault("movetables.create.before"))
		return err_set(cx->err, ERR_CANCELLED, "fault point");
	TRY(complete_others(&within, w));
	TRY(rules_apply(&within, w, RULES_CREATE));
	if (!mutant("ctl_rule_after_table"))
		TRY(rules_known(&within, j->ctl));
	if (w->r.options.no_start)
		return stopping_write(
		    cx, w, "it was created without being started (--auto-start=false)", "");
	TRY(side_do(&within, w, SIDE_TARGET, TABLET_STREAM_CREATE, w->r.attempt));
	if (fault("movetables.create.after"))
		return err_set(cx->err, ERR_CANCELLED, "fault point");
	w->r.state = WORKFLOW_COPYING;
	w->r.state_text = w->r.hint = "";
	workflow_note(w, "create", "done", "");
	return workflow_save(cx, w);
}

/* ---- COPYING */

static bool
caught_up(const struct stream_status_reply *r)
{
	return r->phase == STREAM_RUNNING && r->exact && r->lag_ms >= 0 && r->lag_ms <= CLOSE_LAG_MS;
}

/* The fences are made before anybody is held by a cutover, and before there is an attempt: the source's
 * wants its table for itself for a moment. */
static int
prepare(struct ctx *cx, struct workflow *w)
{
	struct ctx within = ctx_within(cx, workflow_longer(w, w->r.options.timeout));
	struct err why;

	if (w->r.copied_us == 0)
		w->r.copied_us = clock_wall();
	/* Behind an open reader this takes until the deadline: the record says what it waits for. */
	if (w->r.state_text[0] == '\0') {
		w->r.state_text = "installing the fence";
		TRY(workflow_save(cx, w));
	}
	if (pause_for(&within, w, SIDE_SOURCE, side_fence_install) == 0 &&
	    side_objects_carry(&within, w) == 0 && side_fence_install(&within, w, SIDE_TARGET) == 0)
		return 0;
	why = *cx->err;
	w->r.state_text = pause_text(&w->arena, &why);
	if (why.kind != ERR_CANCELLED)
		TRY(workflow_save(cx, w));
	return err_copy(cx->err, &why);
}

static int
do_copy(struct ctx *cx, struct job *j)
{
	struct workflow *w = &j->w;
	struct stream_status_reply r;
	bool changed;

	if (stream_may_switch(cx, w, &r) != 0) {
		/* A stream that an error has stopped goes on when it is asked for again. That is done once:
		 * if it stops again, a person has to look. */
		bool again = cx->err->kind == ERR_NOT_FOUND ||
		    (cx->err->kind == ERR_REFUSED && j->tries == 0);
		/* One that came after a switch was not made by copying, and is not made anew so. */
		if (!again || w->r.round > 1)
			return -1;
		j->tries = 1;
		return side_do(cx, w, SIDE_TARGET, TABLET_STREAM_CREATE, w->r.attempt);
	}
	if (r.phase == STREAM_SUSPENDED) /* it was started again */
		return side_do(cx, w, SIDE_TARGET, TABLET_STREAM_CREATE, w->r.attempt);
	TRY(limits_bring(cx, w, &r));
	changed = progress_take(w, &r);
	if (caught_up(&r) && w->r.options.stop_after_copy) {
		w->r.copied_us = clock_wall();
		return stopping_write(
		    cx, w, "it has stopped after the copy (--stop-after-copy)", "stop");
	}
	if (caught_up(&r)) {
		TRY(prepare(cx, w));
		w->r.state = WORKFLOW_RUNNING;
		w->r.state_text = w->r.hint = "";
		workflow_note(w, "copy", "done", "");
		j->tries = 0;
		return workflow_save(cx, w);
	}
	if (changed)
		TRY(workflow_save(cx, w));
	return task_sleep(cx, progress_next_look(&j->look, r.phase, task_now()));
}

/* ---- STOPPED */

static int
do_stop(struct ctx *cx, struct job *j)
{
	return stopping_run(cx, &j->w);
}

/* ---- RUNNING */

/* What a person can do who reads why the workflow has stopped: the error's own hint, or the commands. */
static const char *
hint_of(struct workflow *w, const struct err *why)
{
	return why->hint[0] != '\0'
	    ? arena_strdup(&w->arena, why->hint)
	    : arena_printf(&w->arena,
		  "the same command goes on; to take the move back: vtctlclient Workflow delete %s",
		  workflow_typed(&w->arena, &w->r));
}

/* Switching is left to a person: the stream goes on and the fence stays, disarmed. */
static int
give_up(struct ctx *cx, struct job *j, const struct err *why)
{
	struct workflow *w = &j->w;

	/* What is served at the new side stays so, and the way back waits for another word, as one that
	 * switches on command does. A stream that has stopped is an error of both. */
	if (w->r.state == WORKFLOW_SWITCHED)
		w->r.reversing = false;
	else if (w->r.options.manual && j->tries > 0)
		w->r.options.no_switch = true;
	else
		w->r.state = WORKFLOW_ERROR;
	w->r.state_text = j->tries == 0
	    ? arena_printf(&w->arena, "the stream has stopped: %s", why->text)
	    : arena_printf(
		  &w->arena, "gave up switching after %d attempts: %s", j->tries, why->text);
	w->r.hint = hint_of(w, why);
	w->r.proof = "";
	return workflow_save(cx, w);
}

static int
wait_next_attempt(struct ctx *cx, struct job *j, const struct err *why)
{
	struct workflow *w = &j->w;
	int64_t seconds = j->tries > 6 ? BETWEEN_ATTEMPTS_S : INT64_C(1) << (j->tries - 1);

	if (seconds > BETWEEN_ATTEMPTS_S)
		seconds = BETWEEN_ATTEMPTS_S;
	w->r.state_text =
	    arena_printf(&w->arena, "attempt %d of %d was rolled back (%s); the next in %llds",
		j->tries, w->r.options.switch_attempts, why->text, (long long)seconds);
	TRY(workflow_save(cx, w));
	return workflow_sleep(cx, w, seconds * SECOND);
}

static int
after_attempt(struct ctx *cx, struct job *j)
{
	if (j->w.r.cancel)
		return 0;
	if (j->tries >= j->w.r.options.switch_attempts)
		return give_up(cx, j, &j->why);
	return wait_next_attempt(cx, j, &j->why);
}

/* An attempt that was left in SWITCHING: by another vtctld, or by this job when it could neither finish
 * nor undo it. Only the second has been counted in tries. */
static int
do_resume(struct ctx *cx, struct job *j)
{
	bool switched;

	TRY(cutover_resume(cx, &j->w, &switched));
	return switched || j->tries == 0 ? 0 : after_attempt(cx, j);
}

static int
do_switch(struct ctx *cx, struct job *j)
{
	struct workflow *w = &j->w;
	enum workflow_state began = w->r.state;
	int round = w->r.round;
	struct stream_status_reply r;
	bool proved;

	/* A stream that has stopped does not go on by itself: no attempt would mend it. */
	if (stream_may_switch(cx, w, &r) != 0) {
		j->why = *cx->err;
		if (j->why.kind == ERR_REFUSED && began == WORKFLOW_SWITCHED)
			w->r.closed = arena_strdup(&w->arena, j->why.text);
		return j->why.kind == ERR_REFUSED ? give_up(cx, j, &j->why) : -1;
	}
	if (proof_look(cx, w, &proved) != 0) {
		j->why = *cx->err;
		j->tries++;
		return j->why.kind == ERR_REFUSED ? give_up(cx, j, &j->why) : -1;
	}
	if (!proved)
		return workflow_sleep(cx, w, POLL_MS * MSEC);
	if (cutover_attempt(cx, w) == 0)
		return 0;
	if (cx->err->kind == ERR_CONFLICT || cx->err->kind == ERR_CANCELLED)
		return -1;
	j->why = *cx->err;
	log_warn("%s: switching: %s", w->id, j->why.text);
	j->tries++;
	TRY(workflow_load(cx, w));
	/* The record says where it ended: an answer may have been lost, or a rolling back not written. */
	if ((w->r.state == began && w->r.round == round) || mutant("ctl_given_up_in_a_hold"))
		return after_attempt(cx, j);
	return w->r.state == WORKFLOW_SWITCHING ? do_resume(cx, j) : 0;
}

static int
do_run(struct ctx *cx, struct job *j)
{
	struct workflow *w = &j->w;
	struct stream_status_reply r;
	bool changed = false;

	if (w->r.cancel && !mutant("ctl_cancel_forgotten"))
		return cancel_begin(cx, w);
	if (w->r.finishing)
		return cutover_finish(cx, w);
	if (!w->r.options.no_switch && switch_may_begin(w, &changed))
		return do_switch(cx, j);
	TRY(stream_may_switch(cx, w, &r));
	TRY(limits_bring(cx, w, &r));
	j->tries = 0;
	if (changed)
		return workflow_save(cx, w);
	return task_sleep(cx, POLL_MS * MSEC);
}

/* Its job ends when there is nothing to do: the way back is the tablets'. */
static int
do_switched(struct ctx *cx, struct job *j)
{
	return j->w.r.finishing ? cutover_finish(cx, &j->w) : do_switch(cx, j);
}

static int
do_complete(struct ctx *cx, struct job *j)
{
	return complete_run(cx, &j->w);
}

static int
do_cancel(struct ctx *cx, struct job *j)
{
	return cancel_run(cx, &j->w);
}

/* ---- From state to state */

typedef int state_fn(struct ctx *cx, struct job *j);

/* NULL: there is never anything to do. */
static state_fn *const state_fns[] = {
	[WORKFLOW_CHECKING] = do_check,
	[WORKFLOW_CREATING] = do_create,
	[WORKFLOW_COPYING] = do_copy,
	[WORKFLOW_RUNNING] = do_run,
	[WORKFLOW_STOPPED] = do_stop,
	[WORKFLOW_SWITCHING] = do_resume,
	[WORKFLOW_SWITCHED] = do_switched,
	[WORKFLOW_COMPLETING] = do_complete,
	[WORKFLOW_COMPLETE] = NULL,
	[WORKFLOW_CANCELLING] = do_cancel,
	[WORKFLOW_CANCELLED] = NULL,
	[WORKFLOW_ERROR] = NULL,
};

static bool
waiting_may_mend(const struct err *e)
{
	return e->kind != ERR_REFUSED && e->kind != ERR_CORRUPT;
}

static int
end_in_error(struct ctx *cx, struct job *j, const struct err *why)
{
	struct workflow *w = &j->w;

	TRY(workflow_load(cx, w));
	/* Held, or committed and not released: nobody would go on with it. Or it is being cancelled, or all
	 * went well after all. */
	if (!fsm_may(&workflow_states, (int)w->r.state, WORKFLOW_ERROR) &&
	    !mutant("ctl_cancel_overwritten"))
		return err_copy(cx->err, why);
	/* It is to be cancelled, and whoever asks again is told that somebody is at it. */
	if (w->r.cancel && !mutant("ctl_cancel_ends_in_error"))
		return err_copy(cx->err, why);
	if (w->r.finishing) /* it is served, and the end of the switch is still to come */
		return err_copy(cx->err, why);
	bool nothing_left = w->r.state == WORKFLOW_CREATING;
	if (nothing_left)
		TRY(take_back(cx, w));
	w->r.state = WORKFLOW_ERROR;
	w->r.state_text = arena_strdup(&w->arena, why->text);
	w->r.hint = nothing_left || workflow_unmade(&w->r) ? arena_strdup(&w->arena, why->hint)
							   : hint_of(w, why);
	workflow_note(w, "error", "failed", why->text);
	return workflow_save(cx, w);
}

static bool
has_lock(const struct job *j)
{
	return !j->ctl->dead && topo_lease_held(j->ctl->lease) &&
	    topo_lease_epoch(j->ctl->lease) == j->epoch;
}

/* Told to stop, or no longer the one who may work on it. */
static bool
must_leave(const struct job *j, const struct err *e)
{
	return e->kind == ERR_CANCELLED || e->kind == ERR_NOT_FOUND || !has_lock(j);
}

static void
work(struct ctx *cx, struct job *j)
{
	int again_ms = AGAIN_MS_MIN;

	for (;;) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		struct err why;

		inner.arena = &scratch;
		err_clear(cx->err);
		if (!has_lock(j))
			return;
		if (workflow_load(&inner, &j->w) == 0) {
			state_fn *fn = state_fns[j->w.r.state];

			if (stopping_rests(&j->w.r))
				return;
			if (fn(&inner, j) == 0) {
				again_ms = AGAIN_MS_MIN;
				continue;
			}
		}
		why = *cx->err;
		if (must_leave(j, &why))
			return;
		if (why.kind == ERR_CONFLICT)
			continue; /* somebody changed the record: on top of that */
		log_warn("%s: %s: %s", j->w.id, workflow_state_name(j->w.r.state), why.text);
		if (!waiting_may_mend(&why) && end_in_error(&inner, j, &why) == 0)
			return;
		if (task_sleep(cx, again_ms * MSEC) != 0)
			return;
		again_ms = 2 * again_ms < AGAIN_MS_MAX ? 2 * again_ms : AGAIN_MS_MAX;
	}
}

static void
job_task(void *arg)
{
	struct job *j = arg;
	struct err err = { 0 };
	struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };

	task_rename("workflow %s", j->w.id);
	work(&cx, j);
	if (err.kind != ERR_NONE)
		log_warn("left at %s: %s", workflow_state_name(j->w.r.state), err.text);
	if (has_lock(j) && !task_cancelled()) {
		char name[sizeof(j->w.id) + 16];

		snprintf(name, sizeof(name), "workflow/%s", j->w.id);
		if (topo_unlock(&cx, j->ctl->topo, name, topo_lease_id(j->ctl->lease)) != 0)
			log_info("the lock goes with the lease: %s", err.text);
	}
	list_remove(&j->node);
	workflow_done(&j->w);
	arena_done(&arena);
	free(j);
}

/* ---- Who works on what */

/* NULL: none is at work on it. */
static const struct job *
job_of(const struct ctl *c, const char *id)
{
	list_each(&c->working, n) {
		const struct job *j = list_item(n, struct job, node);

		if (strcmp(j->w.id, id) == 0)
			return j;
	}
	return NULL;
}

/* Workflows that are at work are few, and this is asked twice a second at most. */
void
jobs_check(const struct ctl *c)
{
	check(c->lease != NULL || list_empty(&c->working)); /* (2) */
	list_each(&c->working, n) {
		const struct job *j = list_item(n, struct job, node);

		check(j->ctl == c && j->epoch <= topo_lease_epoch(c->lease)); /* (2) */
		check(job_of(c, j->w.id) == j);                               /* (3) */
	}
}

static int
start_job(struct ctx *cx, struct ctl *c, const char *id)
{
	struct job *j = mem_new(struct job);

	j->ctl = c;
	j->epoch = topo_lease_epoch(c->lease);
	workflow_init(&j->w, c, id);
	if (group_spawn(&c->jobs, "workflow", job_task, j, cx->err) != 0) {
		free(j);
		return -1;
	}
	list_push(&c->working, &j->node);
	return 0;
}

/* *open becomes true when it is unfinished, whoever works on it. */
static int
take_one(struct ctx *cx, struct ctl *c, const struct topo_kv *kv, bool *open)
{
	const char *key = arena_slice_str(cx->arena, kv->key), *id = key + strlen("/workflows/");
	struct workflow_head h;

	TRY(workflow_head_read(cx->arena, kv->value, &h, cx->err));
	if (stopping_rests(&h.r))
		return 0;
	*open = true;
	if (job_of(c, id) != NULL)
		return 0;
	if (topo_lock(cx, c->topo, arena_printf(cx->arena, "workflow/%s", id), c->name,
		topo_lease_id(c->lease)) != 0 &&
	    !mutant("ctl_two_at_once"))
		return cx->err->kind == ERR_CONFLICT ? 0 : -1; /* another vtctld is at it */
	return start_job(cx, c, id);
}

/* *rest is the revision after which only a change brings work; -1: something is under way. */
static int
look(struct ctx *cx, struct ctl *c, int64_t *rest)
{
	struct topo_list all;
	bool open = false;

	jobs_check(c);
	*rest = -1;
	if (!topo_lease_held(c->lease))
		return 0; /* nothing is taken that could not be kept */
	TRY(topo_list(cx, c->topo, "/workflows/", &all));
	TRY(reroute_tidy(cx, c, &open));
	for (size_t i = 0; i < all.count; i++) {
		if (take_one(cx, c, &all.items[i], &open) == 0)
			continue;
		log_warn("workflow '%.*s': %s", SLICE_ARG(all.items[i].key), cx->err->text);
		open = true;
	}
	if (!open)
		*rest = all.revision;
	return 0;
}

/* Until there may be something new to look at. */
static int
wait_for_work(struct ctx *cx, struct ctl *c, int64_t rest)
{
	const char *watched = mutant("ctl_rest_untold") ? "/nothing/" : "/";
	struct ctx within = ctx_within(cx, (rest < 0 ? LOOK_MS : REST_MS) * MSEC);
	struct topo_events changes;

	if (c->kick ||
	    (rest < 0 ? waitlist_wait(&within, &c->kicked)
		      : topo_watch(&within, c->topo, watched, rest, &changes)) == 0)
		return 0;
	if (cx->err->kind == ERR_CANCELLED)
		return -1;
	if (cx->err->kind != ERR_TIMEOUT) /* the topology cannot be read */
		TRY(task_sleep(cx, LOOK_MS * MSEC));
	return 0;
}

int
jobs_run(struct ctx *cx, struct ctl *c)
{
	TRY(topo_lease_start(cx, c->topo, CTL_LEASE_S * SECOND, &c->lease));
	TRY(enlist(cx, c));
	while (!c->dead) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		int64_t rest;

		inner.arena = &scratch;
		c->kick = false;
		if (look(&inner, c, &rest) != 0) {
			if (cx->err->kind == ERR_CANCELLED)
				return -1;
			log_warn("looking for workflows: %s", cx->err->text);
		}
		TRY(wait_for_work(&inner, c, rest));
		err_clear(cx->err);
	}
	return 0;
}

void
jobs_init(struct ctl *c)
{
	group_init(&c->jobs);
	list_init(&c->working);
}

void
jobs_done(struct ctl *c)
{
	group_done(&c->jobs);
	check(list_empty(&c->working)); /* each takes itself away as it ends */
	if (c->lease != NULL)
		topo_lease_stop(c->lease);
	c->lease = NULL;
}
