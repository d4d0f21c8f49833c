/*
 * copy_stream_sim.c - worlds in which a table is copied and streamed while it is written to.
 *
 * A world is made from a seed: one source, one target, writers at the source, and a
 * process under test that runs the product's engine, unchanged. It is killed and
 * started again, its connections break, networks stop, servers crash. What must hold:
 *
 *   (1) the applied position on disk never goes back;
 *   (2) from the consistency point on, whenever nothing is half written, the target is the
 *       source as of the applied position, byte for byte: looked at after every commit;
 *   (3) a stream that has frozen at P is the source at P, and stays so while writers go on;
 *   (4) the stream gets there, and never stops with an error;
 *   (5) once its indexes are built, what is on disk says that the target is exact.
 *
 * The worlds 1 to 60 of each variant, then $SIM_WORLDS (60) from a fresh seed on. The seed of a
 * world that fails is printed; TEST_SEED=<it> SIM_WORLDS=1 runs that world alone, and SIM_LOG=1
 * tells its story.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "sim/sim_process.h"
#include "sim/sim_table.h"
#include "tablet/server/server_lock.h"
#include "task/sim.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	WORLDS = 60, /* with the fixed ones about two seconds of a core */
	FIXED_WORLDS = 60,
	PATIENCE_S = 900, /* of virtual time: far above the sum of all back-offs */
	FAULTS_MAX = 8,
	SNAPS_MAX = 5,
	FREEZES_RACING = 2, /* tries to freeze under writers */
};

#define WORKFLOW "move"
#define SOURCE   "source:3306"
#define TARGET   "target:3306"

struct world {
	uint64_t seed;
	struct sim_table table;
	struct rand rand;
	struct credentials *accounts;
	struct sim_process process; /* under test */
	struct server_lock lock;    /* where a world says so */
	struct sim_process beside;  /* another one, beside the same server */
	struct arena arena;
	int faults, snaps; /* yet to come: by the clock, at a commit of the target's */
	int attempt;
	struct position applied; /* the highest seen on disk */
	bool must_die;           /* the process, now */
	struct waitlist snapped;
	int troubles; /* faults and snaps so far */
	bool done;
};

static uint64_t
below(struct world *w, uint64_t n)
{
	return rand_below(&w->rand, n);
}

#define fail(w, ...)                                                                               \
	do {                                                                                       \
		fprintf(stderr, "world TEST_SEED=%llu at %.6f s\n", (unsigned long long)(w)->seed, \
		    (double)task_now() / 1e6);                                                     \
		test_fail(__FILE__, __LINE__, __VA_ARGS__);                                        \
	} while (0)

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

static struct stream *
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

static void
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
static void
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

/* ---- A life: copy, catch up, freeze, thaw, freeze */

static void
check_no_error(struct world *w)
{
	struct stream_status_reply reply;

	if (stream_phase(stream_of(w)) != STREAM_ERROR)
		return;
	stream_status(stream_of(w), &w->arena, &reply);
	fail(w, "the stream has stopped: %s", reply.error);
}

static void
wait_running(struct ctx *cx, struct world *w)
{
	while (stream_phase(stream_of(w)) != STREAM_RUNNING) {
		check_no_error(w);
		live(cx, w, 300 * MSEC);
	}
}

static void
check_frozen(struct ctx *cx, struct world *w, uint64_t p)
{
	const char *differs;

	for (int i = 0; i < 2; i++) {
		differs = sim_table_differs(&w->table, p, &w->arena);
		if (differs != NULL)
			fail(w, "frozen at 0-1-%llu, %s, the target is not the source there: %s",
			    (unsigned long long)p, i == 0 ? "just now" : "a while ago", differs);
		check(task_sleep(cx, (usec)below(w, 400 * MSEC)) == 0);
	}
}

static void
thaw(struct ctx *cx, struct world *w)
{
	struct ctx within = ctx_within(cx, SECOND);

	if (stream_phase(stream_of(w)) == STREAM_ERROR)
		stream_retry(stream_of(w));
	while (stream_thaw(&within, stream_of(w), ++w->attempt) != 0) {
		live(cx, w, 100 * MSEC);
		within = ctx_within(cx, SECOND);
	}
}

