#include "tablet/stream/stream.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "tablet/server/spare.h"
#include "tablet/guard/guard.h"
#include "tablet/stream/request.h"
#include "tablet/stream/run.h"
#include "tablet/stream/status.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	BACKOFF_FIRST_MS = 200,
	BACKOFF_MAX_MS = 10000, /* a restarting server is met soon, a dead one not hammered */
	SAVE_DEADLINE_MS = 5000,
};

/* What is stored in place of an error. */
static const char suspended_text[] = "it was stopped by command";

struct stream {
	const struct tablet_env *env;
	struct move *move;
	struct arena arena; /* the request */
	struct move_request request;
	struct stream_state state;
	struct group life; /* its one task */
	struct waitlist changed;
	char *name;          /* stream_id_print()'s, in the arena */
	struct guard *guard; /* of a way back that was begun and is not over; else NULL */
	int callers;         /* (8) */
	bool halted, stopped;
	struct run run; /* one pass; applier is NULL between passes */
	struct waiting waiting;
	struct throttle throttle;
	struct ddl_list ddl;
	uint64_t passes, retries[STREAM_CAUSES];
	bool wake;            /* somebody wants another pass */
	bool unsaved;         /* an error was cleared and is still on disk */
	int64_t *rows_copied; /* by table, as last known */
};

void
stream_check(const struct stream *s)
{
	check(s->state.phase != STREAM_ERROR);                          /* (1) */
	check(s->state.phase != STREAM_SUSPENDED);                      /* (1) */
	check(s->state.error[0] == '\0' || s->run.applier == NULL);     /* (2) */
	check(s->run.state == NULL || s->run.state == &s->state);       /* (3) */
	check(s->run.request == NULL || s->run.request == &s->request); /* (3) */
	check(s->state.attempt <= s->move->seen);                       /* (5) */
}

/* ---- The stream's task */

static int
save(struct ctx *cx, struct stream *s)
{
	SCOPED(spare) struct spare dba = { 0 };
	struct ctx within = ctx_within(cx, SAVE_DEADLINE_MS * MSEC);

	TRY(spare_take(&within, s->env, ROLE_DBA, &dba));
	return state_update(&within, dba.client, &s->state);
}

static int
save_phase(struct ctx *cx, struct stream *s, enum stream_phase phase)
{
	SCOPED(spare) struct spare dba = { 0 };
	struct ctx within = ctx_within(cx, SAVE_DEADLINE_MS * MSEC);
	enum stream_phase from = s->state.phase;
	int attempt = s->state.attempt;

	TRY(spare_take(&within, s->env, ROLE_DBA, &dba));
	if (s->state.phase != from || s->state.attempt != attempt)
		return err_set(cx->err, ERR_CONFLICT, "another request moved the stream of '%s'",
		    s->state.workflow);
	return state_move(&within, dba.client, &s->state, phase);
}

static void
stop_with(struct ctx *cx, struct stream *s, const struct err *err)
{
	struct err saving = { 0 };
	struct ctx shielded = ctx_shielded(cx, SAVE_DEADLINE_MS * MSEC, &saving);

	snprintf(s->state.error, sizeof(s->state.error), "%s", err->text);
	stream_check(s); /* (2): its pass has ended */
	/* The hints are about moves, which can be made anew; a way back cannot. */
	snprintf(s->state.hint, sizeof(s->state.hint), "%s", s->state.round > 1 ? "" : err->hint);
	log_error("stream %s stopped: %s", s->name, err->text);
	if (save(&shielded, s) != 0)
		log_error("stream %s: its error could not be stored: %s", s->name, saving.text);
	waitlist_wake_all(&s->changed);
}

static void
remember_progress(struct stream *s)
{
	if (s->run.copier == NULL)
		return;
	for (size_t i = 0; i < s->request.tables_count; i++)
		s->rows_copied[i] = copier_progress(s->run.copier, (int)i)->rows;
}

static int
one_pass(struct ctx *cx, struct stream *s)
{
	s->run = (struct run){ .env = s->env,
		.request = &s->request,
		.state = &s->state,
		.changed = &s->changed,
		.waiting = &s->waiting,
		.throttle = &s->throttle,
		.ddl = &s->ddl };
	int rc = run_open(cx, &s->run);

	if (rc == 0 && s->unsaved) {
		rc = save(cx, s);
		s->unsaved = rc != 0;
	}
	if (rc == 0) {
		s->passes++;
		waitlist_wake_all(&s->changed);
		rc = run_go(cx, &s->run);
	}
	remember_progress(s);
	run_close(&s->run);
	waitlist_wake_all(&s->changed);
	return rc;
}

