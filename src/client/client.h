/*
 * client.h - a command's surroundings: which vtctld, and how it is asked.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "base/option.h"
#include "rpc/api.h"

struct client {
	const char *server;           /* vtctld, "127.0.0.1:15000" */
	bool server_given;            /* by --server */
	const char *command;          /* "MoveTables" */
	const struct option *options; /* that it takes */
	char **argv;                  /* options and arguments as they were typed; [0] is neither */

	const char **args; /* what follows the command and is no option */
	int args_count;
	bool json;                 /* --format json */
	bool compact;              /* JSON without members that say nothing */
	bool is_vtctldclient;      /* called by that name: answers as Vitess's does */
	bool begun;                /* vtctld has said that the move is there */
	volatile bool interrupted; /* Ctrl-C was typed */
};

/* Asks vtctld; the answer's text is in cx->arena. */
int client_call(struct ctx *cx, const struct client *c, const char *method,
    const struct ctl_request *request, struct slice *answer) MUST_USE;

/* "keyspace.table" in two; ERR_REFUSED when it is not that. */
int client_split(struct arena *a, const char *text, const char **keyspace, const char **table,
    struct err *err) MUST_USE;

/* "keyspace.workflow", or with a slash as vtctld writes it, in two. */
int client_split_workflow(struct arena *a, const char *text, const char **keyspace,
    const char **name, struct err *err) MUST_USE;

/* Was that option typed? */
bool client_given(const struct client *c, const char *option);
/* What to type to watch this command's move again: the same, without --detach. */
void client_resume(struct buf *out, const struct client *c);

/* A hint of vtctld's, whose commands go to the same vtctld when they are pasted; in the arena. */
const char *client_hint(struct arena *a, const struct client *c, const char *hint);
/* For machines: the error as the last line of what is printed. */
void client_put_error(const struct client *c, const struct err *err);
/* Nobody waits for vtctld's answer any more: what is not known, and what to type to know it. */
void client_left(const struct client *c, struct err *err);

/* Prints it so, and with --compact without what says nothing. */
void client_print(const struct client *c, struct slice json);
/* JSON text with two spaces per level, as Vitess's tools print it. */
void client_pretty(struct buf *out, struct slice json);

#endif
