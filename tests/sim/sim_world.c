#include "sim/sim_world.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "task/sim.h"

#include <stdlib.h>

enum {
	PATIENCE_S = 900, /* of virtual time: far above the sum of all back-offs */
	FAULTS_MAX = 8,
	SNAPS_MAX = 5,
};

uint64_t
below(struct world *w, uint64_t n)
{
	return rand_below(&w->rand, n);
}

/* ---- The process under test */

struct stream *
stream_of(struct world *w)
{
	return engine_find(&w->process.engine, WORKFLOW, w->kind->round);
}

void
start_process(struct ctx *cx, struct world *w)
{
	sim_process_begin(&w->process);
	while (w->kind->open(cx, w) != 0) {
		if (cx->err->kind != ERR_RETRY && cx->err->mysql_errno == 0)
			fail(w, "the process cannot start: %s", cx->err->text);
		check(task_sleep(cx, 100 * MSEC) == 0);
	}
}

/* All that it had in memory is gone. Its connections are reset, or just closed. */
void
kill_process(struct ctx *cx, struct world *w)
{
	log_info("the process is killed");
	w->must_die = false;
	if (below(w, 2) == 0) {
		sim_reset(SOURCE);
		sim_reset(TARGET);
	}
	sim_process_end(&w->process);
	if (below(w, 2) == 0)
		check(task_sleep(cx, (usec)below(w, 500 * MSEC)) == 0);
	start_process(cx, w);
}

/* ---- Faults */

uint64_t
world_seq(const struct mini_table *t, const struct slice *row, const char *column)
{
	int at = table_column(t, slice_str(column));
	SCOPED(buf) struct buf text = BUF_INIT;
	const char *dash;

	check(at >= 0);
	buf_add_slice(&text, row[at]);
	dash = strrchr(text.data, '-');
	return dash == NULL ? 0 : strtoull(dash + 1, NULL, 10);
}

bool
world_has_parts_ahead(const struct world *w, uint64_t applied)
{
	const struct mini_table *t = store_find(
	    minidb_store(w->table.target), slice_str(SIDECAR_DEFAULT), slice_str("run_part"));

	for (size_t i = 0; t != NULL && i < t->count; i++) {
		const struct slice *row = row_logged(t->rows[i], UINT64_MAX);

		if (row != NULL && world_seq(t, row, "until_gtid") > applied)
			return true;
	}
	return false;
}

void
snap(struct world *w, uint64_t one_in)
{
	if (w->snaps == 0 || below(w, one_in) != 0)
		return;
	w->snaps--;
	w->troubles++;
	sim_reset(TARGET);
	w->must_die = below(w, 2) == 0;
	waitlist_wake_all(&w->snapped);
}

static void
crash(struct ctx *cx, struct world *w, struct minidb *db)
{
	minidb_crash(db);
	check(task_sleep(cx, (usec)below(w, SECOND)) == 0);
	minidb_up(db);
}

static void
cut(struct ctx *cx, struct world *w, const char *address)
{
	/* At times longer than the tail waits for a heartbeat. */
	usec longest = below(w, 4) == 0 ? 8 * SECOND : SECOND;

	sim_cut(address);
	check(task_sleep(cx, (usec)below(w, (uint64_t)longest)) == 0);
	sim_heal(address);
}

static void
do_fault(struct ctx *cx, struct world *w)
{
	uint64_t kind = below(w, 10);
	bool source = below(w, 2) == 0;

	w->troubles++;
	log_info("fault %d at the %s", (int)kind, source ? "source" : "target");
	if (kind < 4)
		kill_process(cx, w);
	else if (kind < 6)
		sim_reset(source ? SOURCE : TARGET);
	else if (kind < 8)
		crash(cx, w, source ? w->table.source : w->table.target);
	else if (kind < 9)
		minidb_rotate(source || !w->kind->target_logs ? w->table.source : w->table.target);
	else
		cut(cx, w, source ? SOURCE : TARGET);
}

/* Time passes, and at times something breaks. */
void
live(struct ctx *cx, struct world *w, usec longest)
{
	struct ctx within = ctx_within(cx, (usec)below(w, (uint64_t)longest));

	while (!w->must_die && waitlist_wait(&within, &w->snapped) == 0)
		;
	if (w->must_die)
		kill_process(cx, w);
	if (w->faults > 0 && below(w, 2) == 0) {
		w->faults--;
		do_fault(cx, w);
	}
	if (task_now() > PATIENCE_S * SECOND)
		fail(w, "the stream is still %s: %s",
		    stream_of(w) == NULL ? "not there"
					 : stream_phase_name(stream_phase(stream_of(w))),
		    cx->err->text);
}

/* ---- Worlds */

/* Of the target's statements, in every other world. A run of strict tables has a statement for each change,
 * some hundreds: with more victims none would come through. */
