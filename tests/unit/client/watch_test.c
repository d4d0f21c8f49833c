/* MoveTables against a vtctld of the test's, on virtual time. */
#include "client/command.h"
#include "client/view.h"
#include "http/http.h"
#include "task/sim.h"
#include "test.h"
#include "unit/client/said.h"

#include <stdio.h>

/* Writes waited in attempt 5, and in a switch before; the last event is of one that goes back just now. */
static const char traced[] =
    "{\"revision\":9,\"record\":{\"state\":\"Switching\",\"attempt\":7,\"events\":["
    "{\"at_us\":1000000,\"attempt\":1,\"step\":\"hold\",\"what\":\"begun\"},"
    "{\"at_us\":3000000,\"attempt\":1,\"step\":\"release\",\"what\":\"done\"},"
    "{\"at_us\":8000000,\"attempt\":5,\"step\":\"preflight\",\"what\":\"done\"},"
    "{\"at_us\":9000000,\"attempt\":5,\"step\":\"hold\",\"what\":\"begun\"},"
    "{\"at_us\":9004000,\"attempt\":5,\"step\":\"hold\",\"what\":\"done\"},"
    "{\"at_us\":9004100,\"attempt\":5,\"step\":\"fence\",\"what\":\"begun\"},"
    "{\"at_us\":9010100,\"attempt\":5,\"step\":\"fence\",\"what\":\"done\"},"
    "{\"at_us\":9011100,\"attempt\":5,\"step\":\"commit\",\"what\":\"done\"},"
    "{\"at_us\":9017000,\"attempt\":5,\"step\":\"acknowledge\",\"what\":\"begun\"},"
    "{\"at_us\":9017500,\"attempt\":5,\"step\":\"acknowledge\",\"what\":\"done\"},"
    "{\"at_us\":9017500,\"attempt\":5,\"step\":\"release\",\"what\":\"begun\"},"
    "{\"at_us\":9022000,\"attempt\":5,\"step\":\"release\",\"what\":\"done\"},"
    "{\"at_us\":9100000,\"attempt\":5,\"step\":\"finish\",\"what\":\"done\"},"
    "{\"at_us\":9900000,\"attempt\":7,\"step\":\"hold\",\"what\":\"begun\"}]}}";

/* Attempts 1 and 3 were held by their grace period; 5 switched. */
static const char switched[] =
    "{\"revision\":9,\"progress\":{\"state\":\"stopped\",\"rows_copied\":1000},\"record\":{"
    "\"state\":\"Switched\",\"source_keyspace\":\"a\",\"target_keyspace\":\"b\",\"attempt\":5,"
    "\"created_us\":1000000,\"copied_us\":3000000,\"hold_us\":22000,"
    "\"tables\":[{\"source_table\":\"t\",\"target_table\":\"t\"}],\"events\":["
    "{\"at_us\":4000000,\"attempt\":1,\"step\":\"hold\",\"what\":\"begun\"},"
    "{\"at_us\":5000000,\"attempt\":1,\"step\":\"hold\",\"what\":\"failed\"},"
    "{\"at_us\":5000100,\"attempt\":2,\"step\":\"hold\",\"what\":\"undone\"},"
    "{\"at_us\":6000000,\"attempt\":3,\"step\":\"hold\",\"what\":\"begun\"},"
    "{\"at_us\":6000300,\"attempt\":3,\"step\":\"hold\",\"what\":\"done\"},"
    "{\"at_us\":6500000,\"attempt\":3,\"step\":\"fence\",\"what\":\"failed\"},"
    "{\"at_us\":6600000,\"attempt\":4,\"step\":\"fence\",\"what\":\"undone\"},"
    "{\"at_us\":7000000,\"attempt\":4,\"step\":\"hold\",\"what\":\"undone\"},"
    "{\"at_us\":9000000,\"attempt\":5,\"step\":\"hold\",\"what\":\"begun\"},"
    "{\"at_us\":9000200,\"attempt\":5,\"step\":\"hold\",\"what\":\"done\"}]}}";

static void
answer(struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply)
{
	reply->status = 200;
	if (strcmp(req->path, "/api/move_tables") == 0)
		buf_add_str(&reply->body, "{\"workflow\":\"b/t\",\"created\":true,\"done\":false}");
	else
		buf_add_str(&reply->body, arg);
}

static void
moves(void *arg)
{
	static const char *args[] = { "a.t", "b.t" };
	struct err err = { 0 };
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };
	struct http_server *server;
	char *argv[] = { NULL };
	const struct command *command = command_find("MoveTables");
	struct command_options options;
	int status = 0;
	struct client c = { .command = command->name,
		.options = command->options,
		.argv = argv,
		.args = args,
		.args_count = 2,
		.server = "127.0.0.1:15000" };

	expect_ok(option_defaults(command->options, &options, &err), &err);
	expect_ok(http_serve(c.server, answer, arg, &server, &err), &err);
	expect_ok(move_run(&cx, &c, &options, &status), &err);
	expect_eq(status, 0);
	http_stop(server);
}

TEST(the_summary_counts_the_holds_of_attempts_that_were_rolled_back)
{
	said_begin();
	sim_start(test_seed());
	struct task *t = task_spawn("test", moves, (char *)(uintptr_t)switched);
	sim_run();
	task_detach(t);
	sim_stop();
	expect(strstr(said(),
		   "  switched  in attempt 3; writes waited for 22 ms, after 2 attempts that "
		   "held them for 2.0 s\n") != NULL);
}

static const char *
steps_of(struct arena *a, const char *answer_text)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = a };
	struct move_view v = { .workflow = "b/t" };

	expect_ok(view_read(&cx, slice_str(answer_text), &v), &err);
	return v.steps;
}

TEST(the_last_switch_is_shown_step_by_step)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;

	expect_str(steps_of(&arena, traced),
	    "hold 4.1 ms, fence 6.0 ms, commit 6.9 ms, acknowledge 0.5 ms, release 4.5 ms");
	expect_str(steps_of(&arena, switched), ""); /* its release is not among the events */
}

/* The second poll meets a vtctld that answers with something else. */
static void
half_an_answer(struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply)
{
	int *polls = arg;

	reply->status = 200;
	if (strcmp(req->path, "/api/workflow_delete") == 0)
		buf_add_str(&reply->body, "{\"done\":false}");
	else if ((*polls)++ == 0)
		buf_add_str(&reply->body,
		    "{\"revision\":7,\"record\":{\"state\":\"Cancelling\",\"state_text\":\"\","
		    "\"restore\":\"ALTER TABLE a.t ADD FOREIGN KEY (x) REFERENCES a.u (x)\"}}");
	else
		buf_add_str(&reply->body, "{\"revision\":");
}

static void
cancels(void *arg)
{
	struct err err = { 0 };
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };
	const struct ctl_request request = { .keyspace = "b", .workflow = "t" };
	struct client c = { .command = "MoveTables", .server = "127.0.0.1:15000" };
	struct http_server *server;
	int status = 0;

	expect_ok(http_serve(c.server, half_an_answer, arg, &server, &err), &err);
	expect_eq(cancel_run(&cx, &c, &request, &status), -1);
	expect_eq(err.kind, ERR_CORRUPT);
	http_stop(server);
}

/* What was read of the answer before lives no longer than that answer: seen by the sanitizers. */
TEST(a_cancellation_whose_answer_cannot_be_read_is_an_error)
{
	int polls = 0;

	sim_start(test_seed());
	struct task *t = task_spawn("test", cancels, &polls);
	sim_run();
	task_detach(t);
	sim_stop();
	expect_eq(polls, 2);
}
