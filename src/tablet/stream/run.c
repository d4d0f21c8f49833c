#include "tablet/stream/run.h"

#include "base/check.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "tablet/compare/differ.h"
#include "tablet/copy/copy_worker.h"
#include "tablet/copy/load_signs.h"
#include "tablet/copy/strict_copy.h"
#include "tablet/read/place_watch.h"
#include "tablet/read/xids.h"
#include "tablet/server/server_lock.h"
#include "tablet/stream/definitions.h"
#include "tablet/stream/room.h"
#include "tablet/table/definition.h"
#include "tablet/write/exchange.h"
#include "tablet/write/foreign_build.h"
#include "tablet/write/index.h"

#include <stdlib.h>

enum {
	KEY_AGAIN_MS = 1000, /* doubled each time: the anti-join may read a large table */
	KEY_AGAIN_MAX_MS = 60000,
};

/* Nothing is read or written. */
static bool
rests(enum stream_phase phase)
{
	return phase == STREAM_PREPARED || phase == STREAM_FROZEN || phase == STREAM_STOPPED;
}

/* Of what is stored. Until the last chunk is committed there is no consistency point. */
static bool
wants_cp(const struct stream_state *s)
{
	return s->phase != STREAM_STARTING && s->phase != STREAM_COPYING;
}

void
run_check(const struct run *r)
{
	bool open = r->applier != NULL;

	check((r->tail != NULL) == open && (r->copier != NULL) == open);       /* (1) */
	check(!open || r->conducted || (r->dba != NULL && r->source != NULL)); /* (1) */
	check(!open || !wants_cp(r->state) || position_is_set(&r->state->cp)); /* (3) */
}

/* ---- The phase */

static int
save_phase(struct ctx *cx, struct run *r, enum stream_phase phase)
{
	TRY(state_move(cx, r->dba, r->state, phase));
	waitlist_wake_all(r->changed);
	return 0;
}

/* Another process may have gone on from what is in memory. */
static void
adopt(struct stream_state *s, const struct stream_state *stored)
{
	if (stored->phase > STREAM_RUNNING || mutant("sim_stored_phase"))
		return;
	if (position_is_set(&stored->cp))
		position_copy(&s->cp, &stored->cp);
	while (s->phase < stored->phase)
		state_moved(s, s->phase == STREAM_STARTING ? STREAM_COPYING : s->phase + 1);
}

/*
 * The phase as it is stored once nobody of a killed process is left to change it. Without that a second
 * process could find STARTING and drop the table while the first one's COPYING is on its way, and a third,
 * which finds that, would make no table; or one that had lost the server's lock would copy on, and catch up
 * over the indexes that another one has built meanwhile.
 */
static int
read_phase(struct ctx *cx, struct run *r)
{
	struct stream_state *stored;

	TRY(state_succeed(cx, r->dba, state_id(r->state), SESSION_PASS));
	stored = mem_new(struct stream_state); /* too large for a stack */
	int rc = state_load(cx, r->dba, state_id(r->state), stored);
	if (rc == 0)
		adopt(r->state, stored);
	state_done(stored);
	free(stored);
	return rc;
}

static int
start(struct ctx *cx, struct run *r)
{
	const struct start_params p = { r->env, r->request, r->dba, r->source, state_id(r->state),
		&r->defs.tables, r->waiting };

	TRY(start_tables(cx, &p));
	return save_phase(cx, r, STREAM_COPYING);
}

/* ---- The conductor */

/* Writes a heartbeat, and takes the place where it is met for the consistency point. */
static int
find_cp(struct ctx *cx, struct run *r)
{
	struct stream_id id = { r->request->from.sidecar, r->state->workflow, r->state->round };
	char token[HEARTBEAT_TOKEN];

	heartbeat_token(token);
	TRY(heartbeat_write(cx, r->source, id, token));
	if (!mutant("sim_cp_is_the_heartbeat"))
		return applier_wait_heartbeat(cx, r->applier, token, &r->state->cp);
	position_copy(&r->state->cp, tail_position(r->tail));
	return 0;
}

