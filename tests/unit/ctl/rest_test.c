/* A vtctld without an unfinished move: it reads nothing over and over, and is told when there is one. */
#include "unit/ctl/fakes.h"

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