static int
wait_wake(struct ctx *cx, struct stream *s)
{
	while (!s->wake)
		TRY(waitlist_wait(cx, &s->changed));
	s->wake = false;
	return 0;
}

static void
stream_main(void *arg)
{
	struct stream *s = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	int backoff_ms = BACKOFF_FIRST_MS;

	while (!task_cancelled()) {
		uint64_t passes = s->passes;
		int rc = s->state.error[0] != '\0' ? 0 : one_pass(&cx, s);

		if (rc != 0 && task_cancelled())
			return;
		if (rc == 0 && s->run.met)
			continue;
		if (rc == 0 || !env_error_passes(&err)) {
			if (rc != 0)
				stop_with(&cx, s, &err);
			if (wait_wake(&cx, s) != 0)
				return;
			backoff_ms = BACKOFF_FIRST_MS;
			continue;
		}
		s->retries[err.kind]++;
		waiting_note(&s->waiting, "waiting: %.500s", err.text);
		log_warn("stream %s goes on in %d ms: %s", s->name, backoff_ms, err.text);
		if (s->passes != passes)
			backoff_ms = BACKOFF_FIRST_MS; /* it did connect: the trouble is a new one */
		if (task_sleep(&cx, backoff_ms * MSEC) != 0)
			return;
		backoff_ms = backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : backoff_ms * 2;
	}
}

/* ---- Its guard */

static int
start_guard(struct stream *s, struct err *err)
{
	bool needed = s->state.round > 1 &&
	    (s->state.phase == STREAM_RUNNING || s->state.phase == STREAM_FROZEN);

	if (!needed || s->guard != NULL)
		return 0;
	return guard_start(
	    &(struct guard_params){ s->env, state_id(&s->state), &s->request, &s->changed },
	    &s->guard, err);
}

static void
stop_guard(struct stream *s)
{
	guard_stop(s->guard);
	s->guard = NULL;
}

/* ---- Birth and death */

static void
stream_free(struct stream *s)
{
	throttle_done(&s->throttle);
	arena_done(&s->ddl.arena);
	state_done(&s->state);
	arena_done(&s->arena);
	free(s);
}

/* (8) */
static void
leave(struct stream *s)
{
	if (--s->callers == 0 && s->stopped)
		stream_free(s);
}

int
stream_start(const struct tablet_env *env, struct move *move, const struct stream_state *row,
    struct stream **out, struct err *err)
{
	struct stream *s = mem_new(struct stream);
	SCOPED(buf) struct buf name = BUF_INIT;

	s->env = env;
	s->move = move;
	move_saw(move, row->attempt);
	state_copy(&s->state, row);
	stream_id_print(&name, state_id(&s->state));
	s->name = arena_strdup(&s->arena, name.data);
	s->state.request = arena_strdup(&s->arena, row->request);
	group_init(&s->life);
	throttle_init(&s->throttle);
	if (stored_request_read(&s->arena, slice_str(s->state.request), &s->request, err) != 0)
		goto fail;
	throttle_set(&s->throttle, &s->request.limits);
	s->rows_copied = arena_array(&s->arena, int64_t, s->request.tables_count);
	stream_check(s);
	if (start_guard(s, err) != 0)
		goto fail;
	if (group_spawn(&s->life, s->name, stream_main, s, err) != 0)
		goto fail;
	*out = s;
	return 0;
fail:
	stop_guard(s);
	stream_free(s);
	return -1;
}

void
stream_halt(struct stream *s)
{
	stream_check(s);
	s->halted = true;
	waitlist_wake_all(&s->changed);
	stop_guard(s);
	group_done(&s->life);
}

void
stream_stop(struct stream *s)
{
	if (s == NULL)
		return;
	stream_halt(s);
	s->stopped = true;
	if (s->callers == 0)
		stream_free(s);
}

/* ---- What others ask */

struct stream_id
stream_id(const struct stream *s)
{
	return state_id(&s->state);
}

const struct move_request *
stream_request(const struct stream *s)
{
	return &s->request;
}

enum stream_phase
stream_phase(const struct stream *s)
{
	stream_check(s);
	if (strcmp(s->state.error, suspended_text) == 0)
		return STREAM_SUSPENDED;
	return s->state.error[0] != '\0' ? STREAM_ERROR : s->state.phase;
}

enum stream_phase
stream_reached(const struct stream *s)
{
	return s->state.phase;
}

int
stream_attempt(const struct stream *s)
{
	return s->state.attempt;
}

