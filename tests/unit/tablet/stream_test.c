/*
 * stream_test.c - what a stream, its pass and the list of streams must never be in.
 *
 * Each test breaks one invariant by hand and sees the process end. What streams do is tests/sim's.
 */
#include "base/mem.h"
#include "tablet/stream/engine.h"
#include "tablet/stream/run.h"
#include "task/sim.h"
#include "test.h"

#include <stdio.h>

static const char request[] =
    "{\"workflow\":\"to/t\",\"attempt\":2,\"side\":\"to\","
    "\"from\":{\"server\":\"source:1\",\"database\":\"from\",\"sidecar\":\"_switchyard\"},"
    "\"to\":{\"server\":\"target:1\",\"database\":\"to\",\"sidecar\":\"_switchyard\"},"
    "\"tables\":[{\"from\":\"t\",\"to\":\"t\"}]}";

static struct tablet_env env = { .server = "target:1", .sidecar = "_switchyard" };
static struct stream_state state = {
	.sidecar = "_switchyard", .workflow = "to/t", .round = 1, .request = request
};
static struct moves moves;
static struct move move = { .home = &moves, .acting = -1, .workflow = NULL };
static struct err err;

/* A stream of that phase, whose task has not begun. */
static struct stream *
stream_in(enum stream_phase phase)
{
	struct stream *s;

	state.phase = phase;
	expect_ok(stream_start(&env, &move, &state, &s, &err), &err);
	return s;
}

static void
in_sim(task_fn *fn)
{
	struct task *t;

	sim_start(test_seed());
	t = task_spawn("test", fn, NULL);
	task_detach(t);
	sim_run();
	sim_stop();
}

/* ---- The stream */

static void
store_an_error_as_phase(void *arg)
{
	(void)stream_in(STREAM_ERROR);
}

static void
error_as_phase(void)
{
	in_sim(store_an_error_as_phase);
}

static void
start_one(void *arg)
{
	struct stream *s = stream_in(STREAM_COPYING);

	stream_check(s);
	stream_stop(s);
}

static void
one(void)
{
	in_sim(start_one);
}

static void
forget_what_was_seen(void *arg)
{
	struct stream *s;

	state.attempt = 6;
	s = stream_in(STREAM_FROZEN);
	move.seen = 5;
	stream_check(s);
}

static void
row_unseen(void)
{
	in_sim(forget_what_was_seen);
}

TEST(a_streams_move_has_seen_what_its_row_has)
{
	expect_check_fails(row_unseen, "s->state.attempt <= s->move->seen");
}

TEST(a_stream_never_has_an_error_as_its_phase)
{
	one();
	expect_check_fails(error_as_phase, "s->state.phase != STREAM_ERROR");
}

/* ---- Its pass */

static struct stream_state known;
static struct run run = { .state = &known };

/* Never looked at: a pass has something there. */
static char something;

static void
open_without_a_tail(void)
{
	run.applier = (struct applier *)(void *)&something;
	run_check(&run);
}

static void
open_without_connections(void)
{
	run.tail = (struct tail *)(void *)&something;
	run.copier = (struct copier *)(void *)&something;
	open_without_a_tail();
}

static void
catch_up_without_a_cp(void)
{
	run.dba = run.source = (struct mysql_client *)(void *)&something;
	known.phase = STREAM_CATCHING_UP;
	open_without_connections();
}

static void
run_a_frozen_one(void)
{
	struct ctx cx = { .deadline = NEVER, .err = &err };

	snprintf(known.cp.file, sizeof(known.cp.file), "binlog.000001");
	run.dba = run.source = (struct mysql_client *)(void *)&something;
	run.tail = (struct tail *)(void *)&something;
	run.copier = (struct copier *)(void *)&something;
	run.applier = (struct applier *)(void *)&something;
	known.phase = STREAM_FROZEN;
	(void)!run_go(&cx, &run);
}

TEST(a_pass_has_all_of_its_parts_and_a_cp_where_one_is_needed)
{
	run_check(&run);
	expect_check_fails(open_without_a_tail, "(r->tail != NULL) == open");
	expect_check_fails(open_without_connections, "r->dba != NULL && r->source != NULL");
	expect_check_fails(catch_up_without_a_cp, "position_is_set(&r->state->cp)");
	expect_check_fails(run_a_frozen_one, "!rests(r->state->phase)");
}

/* What comes from a disk is an error, and no check. */
TEST(a_row_without_the_cp_that_its_phase_needs_is_refused)
{
	struct ctx cx = { .deadline = NEVER, .err = &err };

	known.phase = STREAM_RUNNING;
	expect(run_open(&cx, &run) != 0 && err.kind == ERR_CORRUPT);
	run_close(&run);
}

/* ---- The list */

static void
add_twice(void *arg)
{
	struct engine e;
	struct engine_entry *entry;

	engine_init(&e, &env, &moves);
	for (int i = 0; i < 2; i++) {
		engine_check(&e);
		entry = mem_new(struct engine_entry);
		entry->stream = stream_in(STREAM_COPYING);
		list_push(&e.streams, &entry->node);
	}
	engine_check(&e);
}

static void
two_of_a_workflow(void)
{
	in_sim(add_twice);
}

TEST(two_streams_of_one_workflow_end_the_process)
{
	expect_check_fails(two_of_a_workflow, "find_of(e, entry->stream) == entry");
}
