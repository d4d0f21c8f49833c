#include "tablet/write/apply.h"

#include "base/check.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "tablet/write/applier.h"
#include "tablet/write/apply_run.h"
#include "tablet/write/stored.h"

#include <stdlib.h>

enum {
	/* A position without changes is written at most this often. It is an event in the target's own
	 * binlog, which whoever follows that server passes over, and then stores one in turn: where many
	 * follow, they would keep each other at work. After a restart so much is read again. */
	STORE_MS = 10000,
	RETRIES = 20, /* of a run that lost a deadlock or waited too long for a lock */
	RETRY_MS = 50,
};

void
applier_check(const struct applier *a)
{
	check(a->alone || !(a->exact || a->frozen || a->writers.in_txn)); /* (1) */
	check(!a->exact || applier_is_exact_at(a, &a->state->applied));   /* (2) */
	check(!a->frozen || a->freeze.wanted);                            /* (4) */
	check(list_empty(&a->queue.list) == (a->queue.bytes == 0));       /* (6) */
	check(!a->suspended || (a->exact && !a->writers.in_txn));         /* (7) */
	check(!a->held || (a->hold && !a->writers.in_txn));               /* (9) */
	check(!a->suspended || !applier_is_pending(a));                   /* (10) */
}

/* ---- Birth and death */

int
applier_new(const struct apply_params *params, struct applier **out, struct err *err)
{
	struct applier *a = mem_new(struct applier);

	a->params = params;
	a->state = params->state;
	position_copy(&a->cp, &params->state->cp); /* known from before a restart */
	a->strict = params->state->phase > STREAM_CATCHING_UP;
	a->complete = params->state->phase == STREAM_RUNNING;
	a->run_rows = APPLY_RUN_ROWS;
	if (params->keeps_deltas)
		ledger_begin(&a->ledger, params->tables);
	writers_init(&a->writers,
	    &(struct writers_params){ &params->target, state_id(params->state), params->tables,
		params->appliers, params->part_rows });
	fold_init(&a->fold);
	buf_init(&a->prepared);
	queue_init(&a->queue);
	if (freeze_note_change(&a->freeze, &params->state->applied, err) != 0) {
		applier_free(a);
		return -1;
	}
	*out = a;
	return 0;
}

void
applier_free(struct applier *a)
{
	if (a == NULL)
		return;
	queue_done(&a->queue);
	ledger_done(&a->ledger);
	writers_done(&a->writers);
	parts_done(&a->parts);
	fold_done(&a->fold);
	buf_done(&a->prepared);
	freeze_done(&a->freeze);
	position_done(&a->cp);
	position_done(&a->strict_from);
	position_done(&a->hold_at);
	free(a);
}

/* ---- From the tail to the queue */

static int
pull(struct ctx *cx, struct applier *a)
{
	struct source_txn *txn;

	for (;;) {
		TRY(queue_wait_room(cx, &a->queue));
		TRY(tail_next(cx, a->params->tail, &txn));
		/* rule 7: in the step that takes it */
		if (!mutant("tablet_touches"))
			windows_touch(a->params->windows, txn);
		ledger_take(&a->ledger, txn);
		bool ends = txn->ddl != NULL;
		queue_push(&a->queue, txn);
		if (txn->heartbeat[0] != 0)
			waitlist_wake_all(&a->changed);
		while (ends) /* behind it is another pass's */
			TRY(waitlist_wait(cx, &a->changed));
	}
}

int
applier_freeze_at(struct applier *a, const char *gtid, int attempt, struct err *err)
{
	applier_check(a);
	TRY(freeze_want(&a->freeze, gtid, attempt, &a->state->applied, err));
	waitlist_wake_all(&a->queue.arrived);
	return 0;
}

/* ---- Writing a run */

static int
store_position(struct ctx *cx, struct applier *a, const struct apply_run *r)
{
	const struct stored_with with = { a->freeze.attempt, &a->ledger };

	TRY(stored_end(cx, &a->writers, a->state, r, &with));
	a->stored_at = r->whole ? task_now() : a->stored_at;
	return 0;
}

static int
write_converging(struct ctx *cx, struct applier *a, const struct apply_run *r)
{
	if (!mutant("tablet_dirty_stored"))
		TRY(stored_dirty(cx, &a->writers, a->state, &r->end));
	if (fault("stream.converge.before"))
		return err_set(cx->err, ERR_RETRY, "fault");
	TRY(writers_converge(cx, &a->writers, &a->fold));
	if (fault("stream.converge.after"))
		return err_set(cx->err, ERR_RETRY, "fault");
	return store_position(cx, a, r);
}

/*
 * Where others build indexes or keys, compare what the stream stores with its rows, or want the target as it
 * is at one place, rows and position come together.
 */
static bool
is_written_alone(const struct applier *a, const struct apply_run *r)
{
	bool simple = r->whole && !r->freezes && r->steps == 0 && !a->writers.in_txn;
	bool complete = a->complete || mutant("tablet_parts_before_indexes");
	bool told = ledger_is_kept(&a->ledger) && !mutant("tablet_parts_of_the_proven");

	return !simple || !complete || told || a->tries > 0 || a->writers.careful;
}

