/* A vtctld without an unfinished move: it reads nothing over and over, and is told when there is one. */
#include "base/fault.h"
#include "unit/ctl/fakes.h"

#include "topo/json.h"

#include <stdio.h>

enum { REST_S = 60 };

static void
reads_little(struct ctx *cx, struct world *w)
{
	int before = w->flaky[0].reads;

	expect_ok(task_sleep(cx, REST_S * SECOND), cx->err);
	expect(w->flaky[0].reads > before); /* what nobody has told is found all the same */
	expect(w->flaky[0].reads - before < REST_S);
}

TEST(a_vtctld_at_rest_reads_less_than_once_a_second)
{
	world_tell(reads_little, (struct plan){ 0 });
}

/* As a vtctld writes it that dies before it has the lock. */
static void
begin_anew(struct ctx *cx, struct world *w)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	struct workflow_record r;

	world_record(cx, w, &r);
	r.state = WORKFLOW_CHECKING;
	r.direction = DIRECTION_FORWARD;
	r.round = 1;
	workflow_write(&json, &r);
	expect_ok(
	    topo_set(cx, w->topo, "/workflows/new_customer/users", buf_slice(&json), 0), cx->err);
}

static void
is_told(struct ctx *cx, struct world *w)
{
	usec begun;

	world_moves(cx, w);
	expect_ok(task_sleep(cx, 2 * SECOND), cx->err);
	expect_eq(w->ctlds[0].working.count, 0);
	begun = task_now();
	begin_anew(cx, w);
	expect_eq(world_wait_end(cx, w), WORKFLOW_ERROR); /* the table is served elsewhere by now */
	expect(task_now() - begun < SECOND);              /* on virtual time */
}

TEST(a_vtctld_at_rest_is_told_of_a_move_that_another_has_begun)
{
	world_tell(is_told, (struct plan){ 0 });
}

/* ---- What an older program has written */

/* The workflow's record as one text, and no parts. */
static void
as_before(struct ctx *cx, struct world *w)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	struct workflow_record r;
	struct topo_list parts;

	world_record(cx, w, &r);
	workflow_write(&json, &r);
	expect_ok(
	    topo_set(cx, w->topo, "/workflows/new_customer/users", buf_slice(&json), 0), cx->err);
	expect_ok(topo_list(cx, w->topo, "/workflow_parts/", &parts), cx->err);
	for (size_t i = 0; i < parts.count; i++) {
		const struct topo_kv *kv = &parts.items[i];

		expect_ok(
		    topo_delete(cx, w->topo,
			&(struct topo_compare){ arena_slice_str(cx->arena, kv->key), kv->modified }),
		    cx->err);
	}
}

static void
goes_on(struct ctx *cx, struct world *w)
{
	struct topo_list parts;

	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	while (!w->ctlds[0].dead)
		expect_ok(task_sleep(cx, 5 * MSEC), cx->err);
	world_kill_ctld(w, 0);
	w->ctlds[0].topo = NULL;
	as_before(cx, w);
	world_start_ctld(w, 1);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
	expect_ok(topo_list(cx, w->topo, "/workflow_parts/new_customer/users/1/", &parts), cx->err);
	expect_eq(parts.count, 2); /* its table, and its journal */
	expect_ok(world_ask(cx, w, 1, "workflow_reverse", ""), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_RUNNING);
	world_expect_source(cx, w);
}

TEST(a_move_of_an_older_vtctld_goes_on)
{
	static const char *const points[] = { "movetables.preflight.before",
		"movetables.hold.after", "movetables.commit.after" };

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		char spec[100];
		struct err err = { 0 };

		snprintf(spec, sizeof(spec), "%s=error", points[i]);
		expect_ok(fault_arm(spec, &err), &err);
		world_tell(goes_on, (struct plan){ 0 });
	}
}

/* ---- Who follows a move */

/* Of the record in an answer: its revision; *held: clients wait for what comes next. */
static int64_t
look_at(struct ctx *cx, struct slice answer, bool *held)
{
	struct json_doc doc;

	expect_ok(json_open(&doc, "an answer", answer, cx->arena, cx->err), cx->err);
	struct json root = json_root(&doc), record = json_get_object(&root, "record");
	int64_t revision = json_get_i64(&root, "revision");

	*held = strcmp(json_get_str(&record, "state"), "Switching") == 0 &&
	    strcmp(json_get_str(&record, "step"), "preflight") != 0;
	expect_ok(json_close(&doc), cx->err);
	return revision;
}

static void
is_followed(struct ctx *cx, struct world *w)
{
	struct ctl_request q = {
		.keyspace = "new_customer", .workflow = "users", .after_revision = 1
	};
	struct workflow_record r;
	bool held;

	expect_ok(world_move(cx, w, 0, world_options()), cx->err);
	do {
		struct slice answer;

		expect_ok(world_call(cx, &w->ctlds[0], "move_status", &q, &answer), cx->err);
		q.after_revision = look_at(cx, answer, &held);
		expect(!held);
		world_record(cx, w, &r);
	} while (r.state != WORKFLOW_SWITCHED || r.finishing);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
}

TEST(who_follows_a_move_is_told_when_its_hold_is_over)
{
	world_tell(is_followed, (struct plan){ .method = NULL });
}
