/*
 * daemon.h - what the programs that stay have in common.
 *
 * Options and --help, a loop, SIGTERM and SIGINT, one main task, an exit status. The
 * program fills the struct and calls daemon_main() from its main().
 */
#ifndef CMD_DAEMON_H
#define CMD_DAEMON_H

#include "base/option.h"
#include "task/ctx.h"

struct daemon {
	const char *name;    /* "vtctld" */
	const char *purpose; /* the rest of the first line of --help */
	const char *usage;   /* what is needed: "--topo URL" */
	const struct option *options;
	void *settings;   /* that options fills */
	const bool *help; /* the one that --help sets */

	/* All get arg. What cannot be right is refused before anything is opened. */
	int (*prepare)(void *arg, struct err *err);
	int (*serve)(struct ctx *cx, void *arg); /* until it is cancelled or fails */
	void (*end)(void *arg);  /* after serve(), in its task; NULL: nothing is left to end */
	void (*stop)(void *arg); /* on a signal; NULL: all tasks are cancelled */
	void *arg;

	int status; /* its own */
};

/* The exit status of the program. */
int daemon_main(struct daemon *d, char **argv);

#endif
