/*
 * way_back_sim.c - worlds in which a workflow has switched, and keeps the side that it left as a way back.
 *
 * The server "source" serves; "target" was left, and equals it. The process under test, beside
 * target, runs the product's stream of round 2 and its guard: prepared, begun, frozen, locked, thawed,
 * frozen again, ended. At each of these steps it may be killed, connections break, networks stop,
 * servers crash. What must hold:
 *
 *   (1) the target is the source as of the position applied, byte for byte: looked at after every commit;
 *   (2) a stream that was prepared rests, keeps its start, and is there after a kill;
 *   (3) one that has frozen at P is the source at P; a guard that has found something gives no lock;
 *   (4) what somebody else has changed at the target closes the way back, whatever is killed when;
 *   (5) all of this comes to its end.
 *
 * Seeds as in copy_stream_sim.c.
 */
#include "base/log.h"
#include "sim/mini_session.h"
#include "sim/mini_table.h"
#include "sim/sim_world.h"

#include <stdlib.h>

enum {
	STRANGE_KEY = 1000, /* no writer's */
	ROUND = 2
};

static const char *
gtid_now(struct world *w, struct minidb *db)
{
	return arena_printf(
	    &w->arena, "0-%d-%llu", MINI_SERVER_ID, (unsigned long long)minidb_seq(db));
}

/* ---- (1) */

static void
committed(void *arg)
{
	struct world *w = arg;
	const struct mini_table *t = store_find(
	    minidb_store(w->table.target), slice_str(SIDECAR_DEFAULT), slice_str("stream"));
	/* As sim_table_differs() reads the table: what is logged, be it visible yet or not. */
	const struct slice *row =
	    t == NULL || t->count == 0 ? NULL : row_logged(t->rows[0], UINT64_MAX);
	const char *differs;

	if (row == NULL || w->written_past)
		return;
	uint64_t applied = world_seq(t, row, "applied_gtid");

	if (world_has_parts_ahead(w, applied))
		return;
	differs = sim_table_differs(&w->table, applied, true, &w->arena);
	if (differs != NULL)
		fail(w, "the side that was left is not the served one at 0-1-%llu: %s",
		    (unsigned long long)applied, differs);
}

/* ---- Two sides that are equal */

static void
add_value(struct buf *sql, const struct mini_column *c, struct slice v)
{
	if (slice_is_null(v))
		buf_add_str(sql, "NULL");
	else if (c->kind == MINI_INT)
		buf_add_slice(sql, v);
	else
		buf_add_str(sql, "0x");
	for (size_t i = 0; !slice_is_null(v) && c->kind != MINI_INT && i < v.len; i++)
		buf_addf(sql, "%02x", v.ptr[i]);
}

static void
copy_row(struct ctx *cx, struct mini_session *s, const struct mini_table *t, const struct slice *row)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "INSERT INTO `dst`.`t` (");
	for (int i = 0; i < t->columns_count; i++)
		buf_addf(&sql, "%s`%s`", i > 0 ? "," : "", t->columns[i].name);
	buf_add_str(&sql, ") VALUES (");
	for (int i = 0; i < t->columns_count; i++) {
		buf_add_str(&sql, i > 0 ? "," : "");
		add_value(&sql, &t->columns[i], row[i]);
	}
	buf_add_char(&sql, ')');
	check(minidb_exec(cx, s, sql.data) == 0);
}

static void
make_sides(struct ctx *cx, struct world *w)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	const struct mini_table *t;
	struct mini_session *s;

	sim_table_create(cx, &w->table);
	t = store_find(minidb_store(w->table.source), slice_str("src"), slice_str("t"));
	s = minidb_open(w->table.target);
	mini_table_show(&sql, t);
	check(slice_starts(buf_slice(&sql), "CREATE TABLE `t` "));
	buf_consume(&sql, strlen("CREATE TABLE `t` "));
	const char *create =
	    arena_printf(&w->arena, "CREATE TABLE `dst`.`t` %.*s", SLICE_ARG(buf_slice(&sql)));
	check(minidb_exec(cx, s, create) == 0);
	for (size_t i = 0; i < t->count; i++) {
		const struct slice *row = row_at(t->rows[i], NULL, UINT64_MAX);

		if (row != NULL)
			copy_row(cx, s, t, row);
	}
	minidb_close(s);
}

/* ---- The steps */

/* Each is asked for again and again, as vtctld does. */
typedef int step_fn(struct ctx *cx, struct world *w);

static void
do_step(struct ctx *cx, struct world *w, const char *name, step_fn *step)
{
	for (int times = 0;; times++) {
		struct ctx within = ctx_within(cx, 2 * SECOND);

		live(cx, w, 100 * MSEC);
		if (stream_of(w) != NULL && stream_phase(stream_of(w)) == STREAM_ERROR)
			fail(w, "%s: the stream has stopped", name);
		if (step(&within, w) == 0 && (times > 0 || below(w, 2) == 0))
			break; /* at times once more, for the same answer */
		log_info("%s: %s", name, cx->err->text);
	}
	live(cx, w, 100 * MSEC);
}

