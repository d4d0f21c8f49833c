/*
 * vtctlclient - types commands to vtctld.
 *
 *   argv            global options, the command, its own options and arguments; what is wrong ends with
 *                   status 2
 *   main_task()     runs the command's function in one task, under a deadline: --action-timeout, or two
 *                   minutes; MoveTables and VDiff --wait have none
 *   Ctrl-C          the first lets the answer under way decide whether there is something to come back
 *                   to; the second leaves at once, and says what is not known
 *   status          0 done, 1 an error, 130 left by Ctrl-C
 *
 * Called as vtctldclient (a link to it) it answers as Vitess's of that name does: is_vtctldclient.
 */
#include "client/command.h"
#include "cmd/main.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	CALL_WITHIN_S = 120
}; /* above the longest preflight and the start of a new keyspace's server */

/* left and status are set by the signal's task while the main one waits: both are of one loop. */
struct program {
	const struct command *command;
	const char *name; /* "vtctlclient", or "vtctldclient" */
	struct command_options options;
	struct client client;
	const char *args[COMMAND_ARGS_MAX + 1];
	int status;
	bool left;           /* by a second Ctrl-C: all is said */
	usec action_timeout; /* 0: the command's own */
};

static void
usage(FILE *out)
{
	fprintf(out,
	    "vtctlclient - types commands to vtctld\n\n"
	    "usage: vtctlclient [--server HOST:PORT] [--action-timeout DURATION] [--compact] COMMAND "
	    "[options] "
	    "[arguments]\n\n"
	    "--server defaults to $VTCTLD_SERVER, else 127.0.0.1:15000.\n"
	    "--action-timeout ends a command that has no answer by then; what vtctld has begun goes on.\n"
	    "--compact leaves members out of JSON that say nothing.\n"
	    "vtctlclient COMMAND --help shows a command's options.\n\n");
	command_list(out);
}

static void
command_help(const struct command *c)
{
	printf("usage: vtctlclient %s %s\n\n%s\n\n", c->name, c->args, c->help);
	option_help(c->options, stdout);
}

static bool
move_forever(const struct program *p)
{
	return p->command->run == move_run ||
	    (p->command->run == vdiff_run && (p->options.wait || p->options.first_version));
}

static int
complain(struct program *p, const struct err *said)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct err told = *said, *err = &told;

	if (said->hint[0] != '\0')
		(void)!err_hint(err, "%s", client_hint(&arena, &p->client, said->hint));
	p->client.json = p->options.format == 1; /* not set yet when the arguments are wrong */
	client_put_error(&p->client, err);
	fflush(stdout);
	return main_complain(p->command->name, err);
}

static void
main_task(void *arg)
{
	struct program *p = arg;
	struct err err = { 0 };
	struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };

	if (p->action_timeout > 0)
		cx.deadline = task_now() + p->action_timeout;
	else if (!move_forever(p))
		cx.deadline = task_now() + CALL_WITHIN_S * SECOND;
	/* A refusal is one, also when somebody has typed Ctrl-C before it came. */
	if (p->command->run(&cx, &p->client, &p->options, &p->status) != 0 && !p->left)
		p->status = complain(p, &err);
	arena_done(&arena);
	loop_stop(loop_current());
}

/* At once, with an answer under way. */
static void
leave(struct program *p)
{
	struct err err;

	p->left = true;
	/* left, before the loop stops: the main task ends by ERR_CANCELLED then, which must not be
	 * printed as well. */
	p->status = COMMAND_INTERRUPTED;
	if (isatty(STDOUT_FILENO) == 1)
		printf("\n"); /* behind the live line */
	if (p->client.begun) {
		move_leave(&p->client);
	} else {
		client_left(&p->client, &err);
		complain(p, &err);
	}
	loop_stop(loop_current());
}

/* The answer under way says whether there is something to detach from; a second Ctrl-C does not wait
 * for it. */
static void
on_interrupt(int sig, void *arg)
{
	struct program *p = arg;

	if (p->client.interrupted) {
		leave(p);
		return;
	}
	p->client.interrupted = true;
	if (!p->client.begun)
		fprintf(stderr, "%s: waiting for vtctld's answer; Ctrl-C again leaves without it\n",
		    p->command->name);
}

static int
run(struct program *p)
{
	struct err err = { 0 };

	if (main_loop("vtctlclient", main_task, on_interrupt, p, &err) != 0)
		return main_complain("vtctlclient", &err);
	return p->status;
}

struct globals {
	const char *server;
	usec action_timeout; /* 0: the command's own */
	bool compact, help;
};

