#include "unit/tablet/applier_script.h"

#include "task/sim.h"
#include "test.h"

struct source_script source;
struct target_script target = { .packet_max = "16777216", .said = BUF_INIT };
struct err apply_err;
static const struct moved_table moved = { .def = &script_table, .database = "to", .name = "t" };
static const struct moved_tables tables = { .items = &moved, .count = 1 };
struct tail_params tail_params;
struct apply_params applier_params;
struct stream_state state;
struct windows ws;
struct tail *applier_tail;
struct applier *applier;
struct group group;
int applier_rc;
struct err applier_err;

struct ctx
apply_ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 60 * SECOND, .err = &apply_err };
}

static void
run_main(void *arg)
{
	struct ctx cx = { .deadline = NEVER, .err = &applier_err };

	applier_rc = applier_run(&cx, applier);
}

void
start_applier(void)
{
	struct ctx cx = apply_ctx();

	expect_ok(tail_open(&cx, &tail_params, &applier_tail), &apply_err);
	applier_params.tail = applier_tail;
	expect_ok(applier_new(&applier_params, &applier, &apply_err), &apply_err);
	group_init(&group);
	applier_rc = 1;
	expect_ok(group_spawn(&group, "applier", run_main, NULL, &apply_err), &apply_err);
}

void
stop_applier(void)
{
	group_done(&group);
	applier_free(applier);
	tail_close(applier_tail);
}

void
rest_applier(void)
{
	struct ctx cx = apply_ctx();

	expect_ok(task_sleep(&cx, 2 * SECOND), &apply_err);
}

void
in_apply_sim(task_fn *fn)
{
	struct task *t;

	sim_start(test_seed());
	script_start(&source, "source:1");
	target.state = &state;
	target_start(&target, "target:1");
	windows_init(&ws);
	target.disk_offset = "400";
	state = (struct stream_state){
		.sidecar = SIDECAR_DEFAULT, .workflow = "w", .round = 1, .phase = STREAM_RUNNING
	};
	state.applied = script_position();
	tail_params = (struct tail_params){ .source = { .address = "source:1", .user = "u" },
		.id = { SIDECAR_DEFAULT, "w", 1 },
		.tables = &tables,
		.server_id = 9,
		.spill_dir = test_dir() };
	tail_params.start = script_position();
	applier_params = (struct apply_params){
		.target = { .address = "target:1", .user = "u", .found_rows = true },
		.tables = &tables,
		.appliers = 4,
		.windows = &ws,
		.state = &state
	};
	t = task_spawn("test", fn, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run_until(1000 * SECOND);
	windows_done(&ws);
	sim_stop();
}

void
end_applier(void)
{
	stop_applier();
	script_stop(&source);
	fake_stop(target.fake);
}

void
one_of_each(void)
{
	script_gtid(&source, 4);
	script_map(&source, 7, "db", "t");
	script_insert(&source, 1, "new");
	script_update(&source, 2, "a", 2, "b");
	script_delete(&source, 3, "c");
	script_update(&source, 4, "d", 5, "e");
	script_xid(&source);
}
