/*
 * program.h - one supervised process: started, adopted, started again, stopped.
 *
 *   STOPPED -> RUNNING -> BACKING_OFF -> RUNNING ...   while program_keep() runs
 *   RUNNING -> STOPPED                                 by program_stop()
 *
 * Cancelling program_keep() leaves the process alone: it is what a killed
 * supervisor does, and the next one adopts it.
 */
#ifndef COMBO_PROGRAM_H
#define COMBO_PROGRAM_H

#include "base/arena.h"
#include "combo/places.h"
#include "task/task.h"

#include <sys/types.h>

enum {
	PROGRAM_ARGS_MAX = 48, /* a server has about 25 settings */
	PROGRAM_PORTS_MAX = 2, /* vtgate's */
};

struct program {
	char name[PROGRAM_NAME_MAX]; /* "vtgate", "server-1", "vttablet-1" */
	const char *self;            /* struct places */
	char pid_file[PLACE_MAX], log[PLACE_MAX];
	char *argv[PROGRAM_ARGS_MAX + 1];
	int argc;
	pid_t pid;          /* 0: not running */
	int starts, status; /* status: of the last end, -1 unknown */
	int ports[PROGRAM_PORTS_MAX], ports_count;
	/* before each start; NULL: nothing */
	void (*before_start)(struct program *p, void *arg);
	void *before_arg;
};

/* argv's strings go to the arena, which must outlive the program. */
void program_init(struct program *p, const struct places *where, const char *name);
void program_arg(struct arena *a, struct program *p, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

void program_port(struct program *p, int port); /* it is going to listen there */

/* Takes over the process of the pid file if it lives. */
bool program_adopt(struct program *p);
/* Runs it once to its end: 0 when it exited with 0. */
int program_run(struct ctx *cx, struct program *p) MUST_USE;
/* Keeps it running, adopted or started anew, until the task is cancelled. */
int program_keep(struct ctx *cx, struct program *p) MUST_USE;
/* SIGTERM,
    then past cx->deadline SIGKILL; returns when it has ended. Nobody may keep it any more. */
void program_stop(struct ctx *cx, struct program *p);

#endif
