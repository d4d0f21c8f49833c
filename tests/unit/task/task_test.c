/* Tasks, ctx, cancellation, waitlists and groups, in virtual time. */
#include "task/group.h"
#include "task/sim.h"
#include "task/waitlist.h"
#include "test.h"

#include <stdlib.h>

static struct ctx
forever(struct err *err)
{
	return (struct ctx){ .deadline = NEVER, .err = err };
}

struct sleeper {
	usec duration, deadline, ended_at;
	int rc;
	enum err_kind kind;
	bool shielded;
};

static void
sleep_task(void *arg)
{
	struct sleeper *s = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = s->deadline, .err = &err, .shielded = s->shielded };

	s->rc = task_sleep(&cx, s->duration);
	s->kind = err.kind;
	s->ended_at = task_now();
}

static struct task *
start(const char *name, task_fn *fn, void *arg)
{
	struct task *t = task_spawn(name, fn, arg);

	check(t != NULL);
	return t;
}

static void
start_detached(const char *name, task_fn *fn, void *arg)
{
	task_detach(start(name, fn, arg));
}

TEST(sleeping_takes_virtual_time)
{
	struct sleeper s = { .duration = 3 * SECOND, .deadline = NEVER };

	sim_start(0);
	start_detached("sleeper", sleep_task, &s);
	sim_run();
	expect_eq(s.rc, 0);
	expect_eq(s.kind, ERR_NONE);
	expect_eq(s.ended_at, 3 * SECOND);
	sim_stop();
}

TEST(a_deadline_ends_a_sleep)
{
	struct sleeper s = { .duration = 3 * SECOND, .deadline = 2 * SECOND };

	sim_start(0);
	start_detached("sleeper", sleep_task, &s);
	sim_run();
	expect_eq(s.rc, -1);
	expect_eq(s.kind, ERR_TIMEOUT);
	expect_eq(s.ended_at, 2 * SECOND);
	sim_stop();
}

TEST(a_deadline_in_the_past_does_not_wait)
{
	struct sleeper s = { .duration = 3 * SECOND, .deadline = -1 };

	sim_start(0);
	start_detached("sleeper", sleep_task, &s);
	sim_run();
	expect_eq(s.kind, ERR_TIMEOUT);
	expect_eq(s.ended_at, 0);
	sim_stop();
}

struct canceller {
	struct task *victim;
	usec at;
};

static void
cancel_task(void *arg)
{
	struct canceller *c = arg;
	struct err err;
	struct ctx cx = forever(&err);

	expect_eq(task_sleep(&cx, c->at), 0);
	task_cancel(c->victim);
	expect_eq(task_join(&cx, c->victim), 0);
}

TEST(cancel_ends_the_present_wait)
{
	struct sleeper s = { .duration = 30 * SECOND, .deadline = NEVER };
	struct canceller c = { .at = SECOND };

	sim_start(0);
	c.victim = start("sleeper", sleep_task, &s);
	start_detached("canceller", cancel_task, &c);
	sim_run();
	expect_eq(s.kind, ERR_CANCELLED);
	expect_eq(s.ended_at, SECOND);
	sim_stop();
}

TEST(cancel_before_the_start_ends_the_first_wait)
{
	struct sleeper s = { .duration = 30 * SECOND, .deadline = NEVER };

	sim_start(0);
	struct task *t = start("sleeper", sleep_task, &s);
	task_cancel(t);
	task_detach(t);
	sim_run();
	expect_eq(s.kind, ERR_CANCELLED);
	expect_eq(s.ended_at, 0);
	sim_stop();
}

TEST(a_shielded_wait_goes_on)
{
	struct sleeper s = { .duration = 3 * SECOND, .deadline = NEVER, .shielded = true };
	struct canceller c = { .at = SECOND };

	sim_start(0);
	c.victim = start("sleeper", sleep_task, &s);
	start_detached("canceller", cancel_task, &c);
	sim_run();
	expect_eq(s.rc, 0);
	expect_eq(s.ended_at, 3 * SECOND);
	sim_stop();
}

