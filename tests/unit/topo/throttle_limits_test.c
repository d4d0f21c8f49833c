/* Limits of a copy: as they are typed, shown, and kept. */
#include "topo/throttle_limits.h"

#include "test.h"
#include "topo/json.h"
#include "topo/workflow_options.h"

static const char *
shown(struct arena *a, const struct throttle_limits *l)
{
	SCOPED(buf) struct buf out = BUF_INIT;

	throttle_limits_print(&out, l);
	return arena_slice_str(a, buf_slice(&out));
}

TEST(limits_of_load_are_read_in_any_case_and_order)
{
	struct throttle_limits l = { 0 };
	struct err err = { 0 };

	expect_ok(throttle_limits_read_load(
		      "innodb_history_list_length=1000000,THREADS_RUNNING=25", &l, &err),
	    &err);
	expect(l.threads == 25 && l.history == 1000000);
	expect_ok(throttle_limits_read_load("Threads_running=7", &l, &err), &err);
	expect(l.threads == 7 && l.history == 0);
	expect_ok(throttle_limits_read_load("", &l, &err), &err);
	expect(l.threads == 0 && l.history == 0);
}

TEST(limits_of_load_that_are_none_are_named)
{
	static const char *const wrong[] = { "Threads=1", "Threads_running",
		"Threads_running=", "Threads_running=0", "Threads_running=-3", "Threads_running=25,",
		"=5", "Threads_running=1k", "Threads_running=9223372036854775808", "," };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct throttle_limits l = { 0 };
		struct err err = { 0 };

		if (throttle_limits_read_load(wrong[i], &l, &err) == 0)
			test_fail(__FILE__, __LINE__, "taken: %s", wrong[i]);
		expect_eq(err.kind, ERR_REFUSED);
		expect(strstr(err.hint, "Threads_running=25") != NULL);
	}
}

TEST(limits_are_checked_that_somebody_made_by_hand)
{
	static char text[THROTTLE_QUERY_MAX + 2];
	struct throttle_limits l = { .rows = 1, .query = text };
	struct err err = { 0 };

	memset(text, 'x', THROTTLE_QUERY_MAX);
	expect_ok(throttle_limits_check(&l, &err), &err);
	text[THROTTLE_QUERY_MAX] = 'x';
	expect(throttle_limits_check(&l, &err) != 0 && err.kind == ERR_REFUSED);
	l = (struct throttle_limits){ .rows = -1 };
	expect(throttle_limits_check(&l, &err) != 0);
	l = (struct throttle_limits){ .threads = -1 };
	expect(throttle_limits_check(&l, &err) != 0);
	l = (struct throttle_limits){ .history = -1 };
	expect(throttle_limits_check(&l, &err) != 0);
	l = (struct throttle_limits){ .bytes = UINT64_MAX };
	expect(throttle_limits_check(&l, &err) != 0);
}

TEST(limits_are_shown_as_they_are_typed)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	const struct throttle_limits all = { 1000, 2048, 25, 9, "SELECT 1" };
	const struct throttle_limits none = { .query = "" }, one = { .history = 9 };

	expect_str(shown(&arena, &all),
	    "1000 rows/s, 2048 bytes/s, Threads_running=25, Innodb_history_list_length=9, query SELECT 1");
	expect_str(shown(&arena, &none), "");
	expect_str(shown(&arena, &one), "Innodb_history_list_length=9");
}

TEST(limits_without_a_query_are_the_same_however_that_is_said)
{
	const struct throttle_limits a = { .rows = 1 }, b = { .rows = 1, .query = "" };
	const struct throttle_limits c = { .rows = 1, .query = "SELECT 1" };

	expect(throttle_limits_same(&a, &b) && !throttle_limits_same(&a, &c));
}

/* Those that were given alone, and all of a record. */
static struct workflow_options
sent(struct arena *a, const struct workflow_options *o, unsigned *given)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);
	struct json_doc doc;
	struct err err = { 0 };

	json_put_open(&w, NULL, '{');
	workflow_options_put(&w, o, *given);
	json_put_close(&w, '}');
	expect_ok(json_open(&doc, "test", buf_slice(&out), a, &err), &err);
	struct json root = json_root(&doc);
	struct workflow_options back = workflow_options_get(&root, given);
	expect_ok(json_close(&doc), &err);
	return back;
}

TEST(limits_travel_with_the_options_that_were_given)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct workflow_options o = { .limits = { 1000, 2048, 25, 9, "SELECT 1" } }, back;
	struct workflow_options kept = { .limits = { 7, 7, 7, 7, "SELECT 7" } };
	unsigned given = GIVEN_MAX_BYTES | GIVEN_MAX_LOAD;

	back = sent(&arena, &o, &given);
	expect_eq(given, GIVEN_MAX_BYTES | GIVEN_MAX_LOAD);
	workflow_options_take(&kept, &back, given);
	const struct throttle_limits both = { 7, 2048, 25, 9, "SELECT 7" };
	expect(throttle_limits_same(&kept.limits, &both));
	given = GIVEN_ALL;
	back = sent(&arena, &o, &given);
	expect(given == GIVEN_ALL && throttle_limits_same(&back.limits, &o.limits));
	given = GIVEN_MAX_ROWS | GIVEN_THROTTLE_QUERY; /* taken away */
	workflow_options_take(&kept, &(struct workflow_options){ .limits = { .query = "" } }, given);
	expect(kept.limits.rows == 0 && kept.limits.query[0] == '\0' && kept.limits.bytes == 2048);
}
