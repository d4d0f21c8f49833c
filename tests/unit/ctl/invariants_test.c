/*
 * invariants_test.c - a workflow's copy, an attempt or a list of jobs that breaks its invariants ends
 * the process; a record that no attempt leaves behind is an error.
 */
#include "ctl/cutover.h"
#include "ctl/job.h"

#include "test.h"

static struct ctl ctl;
static struct workflow w;
static struct err err;

static struct workflow *
fresh(void)
{
	workflow_init(&w, &ctl, "new_customer/users");
	workflow_check(&w);
	return &w;
}

/* ---- The copy of a record */

static void
keep_the_state_without_a_revision(void)
{
	fresh()->was = WORKFLOW_COPYING;
	workflow_note(&w, "copy", "begun", "");
}

static void
jump_over_a_state(void)
{
	fresh()->r.state = WORKFLOW_SWITCHED;
	workflow_note(&w, "copy", "begun", "");
}

static void
lower_the_number(void)
{
	fresh()->revision = 7;
	w.was_attempt = 4;
	w.r.attempt = 1;
	workflow_outdate(&w); /* 2 */
}

TEST(a_copy_of_a_record_goes_along_the_edges_and_its_number_rises)
{
	(void)fresh();
	expect_check_fails(keep_the_state_without_a_revision, "w->revision > 0");
	expect_check_fails(jump_over_a_state, "fsm_may(&workflow_states");
	expect_check_fails(lower_the_number, "w->r.attempt >= w->was_attempt");
}

/* ---- An attempt */

static struct cutover c = { .w = &w };

static struct workflow *
switching(int attempt, const char *step, bool rolling_back)
{
	w = (struct workflow){ .ctl = &ctl, .revision = 7, .was = WORKFLOW_SWITCHING };
	w.r.state = WORKFLOW_SWITCHING;
	w.r.attempt = c.attempt = attempt;
	w.r.step = step;
	w.r.rolling_back = rolling_back;
	return &w;
}

static void
go_on_under_an_even_number(void)
{
	(void)switching(2, "hold", false);
	cutover_check(&c, CUTOVER_FORWARD);
}

static void
undo_what_is_not_written(void)
{
	(void)switching(2, "hold", false);
	cutover_check(&c, CUTOVER_BACK);
}

static void
go_on_with_anothers_attempt(void)
{
	switching(3, "hold", false)->r.attempt = 5;
	cutover_check(&c, CUTOVER_FORWARD);
}

TEST(an_attempt_goes_forward_under_odd_numbers_and_back_under_even_ones)
{
	(void)switching(3, "hold", false);
	cutover_check(&c, CUTOVER_FORWARD);
	(void)switching(4, "hold", true);
	cutover_check(&c, CUTOVER_BACK);
	expect_check_fails(go_on_under_an_even_number, "c->attempt % 2");
	expect_check_fails(undo_what_is_not_written, "c->w->r.rolling_back");
	expect_check_fails(go_on_with_anothers_attempt, "c->attempt == c->w->r.attempt");
}

static void
refused(struct workflow *left)
{
	struct ctx cx = { .deadline = NEVER, .err = &err };
	bool switched;

	expect(cutover_resume(&cx, left, &switched) != 0 && err.kind == ERR_CORRUPT);
}

/* What was read is not ours: nothing is done to it, least of all undone. */
TEST(a_record_that_no_attempt_leaves_behind_is_refused)
{
	refused(switching(3, "a step of a later version", false));
	refused(switching(4, "hold", false));
	refused(switching(4, "commit", true));
}

/* ---- The jobs */

static void
work_without_a_lease(void)
{
	struct list_node job = { .list = NULL };

	jobs_init(&ctl);
	jobs_check(&ctl);
	list_push(&ctl.working, &job);
	jobs_check(&ctl);
}

TEST(nobody_works_without_a_lease)
{
	expect_check_fails(work_without_a_lease, "c->lease != NULL || list_empty(&c->working)");
}