static uint64_t
victims_of(const struct world *w, bool is_source)
{
	enum { FEW = 1000, MANY = 30, MANY_STRICT = 1000 };
	uint64_t many = w->table.variant == SIM_SCHEMA ? MANY_STRICT : MANY;

	return is_source || w->seed % 2 == 0 ? 0 : many + w->seed / 2 % FEW;
}

static struct minidb *
start_server(struct world *w, const char *address, bool is_source)
{
	struct minidb_params params = {
		.address = address, .binlog = is_source || w->kind->target_logs, .seed = rand_u64(&w->rand),
		.pace = {
			.statement = 100 + (usec)below(w, below(w, 3) == 0 ? 50 * MSEC : 5 * MSEC),
			.visible = (usec)below(w, 60 * MSEC),
			.alter = 300 * MSEC, .lock_wait = 2 * SECOND,
			.dump = (usec)below(w, 200 * MSEC),
		},
		.victim_one_in = victims_of(w, is_source),
		.committed = is_source ? NULL : w->kind->committed, .arg = w,
	};

	sim_latency(address, (usec)below(w, MSEC));
	return minidb_start(&params);
}

static void
live_it(void *arg)
{
	struct world *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &w->arena };

	w->life(&cx, w);
	sim_process_end(&w->process);
	server_lock_done(&w->lock);
	minidb_stop(w->table.source);
	minidb_stop(w->table.target);
	w->done = true;
}

static void
make_process(struct world *w)
{
	w->accounts = mem_new(struct credentials);
	snprintf(w->accounts->dba.user, sizeof(w->accounts->dba.user), "vt_dba");
	snprintf(w->accounts->stream.user, sizeof(w->accounts->stream.user), "vt_stream");
	w->process.env = (struct tablet_env){ .alias = "zone1-100",
		.server = TARGET,
		.sidecar = SIDECAR_DEFAULT,
		.accounts = w->accounts,
		.data_dir = "/tmp",
		.appliers = 4,
		.copy_parallel = 4,
		.chunk_rows = 1 + below(w, 12),
		.part_rows = 1 + below(w, 4) };
}

static struct world *
make_world(const struct world_kind *kind, enum sim_variant variant, uint64_t seed)
{
	struct world *w = mem_new(struct world);

	w->kind = kind;
	w->seed = seed;
	rand_seed(&w->rand, seed);
	make_process(w);
	w->faults = below(w, 3) == 0 ? 0 : (int)below(w, FAULTS_MAX + 1);
	w->snaps = below(w, 3) == 0 ? 0 : (int)below(w, SNAPS_MAX + 1);
	w->table = (struct sim_table){
		.variant = variant,
		.keys = 8 + (int)below(w, below(w, 2) == 0 ? 24 : 100),
		.writer_pause = 10 * MSEC + (usec)below(w, 40 * MSEC),
	};
	/* What is applied one change after the other follows writers that leave it the time. */
	if (variant == SIM_SCHEMA) {
		w->table.keys = 8 + w->table.keys % 24;
		w->table.writer_pause *= 10;
	}
	rand_seed(&w->table.rand, rand_u64(&w->rand));
	w->table.source = start_server(w, SOURCE, true);
	w->table.target = start_server(w, TARGET, false);
	return w;
}

static void
run_world(const struct world_kind *kind, enum sim_variant variant, uint64_t seed, life_fn *life)
{
	sim_start(seed);
	struct world *w = make_world(kind, variant, seed);
	w->life = life;
	struct task *t = task_spawn("world", live_it, w);
	check(t != NULL);
	task_detach(t);
	sim_run_until(2 * PATIENCE_S * SECOND);
	if (!w->done)
		fail(w, "the world did not end");
	sim_stop();
	position_done(&w->applied);
	sim_table_done(&w->table);
	arena_done(&w->arena);
	free(w->accounts);
	free(w);
}

static void
begin_log(void)
{
	log_set_level(getenv("SIM_LOG") != NULL ? LOG_DEBUG : LOG_OFF);
}

/* What the environment says, or the kind. */
static uint64_t
number(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	check(text == NULL || parse_u64(slice_str(text), &otherwise, &(struct err){ 0 }) == 0);
	return otherwise;
}

static uint64_t
fixed_worlds(const struct world_kind *kind)
{
	uint64_t most = number("SIM_FIXED", kind->fixed);

	return most < kind->fixed ? most : kind->fixed;
}

void
run_fixed_worlds(const struct world_kind *kind, enum sim_variant variant, life_fn *life)
{
	begin_log();
	for (uint64_t i = 1; i <= fixed_worlds(kind); i++)
		run_world(kind, variant, i, life);
}

void
run_worlds(const struct world_kind *kind, enum sim_variant variant, life_fn *life)
{
	uint64_t worlds = number("SIM_WORLDS", kind->fresh);

	begin_log();
	for (uint64_t i = 1; getenv("TEST_SEED") == NULL && i <= fixed_worlds(kind); i++)
		run_world(kind, variant, i, life);
	for (uint64_t i = 0; i < worlds; i++)
		run_world(kind, variant, test_seed() + i, life);
}