void
stream_proof(const struct stream *s, struct arena *a, struct proof_view *out)
{
	prover_view(&s->run.prover, a, out);
}

int64_t
stream_lag_ms(const struct stream *s)
{
	return s->run.applier != NULL ? run_lag_ms(&s->run) : -1;
}

uint64_t
stream_retries(const struct stream *s, enum err_kind kind)
{
	return s->retries[kind];
}

void
stream_status(const struct stream *s, struct arena *a, struct stream_status_reply *reply)
{
	const struct status_of all = {
		.state = &s->state,
		.phase = stream_phase(s),
		.request = &s->request,
		.run = &s->run,
		.guard = s->guard,
		.waiting = &s->waiting,
		.throttle = &s->throttle,
		.ddl = &s->ddl,
		.rows_copied = s->rows_copied,
	};

	status_fill(&all, a, reply);
}

/* ---- What can be changed while it runs */

int
stream_update(struct ctx *cx, struct stream *s, const struct move_request *wanted)
{
	struct move_request with = s->request;

	stream_check(s);
	TRY(throttle_limits_check(&wanted->limits, cx->err));
	if (throttle_limits_same(&s->throttle.limits, &wanted->limits) &&
	    s->request.on_ddl == wanted->on_ddl)
		return 0;
	with.limits = wanted->limits;
	with.on_ddl = wanted->on_ddl;
	/* On disk before they are in force: a restart must not take them back. */
	s->callers++;
	int rc = mutant("tablet_limits_forgotten")
	    ? 0
	    : request_save(cx, s->env, state_id(&s->state), &with);
	if (rc == 0) {
		throttle_set(&s->throttle, &wanted->limits);
		s->request.on_ddl = wanted->on_ddl;
	}
	leave(s);
	return rc;
}

int
stream_definitions(
    const struct stream *s, struct arena *a, struct definition_hashes *out, struct err *err)
{
	stream_check(s);
	return run_definitions(&s->run, a, out, err);
}

static void
wake(struct stream *s)
{
	s->wake = true;
	waitlist_wake_all(&s->changed);
}

void
stream_retry(struct stream *s)
{
	stream_check(s);
	if (s->state.error[0] == '\0')
		return;
	s->state.error[0] = s->state.hint[0] = '\0';
	s->unsaved = true;
	wake(s);
}

/* ---- Begin, freeze and thaw */

static int
refuse_attempt(struct ctx *cx, const struct stream *s, int attempt)
{
	TRY(move_admit(s->move, attempt, cx->err));
	if (s->halted)
		return err_set(
		    cx->err, ERR_CONFLICT, "the stream of '%s' is going", s->state.workflow);
	if (s->state.error[0] != '\0')
		return err_set(
		    cx->err, ERR_REFUSED, "the stream has stopped: %.400s", s->state.error);
	return 0;
}

int
stream_begin(struct ctx *cx, struct stream *s, int attempt)
{
	stream_check(s);
	if (s->state.phase == STREAM_RUNNING || s->state.phase == STREAM_FROZEN ||
	    s->state.phase == STREAM_STOPPED)
		return start_guard(s, cx->err);
	TRY(refuse_attempt(cx, s, attempt));
	if (s->state.phase != STREAM_PREPARED)
		return err_set(cx->err, ERR_CONFLICT, "the stream of '%s' is %s, not prepared",
		    s->name, stream_phase_name(s->state.phase));
	TRY(save_phase(cx, s, STREAM_RUNNING));
	wake(s);
	return start_guard(s, cx->err);
}

static int
wait_frozen(struct ctx *cx, struct stream *s, const char *position, int attempt)
{
	uint64_t asked = 0; /* the pass whose applier knows of it */

	while (s->state.phase != STREAM_FROZEN || s->state.attempt != attempt) {
		TRY(refuse_attempt(cx, s, attempt));
		if (s->state.phase != STREAM_RUNNING)
			return err_set(cx->err, ERR_CONFLICT,
			    "the stream of '%s' is %s, not running", s->state.workflow,
			    stream_phase_name(s->state.phase));
		if (s->run.applier != NULL && asked != s->passes) {
			TRY(definitions_check(&s->run.defs, cx->err));
			TRY(applier_freeze_at(s->run.applier, position, attempt, cx->err));
			asked = s->passes;
		}
		if (waitlist_wait(cx, &s->changed) != 0)
			return err_wrap(cx->err, "waiting for the stream of '%s' to reach %.200s",
			    s->state.workflow, position);
	}
	return 0;
}

int
stream_freeze(struct ctx *cx, struct stream *s, const char *position, int attempt)
{
	stream_check(s);
	s->callers++;
	int rc = wait_frozen(cx, s, position, attempt);
	leave(s);
	return rc;
}