/*
 * true: frozen at P, which is where the source is now. racing: writers go on, so a stream that was
 * interrupted may be beyond P before it is asked again.
 */
static bool
freeze(struct ctx *cx, struct world *w, bool racing)
{
	int troubles = w->troubles;
	bool first = true;
	uint64_t p = minidb_seq(w->table.source);
	char position[40];
	struct ctx within = *cx;

	snprintf(position, sizeof(position), "0-%d-%llu", MINI_SERVER_ID, (unsigned long long)p);
	for (;;) {
		within = ctx_within(cx, 10 * MSEC + (usec)below(w, SECOND));
		if (stream_freeze(&within, stream_of(w), position, w->attempt) == 0)
			break;
		log_info("not frozen: %s", cx->err->text);
		if (racing && (w->troubles != troubles || !first) && cx->err->kind != ERR_TIMEOUT)
			return false;
		if (cx->err->kind == ERR_CONFLICT && w->troubles == troubles && first)
			fail(w, "a freeze at %s was refused: %s", position, cx->err->text);
		first = false;
		check_no_error(w);
		live(cx, w, 100 * MSEC);
	}
	check_frozen(cx, w, p);
	return true;
}

static void
freeze_racing(struct ctx *cx, struct world *w)
{
	w->attempt++;
	for (int i = 0; i < FREEZES_RACING; i++) {
		(void)freeze(cx, w, true);
		thaw(cx, w);
		wait_running(cx, w);
	}
}

static void
check_definition(struct world *w)
{
	const struct mini_table *src =
	    store_find(minidb_store(w->table.source), slice_str("src"), slice_str("t"));
	const struct mini_table *dst =
	    store_find(minidb_store(w->table.target), slice_str("dst"), slice_str("t"));

	if (src->indexes_count != dst->indexes_count)
		fail(w, "the target has %d indexes", dst->indexes_count);
}

static void
end_world(struct world *w)
{
	sim_process_end(&w->process);
	server_lock_done(&w->lock);
	minidb_stop(w->table.source);
	minidb_stop(w->table.target);
	w->done = true;
}

static void
live_once(void *arg)
{
	struct world *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &w->arena };

	sim_table_create(&cx, &w->table);
	sim_writers_start(&w->table, 1 + (int)below(w, 4));
	start_process(&cx, w);
	wait_running(&cx, w);
	check_definition(w);
	for (int i = 0; i < 3; i++) {
		live(&cx, w, 300 * MSEC);
		wait_running(&cx, w);
	}
	freeze_racing(&cx, w);
	sim_writers_stop(&cx, &w->table);
	(void)freeze(&cx, w, false);
	end_world(w);
}

/* ---- Two processes beside one server, as after a takeover that came too early */

static void
open_beside(struct ctx *cx, struct world *w)
{
	w->beside.env = w->process.env;
	w->beside.env.alias = "zone1-200";
	w->beside.env.lock = NULL;
	sim_process_begin(&w->beside);
	while (engine_open(cx, &w->beside.engine) != 0)
		check(task_sleep(cx, 100 * MSEC) == 0);
}

static void
copy_begins(struct ctx *cx, struct world *w)
{
	sim_table_create(cx, &w->table);
	sim_writers_start(&w->table, 4);
	w->faults = w->snaps = 0;
	start_process(cx, w);
	while (stream_phase(stream_of(w)) == STREAM_STARTING)
		live(cx, w, 10 * MSEC);
}

static void
end_frozen(struct ctx *cx, struct world *w)
{
	wait_running(cx, w);
	sim_writers_stop(cx, &w->table);
	(void)freeze(cx, w, false);
	check(engine_lag_ms(&w->process.engine) == 0); /* a frozen one has arrived */
	end_world(w);
}

