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
 * The seed of a world that fails is printed; TEST_SEED=<it> SIM_WORLDS=1 runs that world alone, and
 * SIM_LOG=1 tells its story.
 */
#include "base/log.h"
#include "sim/copy_world.h"
#include "task/sim.h"

#include <stdlib.h>
#include <string.h>

enum { FREEZES_RACING = 2 }; /* tries to freeze under writers */

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
		differs = sim_table_differs(&w->table, p, true, &w->arena);
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

/* Of a stream that begins again before P, where nothing but groups of other tables are between, the first
 * change may be one behind P: no fence has kept it away. */
static bool
is_beyond(struct world *w)
{
	struct stream_status_reply reply;

	stream_status(stream_of(w), &w->arena, &reply);
	return stream_phase(stream_of(w)) == STREAM_ERROR &&
	    strstr(reply.error, "beyond the position to freeze at") != NULL;
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
		if (racing && is_beyond(w))
			return false;
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
	for (int i = 0; i < sim_table_count(&w->table); i++) {
		const struct mini_table *src = sim_table_at(&w->table, i, true);
		const struct mini_table *dst = sim_table_at(&w->table, i, false);

		if (src->indexes_count != dst->indexes_count ||
		    src->foreign_count != dst->foreign_count)
			fail(w, "table '%s' of the target has %d indexes and %d foreign keys",
			    dst->name, dst->indexes_count, dst->foreign_count);
	}
}

static void
live_once(struct ctx *cx, struct world *w)
{
	sim_table_create(cx, &w->table);
	sim_writers_start(&w->table, 1 + (int)below(w, 4));
	start_process(cx, w);
	wait_running(cx, w);
	check_definition(w);
	for (int i = 0; i < 3; i++) {
		live(cx, w, 300 * MSEC);
		wait_running(cx, w);
	}
	freeze_racing(cx, w);
	sim_writers_stop(cx, &w->table);
	(void)freeze(cx, w, false);
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
}

/* The first one's session that moves phases is gone, and the first does not know yet. */
static void
kill_conductor(struct world *w)
{
	struct mini_session *s = minidb_open(w->table.target);
	char lock[40];

	snprintf(lock, sizeof(lock), "vt %016llx %d",
	    (unsigned long long)stream_id_hash((struct stream_id){ SIDECAR_DEFAULT, WORKFLOW, 1 }),
	    SESSION_PASS);
	(void)minidb_kill_for(s, lock);
	minidb_close(s);
}

