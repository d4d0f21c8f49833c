#include "rpc/api.h"
#include "test.h"

TEST(a_tablet_request_survives_the_way)
{
	struct arena          arena = ARENA_INIT;
	struct buf            json = BUF_INIT;
	struct err            err = { 0 };
	struct tablet_table   tables[] = { { "users", "people", 0 }, { "odd \"name", "b\\c", UINT64_MAX } };
	struct tablet_request back,
	    request = {
		    .workflow = "new_customer/users",
		    .attempt = 3,
		    .source_server = "127.0.0.1:3306",
		    .source_database = "customer",
		    .target_database = "new_customer",
		    .tables = tables,
		    .tables_count = 2,
		    .position = "0-1-42,1-2-7",
		    .timeout = 5 * SECOND,
		    .on_side = "source",
		    .definition = "CREATE TABLE `t` (\n  `a` int\n)",
	    };

	tablet_request_write(&json, &request);
	expect_ok(tablet_request_read(&arena, buf_slice(&json), &back, &err), &err);
	expect_str(back.workflow, request.workflow);
	expect_eq(back.attempt, 3);
	expect_eq(back.tables_count, 2);
	expect_str(back.tables[1].source_table, "odd \"name");
	expect_str(back.tables[1].target_table, "b\\c");
	expect(back.tables[1].auto_increment == UINT64_MAX);
	expect_str(back.position, request.position);
	expect_str(back.definition, request.definition);
	expect_eq(back.timeout, 5 * SECOND);
	buf_done(&json);
	arena_done(&arena);
}

TEST(a_tablet_reply_survives_the_way)
{
	struct arena               arena = ARENA_INIT;
	struct buf                 json = BUF_INIT;
	struct err                 err = { 0 };
	struct tablet_table_status status = { .table = "users",
		.state = "copying",
		.rows_copied = 7,
		.rows_estimate = 9,
		.exists = true,
		.definition = "d",
		.auto_increment = UINT64_MAX };
	struct tablet_reply        back,
	    reply = { .state = "copying",
		    .error = "",
		    .hint = "",
		    .position = "0-1-1",
		    .exact = true,
		    .held = true,
		    .lag_ms = -1,
		    .rows_copied = 7,
		    .rows_total = 9,
		    .tables = &status,
		    .tables_count = 1 };

	tablet_reply_write(&json, &reply);
	expect_ok(tablet_reply_read(&arena, buf_slice(&json), &back, &err), &err);
	expect(back.exact && back.held && back.tables[0].exists && !back.tables[0].empty);
	expect_eq(back.lag_ms, -1);
	expect(back.tables[0].auto_increment == UINT64_MAX);
	expect_str(back.tables[0].state, "copying");
	buf_done(&json);
	arena_done(&arena);
}

TEST(a_request_with_a_wrong_member_says_which)
{
	struct arena          arena = ARENA_INIT;
	struct err            err = { 0 };
	struct tablet_request back;
	struct slice text = slice_str("{\"tables\":[{\"source_table\":\"a\",\"target_table\":5}]}");

	expect_eq(tablet_request_read(&arena, text, &back, &err), -1);
	expect(strstr(err.text, "tables[0].target_table") != NULL);
	arena_done(&arena);
}

TEST(an_error_carries_its_kind_in_the_status)
{
	struct http_reply reply = { .body = BUF_INIT };
	struct err        err = { 0 };

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
