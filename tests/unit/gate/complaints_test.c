/*
 * complaints_test.c - errors that clients were sent, as operators see them.
 */
#include "gate/complaints.h"
#include "base/mem.h"
#include "test.h"
#include "unit/gate/world.h"

#include <stdlib.h>

static void
expect_cause(const char *cause, const char *want)
{
	SCOPED(buf)
	struct buf got = BUF_INIT;

	complaint_print_cause(&got, cause);
	expect_str(got.data, want);
}

TEST(a_cause_quotes_nobody)
{
	expect_cause("tables '%.*s' and '%s' of %zu, 5%% \"x\"", "tables '?' and '?' of ?, 5% 'x'");
	expect_cause("Unknown thread id: %ju", "Unknown thread id: ?");
	expect_cause("%d", "?");
}

TEST(complaints_are_counted_by_number_and_cause_over_all_loops)
{
	struct complaints *a = mem_new(struct complaints), *b = mem_new(struct complaints);
	const struct complaints *both[] = { a, b };
	uint64_t since = 0;
	SCOPED(buf)
	struct buf out = BUF_INIT;

	(void)complaints_add(a, 1235, "a table '%s'");
	(void)complaints_add(b, 1146, COMPLAINT_OF_SERVER);
	(void)complaints_add(b, 1235, "a table '%s'");
	expect(complaint_is_due(complaints_add(a, 1235, "a table '%s'"), SECOND, &since));
	expect_eq(since, 2);
	expect(!complaint_is_due(complaints_add(a, 1235, "a table '%s'"), 2 * SECOND, &since));
	expect(complaint_is_due(complaints_add(a, 1235, "a table '%s'"), 60 * SECOND, &since));
	expect_eq(since, 2);
	complaints_print(&out, both, 2);
	expect_str(strchr(strstr(out.data, "# TYPE"), '\n') + 1,
	    "vtgate_client_errors_total{number=\"1235\",cause=\"a table '?'\"} 5\n"
	    "vtgate_client_errors_total{number=\"1146\",cause=\"server\"} 1\n");
	expect(strstr(strstr(out.data, "# HELP") + 1, "# HELP") == NULL);
	free(a);
	free(b);
}

TEST(more_causes_than_there_is_room_for_are_others)
{
	struct complaints *c = mem_new(struct complaints);
	const char *last = NULL;

	for (int i = 0; i < 2 * COMPLAINTS_MAX; i++)
		last = complaints_add(c, i, COMPLAINT_OF_SERVER)->cause;
	expect_str(last, "others");
	expect_eq(c->used, COMPLAINTS_MAX);
	expect_eq(c->items[COMPLAINTS_MAX - 1].count, COMPLAINTS_MAX + 1);
	free(c);
}

static void
told_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	expect_eq(world_do(cx, c, "begin"), 0);
	expect_eq(world_do(cx, c, "insert into t values ('secret')"), 0);
	expect_eq(world_do(cx, c, "insert into new_customer.t values ('secret')"), 1235);
	expect(strstr(cx->err->text, "3306") == NULL && strstr(cx->err->text, "customer") != NULL);
	expect_eq(world_do(cx, c, "insert into deadlock values (1)"), 1213);
	expect_eq(w->gate_loop.counts.complaints.used, 2);
	expect_eq(w->gate_loop.counts.complaints.items[0].number, 1235);
	expect_eq(w->gate_loop.counts.complaints.items[1].number, 1213);
	expect_str(w->gate_loop.counts.complaints.items[1].cause, COMPLAINT_OF_SERVER);
	mysql_close(c);
}

TEST(what_clients_are_told_is_counted_and_names_no_address)
{
	world_run(told_story);
}
