#include "sim/copy_world.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "task/sim.h"

#include <stdlib.h>

enum { FAULTS_MAX = 8, SNAPS_MAX = 5 };

uint64_t
below(struct world *w, uint64_t n)
{
	return rand_below(&w->rand, n);
}

/* ---- What must hold after every commit at the target */

static uint64_t
number(struct slice s)
{
	uint64_t n;

	check(parse_u64(s, &n, &(struct err){ 0 }) == 0);
	return n;
}

/* From columns <prefix>_gtid, _file, _offset. */
static void
read_position(
    const struct mini_table *t, const struct slice *row, const char *prefix, struct position *out)
{
	char name[40];

	position_done(out);
	snprintf(name, sizeof(name), "%s_gtid", prefix);
	int at = table_column(t, slice_str(name));
	check(at >= 0);
	position_set_gtid(out, row[at]);
	snprintf(out->file, sizeof(out->file), "%.*s", SLICE_ARG(row[at + 1]));
	out->offset = number(row[at + 2]);
}

static uint64_t
seq_of(const struct position *p)
{
	const char *dash = strrchr(position_gtid(p), '-');

	return dash == NULL ? 0 : strtoull(dash + 1, NULL, 10);
}

static void
check_exact(struct world *w, const struct position *applied, const struct position *cp)
{
	const char *differs = sim_table_differs(&w->table, seq_of(applied), &w->arena);

	if (differs != NULL)
		fail(w, "the target is not the source at %s, consistent from %s on: %s",
		    position_gtid(applied), position_gtid(cp), differs);
}

static void
check_no_indexes(struct world *w, const struct mini_table *t, const struct slice *row)
{
	struct slice phase = row[table_column(t, slice_str("phase"))];

	if (slice_eq_str(phase, "indexing") || slice_eq_str(phase, "running"))
		fail(w, "%.*s, and after a crash the stream would not know that it is exact",
		    SLICE_ARG(phase));
}

/* A commit whose answer nobody gets: likelier in a run past the consistency point. */
static void
snap(struct world *w, bool half_written, bool exact)
{
	if (w->snaps == 0 || below(w, half_written ? 4 : exact ? 16 : 64) != 0)
		return;
	w->snaps--;
	w->troubles++;
	sim_reset(TARGET);
	w->must_die = below(w, 2) == 0;
	waitlist_wake_all(&w->snapped);
}

static void
committed(void *arg)
{
	struct world *w = arg;
	const struct mini_table *t = store_find(
	    minidb_store(w->table.target), slice_str(SIDECAR_DEFAULT), slice_str("stream"));
	const struct slice *row =
	    t == NULL || t->count == 0 ? NULL : row_at(t->rows[0], NULL, UINT64_MAX);
	SCOPED(position) struct position applied = { 0 }, cp = { 0 }, dirty = { 0 };

	if (row == NULL)
		return;
	read_position(t, row, "applied", &applied);
	read_position(t, row, "cp", &cp);
	read_position(t, row, "dirty", &dirty);
	if (position_is_set(&w->applied) && position_cmp(&applied, &w->applied) < 0)
		fail(w, "the applied position went back from %s:%llu to %s:%llu", w->applied.file,
		    (unsigned long long)w->applied.offset, applied.file,
		    (unsigned long long)applied.offset);
	position_copy(&w->applied, &applied);
	bool half_written = position_cmp(&applied, &dirty) < 0;
	bool consistent = position_is_set(&cp) && position_cmp(&applied, &cp) >= 0;
	if (consistent && !half_written)
		check_exact(w, &applied, &cp);
	else
		check_no_indexes(w, t, row);
	snap(w, half_written && position_is_set(&cp), consistent);
}

/* ---- The process under test */

struct stream *
stream_of(struct world *w)
{
	return engine_find(&w->process.engine, WORKFLOW, 1);
}

static int
open_process(struct ctx *cx, struct world *w)
{
	struct moved_names table = { "t", "t" };
	struct move_request request = { .workflow = WORKFLOW,
		.side = MOVE_TO,
		.from = { SOURCE, "src", SIDECAR_DEFAULT },
		.to = { "", "dst", "" },
		.tables = &table,
		.tables_count = 1 };

	TRY(engine_open(cx, &w->process.engine));
	return stream_of(w) != NULL ? 0 : engine_create(cx, &w->process.engine, &request);
}

void
start_process(struct ctx *cx, struct world *w)
{
	sim_process_begin(&w->process);
	while (open_process(cx, w) != 0) {
		if (cx->err->kind != ERR_RETRY && cx->err->mysql_errno == 0)
			fail(w, "the process cannot start: %s", cx->err->text);
		check(task_sleep(cx, 100 * MSEC) == 0);
	}
}

/* All that it had in memory is gone. Its connections are reset, or just closed. */
static void
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
		minidb_rotate(w->table.source);
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
		fail(w, "the stream is still %s", stream_phase_name(stream_phase(stream_of(w))));
}

/* ---- Worlds */

/* Of the target's statements, in every other world. */
static uint64_t
victims_of(const struct world *w, bool is_source)
{
	enum { FEW = 1000, MANY = 30 };

	return is_source || w->seed % 2 == 0 ? 0 : MANY + w->seed / 2 % FEW;
}

static struct minidb *
start_server(struct world *w, const char *address, bool is_source)
{
	struct minidb_params params = {
		.address = address, .binlog = is_source, .seed = rand_u64(&w->rand),
		.pace = {
			.statement = 100 + (usec)below(w, below(w, 3) == 0 ? 50 * MSEC : 5 * MSEC),
			.visible = (usec)below(w, 60 * MSEC),
			.alter = 300 * MSEC, .lock_wait = 2 * SECOND,
			.dump = (usec)below(w, 200 * MSEC),
		},
		.victim_one_in = victims_of(w, is_source),
		.committed = is_source ? NULL : committed, .arg = w,
	};

	sim_latency(address, (usec)below(w, MSEC));
	return minidb_start(&params);
}

void
run_world(enum sim_variant variant, uint64_t seed, task_fn *life)
{
	struct world *w = mem_new(struct world);

	sim_start(seed);
	w->seed = seed;
	rand_seed(&w->rand, seed);
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
		.chunk_rows = 1 + below(w, 12) };
	w->faults = below(w, 3) == 0 ? 0 : (int)below(w, FAULTS_MAX + 1);
	w->snaps = below(w, 3) == 0 ? 0 : (int)below(w, SNAPS_MAX + 1);
	w->table = (struct sim_table){
		.variant = variant,
		.keys = 8 + (int)below(w, below(w, 2) == 0 ? 24 : 100),
		.writer_pause = 10 * MSEC + (usec)below(w, 40 * MSEC),
	};
	rand_seed(&w->table.rand, rand_u64(&w->rand));
	w->table.source = start_server(w, SOURCE, true);
	w->table.target = start_server(w, TARGET, false);
	struct task *t = task_spawn("world", life, w);
	check(t != NULL);
	task_detach(t);
	sim_run_until(2 * PATIENCE_S * SECOND);
	if (!w->done)
		fail(w, "the world did not end");
	sim_stop();
	position_done(&w->applied);
	arena_done(&w->arena);
	free(w->accounts);
	free(w);
}