static void
undo_task(void *arg)
{
	int *undone = arg;
	struct err err, err2;
	struct ctx cx = forever(&err);

	expect_eq(task_sleep(&cx, MINUTE), -1);
	expect(task_cancelled());
	expect_eq(task_yield(&cx), -1); /* still cancelled */
	struct ctx undo = ctx_shielded(&cx, 5 * SECOND, &err2);
	expect_ok(task_sleep(&undo, SECOND), &err2);
	expect_eq(task_sleep(&undo, MINUTE), -1); /* its own deadline holds */
	expect_eq(err2.kind, ERR_TIMEOUT);
	expect_eq(task_now(), 6 * SECOND);
	expect_eq(err.kind, ERR_CANCELLED);
	*undone = 1;
}

TEST(clean_up_after_cancel_is_shielded_and_bounded)
{
	int undone = 0;
	struct canceller c = { .at = SECOND };

	sim_start(0);
	c.victim = start("undo", undo_task, &undone);
	start_detached("canceller", cancel_task, &c);
	sim_run();
	expect_eq(undone, 1);
	sim_stop();
}

TEST(ctx_takes_the_nearer_deadline)
{
	struct err err;
	struct ctx cx = { .deadline = 10 * SECOND, .err = &err };

	sim_start(0);
	expect_eq(ctx_until(&cx, 5 * SECOND).deadline, 5 * SECOND);
	expect_eq(ctx_until(&cx, 50 * SECOND).deadline, 10 * SECOND);
	expect_eq(ctx_within(&cx, SECOND).deadline, SECOND);
	expect_eq(ctx_within(&cx, NEVER).deadline, 10 * SECOND);
	expect(ctx_within(&cx, SECOND).err == &err);
	sim_stop();
}

/* ---- join ---- */

static void
join_late(void *arg)
{
	struct err err;
	struct ctx cx = forever(&err), soon;
	struct task *t = arg;

	soon = ctx_within(&cx, SECOND);
	expect_eq(task_join(&soon, t), -1);
	expect_eq(err.kind, ERR_TIMEOUT);
	expect_eq(task_join(&cx, t), 0);
	expect_eq(task_now(), 3 * SECOND);
}

TEST(join_may_time_out_and_be_tried_again)
{
	struct sleeper s = { .duration = 3 * SECOND, .deadline = NEVER };

	sim_start(0);
	start_detached("joiner", join_late, start("sleeper", sleep_task, &s));
	sim_run();
	sim_stop();
}

static void
join_ended(void *arg)
{
	struct err err;
	struct ctx cx = forever(&err);
	struct sleeper s = { .duration = SECOND, .deadline = NEVER };
	struct task *t = start("sleeper", sleep_task, &s);

	expect_eq(task_sleep(&cx, 5 * SECOND), 0);
	expect_eq(task_join(&cx, t), 0);
	expect_eq(task_now(), 5 * SECOND);
}

TEST(what_has_ended_is_joined_at_once)
{
	sim_start(0);
	start_detached("joiner", join_ended, NULL);
	sim_run();
	sim_stop();
}

static void
name_task(void *arg)
{
	expect_str(task_name(), "before");
	task_rename("client %d", 7);
	expect_str(task_name(), "client 7");
	*(bool *)arg = true;
}

TEST(tasks_have_names)
{
	bool ran = false;

	sim_start(0);
	expect_str(task_name(), "main");
	expect(task_self() == NULL);
	start_detached("before", name_task, &ran);
	sim_run();
	expect(ran);
	sim_stop();
}

/* ---- waitlists ---- */

struct line {
	struct waitlist list;
	char order[16];
	int count;
	int timeouts;
};

struct standing {
	struct line *line;
	char letter;
	usec patience;
};

