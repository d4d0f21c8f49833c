#include "rpc/api.h"
#include "rpc/tablet.h"
#include "test.h"

static void
pass_on(struct arena *a, const struct message *m, const void *value, void *back)
{
	SCOPED(buf) struct buf json = BUF_INIT;
	struct err err = { 0 };

	message_write(&json, m, value);
	expect_ok(message_read(a, m, buf_slice(&json), back, &err), &err);
}

TEST(a_request_to_a_tablet_survives_the_way)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct moved_names tables[] = { { "users", "people" }, { "odd \"name", "b\\c" } };
	const char *definitions[] = { "CREATE TABLE `t` (\n  `a` int\n)", "" };
	struct check_to_request    back, request = {
		   .move = {
		       .head.timeout = 5 * SECOND,
		       .workflow = "new_customer/users",
		       .attempt = 3,
		       .side = MOVE_TO,
		       .from = { "127.0.0.1:3306", "customer", "_one" },
		       .to = { "127.0.0.1:3307", "new_customer", "_two" },
		       .tables = tables,
		       .tables_count = 2,
		   },
		   .definitions = definitions,
		   .definitions_count = 2,
	};

	pass_on(&arena, tablet_calls[TABLET_CHECK_TO].request, &request, &back);
	expect_str(back.move.workflow, "new_customer/users");
	expect_eq(back.move.attempt, 3);
	expect_eq(back.move.side, MOVE_TO);
	expect_str(back.move.from.sidecar, "_one");
	expect_str(back.move.to.server, "127.0.0.1:3307");
	expect_eq(back.move.tables_count, 2);
	expect_str(back.move.tables[1].from, "odd \"name");
	expect_str(back.move.tables[1].to, "b\\c");
	expect_eq(back.move.head.timeout, 5 * SECOND);
	expect_eq(back.definitions_count, 2);
	expect_str(back.definitions[0], definitions[0]);
}

TEST(a_reply_of_a_tablet_survives_the_way)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct table_status table = { TABLE_COPYING, .rows_copied = 7, .rows_estimate = 9 };
	struct stream_status_reply back,
	    reply = { .phase = STREAM_CATCHING_UP,
		    .error = "",
		    .hint = "do \"it\"",
		    .position = "0-1-1",
		    .exact = true,
		    .lag_ms = -1,
		    .tables = &table,
		    .tables_count = 1 };
	struct auto_next values[] = { { UINT64_MAX }, { 0 } };
	struct next_values_reply next, given = { .tables = values, .tables_count = 2 };

	pass_on(&arena, tablet_calls[TABLET_STREAM_STATUS].reply, &reply, &back);
	expect_eq(back.phase, STREAM_CATCHING_UP);
	expect(back.exact);
	expect_eq(back.lag_ms, -1);
	expect_str(back.hint, "do \"it\"");
	expect_eq(back.tables[0].progress, TABLE_COPYING);
	expect_eq(back.tables[0].rows_copied, 7);
	pass_on(&arena, tablet_calls[TABLET_NEXT_VALUES].reply, &given, &next);
	expect(next.tables_count == 2 && next.tables[0].next == UINT64_MAX &&
	    next.tables[1].next == 0);
}

static void
refuses(enum tablet_method m, const char *json, const char *words)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct err err = { 0 };
	void *back = arena_zalloc(&arena, tablet_calls[m].request->size);

	expect_eq(message_read(&arena, tablet_calls[m].request, slice_str(json), back, &err), -1);
	expect(strstr(err.text, words) != NULL);
}

TEST(a_request_with_a_wrong_member_says_which)
{
	refuses(TABLET_LOCK, "{\"workflow\":\"a/b\",\"tables\":[{\"from\":\"a\",\"to\":5}]}",
	    "tables[0].to");
	refuses(TABLET_LOCK, "{\"attempt\":1}", "workflow");
	refuses(TABLET_LOCK, "{\"workflow\":\"a/b\",\"side\":\"source\"}", "side");
	refuses(TABLET_FREEZE, "{\"workflow\":\"a/b\"}", "position");
	refuses(TABLET_CHECK_TO, "{\"workflow\":\"a/b\",\"definitions\":[7]}", "definitions[0]");
	refuses(TABLET_TABLE_FIND, "{\"tables\":[\"a\"]}", "database");
}

TEST(a_stored_request_is_read_in_both_forms)
{
	static const char old[] =
	    "{\"workflow\":\"new_customer/users\",\"attempt\":3,\"source_server\":\"127.0.0.1:17101\","
	    "\"source_database\":\"customer\",\"target_database\":\"new_customer\",\"source_sidecar\":\"\","
	    "\"tables\":[{\"source_table\":\"users\",\"target_table\":\"people\",\"auto_increment\":0}],"
	    "\"position\":\"\",\"timeout\":0,\"max_lag\":1,\"on_side\":\"target\",\"definition\":\"\"}";
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf json = BUF_INIT;
	struct err err = { 0 };
	struct move_request r;

	expect_ok(stored_request_read(&arena, slice_str(old), &r, &err), &err);
	stored_request_write(&json, &r);
	expect_ok(stored_request_read(&arena, buf_slice(&json), &r, &err), &err);
	expect_str(r.from.server, "127.0.0.1:17101");
	expect_str(r.from.sidecar, SIDECAR_DEFAULT);
	expect_str(r.to.database, "new_customer");
	expect_str(r.tables[0].to, "people");
	expect_eq(stored_request_read(&arena, slice_str("{}"), &r, &err), -1);
}

TEST(an_error_carries_its_kind_in_the_status)
{
	struct http_reply reply = { .body = BUF_INIT };
	struct err err = { 0 };

	err_set(&err, ERR_CONFLICT, "attempt 1 is outdated");
	rpc_reply_error(&reply, &err);
	expect_eq(reply.status, 409);
	expect(strstr(reply.body.data, "\"conflict\"") != NULL);
	struct err back = { 0 };
	expect_eq(rpc_read_error(&reply, &back), -1);
	expect_eq(back.kind, ERR_CONFLICT);
	expect_str(back.text, "attempt 1 is outdated");
	buf_done(&reply.body);
}
