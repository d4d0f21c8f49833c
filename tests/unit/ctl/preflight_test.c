/*
 * preflight_test.c - a move that would break what clients run: told before anything is made, and again before
 * the switch.
 */
#include "unit/ctl/world.h"

#include "topo/json.h"

static const char *tables[] = { "customer.orders", "customer.users" };
static struct statement_digest joins[] = {
	{ .text = "select * from users join orders", .tables = tables, .tables_count = 2, .count = 9 },
};
static const struct statements_record breaks = {
	.gates = 1, .count = 9, .seen_us = MINUTE, .statements = joins, .statements_count = 1
};

static bool
contains(struct slice text, const char *words)
{
	return memmem(text.ptr, text.len, words, strlen(words)) != NULL;
}

/* The answer when the check is over. */
static struct slice
ask(struct ctx *cx, struct world *w, bool force)
{
	struct ctl_request q = { .keyspace = "customer",
		.table = "users",
		.target_keyspace = "new_customer",
		.target_table = "users",
		.options = world_options(),
		.given = GIVEN_ALL };
	struct slice answer;

	q.options.force = force;
	for (;;) {
		struct json_doc doc;

		expect_ok(world_call(cx, &w->ctlds[0], "move_tables", &q, &answer), cx->err);
		expect_ok(json_open(&doc, "answer", answer, cx->arena, cx->err), cx->err);
		struct json root = json_root(&doc);
		bool checking = json_get_bool(&root, "checking");
		q.after_revision = json_get_i64(&root, "revision");
		expect_ok(json_close(&doc), cx->err);
		if (!checking)
			return answer;
	}
}

static void
refused_story(struct ctx *cx, struct world *w)
{
	struct topo_kv kv;
	struct slice answer;

	w->seen = &breaks;
	answer = ask(cx, w, false);
	expect(contains(answer, "\"refused\":true"));
	expect(
	    contains(answer, "{\"severity\":\"refuses\",\"text\":\"a statement that ran 18 times"));
	expect(contains(answer, "\"hint\":\"move customer.orders with them, or --force\""));
	/* Nothing was made. */
	expect_eq(topo_get(cx, w->topo, "/workflows/new_customer/users", &kv), -1);
	expect_eq(cx->err->kind, ERR_NOT_FOUND);
	expect(!w->target.stream && !w->source.has_fence);
	answer = ask(cx, w, true);
	expect(!contains(answer, "\"refused\""));
	expect_eq(world_wait_end(cx, w), WORKFLOW_SWITCHED);
	world_expect_target(cx, w);
}

TEST(a_move_that_breaks_statements_is_refused_with_a_list_unless_forced)
{
	world_tell(refused_story, (struct plan){ .method = NULL });
}

static void
later_story(struct ctx *cx, struct world *w)
{
	struct workflow_options o = world_options();
	struct workflow_record r;

	o.no_switch = true;
	o.switch_attempts = 2;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	do {
		expect_ok(task_sleep(cx, SECOND), cx->err);
		world_record(cx, w, &r);
	} while (r.state != WORKFLOW_RUNNING);
	w->seen = &breaks;
	o.no_switch = false;
	expect_ok(world_move(cx, w, 0, o), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_ERROR);
	world_record(cx, w, &r);
	expect(strstr(r.state_text, "would be refused") != NULL);
	expect_str(r.hint, "move customer.orders with them, or --force");
	world_expect_source(cx, w);
	w->seen = NULL;
	world_moves(cx, w);
}

TEST(what_clients_have_begun_to_run_since_keeps_it_from_switching)
{
	world_tell(later_story, (struct plan){ .method = NULL });
}

/* It may hurt, or nobody knows: told, and no more. */
static void
unseen_story(struct ctx *cx, struct world *w)
{
	struct workflow_record r;
	bool warned = false;

	world_moves(cx, w);
	world_record(cx, w, &r);
	for (size_t i = 0; i < r.events_count; i++)
		warned = warned ||
		    (strcmp(r.events[i].what, "warns") == 0 &&
			strstr(r.events[i].text, "no statement on these tables was seen") != NULL);
	expect(warned);
}

TEST(an_empty_record_is_a_warning_in_the_events)
{
	world_tell(unseen_story, (struct plan){ .method = NULL });
}

/* What would refuse the way there is a line on the way back: somebody needs it now. */
static void
back_story(struct ctx *cx, struct world *w)
{
	static const char *names[] = { "customer.users", "new_customer.invoices" };
	struct table_span span = { .tables = names, .tables_count = 2, .count = 3 };
	struct statements_record seen = { .gates = 1, .spans = &span, .spans_count = 1 };
	struct workflow_record r;
	bool listed = false;

	world_moves(cx, w);
	w->seen = &seen;
	expect_ok(world_ask(cx, w, 0, "workflow_reverse", ""), cx->err);
	expect_eq(world_wait_end(cx, w), WORKFLOW_RUNNING);
	world_expect_source(cx, w);
	world_record(cx, w, &r);
	for (size_t i = 0; i < r.events_count; i++)
		listed = listed ||
		    (strcmp(r.events[i].what, "refuses") == 0 &&
			strstr(r.events[i].text,
			    "named customer.users, which moves, with "
			    "new_customer.invoices, which stays") != NULL);
	expect(listed);
}

TEST(nothing_that_would_break_stands_in_the_way_back)
{
	world_tell(back_story, (struct plan){ .method = NULL });
}