static void
stand_in_line(void *arg)
{
	struct standing *s = arg;
	struct err err = { 0 };
	struct ctx cx = { .deadline = s->patience, .err = &err };

	if (waitlist_wait(&cx, &s->line->list) == 0) {
		s->line->order[s->line->count++] = s->letter;
	} else {
		expect_eq(err.kind, ERR_TIMEOUT);
		s->line->timeouts++;
	}
}

static void
wake_each_second(void *arg)
{
	struct line *line = arg;
	struct err err;
	struct ctx cx = forever(&err);

	while (!waitlist_empty(&line->list)) {
		expect_eq(task_sleep(&cx, SECOND), 0);
		waitlist_wake_one(&line->list);
	}
}

TEST(first_come_first_served)
{
	struct line line = { 0 };
	struct standing s[3] = { { &line, 'a', NEVER }, { &line, 'b', 1500 * MSEC },
		{ &line, 'c', NEVER } };

	sim_start(0);
	for (int i = 0; i < 3; i++)
		start_detached("stander", stand_in_line, &s[i]);
	start_detached("waker", wake_each_second, &line);
	sim_run();
	expect_str(line.order, "ac");
	expect_eq(line.timeouts, 1);
	sim_stop();
}

static void
wake_at_the_same_instant(void *arg)
{
	struct line *line = arg;
	struct err err;
	struct ctx cx = forever(&err);

	expect_eq(task_sleep(&cx, SECOND), 0);
	waitlist_wake_one(&line->list);
}

/* "a" gives up at the instant of the wake: "b" must get it, or a wake is lost. */
TEST(a_wake_is_not_lost_on_who_has_given_up)
{
	struct line line = { 0 };
	struct standing s[2] = { { &line, 'a', SECOND }, { &line, 'b', NEVER } };

	sim_start(0);
	start_detached("waker", wake_at_the_same_instant, &line); /* runs before "a" does */
	start_detached("stander", stand_in_line, &s[0]);
	start_detached("stander", stand_in_line, &s[1]);
	sim_run();
	expect_str(line.order, "b");
	expect_eq(line.timeouts, 1);
	expect(waitlist_empty(&line.list));
	sim_stop();
}

static void
wake_then_cancel(void *arg)
{
	struct line *line = arg;
	struct err err;
	struct ctx cx = forever(&err);
	struct standing s = { line, 'x', NEVER };
	struct task *t = start("stander", stand_in_line, &s);

	expect_eq(task_yield(&cx), 0);
	expect(!waitlist_empty(&line->list));
	waitlist_wake_all(&line->list);
	task_cancel(t); /* too late for this wait */
	expect_eq(task_join(&cx, t), 0);
}

TEST(a_wait_ends_once)
{
	struct line line = { 0 };

	sim_start(0);
	start_detached("both", wake_then_cancel, &line);
	sim_run();
	expect_str(line.order, "x");
	sim_stop();
}

/* Rule 3: who is woken may find the thing taken again. */
struct seat {
	struct waitlist freed;
	bool taken;
	int sat, looked_again;
};

static void
sit(void *arg)
{
	struct seat *s = arg;
	struct err err;
	struct ctx cx = forever(&err);

	for (int looks = 0; s->taken; looks++) {
		s->looked_again += looks > 0;
		expect_eq(waitlist_wait(&cx, &s->freed), 0);
	}
	s->taken = true;
	s->sat++;
	expect_eq(task_sleep(&cx, SECOND), 0);
	s->taken = false;
	waitlist_wake_all(&s->freed);
}

TEST(after_a_wait_look_again)
{
	struct seat s = { 0 };

	sim_start(test_seed());
	for (int i = 0; i < 4; i++)
		start_detached("sitter", sit, &s);
	sim_run();
	expect_eq(s.sat, 4);
	expect_eq(s.looked_again, 2 + 1); /* each time all waiters but one find it taken */
	expect_eq(task_now(), 4 * SECOND);
	sim_stop();
}