static void
live_beside(struct ctx *cx, struct world *w)
{
	copy_begins(cx, w);
	if (below(w, 2) == 0)
		kill_conductor(w);
	open_beside(cx, w);
	live(cx, w, 20 * SECOND);
	sim_process_end(&w->beside);
	end_frozen(cx, w);
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
live_lock_lost(struct ctx *cx, struct world *w)
{
	w->process.env.lock = &w->lock;
	server_lock_init(&w->lock, &w->process.env);
	check(server_lock_take(cx, &w->lock) == 0);
	copy_begins(cx, w);
	live(cx, w, 200 * MSEC);
	rival(cx, w);
	end_frozen(cx, w);
}

/* What the conductor found, and the applier goes by, is in memory alone. */
static void
live_cp_unsaved(struct ctx *cx, struct world *w)
{
	minidb_cut_at(w->table.target, "phase='catching-up'");
	copy_begins(cx, w);
	end_frozen(cx, w);
}

/* That a freeze is committed the process does not learn; others may have been thawed in its stead. */
static void
live_freeze_unanswered(struct ctx *cx, struct world *w)
{
	uint64_t p;
	char position[40];

	copy_begins(cx, w);
	wait_running(cx, w);
	minidb_cut_behind(w->table.target, "phase='frozen'");
	w->attempt++;
	p = minidb_seq(w->table.source);
	snprintf(position, sizeof(position), "0-%d-%llu", MINI_SERVER_ID, (unsigned long long)p);
	struct ctx within = ctx_within(cx, 10 * MSEC + (usec)below(w, SECOND));
	(void)!stream_freeze(&within, stream_of(w), position, w->attempt);
	live(cx, w, 2 * SECOND);
	kill_process(cx, w);
	if (stream_phase(stream_of(w)) == STREAM_FROZEN)
		check_frozen(cx, w, p);
	w->attempt++;
	thaw(cx, w);
	end_frozen(cx, w);
}

/* ---- What a process that died has sent runs when another one has begun */

/* The process dies when a statement of its has come to the server and is held up there; or there is none. */
static void
die_when_late(struct ctx *cx, struct world *w, const struct minidb *db)
{
	while (!minidb_is_late(db) && stream_phase(stream_of(w)) != STREAM_RUNNING)
		live(cx, w, 2 * MSEC);
	kill_process(cx, w);
}

static void
begin_late(struct ctx *cx, struct world *w)
{
	w->faults = w->snaps = 0;
	sim_table_create(cx, &w->table);
	sim_writers_start(&w->table, 2);
	start_process(cx, w);
}

/* The first one dies when it has made the table and not stored that, so the second drops it. */
static void
live_late_drop(struct ctx *cx, struct world *w)
{
	minidb_late_at(w->table.source, "XA RECOVER");
	minidb_late_at(w->table.target, "DROP TABLE ");
	begin_late(cx, w);
	die_when_late(cx, w, w->table.source);
	die_when_late(cx, w, w->table.target);
	end_frozen(cx, w);
}

/* The move is deleted, and a new one of the same name makes its table. */
static void
live_late_deletion(struct ctx *cx, struct world *w)
{
	struct moved_names tables[SCHEMA_TABLES_MAX];
	struct move_request request = copy_world_request(w, tables);
	struct ctx within;

	begin_late(cx, w);
	wait_running(cx, w);
	minidb_late_at(w->table.target, "DROP TABLE ");
	w->deleting = true;
	within = ctx_within(cx, 20 * MSEC);
	if (engine_delete(&within, &w->process.engine, &request, true) == 0)
		fail(w, "a deletion has ended before its DROP has come");
	kill_process(cx, w);
	while (engine_delete(cx, &w->process.engine, &request, true) != 0)
		live(cx, w, 100 * MSEC);
	w->deleting = false;
	position_done(&w->applied); /* of the new one nothing is */
	check(engine_create(cx, &w->process.engine, &request) == 0);
	end_frozen(cx, w);
}

/* The next process has seen that there are none, and its own come still later. */
static void
live_late_ranges(struct ctx *cx, struct world *w)
{
	static const char insert[] = "INSERT INTO `" SIDECAR_DEFAULT "`.`copy_state`";

	minidb_late_at(w->table.target, insert);
	begin_late(cx, w);
	die_when_late(cx, w, w->table.target);
	minidb_late_at(w->table.target, insert);
	end_frozen(cx, w);
}

static void
live_late_truncate(struct ctx *cx, struct world *w)
{
	minidb_late_at(w->table.target, "TRUNCATE TABLE ");
	begin_late(cx, w);
	die_when_late(cx, w, w->table.target);
	end_frozen(cx, w);
}

/* ---- Worlds */

TEST(integer_keys)
{
	run_worlds(&copy_world, SIM_INT, live_once);
}

TEST(keys_of_two_columns)
{
	run_worlds(&copy_world, SIM_PAIR, live_once);
}

TEST(keys_of_a_collation)
{
	run_worlds(&copy_world, SIM_TEXT, live_once);
}

TEST(a_unique_column)
{
	run_worlds(&copy_world, SIM_UNIQUE, live_once);
}

TEST(any_tables)
{
	run_worlds(&copy_world, SIM_SCHEMA, live_once);
}

/* Without faults, and the fixed ones only: what keeps two apart for longer is server_lock.h. */
TEST(the_consistency_point_is_not_stored)
{
	run_fixed_worlds(&copy_world, SIM_INT, live_cp_unsaved);
}

TEST(a_freeze_whose_answer_is_lost)
{
	run_fixed_worlds(&copy_world, SIM_INT, live_freeze_unanswered);
}

TEST(two_processes_beside_one_server)
{
	run_fixed_worlds(&copy_world, SIM_INT, live_beside);
}

TEST(the_servers_lock_is_lost)
{
	run_fixed_worlds(&copy_world, SIM_INT, live_lock_lost);
}

TEST(a_drop_of_a_dead_process_is_late)
{
	run_fixed_worlds(&copy_world, SIM_INT, live_late_drop);
}

TEST(a_deletion_of_a_dead_process_is_late)
{
	run_fixed_worlds(&copy_world, SIM_INT, live_late_deletion);
}

TEST(the_ranges_of_a_dead_process_are_late)
{
	run_fixed_worlds(&copy_world, SIM_INT, live_late_ranges);
}

TEST(a_truncate_of_a_dead_process_is_late)
{
	run_fixed_worlds(&copy_world, SIM_SCHEMA, live_late_truncate);
}
