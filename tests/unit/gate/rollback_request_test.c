/* A gate's wish that an attempt is rolled back: of which attempts it is written. */
#include "gate/rollback_request.h"

#include "task/sim.h"
#include "test.h"
#include "topo/workflow_store.h"

static struct topo *topo;
static struct arena arena;
static struct err err;

static struct workflow_record
switching(int attempt)
{
	return (struct workflow_record){ .name = "users",
		.state = WORKFLOW_SWITCHING,
		.attempt = attempt,
		.state_text = "",
		.hint = "",
		.source_keyspace = "customer",
		.target_keyspace = "new_customer",
		.step = "catch-up",
		.position = "",
		.before = "" };
}

static void
put(struct ctx *cx, const struct workflow_record *r)
{
	SCOPED(buf) struct buf json = BUF_INIT;

	workflow_write(&json, r);
	expect_ok(topo_set(cx, topo, "/workflows/new_customer/users", buf_slice(&json), 0), &err);
}

/* Asked for attempt 3: what the record says then. */
static bool
rolls_back(struct ctx *cx, const struct workflow_record *r)
{
	const struct rollback_request s = {
		.topo = topo, .gate = "one", .workflow = "new_customer/users", .attempt = 3
	};
	struct workflow_record now;

	put(cx, r);
	rollback_request_overflow(cx, &s);
	expect_ok(workflow_whole(cx, topo, "new_customer/users", &now), &err);
	expect_eq(now.events_count, r->events_count + now.rolling_back);
	return now.rolling_back;
}

static void
wishes(void *arg)
{
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };
	struct workflow_record r = switching(3), other = switching(5), over = switching(3);

	expect_ok(topo_memory_open(&topo, &err), &err);
	expect(rolls_back(&cx, &r));
	expect(!rolls_back(&cx, &other)); /* of another attempt */
	over.state = WORKFLOW_SWITCHED;
	expect(!rolls_back(&cx, &over));
	workflow_add_event(&arena, &r,
	    &(struct workflow_event){ .attempt = 1, .step = "commit", .what = "done", .text = "" });
	expect(rolls_back(&cx, &r)); /* that was an earlier one's */
	workflow_add_event(&arena, &r,
	    &(struct workflow_event){ .attempt = 3, .step = "commit", .what = "done", .text = "" });
	expect(!rolls_back(&cx, &r));
	topo_close(topo);
	arena_done(&arena);
}

TEST(a_rollback_is_asked_of_an_attempt_that_has_not_committed)
{
	struct task *t;

	sim_start(test_seed());
	t = task_spawn("test", wishes, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(100 * SECOND);
	sim_stop();
}