/*
 * One that was found and could not be stored is kept: the applier goes by it, and may be exact already.
 * With a later one on disk, a process after a crash would converge over unique indexes.
 */
static int
reach_cp(struct ctx *cx, struct run *r)
{
	if (!position_is_set(&r->state->cp) || mutant("sim_cp_kept"))
		TRY(find_cp(cx, r));
	return save_phase(cx, r, STREAM_CATCHING_UP);
}

/* Until somebody has mended what violates a key: the copy is not thrown away for it. */
static int
add_foreign_keys(struct ctx *cx, struct run *r)
{
	struct foreign_build b = {
		.env = r->env,
		.applier = r->applier,
		.tables = &r->defs.tables,
	};

	for (int64_t ms = KEY_AGAIN_MS; foreign_build(cx, &b) != 0; ms *= 2) {
		if (cx->err->kind != ERR_CONFLICT)
			return -1;
		TRY(waiting_again(cx, r->waiting, ms < KEY_AGAIN_MAX_MS ? ms : KEY_AGAIN_MAX_MS));
	}
	return 0;
}

static int
number_tables(struct ctx *cx, struct run *r)
{
	return exchange_finish(cx, r->dba, state_id(r->state).sidecar, &r->defs.tables, r->applier);
}

static int
complete_tables(struct ctx *cx, struct run *r)
{
	struct stream_id id = { r->request->from.sidecar, r->state->workflow, r->state->round };

	TRY(index_build_all(cx, r->env, &r->defs.tables));
	TRY(add_foreign_keys(cx, r));
	TRY(heartbeat_delete(cx, r->source, id)); /* it was met: nobody asks for it any more */
	TRY(save_phase(cx, r, STREAM_RUNNING));
	applier_complete(r->applier);
	return 0;
}

static void
close_sessions(struct run *r)
{
	client_done(&r->dba);
	client_done(&r->source);
}

/* While it copies the servers are asked how busy they are. */
static int
copy_throttled(struct ctx *cx, struct run *r, int (*copy)(struct ctx *cx, struct run *r))
{
	throttle_begin(r->throttle);
	int rc = copy(cx, r);
	throttle_end(r->throttle);
	return rc;
}

/* Once more after a lost connection; meanwhile the applier goes on. */
static int
copy_strict(struct ctx *cx, struct run *r)
{
	const struct strict_copy s = { r->env, r->request->from.server, &r->copy_params, r->copier,
		r->applier };

	while (strict_copy_run(cx, &s) != 0) {
		if (!copy_error_passes(cx))
			return copy_altered_wait(cx, &r->copy_params);
		TRY(waiting_again(cx, r->waiting, KEY_AGAIN_MS));
	}
	return 0;
}

/*
 * Of an ordered stream the foreign keys are made while the applier stands where the copy of the strict
 * tables was taken: what is behind it needs them, to change the same rows as at the source. A row that
 * violates one is mended there, behind that place: so the applier goes on, and the tables are copied anew.
 */
static int
complete_strict(struct ctx *cx, struct run *r)
{
	struct foreign_build b = { r->env, r->applier, &r->defs.tables };

	for (int64_t ms = KEY_AGAIN_MS;; ms *= 2) {
		TRY(copy_throttled(cx, r, copy_strict));
		if (!r->defs.tables.ordered)
			return 0;
		TRY(index_build_all(cx, r->env, &r->defs.tables));
		if (foreign_build(cx, &b) == 0)
			return 0;
		if (cx->err->kind != ERR_CONFLICT)
			return -1;
		applier_strict_anew(r->applier);
		TRY(waiting_again(cx, r->waiting, ms < KEY_AGAIN_MAX_MS ? ms : KEY_AGAIN_MAX_MS));
	}
}

static int
copy_chunks(struct ctx *cx, struct run *r)
{
	return copier_run(cx, r->copier);
}