static const struct option global_options[] = {
	{ "server", OPT_STRING, offsetof(struct globals, server), NULL, 0, 0, NULL, "HOST:PORT", "" },
	{ "action-timeout", OPT_DURATION, offsetof(struct globals, action_timeout), NULL, SECOND,
	    24 * 60 * MINUTE, NULL, "DURATION", "" },
	{ "compact", OPT_BOOL, offsetof(struct globals, compact), NULL, 0, 0, NULL, NULL, "" },
	{ "help", OPT_BOOL, offsetof(struct globals, help), NULL, 0, 0, NULL, NULL, "" },
	{ "h", OPT_BOOL, offsetof(struct globals, help), NULL, 0, 0, NULL, NULL, NULL },
	{ 0 },
};

/* How many words before the command are options and their values. */
static int
count_globals(char **argv)
{
	int i = 1;

	/* Before anything is parsed: the command's own table is not known until its name is found. */
	for (; argv[i] != NULL && argv[i][0] == '-'; i++) {
		const char *name = argv[i] + strspn(argv[i], "-");
		bool takes = strcmp(name, "server") == 0 || strcmp(name, "action-timeout") == 0 ||
		    strcmp(name, "action_timeout") == 0;

		i += takes && argv[i + 1] != NULL;
	}
	return i - 1;
}

/* Global options stand before the command. *at is its place in argv, 0 when there is none or help is
 * wanted. */
static int
read_globals(struct program *p, char **argv, int *at, struct err *err)
{
	struct globals g = { 0 };
	int count = count_globals(argv), rest_count = 0;
	char *command = argv[count + 1];
	const char *rest[1];

	/* The command ends the global options, also where one of its own has the same name: so argv is
	 * cut there, and mended. */
	argv[count + 1] = NULL;
	int rc = option_parse(global_options, &g, argv, rest, &rest_count, err);
	argv[count + 1] = command;
	TRY(rc);
	if (g.server != NULL)
		p->client.server = g.server;
	p->client.server_given = g.server != NULL;
	p->client.compact = g.compact;
	p->action_timeout = g.action_timeout;
	*at = g.help || command == NULL ? 0 : count + 1;
	return 0;
}

static int
unknown_command(const char *name)
{
	const char *close = command_suggest(name), *instead = command_instead(name);

	fprintf(stderr,
	    instead != NULL ? "vtctlclient: there is no command '%s' here\n"
			    : "vtctlclient: unknown command '%s'\n",
	    name);
	if (instead != NULL)
		fprintf(stderr, "hint: %s\n", instead);
	else if (close != NULL)
		fprintf(stderr, "hint: did you mean %s?\n", close);
	else
		fprintf(stderr, "hint: vtctlclient --help lists the commands\n");
	return 2;
}

static int
read_command(struct program *p, char **argv, struct err *err)
{
	const struct command *c = p->command;
	int count = (int)(sizeof(p->args) / sizeof(p->args[0]));

	/* Vitess's "Command -- --flags": the separator says nothing here. */
	if (argv[1] != NULL && strcmp(argv[1], "--") == 0)
		argv++;
	TRY(option_defaults(c->options, &p->options, err));
	TRY(option_parse(c->options, &p->options, argv, p->args, &count, err));
	if (p->options.help)
		return 0;
	if (count < c->args_min || count > c->args_max) {
		err_set(err, ERR_REFUSED,
		    count < c->args_min ? "arguments are missing" : "too many arguments");
		return err_hint(err, "vtctlclient %s %s", c->name, c->args);
	}
	p->client.command = c->name;
	p->client.options = c->options;
	p->client.argv = argv;
	p->client.args = p->args;
	p->client.args_count = count;
	p->client.json = p->options.format == 1;
	return 0;
}

int
main(int argc, char **argv)
{
	struct program p = { .client = { .server = getenv("VTCTLD_SERVER") } };
	const char *slash = strrchr(argv[0], '/');
	struct err err = { 0 };
	int at;

	p.name = slash == NULL ? argv[0] : slash + 1;
	p.client.is_vtctldclient = strcmp(p.name, "vtctldclient") == 0;
	if (read_globals(&p, argv, &at, &err) != 0)
		return main_complain("vtctlclient", &err) + 1;
	if (at == 0) {
		usage(argc > 1 ? stdout : stderr);
		return argc > 1 ? 0 : 2;
	}
	p.command = command_find(argv[at]);
	if (p.command == NULL)
		return unknown_command(argv[at]);
	if (read_command(&p, argv + at, &err) != 0)
		return complain(&p, &err) + 1;
	if (p.options.help) {
		command_help(p.command);
		return 0;
	}
	if (p.client.server == NULL || p.client.server[0] == '\0')
		p.client.server = "127.0.0.1:15000";
	return run(&p);
}
