/* The end of a workflow that has switched: Complete in its three forms, and what completes by the way. */
#include "unit/ctl/fakes.h"

#include "base/fault.h"
#include "topo/json.h"

#include <stdio.h>

static const char *how;

static struct workflow_record
record(struct ctx *cx, struct world *w)
{
	struct workflow_record r;

	world_record(cx, w, &r);
	return r;
}

static void
expect_complete(struct ctx *cx, struct world *w)
{
	expect_eq(world_wait_end(cx, w), WORKFLOW_COMPLETE);
	expect(!w->target.has_fence && !w->source.stream && !w->target.stream);
	expect_eq(w->source.gone, strcmp(how, "keep") != 0);
	expect_eq(w->source.renamed, strcmp(how, "rename") == 0);
	world_expect_target(cx, w);
	expect(record(cx, w).start[0] == '\0');
}

static void
completes(struct ctx *cx, struct world *w)
{
	int n = w->ctlds[1].topo != NULL;

	world_moves(cx, w);
	expect_ok(world_ask(cx, w, n, "workflow_complete", how), cx->err);
	expect_complete(cx, w);
	n = w->ctlds[1].topo != NULL;
	expect_ok(world_ask(cx, w, n, "workflow_complete", how), cx->err); /* it is */
	expect_ok(world_ask(cx, w, n, "workflow_switch", ""), cx->err); /* so it is served there */
	expect_eq(world_ask(cx, w, n, "workflow_reverse", ""), -1);
	expect(strstr(cx->err->text, "is complete: there is no way back any more") != NULL);
	expect_eq(world_cancel(cx, w, n), -1);
}

static const char *const forms[] = { "keep", "drop", "rename" };

TEST(a_move_is_completed_in_three_ways)
{
	for (int i = 0; i < 3; i++) {
		how = forms[i];
		world_tell(completes, (struct plan){ .method = NULL });
	}
}

TEST(completing_is_taken_over_wherever_a_vtctld_dies)
{
	static const char *const points[] = { "stream.before", "stream.after", "tables.before",
		"tables.after", "fence.before", "fence.after" };

	for (int i = 0; i < 3 * 6; i++) {
		char spec[100];
		struct err err = { 0 };

		how = forms[i / 6];
		printf("# %s %s\n", how, points[i % 6]);
		snprintf(spec, sizeof(spec), "workflow.complete.%s=error", points[i % 6]);
		expect_ok(fault_arm(spec, &err), &err);
		world_tell(completes, (struct plan){ .method = NULL });
	}
}

TEST(completing_is_repeated_until_it_is_done)
{
	static const char *const methods[] = { "stream_delete at source", "stream_delete at target",
		"fence_remove at target" };

	how = "keep";
	for (int i = 0; i < 3; i++) {
		world_tell(
		    completes, (struct plan){ .method = methods[i], .trouble = FAILS, .times = 3 });
		world_tell(
		    completes, (struct plan){ .method = methods[i], .trouble = LATE, .times = 1 });
	}
}

static void
is_outdated(struct ctx *cx, struct world *w)
{
	int attempt;

	world_moves(cx, w);
	attempt = record(cx, w).attempt;
	expect_ok(world_ask(cx, w, 0, "workflow_complete", "keep"), cx->err);
	expect(record(cx, w).attempt > attempt && record(cx, w).attempt % 2 == 0);
	how = "keep";
	expect_complete(cx, w);
}

TEST(what_still_travels_of_a_move_is_outdated_when_it_completes)
{
	world_tell(is_outdated, (struct plan){ .method = NULL });
}

/* A rule that somebody made by hand: a name is served from the old table. */
static void
a_name_is_served_there(struct ctx *cx, struct world *w)
{
	const struct rule_record rule = { .name = { "customer", "people" },
		.places = { { "customer", "users" }, { "customer", "users" } },
		.workflow = "",
		.maker = "" };
	SCOPED(buf) struct buf json = BUF_INIT;

	world_moves(cx, w);
	rule_write(&json, &rule);
	expect_ok(
	    topo_set(cx, w->topo, rule_key(cx->arena, "customer", "people"), buf_slice(&json), 0),
	    cx->err);
	expect_eq(world_ask(cx, w, 0, "workflow_complete", "drop"), -1);
	expect(strstr(cx->err->text, "is served: a routing rule sends 'customer.people' there") !=
	    NULL);
	expect_eq(world_ask(cx, w, 0, "workflow_complete", "rename"), -1);
	expect_eq(record(cx, w).state, WORKFLOW_SWITCHED);
	expect_ok(world_ask(cx, w, 0, "workflow_complete", "keep"), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_COMPLETE);
	expect(!w->source.gone);
}