static int
conduct(struct ctx *cx, struct run *r)
{
	if (!mutant("sim_copy_before_slots"))
		TRY(applier_wait_alone(cx, r->applier));
	TRY(copy_throttled(cx, r, copy_chunks));
	if (r->state->phase == STREAM_COPYING)
		TRY(reach_cp(cx, r));
	run_check(r);
	applier_set_cp(r->applier, &r->state->cp);
	while (!applier_exact(r->applier))
		TRY(applier_wait_change(cx, r->applier));
	if (r->state->phase == STREAM_CATCHING_UP) {
		TRY(complete_strict(cx, r));
		TRY(save_phase(cx, r, STREAM_INDEXING));
		if (r->defs.tables.ordered)
			applier_go_beyond(r->applier); /* none is unnumbered */
		else
			TRY(number_tables(cx, r));
	}
	if (r->state->phase == STREAM_INDEXING)
		TRY(complete_tables(cx, r));
	r->conducted = true;
	close_sessions(r);
	return 0;
}

/* ---- Lag */

static int
poll_lag(struct ctx *cx, struct run *r)
{
	SCOPED(place_watch) struct place_watch *w = NULL;
	SCOPED(position) struct position now = { 0 };

	TRY(place_watch_take(r->env, r->request->from.server, &w, cx->err));
	for (;;) {
		TRY(place_watch_next(cx, w, &now));
		lag_note(&r->lag, &r->state->applied, &now);
	}
}

int
run_definitions(const struct run *r, struct arena *a, struct definition_hashes *out, struct err *err)
{
	if (r->applier == NULL)
		return err_set(err, ERR_RETRY, "the stream is not connected");
	*out = (struct definition_hashes){ arena_array(a, const char *, r->request->tables_count),
		r->defs.common };
	for (size_t i = 0; i < r->request->tables_count; i++)
		TRY(definition_hash(a, r->defs.tables.items[i].def->told_sql, &r->defs.tables.from,
		    &out->items[i], err));
	return 0;
}

int64_t
run_lag_ms(const struct run *r)
{
	return lag_ms(&r->lag);
}

/* ---- The tasks */

typedef int pass_fn(struct ctx *cx, struct run *r);

/* One of the pass's tasks. */
struct pass_task {
	struct run *run;
	pass_fn *fn;
	const char *name, *doing;
};

static void
pass_task_main(void *arg)
{
	struct pass_task *t = arg;
	struct err err = { 0 };
	struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };

	if (t->fn(&cx, t->run) != 0 && err.kind != ERR_CANCELLED) {
		err_wrap(&err, "%s", t->doing);
		group_fail(&t->run->group, &err);
	}
	arena_done(&arena);
}

static int
apply(struct ctx *cx, struct run *r)
{
	TRY(applier_run(cx, r->applier));
	r->met = applier_has_met(r->applier);
	check(r->met || r->state->phase == STREAM_FROZEN);
	waitlist_wake_all(r->changed); /* frozen: nothing is left to do in this pass */
	group_cancel(&r->group);
	return 0;
}

/* Their errors are their own: they end with the pass. */
static int
compare(struct ctx *cx, struct run *r)
{
	return r->env->vdiffs == NULL ? 0 : differ_run(cx, &r->compare_params);
}

static int
prove(struct ctx *cx, struct run *r)
{
	return r->env->vdiffs == NULL ? 0 : prover_run(cx, &r->prover);
}

static int
watch_room(struct ctx *cx, struct run *r)
{
	return room_watch(cx, r->env, r->waiting);
}

static int
ask_load(struct ctx *cx, struct run *r)
{
	const struct load_signs s = { r->env, r->request->from.server, r->throttle };

	return load_signs_run(cx, &s);
}

static int
wait_lock_lost(struct ctx *cx, struct run *r)
{
	return server_lock_wait_lost(
	    cx, mutant("sim_lock_lost_goes_on") ? NULL : r->env->lock, r->term);
}

/* ---- Opening */