/* The first one's session that moves phases is gone, and the first does not know yet. */
static void
kill_conductor(struct world *w)
{
	struct mini_session *s = minidb_open(w->table.target);
	char lock[40];

	snprintf(lock, sizeof(lock), "vt %016llx %d",
	    (unsigned long long)stream_id_hash((struct stream_id){ SIDECAR_DEFAULT, WORKFLOW, 1 }),
	    STATE_SESSIONS);
	(void)minidb_kill_for(s, lock);
	minidb_close(s);
}

static void
live_beside(void *arg)
{
	struct world *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &w->arena };

	copy_begins(&cx, w);
	if (below(w, 2) == 0)
		kill_conductor(w);
	open_beside(&cx, w);
	live(&cx, w, 20 * SECOND);
	sim_process_end(&w->beside);
	end_frozen(&cx, w);
}

/* Another program gets the lock that we lost, and does the work until it ends. */
static void
rival(struct ctx *cx, struct world *w)
{
	struct mini_session *s = minidb_open(w->table.target);
	struct stream_status_reply reply;

	check(minidb_kill_for(s, "_vt vttablet"));
	open_beside(cx, w);
	while (stream_phase(engine_find(&w->beside.engine, WORKFLOW, 1)) != STREAM_RUNNING)
		live(cx, w, 300 * MSEC);
	stream_status(stream_of(w), &w->arena, &reply);
	if (strstr(reply.error, "'target:3306' is lost") == NULL ||
	    engine_lag_ms(&w->process.engine) != -1)
		fail(w, "the stream goes on without the lock: %s", reply.error);
	sim_process_end(&w->beside);
	minidb_close(s);
}

static void
live_lock_lost(void *arg)
{
	struct world *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &w->arena };

	w->process.env.lock = &w->lock;
	server_lock_init(&w->lock, &w->process.env);
	check(server_lock_take(&cx, &w->lock) == 0);
	copy_begins(&cx, w);
	live(&cx, w, 200 * MSEC);
	rival(&cx, w);
	end_frozen(&cx, w);
}

/* What the conductor found, and the applier goes by, is in memory alone. */
static void
live_cp_unsaved(void *arg)
{
	struct world *w = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &w->arena };

	minidb_cut_at(w->table.target, "phase='catching-up'");
	copy_begins(&cx, w);
	end_frozen(&cx, w);
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

static void
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

static void
run_worlds(enum sim_variant variant)
{
	const char *count = getenv("SIM_WORLDS");
	uint64_t worlds = count == NULL ? WORLDS : number(slice_str(count));

	log_set_level(getenv("SIM_LOG") != NULL ? LOG_DEBUG : LOG_OFF);
	/* The first ones are always the same, so that what they catch is caught each time. */
	for (uint64_t i = 1; getenv("TEST_SEED") == NULL && i <= FIXED_WORLDS; i++)
		run_world(variant, i, live_once);
	for (uint64_t i = 0; i < worlds; i++)
		run_world(variant, test_seed() + i, live_once);
}

TEST(integer_keys)
{
	run_worlds(SIM_INT);
}

TEST(keys_of_two_columns)
{
	run_worlds(SIM_PAIR);
}

TEST(keys_of_a_collation)
{
	run_worlds(SIM_TEXT);
}

TEST(a_unique_column)
{
	run_worlds(SIM_UNIQUE);
}

/* Without faults, and the fixed ones only: what keeps two apart for longer is server_lock.h. */
static void
run_quiet_worlds(task_fn *life)
{
	log_set_level(getenv("SIM_LOG") != NULL ? LOG_DEBUG : LOG_OFF);
	for (uint64_t i = 1; i <= FIXED_WORLDS; i++)
		run_world(SIM_INT, i, life);
}

TEST(the_consistency_point_is_not_stored)
{
	run_quiet_worlds(live_cp_unsaved);
}

TEST(two_processes_beside_one_server)
{
	run_quiet_worlds(live_beside);
}

TEST(the_servers_lock_is_lost)
{
	run_quiet_worlds(live_lock_lost);
}
