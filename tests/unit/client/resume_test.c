/* The line that Ctrl-C and --detach leave: typed so it follows the same move with the same options. */
#include "client/command.h"
#include "test.h"

#define A(text)   ((char[]){ text })
#define ARGS(...) ((char *[]){ A("MoveTables"), __VA_ARGS__, NULL })

static void
resumes(char **argv, const char *server, const char *line)
{
	const struct command *command = command_find("MoveTables");
	struct command_options o;
	struct err err;
	const char *args[4];
	struct buf out = BUF_INIT;
	struct client c = {
		.server = server != NULL ? server : "127.0.0.1:15000",
		.server_given = server != NULL,
		.command = command->name,
		.options = command->options,
		.argv = argv,
		.args = args,
		.args_count = 4,
	};

	expect_ok(option_defaults(command->options, &o, &err), &err);
	expect_ok(option_parse(command->options, &o, argv, args, &c.args_count, &err), &err);
	client_resume(&out, &c);
	expect_str(out.data, line);
	buf_done(&out);
}

TEST(the_line_to_come_back_has_what_was_typed)
{
	resumes(ARGS(A("a.t"), A("b.t")), NULL, "vtctlclient MoveTables a.t b.t");
	resumes(ARGS(A("--no-switch"), A("a.t"), A("b.t")), NULL,
	    "vtctlclient MoveTables --no-switch a.t b.t");
	resumes(ARGS(A("a.t"), A("-grace_period"), A("7s"), A("--detach"), A("b.t"),
		    A("--on-grace=kill")),
	    "h:1", "vtctlclient --server h:1 MoveTables --grace-period=7s --on-grace=kill a.t b.t");
	resumes(ARGS(A("--format"), A("json"), A("--no-detach"), A("--"), A("a.t"), A("b.t")), NULL,
	    "vtctlclient MoveTables --format=json a.t b.t");
}

TEST(the_line_to_come_back_is_safe_to_type)
{
	resumes(ARGS(A("a.t;x"), A("it's")), "[::1]:15000",
	    "vtctlclient --server '[::1]:15000' MoveTables 'a.t;x' 'it'\\''s'");
}

TEST(a_hint_can_be_pasted)
{
	struct arena a = ARENA_INIT;
	struct client c = { .server = "h:1", .server_given = true };

	expect_str(client_hint(&a, &c, "first: vtctlclient A b, then vtctlclient C"),
	    "first: vtctlclient --server h:1 A b, then vtctlclient --server h:1 C");
	expect_str(
	    client_hint(&a, &c, "vtctlclient --server h:1 A b"), "vtctlclient --server h:1 A b");
	c.server_given = false;
	expect_str(client_hint(&a, &c, "vtctlclient A b"), "vtctlclient A b");
	arena_done(&a);
}

/* What Ctrl-C says that is typed before vtctld has answered. */
static void
leaves(const char *name, const char **args, int count, const char *hint)
{
	struct err err = { 0 };
	const struct client c = {
		.server = "h:1", .command = name, .args = args, .args_count = count
	};

	client_left(&c, &err);
	expect_str(err.hint, hint);
}

TEST(who_leaves_without_an_answer_is_told_how_to_know)
{
	leaves("MoveTables", (const char *[]){ "SwitchTraffic", "b.w" }, 2,
	    "vtctlclient Workflow show b.w tells");
	leaves("MoveTables", (const char *[]){ "a.t", "b.t" }, 2,
	    "vtctlclient Workflow show b.t tells");
	/* The keyspace alone, as the target is mostly typed, is no workflow's name. */
	leaves("MoveTables", (const char *[]){ "a.t", "b" }, 2, "vtctlclient Workflow list tells");
	leaves("DropTable", (const char *[]){ "a.t" }, 1, "vtctlclient DropTable a.t tells");
	leaves("CreateKeyspace", (const char *[]){ "b" }, 1, "vtctlclient GetKeyspaces tells");
}