/* Tests slow an applier down through this point. */
static int
throttle_run(struct ctx *cx, void *arg)
{
	int ms = fault_sleep_ms("stream.run.before");

	return ms == 0 ? 0 : task_sleep(cx, ms * MSEC);
}

static struct pass
pass_of(const struct run *r)
{
	return (struct pass){ r->env, r->request, r->state, r->dba, r->source };
}

/* Behind what the pass before has met. */
static int
read_definitions(struct ctx *cx, struct run *r)
{
	const struct pass p = pass_of(r);

	if (r->state->phase != STREAM_STARTING)
		TRY(on_ddl_do(cx, &p, r->ddl));
	TRY(state_place(cx, r->dba, state_id(r->state), &r->state->applied, &r->prepared));
	TRY(definitions_read(cx, &p, &r->defs));
	waitlist_wake_all(r->changed);
	return 0;
}

/* Each stream's tail is a replica of its own. */
static uint32_t
reader_id(const struct run *r)
{
	SCOPED(buf) struct buf name = BUF_INIT;

	stream_id_print(&name, state_id(r->state));
	return env_server_id(r->env, name.data);
}

static void
fill_params(struct run *r)
{
	r->tail_params = (struct tail_params){
		.source = env_stream_params(r->env, r->request->from.server, ROLE_STREAM),
		.id = { r->request->from.sidecar, r->state->workflow, r->state->round },
		.tables = &r->defs.tables,
		.start = r->state->applied,
		.prepared = r->prepared,
		.kept = &r->kept,
		.known = r->known,
		.none_prepared = r->state->round > 1,
		.hands_ddl = true,
		.server_id = reader_id(r),
		.spill_dir = r->env->data_dir,
	};
	r->apply_params = (struct apply_params){
		.target = env_stream_params(r->env, r->env->server, ROLE_WRITER),
		.tables = &r->defs.tables,
		.appliers = r->env->appliers,
		.part_rows = r->env->part_rows,
		.windows = &r->windows,
		.state = r->state,
		.behind = r->defs.behind,
		.throttle = throttle_run,
	};
	r->copy_params = (struct copy_params){
		.source = env_stream_params(r->env, r->request->from.server, ROLE_READER),
		.target = env_stream_params(r->env, r->env->server, ROLE_WRITER),
		.tables = &r->defs.tables,
		.id = state_id(r->state),
		.complete = wants_cp(r->state),
		.windows = &r->windows,
		.parallel = r->env->copy_parallel,
		.chunk_rows = r->env->chunk_rows,
		.throttle = r->throttle,
	};
	r->compare_params = (struct compare_params){
		.env = r->env,
		.from = r->request->from.server,
		.source = r->copy_params.source,
		.target = env_stream_params(r->env, r->env->server, ROLE_READER),
		.tables = &r->defs.tables,
		.id = state_id(r->state),
		.windows = &r->windows,
		.state = r->state,
		.changed = r->changed,
		.prover = &r->prover,
		.throttle = r->throttle,
	};
}

/* Position and rows belong together: a COMMIT of a session that a former process has left may come in
 * between. */
static int
read_place(struct ctx *cx, struct run *r)
{
	struct stream_id id = state_id(r->state);
	SCOPED(position) struct position again = { 0 };
	struct slice prepared;

	kept_init(&r->kept, r->env->data_dir);
	TRY(state_known(cx, r->dba, id, &r->known));
	TRY(state_place(cx, r->dba, id, &r->state->applied, &r->prepared));
	TRY(kept_load(cx, r->dba, id, r->prepared, &r->kept));
	TRY(state_place(cx, r->dba, id, &again, &prepared));
	if (position_cmp(&again, &r->state->applied) == 0)
		return 0;
	return err_set(cx->err, ERR_RETRY, "a former session of this stream is still at work");
}

/* What XA RECOVER lists and the tail has not read as prepared was committed before, and may not be visible
 * yet; or it was prepared since, and the tail will read that. */
