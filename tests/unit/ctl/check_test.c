/* A move that is being checked: it is there, can be deleted, and outlives the vtctld that began it. */
#include "unit/ctl/world.h"

#include "base/fault.h"
#include "topo/json.h"

#include <stdio.h>

static const char key[] = "/workflows/new_customer/users";

static const struct plan hangs = { .method = "check_from at source", .trouble = HANGS, .times = 1 };

/* The first answer of MoveTables: it is not over after a second. */
static void
begin_check(struct ctx *cx, struct world *w)
{
	struct ctl_request q = { .keyspace = "customer",
		.table = "users",
		.target_keyspace = "new_customer",
		.target_table = "users",
		.options = world_options(),
		.given = GIVEN_ALL };
	struct slice answer;
	struct json_doc doc;

	expect_ok(world_call(cx, &w->ctlds[0], "move_tables", &q, &answer), cx->err);
	expect_ok(json_open(&doc, "answer", answer, cx->arena, cx->err), cx->err);
	struct json root = json_root(&doc);
	expect(json_get_bool(&root, "checking"));
	expect_ok(json_close(&doc), cx->err);
}

static enum workflow_state
state(struct ctx *cx, struct world *w)
{
	struct workflow_record r;

	world_record(cx, w, &r);
	return r.state;
}

static bool
has_record(struct ctx *cx, struct world *w)
{
	struct topo_kv kv;

	if (topo_get(cx, w->topo, key, &kv) == 0)
		return true;
	expect_eq(cx->err->kind, ERR_NOT_FOUND);
	return false;
}

/* ---- Seen and deleted */

static void
deleted_while_checked(struct ctx *cx, struct world *w)
{
	struct ctl_request show = { .workflow = "new_customer/users" };
	struct slice answer;

	begin_check(cx, w);
	expect_ok(world_call(cx, &w->ctlds[0], "workflow_show", &show, &answer), cx->err);
	expect(memmem(answer.ptr, answer.len, "\"Checking\"", 10) != NULL);
	expect_ok(world_cancel(cx, w, 0), cx->err);
	expect(!has_record(cx, w));
	expect(!w->target.stream && !w->source.has_fence);
	world_moves(cx, w); /* at once: nobody is still at the old one */
}

TEST(a_move_that_is_being_checked_is_shown_and_deleted)
{
	world_tell(deleted_while_checked, hangs);
}

static void
deleted_under_the_command(void *arg)
{
	struct world *w = arg;
	struct err err = { 0 };
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };

	expect_ok(task_sleep(&cx, SECOND * 5 / 2), &err);
	expect_ok(world_cancel(&cx, w, 0), &err);
}

static void
told_of_its_deletion(struct ctx *cx, struct world *w)
{
	struct task *t = task_spawn("deletes", deleted_under_the_command, w);

	expect_eq(world_move(cx, w, 0, world_options()), -1);
	expect_eq(cx->err->kind, ERR_REFUSED);
	expect(strstr(cx->err->text, "deleted, while it was checked") != NULL);
	expect(!has_record(cx, w));
	task_detach(t);
}

TEST(whoever_waits_for_the_check_of_a_move_that_is_deleted_is_told)
{
	world_tell(told_of_its_deletion, hangs);
}

/* ---- Nobody waits for it any more */

static void
goes_on_alone(struct ctx *cx, struct world *w)
{
	begin_check(cx, w);
	world_kill_ctld(w, 0);
	w->ctlds[0].topo = NULL;
	expect_eq(state(cx, w), WORKFLOW_CHECKING);
	world_start_ctld(w, 1);
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

TEST(a_vtctld_killed_while_it_checks_is_taken_over)
{
	world_tell(goes_on_alone, hangs);
}

static void
refused_alone(struct ctx *cx, struct world *w)
{
	struct workflow_record r;

	begin_check(cx, w);
	expect_eq(world_wait_end(cx, w), WORKFLOW_ERROR);
	world_record(cx, w, &r);
	expect(r.state_text[0] != '\0');
	expect(!w->target.stream && !w->source.has_fence);
	w->plan.times = 0;
	expect_ok(world_cancel(cx, w, 0), cx->err);
	expect(!has_record(cx, w));
	world_moves(cx, w);
}

TEST(a_refusal_that_nobody_was_told_is_shown_until_it_is_deleted)
{
	world_tell(refused_alone,
	    (struct plan){ .method = "check_from at source", .trouble = HANGS, .times = FOR_EVER });
}

static void
refused_then_told(struct ctx *cx, struct world *w)
{
	begin_check(cx, w);
	expect_eq(world_wait_end(cx, w), WORKFLOW_ERROR);
	w->plan.times = 0;
	world_moves(cx, w); /* begins anew */
}

TEST(a_refusal_that_nobody_was_told_does_not_stand_in_the_way)
{
	world_tell(refused_then_told,
	    (struct plan){ .method = "check_to at target", .trouble = HANGS, .times = FOR_EVER });
}

/* ---- What its name stood for before */

static void
refused_after_a_cancelled_one(struct ctx *cx, struct world *w)
{
	struct workflow_options o = world_options();
	struct workflow_record before, after;

	o.no_switch = true;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	while (state(cx, w) != WORKFLOW_RUNNING)
		expect_ok(task_sleep(cx, SECOND / 10), cx->err);
	expect_ok(world_cancel(cx, w, 0), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_CANCELLED);
	world_record(cx, w, &before);
	w->plan = (struct plan){ .method = "check_to at target", .trouble = FAILS, .times = 1 };
	expect_eq(world_move(cx, w, 0, world_options()), -1);
	world_record(cx, w, &after);
	expect_eq(after.state, before.state);
	expect_str(after.state_text, before.state_text);
	expect_eq(after.events_count, before.events_count);
	expect_eq(after.attempt - after.attempts_from, before.attempt - before.attempts_from);
	expect(after.attempt > before.attempt); /* calls may travel under the numbers between */
	world_moves(cx, w);
}

TEST(a_refusal_puts_back_the_record_of_the_move_before)
{
	world_tell(refused_after_a_cancelled_one, (struct plan){ .method = NULL });
}

/* ---- Two at once */

static void
begun_later_than_another(struct ctx *cx, struct world *w)
{
	world_put_other(cx, w, WORKFLOW_CHECKING, 1);
	expect_eq(world_move(cx, w, 0, world_options()), -1);
	expect(strstr(cx->err->text, "'other/users'") != NULL);
	world_put_other(cx, w, WORKFLOW_CHECKING, INT64_MAX);
	world_moves(cx, w);
}

TEST(of_two_moves_of_a_table_that_are_checked_at_once_the_later_gives_way)
{
	world_tell(begun_later_than_another, (struct plan){ .method = NULL });
}
