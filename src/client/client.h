/*
 * client.h - a command's surroundings: which vtctld, and how it is asked.
 *
 * A command is one task. What it prints for people and for machines goes to standard output as it comes; an
 * error is returned, and the program prints it once, on standard error. Nothing is kept anywhere: whatever a
 * command has begun is vtctld's and the topology's, so it may be killed at any moment and typed again.
 *
 * What is allocated lives in cx->arena, which the program frees when the command has returned.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "base/option.h"
#include "rpc/api.h"

/* Filled by cmd/vtctlclient.c before the command runs; all pointers are argv's, the tables' or the
 * environment's, and live as long as the program. The two bools at the end are all that changes while it
 * runs. */
struct client {
	const char *server;           /* vtctld, "127.0.0.1:15000" */
	bool server_given;            /* by --server */
	const char *command;          /* "MoveTables" */
	const struct option *options; /* that it takes */
	char **argv;                  /* options and arguments as they were typed; [0] is neither */

	const char **args; /* what follows the command and is no option */
	int args_count;
	bool json;            /* --format json */
	bool compact;         /* JSON without members that say nothing */
	bool is_vtctldclient; /* called by that name: answers as Vitess's does */
	bool begun;           /* vtctld has said that the move is there: one may come back to it */
	volatile bool interrupted; /* Ctrl-C was typed; set by the signal's task, between two waits */
};

/* Asks vtctld: one POST to /api/<method>, under cx's deadline, which vtctld is told. The answer's text is
 * in cx->arena. -1 with ERR_RETRY when nobody answers there (with a hint that names --server), or with
 * the error that vtctld answered, kind, text and hint as it has them. ERR_RETRY and ERR_TIMEOUT leave
 * unknown whether it was done. */
int client_call(struct ctx *cx, const struct client *c, const char *method,
    const struct ctl_request *request, struct slice *answer) MUST_USE;

/* "keyspace.table" in two, in the arena; ERR_REFUSED when it is not that. */
int client_split(struct arena *a, const char *text, const char **keyspace, const char **table,
    struct err *err) MUST_USE;

/* "keyspace.workflow", or with a slash as vtctld writes it, in two. */
int client_split_workflow(struct arena *a, const char *text, const char **keyspace,
    const char **name, struct err *err) MUST_USE;

/* Was that option typed, in whatever spelling? A default does not count: what was not typed is not sent. */
bool client_given(const struct client *c, const char *option);
/* What to type to watch this command's move again: the same, without --detach. Safe to paste into a
 * shell; appended. */
void client_resume(struct buf *out, const struct client *c);

/* A hint of vtctld's, whose commands go to the same vtctld when they are pasted; in the arena. */
const char *client_hint(struct arena *a, const struct client *c, const char *hint);
/* For machines: the error as the last line of what is printed, so that who reads standard output line by
 * line learns of it there too. Nothing without --format json. */
void client_put_error(const struct client *c, const struct err *err);
/* Nobody waits for vtctld's answer any more: what is not known, and what to type to know it. Sets err,
 * ERR_CANCELLED. */
void client_left(const struct client *c, struct err *err);

/* Prints it so, and with --compact without what says nothing. For answers that stay JSON, on standard
 * output. */
void client_print(const struct client *c, struct slice json);
/* JSON text with two spaces per level, as Vitess's tools print it. */
/* Appended, with a newline at the end. Text that is no JSON comes out in some shape, and nothing is lost
 * of it but blanks. */
void client_pretty(struct buf *out, struct slice json);
/* The same with that for each level. */
void client_indent(struct buf *out, struct slice json, const char *by);

#endif
