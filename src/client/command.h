/*
 * command.h - vtctlclient's commands: one row each.
 *
 * A row has what the program needs to read the arguments, to print the help and to run it; a new command is a
 * row in command.c and a function. The spellings of MoveTables are forms.h's, not rows.
 *
 * Exit statuses: 0 done; 1 an error, which was printed; 2 the arguments are wrong; 130 left by Ctrl-C, with a
 * line that says how to come back.
 */
#ifndef CLIENT_COMMAND_H
#define CLIENT_COMMAND_H

#include "base/option.h"
#include "client/client.h"

/* Every option of every command; a command's table names those it takes. One struct, so that an option
 * has one name and one place whichever command takes it; what a table does not name stays as zeroed
 * memory has it: NULL, 0, false. */
struct command_options {
	struct workflow_options move; /* of a move; client_given() says which of them were typed */
	const char *switch_window;    /* "22:00-04:00", read by form_options(); NULL */
	const char *max_load;         /* "Threads_running=25", the same */
	int64_t switch_attempts, limit; /* limit: GetStatements' lines */
	int on_grace, format; /* indexes of the options' choices; format: 0 text, 1 json */
	int on_ddl;           /* the same: enum on_ddl */
	int engine;           /* "InnoDB", the only one */
	bool first_form;      /* -v1, which says what the arguments say too */
	bool detach, force, help, end, all_tables, auto_start, dry_run, keep_data, rename_tables;
	bool wait, verbose, repair, continuous, first_version, second_version; /* VDiff's */
	usec wait_update_interval;
	int64_t rows_limit, samples, max_extra, truncate_at;
	bool keep_rules, remove_rules, allow_primary, recursive, logs;
	/* From here on NULL where it was not typed. */
	const char *rules, *rules_file; /* of ApplyRoutingRules: one of the two */
	/* Names as typed: name_one() takes backquotes off. tables, exclude_tables: form_tables() reads
	 * them. */
	const char *keyspace, *sidecar, *workflow, *tables, *exclude_tables;
	const char *source_keyspace, *target_keyspace;
	const char *shard, *tablet_type, *server_kind, *database;
};

/* Rows of a command's table of options (base/option.h); REFUSED: what Vitess has and this has not. */
#define OPTION(name, type, member, fallback, min, max, choices, value, help)                       \
	{                                                                                          \
		name, type, offsetof(struct command_options, member), fallback, min, max, choices, \
		    value, help                                                                    \
	}

#define REFUSED(name, instead)                                                                     \
	{                                                                                          \
		name, OPT_REFUSED, 0, NULL, 0, 0, NULL, NULL, instead                              \
	}

enum { COMMAND_ARGS_MAX = 64 };     /* of one that takes any number */
enum { COMMAND_INTERRUPTED = 130 }; /* as the shell says of a program ended by SIGINT */

/* A constant row. options ends with { 0 }; args and help are printed as they stand. */
struct command {
	const char *name, *args, *help;
	int args_min, args_max;
	const struct option *options;
	/* 0 and *status (0 unless told otherwise), or -1: the caller prints the error and exits
	 * with 1. */
	/* In a task of its own; may wait. Arguments are counted already, options checked. */
	int (*run)(struct ctx *cx, struct client *c, const struct command_options *o, int *status);
};

/* Case does not matter. Two-word commands ("Workflow show") take their second word from args. NULL:
 * no such command. */
const struct command *command_find(const char *name);
/* For a name that is none. Constants, as all that these three return. */
const char *command_suggest(const char *name); /* the closest one, or NULL */
const char *command_instead(const char *name); /* of one that Vitess alone has: what to do; NULL */
void command_list(FILE *out);

/* move.c: MoveTables in all its spellings (forms.h). Has no deadline of its own: a copy takes as long as
 * it takes. */
int move_run(
    struct ctx *cx, struct client *c, const struct command_options *o, int *status) MUST_USE;

/* Says, on standard output, how to watch the move again that goes on without this command. */
void move_leave(const struct client *c);
/* workflow.c: lists workflows, shows one, or has it taken back. "Workflow show keyspace.name" and Vitess's
 * older "Workflow keyspace.name show". */
/* vdiff.c */
extern const struct option vdiff_command_options[];
int vdiff_run(
    struct ctx *cx, struct client *c, const struct command_options *o, int *status) MUST_USE;
int workflow_run(
    struct ctx *cx, struct client *c, const struct command_options *o, int *status) MUST_USE;
/* cancel.c: has a workflow taken back that has not switched, and waits until it is. request: its keyspace,
 * workflow, and what is to stay. Typed again it attaches to the same cancellation. ERR_TIMEOUT when it
 * goes on after this has given up waiting; a rollback that waits for clients is waited for to the end of
 * its time, a trouble for 10 s. */
int cancel_run(
    struct ctx *cx, struct client *c, const struct ctl_request *request, int *status) MUST_USE;

/* admin.c: what an administrator takes away. */
int admin_delete_keyspace(
    struct ctx *cx, struct client *c, const struct command_options *o, int *status) MUST_USE;
int admin_delete_tablets(
    struct ctx *cx, struct client *c, const struct command_options *o, int *status) MUST_USE;
int admin_apply_rules(
    struct ctx *cx, struct client *c, const struct command_options *o, int *status) MUST_USE;

/* validate.c: ValidateTablet: status 1 where something is not met. */
int validate_run(
    struct ctx *cx, struct client *c, const struct command_options *o, int *status) MUST_USE;

/* tablets.c: GetTablets, which lists them, and GetTablet, which shows one as Vitess's of that name does. */
int tablets_list(
    struct ctx *cx, struct client *c, const struct command_options *o, int *status) MUST_USE;
int tablets_show(
    struct ctx *cx, struct client *c, const struct command_options *o, int *status) MUST_USE;

#endif
