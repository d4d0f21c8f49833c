#include "unit/tablet/tails.h"

#include "task/sim.h"
#include "test.h"

struct source_script script;
struct err err;
static const struct moved_table moved = { .def = &script_table, .database = "to", .name = "t" };
static const struct moved_tables tables = { .items = &moved, .count = 1 };
struct tail_params params;
struct tail *tail;

struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 60 * SECOND, .err = &err };
}

void
in_sim(task_fn *fn)
{
	struct task *t;

	sim_start(test_seed());
	script_start(&script, "source:1");
	params = (struct tail_params){ .source = { .address = "source:1", .user = "u" },
		.id = { SIDECAR_DEFAULT, "w", 1 },
		.tables = &tables,
		.start = script_position(),
		.server_id = 9,
		.spill_dir = test_dir() };
	t = task_spawn("test", fn, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(1000 * SECOND);
	sim_stop();
}

void
open_tail(void)
{
	struct ctx cx = ctx();

	expect_ok(tail_open(&cx, &params, &tail), &err);
}

void
end(void)
{
	tail_close(tail);
	script_stop(&script);
}

struct source_txn *
next(void)
{
	struct ctx cx = ctx();
	struct source_txn *txn;

	expect_ok(tail_next(&cx, tail, &txn), &err);
	return txn;
}

/* The next one that is more than a position. */
struct source_txn *
next_change(void)
{
	struct source_txn *txn = next();

	while (source_txn_is_position(txn) && txn->heartbeat[0] == 0) {
		source_txn_free(txn);
		txn = next();
	}
	return txn;
}

void
fails(enum err_kind kind, const char *text)
{
	struct ctx cx = ctx();
	struct source_txn *txn;
	int rc;

	while ((rc = tail_next(&cx, tail, &txn)) == 0) {
		expect_eq(txn->count, 0);
		source_txn_free(txn);
	}
	if (err.kind != kind || strstr(err.text, text) == NULL)
		test_fail(__FILE__, __LINE__, "'%s' is not about '%s'", err.text, text);
}

/* Nothing comes within a second but positions, none beyond where we are. */
void
expect_silence(uint64_t offset)
{
	struct ctx cx = ctx();
	struct source_txn *txn;

	cx.deadline = task_now() + 1 * SECOND;
	while (tail_next(&cx, tail, &txn) == 0) {
		expect_eq(txn->count, 0);
		expect(txn->end.offset <= offset);
		source_txn_free(txn);
	}
	if (err.kind != ERR_TIMEOUT)
		test_fail(__FILE__, __LINE__, "%s", err.text);
}
