/*
 * program.h - one supervised process: started, adopted, started again, stopped.
 *
 *   STOPPED -> RUNNING -> BACKING_OFF -> RUNNING ...   while program_keep() runs
 *   RUNNING -> STOPPED                                 by program_stop()
 *
 * Cancelling program_keep() leaves the process alone: it is what a killed
 * supervisor does, and the next one adopts it.
 *
 *   edge                       by
 *   STOPPED -> RUNNING         program_keep(): adopted from its pid file, or started
 *   RUNNING -> BACKING_OFF     its end, seen through a pidfd; a start that failed too
 *   BACKING_OFF -> RUNNING     after 100 ms, doubled up to 10 s; 100 ms again for one that ran for 30 s
 *   RUNNING -> STOPPED         program_stop(), once its keeper was cancelled
 *
 * RUNNING is pid != 0. Of BACKING_OFF nothing is kept but the keeper's stack: a supervisor that is killed
 * then starts it at once when it comes back.
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

/* Must not move while it is kept. pid, starts and status are the keeper's to write, others may read them. */
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

/* Takes over the process of the pid file if it lives. It is no child of ours: its exit status is never
 * known. */
bool program_adopt(struct program *p);
/* Runs it once to its end: 0 when it exited with 0; ERR_REFUSED, naming its log, when not. Cancelled or
 * late it is stopped first. */
int program_run(struct ctx *cx, struct program *p) MUST_USE;
/* Keeps it running, adopted or started anew, until the task is cancelled: -1 with ERR_CANCELLED (or
 * ERR_TIMEOUT, past cx->deadline). Nothing else ends it; what goes wrong is logged. */
int program_keep(struct ctx *cx, struct program *p) MUST_USE;
/* SIGTERM, then past cx->deadline SIGKILL; returns when it has ended. Nobody may keep it any more: they
 * would start it again. No-op for one that does not run. */
void program_stop(struct ctx *cx, struct program *p);

#endif