static int
write_exact(struct ctx *cx, struct applier *a, const struct apply_run *r)
{
	const struct exact_run how = { &a->fold, &r->changed,
		applier_is_pending(a) ? &a->parts : NULL, is_written_alone(a, r) };
	bool position_first = mutant("sim_parts_before_the_position");

	if (r->changes)
		TRY(writers_exact_run(cx, &a->writers, &how));
	if (r->changes && mutant("sim_position_apart")) {
		TRY(mysql_exec(cx, a->writers.conns[0], slice_str("COMMIT"), NULL));
		a->writers.in_txn = false;
	}
	if (fault("stream.exact.before"))
		return err_set(cx->err, ERR_RETRY, "fault");
	if (!position_first)
		TRY(writers_commit_parts(cx, &a->writers));
	TRY(store_position(cx, a, r));
	if (position_first)
		TRY(writers_commit_parts(cx, &a->writers));
	if (fault("stream.exact.after"))
		return err_set(cx->err, ERR_RETRY, "fault");
	return 0;
}

/* (2) of apply_parts.h */
static int
err_retry_from_disk(struct err *err)
{
	SCOPED(buf) struct buf why = BUF_INIT;

	if (err->kind == ERR_CANCELLED)
		return -1;
	buf_add_str(&why, err->text);
	return err_set(err, ERR_RETRY, "a run was committed in part: %s", why.data);
}

/*
 * A transaction of several fragments cannot be repeated from its middle: the stream goes on from its
 * position.
 */
static int
write_changes(struct ctx *cx, struct applier *a, const struct apply_run *r)
{
	bool amid = a->writers.in_txn;
	bool names = !amid && !mutant("tablet_names_the_row");

	for (a->tries = 0;; a->tries++) {
		int rc = (a->exact || !r->changes ? write_exact : write_converging)(cx, a, r);
		if (rc == 0) {
			a->writers.several = a->writers.careful = false;
			return 0;
		}
		writers_close(&a->writers);
		if (a->writers.parts_may_be_there && !mutant("tablet_parts_repeated"))
			return err_retry_from_disk(cx->err);
		if (a->writers.several && !a->writers.careful && names) {
			a->writers.careful = true; /* once more, to name the row */
			TRY(stored_still_ours(cx, &a->writers, a->state));
			continue;
		}
		if (!writers_lost_a_lock(cx->err) || a->tries == RETRIES)
			return -1;
		if (amid)
			return err_set(
			    cx->err, ERR_RETRY, "a transaction of several fragments lost a lock");
		TRY(task_sleep(cx, RETRY_MS * MSEC));
		TRY(stored_still_ours(cx, &a->writers, a->state));
	}
}

/* Once the target is exact its unique indexes are built: what is on disk has to say so by then. */
static bool
must_store(const struct applier *a, const struct apply_run *r)
{
	const struct position *before = &a->state->applied;
	bool makes_exact =
	    !a->exact && applier_is_exact_at(a, mutant("sim_exact_stored") ? before : &r->end);

	return r->freezes || makes_exact ||
	    (position_cmp(&r->end, before) > 0 && task_now() - a->stored_at >= STORE_MS * MSEC);
}

static int
write_run(struct ctx *cx, struct applier *a, const struct apply_run *r)
{
	if (r->freezes)
		TRY(freeze_check(&a->freeze, cx->err));
	TRY(stored_none_kept(r, cx->err));
	if (r->changes || r->steps > 0)
		return write_changes(cx, a, r);
	if (!must_store(a, r) || store_position(cx, a, r) == 0)
		return 0;
	writers_close(&a->writers);
	return -1;
}

/* The old one may be the run's. */
static void
keep_prepared(struct applier *a, struct slice prepared)
{
	SCOPED(buf) struct buf next = BUF_INIT;

	buf_add_slice(&next, prepared);
	buf_swap(&next, &a->prepared);
}

static void
note_frozen(struct applier *a, int attempt)
{
	state_moved(a->state, STREAM_FROZEN);
	a->state->attempt = attempt;
	a->frozen = true;
}

static int
note_applied(struct applier *a, const struct apply_run *r, struct err *err)
{
	a->changes += (int64_t)r->rows;
	if (!r->whole)
		return 0;
	position_copy(&a->state->applied, &r->end);
	keep_prepared(a, r->prepared);
	if (r->changes) {
		TRY(freeze_note_change(&a->freeze, &r->changed, err));
		a->last_commit_s = r->committed_s;
	}
	if (r->freezes) {
		TRY(freeze_check(&a->freeze, err));
		note_frozen(a, a->freeze.attempt);
	}
	waitlist_wake_all(&a->changed);
	return 0;
}

static void
look_at_mode(struct applier *a)
{
	if (a->exact || !applier_is_exact_at(a, &a->state->applied))
		return;
	a->exact = true;
	log_info("exact from %s:%llu on", a->state->applied.file,
	    (unsigned long long)a->state->applied.offset);
	waitlist_wake_all(&a->changed);
}