static int
note_settling(struct ctx *cx, struct run *r)
{
	SCOPED(buf) struct buf before = BUF_INIT;
	SCOPED(buf) struct buf now = BUF_INIT;
	struct slice rest, xid;
	bool with_rows;

	buf_add_slice(&before, r->prepared);
	TRY(xids_recover(cx, r->source, &now));
	for (rest = buf_slice(&now); rest.len > 0;) {
		rest = xids_split(rest, &xid, &with_rows);
		if (!xids_remove(&before, xid))
			settling_add(tail_settling(r->tail), xid);
	}
	return 0;
}

static int
open_parts(struct ctx *cx, struct run *r)
{
	TRY(tail_open(cx, &r->tail_params, &r->tail));
	TRY(note_settling(cx, r));
	r->apply_params.tail = r->tail;
	r->copy_params.tail = r->tail;
	TRY(proof_row_lives(cx, r->dba, state_id(r->state), &r->apply_params.keeps_deltas));
	r->copier = copier_new(&r->copy_params);
	TRY(applier_new(&r->apply_params, &r->applier, cx->err));
	r->compare_params.tail = r->tail;
	r->compare_params.applier = r->applier;
	prover_open(&r->prover, &r->compare_params);
	return 0;
}

int
run_open(struct ctx *cx, struct run *r)
{
	struct ctx inner = *cx;

	arena_init(&r->arena);
	windows_init(&r->windows);
	group_init(&r->group);
	lag_init(&r->lag);
	inner.arena = &r->arena;
	if (rests(r->state->phase))
		return 0;
	if (wants_cp(r->state) && !position_is_set(&r->state->cp))
		return err_set(cx->err, ERR_CORRUPT,
		    "the stream of '%s' is %s, without a consistency point", r->state->workflow,
		    stream_phase_name(r->state->phase));
	if (!mutant("sim_lock_not_asked"))
		TRY(server_lock_held(r->env->lock, &r->term, cx->err));
	TRY(env_dba(&inner, r->env, &r->dba));
	TRY(env_stream(&inner, r->env, r->request->from.server, ROLE_STREAM, &r->source));
	if (r->state->phase < STREAM_RUNNING)
		TRY(read_phase(&inner, r));
	TRY(read_definitions(&inner, r));
	if (r->state->phase == STREAM_STARTING)
		TRY(start(&inner, r));
	/* Before anything is applied: its rows may be in another table. */
	if (r->state->phase == STREAM_INDEXING && !mutant("tablet_exchange_left"))
		TRY(number_tables(&inner, r));
	TRY(read_place(&inner, r));
	fill_params(r);
	return open_parts(&inner, r);
}

int
run_go(struct ctx *cx, struct run *r)
{
	struct pass_task tasks[] = {
		{ r, apply, "apply", "applying" },
		{ r, conduct, "copy", "copying" },
		{ r, poll_lag, "lag", "asking the source for its position" },
		{ r, ask_load, "load", "asking the servers for their load" },
		{ r, watch_room, "room", "watching the target's disk" },
		{ r, compare, "vdiff", "comparing" },
		{ r, prove, "proof", "proving" },
		{ r, wait_lock_lost, "lock", "running under the server's lock" },
	};
	int rc = 0;

	run_check(r);
	if (r->applier == NULL)
		return 0;
	check(!rests(r->state->phase)); /* (2) */
	for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]) && rc == 0; i++)
		rc = group_spawn(&r->group, tasks[i].name, pass_task_main, &tasks[i], cx->err);
	if (rc == 0)
		rc = group_wait(cx, &r->group);
	group_done(&r->group);
	run_check(r);
	return rc;
}

void
run_close(struct run *r)
{
	group_done(&r->group);
	prover_close(&r->prover);
	applier_free(r->applier);
	copier_free(r->copier);
	tail_close(r->tail);
	r->applier = NULL;
	r->copier = NULL;
	r->tail = NULL;
	kept_done(&r->kept);
	lag_done(&r->lag);
	windows_done(&r->windows);
	close_sessions(r);
	arena_done(&r->arena);
}