/* ---- The lock of what was frozen */

static int
check_frozen(struct ctx *cx, const struct stream *s, int attempt)
{
	TRY(refuse_attempt(cx, s, attempt));
	if (s->state.phase == STREAM_FROZEN && s->state.attempt == attempt)
		return 0;
	return err_set(cx->err, ERR_CONFLICT, "the stream of '%s' is not frozen for attempt %d",
	    s->state.workflow, attempt);
}

struct attempt_lock {
	const struct stream *s;
	int attempt;
};

static int
still_frozen(struct ctx *cx, const void *arg)
{
	const struct attempt_lock *l = arg;

	return check_frozen(cx, l->s, l->attempt);
}

int
stream_lock(struct ctx *cx, struct stream *s, int attempt)
{
	stream_check(s);
	s->callers++;
	int rc = check_frozen(cx, s, attempt);
	if (rc == 0 && s->guard != NULL)
		rc = guard_lock(cx, s->guard, still_frozen, &(struct attempt_lock){ s, attempt });
	leave(s);
	return rc;
}

bool
stream_locked(struct ctx *cx, struct stream *s, int attempt)
{
	s->callers++;
	bool held = check_frozen(cx, s, attempt) == 0 &&
	    (s->guard == NULL ||
		guard_locked(cx, s->guard, still_frozen, &(struct attempt_lock){ s, attempt }));
	leave(s);
	return held;
}

void
stream_unlock(struct stream *s, int attempt)
{
	if (s->guard != NULL && !move_outdates(s->move, attempt))
		guard_unlock(s->guard);
}

void
stream_serve(struct stream *s, int attempt)
{
	bool serves = s->state.phase == STREAM_FROZEN && s->state.attempt == attempt;

	stream_unlock(s, attempt);
	if (s->guard != NULL && serves && !mutant("guard_of_what_serves"))
		guard_end(s->guard);
}

/*
 * A freeze that is still being waited for ends with its pass. It may have been committed without
 * our knowing, so that the phase is stored again (a COMMIT under way is waited for: it has the row).
 */
static int
restart_task(struct ctx *cx, struct stream *s)
{
	group_done(&s->life);
	group_init(&s->life);
	s->wake = false;
	TRY(group_spawn(&s->life, s->name, stream_main, s, cx->err));
	return save(cx, s);
}

int
stream_suspend(struct ctx *cx, struct stream *s, int attempt)
{
	stream_check(s);
	TRY(move_admit(s->move, attempt, cx->err));
	if (s->state.phase == STREAM_PREPARED || s->state.phase == STREAM_FROZEN ||
	    s->state.phase == STREAM_STOPPED)
		return err_set(cx->err, ERR_REFUSED, "the stream of '%s' is %s", s->state.workflow,
		    stream_phase_name(s->state.phase));
	s->state.attempt = attempt;
	group_done(&s->life); /* its pass ends */
	group_init(&s->life);
	s->wake = s->unsaved = false;
	snprintf(s->state.error, sizeof(s->state.error), "%s", suspended_text);
	s->state.hint[0] = '\0';
	waitlist_wake_all(&s->changed);
	TRY(group_spawn(&s->life, s->state.workflow, stream_main, s, cx->err));
	return mutant("tablet_suspend_forgotten") ? 0 : save(cx, s);
}

int
stream_thaw(struct ctx *cx, struct stream *s, int attempt)
{
	stream_check(s);
	TRY(move_admit(s->move, attempt, cx->err));
	s->state.attempt = attempt;
	stream_unlock(s, attempt);
	waitlist_wake_all(&s->changed); /* who waits for a lower attempt */
	if (s->state.phase == STREAM_RUNNING)
		return restart_task(cx, s);
	if (s->state.phase != STREAM_FROZEN)
		return 0;
	TRY(save_phase(cx, s, STREAM_RUNNING));
	wake(s);
	return 0;
}

int
stream_finish(struct ctx *cx, struct stream *s, int attempt)
{
	stream_check(s);
	if (s->state.phase == STREAM_STOPPED)
		return 0;
	TRY(refuse_attempt(cx, s, attempt));
	if (s->state.phase != STREAM_FROZEN)
		return err_set(cx->err, ERR_CONFLICT, "the stream of '%s' is %s, not frozen",
		    s->state.workflow, stream_phase_name(s->state.phase));
	TRY(save_phase(cx, s, STREAM_STOPPED));
	stop_guard(s);
	waitlist_wake_all(&s->changed);
	return 0;
}