/* All before it is applied. */
static int
meet_ddl(struct ctx *cx, struct applier *a, const struct source_txn *txn)
{
	if (fault("stream.ddl.met"))
		return err_set(cx->err, ERR_RETRY, "fault");
	TRY(stored_ddl(cx, &a->writers, a->state, buf_slice(&a->prepared), txn));
	a->met = true;
	return 0;
}

static int
apply_one(struct ctx *cx, struct applier *a, const struct apply_run *r)
{
	if (r->ddl != NULL)
		return meet_ddl(cx, a, r->ddl);
	if (r->changes) {
		if (a->params->throttle != NULL && !a->writers.in_txn)
			TRY(a->params->throttle(cx, a->params->throttle_arg));
		if (!mutant("tablet_sealed_blocks"))
			TRY(applier_wait_windows(cx, a, r));
		TRY(apply_run_fold(r, a->strict ? &a->strict_from : NULL,
		    a->params->tables->ordered, &a->fold, cx->err));
	}
	usec begun = task_now();

	TRY(write_run(cx, a, r));
	a->run_rows = apply_run_next_max(r, a->run_rows, task_now() - begun);
	TRY(note_applied(a, r, cx->err));
	if (r->whole)
		look_at_mode(a);
	applier_check(a);
	return 0;
}

/* ---- The two tasks */

/*
 * A freeze that was committed, and its answer lost. Who waited for it may have gone: without this the stream
 * would go on, and a process after a kill would find it frozen at P, with what was applied beyond. A thaw
 * since has stored its attempt, or is about to.
 */
static void
adopt_frozen(struct applier *a, const struct stream_state *disk)
{
	if (a->state->phase != STREAM_RUNNING || disk->phase != STREAM_FROZEN ||
	    disk->attempt < a->state->attempt || mutant("sim_frozen_on_disk"))
		return;
	a->freeze.wanted = true;
	note_frozen(a, disk->attempt);
	waitlist_wake_all(&a->changed);
}

/*
 * The answer to a former COMMIT may have been lost: what is on disk is believed. All slots are taken
 * first: statements that a killed process left behind, on slots too that the first runs would
 * not need, are over then, and none lands behind a newer change of its rows.
 */
static int
read_state(struct ctx *cx, struct applier *a)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct stream_state *disk = arena_new(&arena, struct stream_state);
	struct stream_id id = state_id(a->state);
	struct position *known = &a->state->applied;
	struct slice prepared;

	if (mutant("tablet_commit_believed"))
		known = &disk->applied;
	inner.arena = &arena;
	TRY(mutant("tablet_all_slots_first") ? writers_open(&inner, &a->writers, 0)
					     : writers_open_all(&inner, &a->writers));
	TRY(state_load(&inner, a->writers.conns[0], id, disk));
	TRY(state_place(&inner, a->writers.conns[0], id, known, &prepared));
	keep_prepared(a, prepared);
	position_copy(&a->state->dirty_until, &disk->dirty_until);
	TRY(parts_load(cx, a->writers.conns[0], id, &a->state->applied, &a->parts));
	bool pending = applier_is_pending(a) && !mutant("tablet_parts_frozen");
	TRY(freeze_note_change(&a->freeze, pending ? &a->parts.until : &a->state->applied, cx->err));
	adopt_frozen(a, disk);
	return 0;
}

static int
work(struct ctx *cx, struct applier *a)
{
	TRY(read_state(cx, a));
	a->alone = true;
	waitlist_wake_all(&a->changed);
	look_at_mode(a);
	while (!a->frozen && !a->met) {
		struct apply_run r;
		int rc = applier_take_run(cx, a, &r);
		if (rc == 0)
			rc = apply_one(cx, a, &r);
		apply_run_done(&r);
		if (rc != 0)
			return -1;
	}
	return 0;
}

/* Frozen, nothing is left to pull; an error ends the other task too. */
static void
task_ended(struct applier *a, int rc, const struct err *err)
{
	if (rc == 0)
		group_cancel(&a->group);
	else if (err->kind != ERR_CANCELLED)
		group_fail(&a->group, err);
}

static void
pull_main(void *arg)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	task_ended(arg, pull(&cx, arg), &err);
}

static void
work_main(void *arg)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	task_ended(arg, work(&cx, arg), &err);
}

int
applier_run(struct ctx *cx, struct applier *a)
{
	int rc;

	applier_check(a);
	group_init(&a->group);
	rc = group_spawn(&a->group, "pull", pull_main, a, cx->err);
	if (rc == 0)
		rc = group_spawn(&a->group, "apply", work_main, a, cx->err);
	if (rc == 0)
		rc = group_wait(cx, &a->group);
	group_done(&a->group);
	writers_close(&a->writers);
	a->ended = true;
	applier_check(a);
	waitlist_wake_all(&a->changed);
	if (rc == 0 && !a->frozen && !a->met)
		return err_set(cx->err, ERR_CANCELLED, "the applier was cancelled");
	return rc;
}
