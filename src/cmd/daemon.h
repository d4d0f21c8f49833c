/*
 * daemon.h - what the programs that stay have in common.
 *
 * Options and --help, a loop, SIGTERM and SIGINT, one main task, an exit status. The
 * program fills the struct and calls daemon_main() from its main().
 *
 *   options    read into settings; --help prints them and ends with 0
 *   prepare()  no loop yet: what is missing or cannot be right is refused here, with status 1
 *   serve()    in the main task. Opens topology, server and HTTP, prints one line on standard output that
 *              says where it listens ("vtctld ready http=..."), and stays. Whoever starts it waits for
 *              that line
 *   a signal   stop(), or all tasks are cancelled: serve() ends by ERR_CANCELLED
 *   end()      closes what serve() has opened, of which any part may be missing
 *
 * Files that a daemon makes are its own (umask 077). Its log goes to standard error; only
 * main_complain()'s sentence and the line above go elsewhere.
 */
#ifndef CMD_DAEMON_H
#define CMD_DAEMON_H

#include "base/option.h"
#include "task/ctx.h"

/* Filled with constants and pointers by main(), which keeps it until daemon_main() has returned. */
struct daemon {
	const char *name;    /* "vtctld" */
	const char *purpose; /* the rest of the first line of --help */
	const char *usage;   /* what is needed: "--topo URL" */
	const struct option *options;
	void *settings;   /* that options fills */
	const bool *help; /* the one that --help sets */

	/* All get arg. What cannot be right is refused before anything is opened. */
	int (*prepare)(void *arg, struct err *err); /* must not wait */
	int (*serve)(struct ctx *cx, void *arg);    /* until it is cancelled or fails */
	void (*end)(void *arg);  /* after serve(), in its task; NULL: nothing is left to end */
	void (*stop)(void *arg); /* on a signal; NULL: all tasks are cancelled */
	void *arg;

	int status; /* its own */
};

/* The exit status of the program: 0 after a signal or --help, 1 when it could not begin or serve() failed. */
int daemon_main(struct daemon *d, char **argv);

#endif