static int
prepare(struct ctx *cx, struct world *w)
{
	struct moved_names table = { "t", "t" };
	uint64_t seq = minidb_seq(w->table.source), offset;
	const char *file;

	minidb_place(w->table.source, seq, &file, &offset);
	return engine_prepare(cx, &w->process.engine,
	    &(struct stream_prepare_request){ .move = { .workflow = WORKFLOW,
						  .round = ROUND,
						  .attempt = w->attempt,
						  .side = MOVE_TO,
						  .from = { SOURCE, "src", SIDECAR_DEFAULT },
						  .to = { "", "dst", "" },
						  .tables = &table,
						  .tables_count = 1 },
		.guard_from = gtid_now(w, w->table.target),
		.start = { gtid_now(w, w->table.source), file, (int64_t)offset } });
}

/* (2) */
static int
rests(struct ctx *cx, struct world *w)
{
	if (stream_of(w) == NULL || stream_phase(stream_of(w)) != STREAM_PREPARED)
		fail(w, "what was prepared is gone");
	return 0;
}

static int
begin(struct ctx *cx, struct world *w)
{
	return stream_begin(cx, stream_of(w), w->attempt);
}

static int
freeze(struct ctx *cx, struct world *w)
{
	const char *differs;

	TRY(stream_freeze(cx, stream_of(w), gtid_now(w, w->table.source), w->attempt));
	differs = sim_table_differs(&w->table, minidb_seq(w->table.source), true, &w->arena);
	if (differs != NULL && !w->written_past)
		fail(w, "frozen, and not the source: %s", differs);
	return 0;
}

static int
lock(struct ctx *cx, struct world *w)
{
	TRY(stream_lock(cx, stream_of(w), w->attempt));
	if (w->written_past)
		fail(w, "the guard has found nothing");
	return 0;
}

static int
is_closed(struct ctx *cx, struct world *w)
{
	if (lock(cx, w) != 0 && cx->err->kind == ERR_REFUSED)
		return 0;
	return -1;
}

static int
thaw(struct ctx *cx, struct world *w)
{
	return stream_thaw(cx, stream_of(w), w->attempt);
}

static int
finish(struct ctx *cx, struct world *w)
{
	return stream_finish(cx, stream_of(w), w->attempt);
}

/* By who may do everything at the server that was left. */
static int
write_past(struct ctx *cx, struct world *w)
{
	struct mini_session *s = minidb_open(w->table.target);
	int rc;

	if (s == NULL)
		return -1;
	w->written_past = true;
	rc = minidb_exec(cx, s,
	    arena_printf(&w->arena, "REPLACE INTO `dst`.`t` (`id`,`v`,`n`) VALUES (%d,'x',NULL)",
		STRANGE_KEY));
	minidb_close(s);
	return rc == 0 ? 0 : -1;
}

/* ---- Lives */

static void
serve(struct ctx *cx, struct world *w)
{
	sim_writers_start(&w->table, 1 + (int)below(w, 3));
	for (int i = 0; i < 4; i++)
		live(cx, w, SECOND);
	sim_writers_stop(cx, &w->table);
}

static void
switch_away(struct ctx *cx, struct world *w)
{
	make_sides(cx, w);
	start_process(cx, w);
	w->attempt = 1;
	do_step(cx, w, "prepare", prepare);
	do_step(cx, w, "rest", rests);
	do_step(cx, w, "begin", begin);
	serve(cx, w);
}

/* An attempt to come back that is given up, and one that comes through. */
static void
live_back(struct ctx *cx, struct world *w)
{
	switch_away(cx, w);
	w->attempt = 3;
	do_step(cx, w, "freeze", freeze);
	do_step(cx, w, "lock", lock);
	w->attempt = 4;
	do_step(cx, w, "thaw", thaw);
	serve(cx, w);
	w->attempt = 5;
	do_step(cx, w, "freeze", freeze);
	do_step(cx, w, "lock", lock);
	do_step(cx, w, "finish", finish);
	if (stream_phase(stream_of(w)) != STREAM_STOPPED)
		fail(w, "the stream has not ended");
}

static void
live_written_past(struct ctx *cx, struct world *w)
{
	switch_away(cx, w);
	do_step(cx, w, "write", write_past);
	if (below(w, 2) == 0) /* else the guard may have judged nothing of it yet */
		serve(cx, w);
	w->attempt = 3;
	do_step(cx, w, "freeze", freeze);
	do_step(cx, w, "lock", is_closed);
	kill_process(cx, w);
	do_step(cx, w, "lock again", is_closed);
}

/* ---- Worlds */

static int
open_engine(struct ctx *cx, struct world *w)
{
	return engine_open(cx, &w->process.engine);
}

static const struct world_kind way_back = {
	.round = ROUND,
	.target_logs = true,
	.fixed = 80, /* the world 58 is the first that has an unread write at the lock */
	.fresh = 20, /* with the fixed ones about two seconds of a core */
	.committed = committed,
	.open = open_engine,
};

TEST(there_and_back_with_kills_at_each_step)
{
	run_worlds(&way_back, SIM_INT, live_back);
}

TEST(what_somebody_else_has_written_closes_the_way_back)
{
	run_worlds(&way_back, SIM_INT, live_written_past);
}