/* ---- groups ---- */

static void
fail_after(void *arg)
{
	struct group *g = arg;
	struct err err;
	struct ctx cx = forever(&err);

	if (task_sleep(&cx, SECOND) != 0)
		return;
	err_set(&err, ERR_SERVER, "the first to fail");
	group_fail(g, &err);
	err_set(&err, ERR_SERVER, "the second");
	group_fail(g, &err);
	expect(!task_cancelled()); /* its siblings are, not it */
}

static void
group_with_failure(void *arg)
{
	struct group g;
	struct err err;
	struct ctx cx = forever(&err);
	struct sleeper s = { .duration = MINUTE, .deadline = NEVER };

	group_init(&g);
	expect_ok(group_spawn(&g, "sleeper", sleep_task, &s, &err), &err);
	expect_ok(group_spawn(&g, "failer", fail_after, &g, &err), &err);
	expect_eq(group_wait(&cx, &g), -1);
	expect_eq(err.kind, ERR_SERVER);
	expect_str(err.text, "the first to fail");
	expect_eq(s.kind, ERR_CANCELLED);
	expect_eq(task_now(), SECOND);
	expect_eq(group_spawn(&g, "late", sleep_task, &s, &err), -1);
	group_done(&g);
	group_done(&g);
	*(bool *)arg = true;
}

TEST(one_failure_cancels_the_siblings)
{
	bool ran = false;

	sim_start(0);
	start_detached("parent", group_with_failure, &ran);
	sim_run();
	expect(ran);
	sim_stop();
}

static void
stubborn(void *arg)
{
	struct err err, err2;
	struct ctx cx = forever(&err);

	expect_eq(task_sleep(&cx, MINUTE), -1);
	struct ctx undo = ctx_shielded(&cx, MINUTE, &err2);
	expect_ok(task_sleep(&undo, 7 * SECOND), &err2);
	*(bool *)arg = true;
}

static void
group_that_is_closed(void *arg)
{
	struct group g;
	struct err err;
	struct ctx cx = forever(&err);
	bool undone[2] = { 0 };

	group_init(&g);
	expect_ok(group_spawn(&g, "stubborn", stubborn, &undone[0], &err), &err);
	expect_ok(group_spawn(&g, "stubborn", stubborn, &undone[1], &err), &err);
	expect_eq(task_sleep(&cx, 100 * SECOND), -1); /* cancelled from outside */
	group_done(&g);                               /* waits although we are cancelled */
	expect(undone[0] && undone[1]);
	expect_eq(task_now(), 8 * SECOND);
}

TEST(closing_a_group_waits_for_its_children)
{
	struct canceller c = { .at = SECOND };

	sim_start(0);
	c.victim = start("parent", group_that_is_closed, NULL);
	start_detached("canceller", cancel_task, &c);
	sim_run();
	sim_stop();
}

static void
wait_with_deadline(void *arg)
{
	struct group g;
	struct err err;
	struct ctx cx = { .deadline = SECOND, .err = &err };
	struct sleeper s = { .duration = MINUTE, .deadline = NEVER };

	group_init(&g);
	expect_ok(group_spawn(&g, "sleeper", sleep_task, &s, &err), &err);
	expect_eq(group_wait(&cx, &g), -1);
	expect_eq(err.kind, ERR_TIMEOUT);
	expect_eq(g.children.count, 1);
	group_done(&g);
	expect_eq(g.children.count, 0);
	expect_eq(s.kind, ERR_CANCELLED);
}

TEST(waiting_for_a_group_has_a_deadline)
{
	sim_start(0);
	start_detached("parent", wait_with_deadline, NULL);
	sim_run();
	sim_stop();
}

TEST(an_all_zero_group_is_done)
{
	struct group g = { 0 };

	sim_start(0);
	group_done(&g);
	sim_stop();
}