TEST(a_table_that_any_name_is_served_from_is_not_dropped)
{
	world_tell(a_name_is_served_there, (struct plan){ .method = NULL });
}

static void
old_name_is_taken(struct ctx *cx, struct world *w)
{
	world_moves(cx, w);
	w->there[0] = "customer._users_old";
	expect_eq(world_ask(cx, w, 0, "workflow_complete", "rename"), -1);
	expect(strstr(cx->err->text, "'customer._users_old' exists already") != NULL);
	expect_eq(record(cx, w).state, WORKFLOW_SWITCHED);
}

TEST(old_tables_are_not_renamed_over_others)
{
	world_tell(old_name_is_taken, (struct plan){ .method = NULL });
}

static void
not_yet(struct ctx *cx, struct world *w)
{
	struct workflow_options o = world_options();

	o.no_switch = true;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	expect_ok(task_sleep(cx, 20 * SECOND), cx->err);
	expect_eq(world_ask(cx, w, 0, "workflow_complete", "drop"), -1);
	expect_str(cx->err->text,
	    "cannot complete workflow because you have not yet switched all read and write "
	    "traffic");
	expect_eq(world_ask(cx, w, 0, "workflow_complete", "burn"), -1);
}

TEST(a_move_that_has_not_switched_is_not_completed)
{
	world_tell(not_yet, (struct plan){ .method = NULL });
}

/* ---- By the way */

static int
drops(struct ctx *cx, struct world *w, const char *keyspace, const char **completed)
{
	struct ctl_request q = {
		.keyspace = keyspace, .table = "users", .workflow = "", .action = ""
	};
	struct slice answer;
	struct json_doc doc;

	TRY(world_call(cx, &w->ctlds[0], "drop_table", &q, &answer));
	TRY(json_open(&doc, "answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc);
	*completed = json_get_str(&root, "completed");
	return json_close(&doc);
}

static void
old_table_is_dropped(struct ctx *cx, struct world *w)
{
	const char *completed;

	world_moves(cx, w);
	expect_eq(drops(cx, w, "new_customer", &completed), -1); /* it is served */
	expect_eq(record(cx, w).state, WORKFLOW_SWITCHED);
	expect_ok(drops(cx, w, "customer", &completed), cx->err);
	expect_str(completed, "new_customer/users");
	expect(w->source.gone);
	how = "drop";
	expect_complete(cx, w);
}

TEST(dropping_an_old_table_ends_its_way_back_first)
{
	world_tell(old_table_is_dropped, (struct plan){ .method = NULL });
}

/* Under another name, so that it is a move of its own. */
static void
another_move_begins(struct ctx *cx, struct world *w)
{
	struct ctl_request q = { .keyspace = "new_customer",
		.table = "users",
		.target_keyspace = "customer",
		.target_table = "people",
		.workflow = "",
		.action = "" };
	struct workflow_record r;
	struct slice answer;
	bool told = false;

	world_moves(cx, w);
	w->plan = (struct plan){
		.method = "stream_create at target", .trouble = FAILS, .times = FOR_EVER
	};
	expect_ok(world_call(cx, &w->ctlds[0], "move_tables", &q, &answer), cx->err);
	expect_ok(task_sleep(cx, 20 * SECOND), cx->err);
	expect_eq(record(cx, w).state, WORKFLOW_COMPLETE);
	expect(!w->source.stream && !w->source.gone);
	expect_ok(workflow_whole(cx, w->topo, "customer/people", &r), cx->err);
	for (size_t i = 0; i < r.events_count; i++)
		told |= strcmp(r.events[i].what, "ended") == 0 &&
		    strstr(r.events[i].text, "'new_customer/users'") != NULL;
	expect(told);
	expect(w->troubles > 0); /* it came to its stream only after that */
}

TEST(another_move_of_the_table_ends_the_way_back_and_says_so)
{
	world_tell(another_move_begins, (struct plan){ .method = NULL });
}
