/*
 * process.h - other processes, known by pid file: pid and start time, so that a reused pid is no match.
 *
 * A process writes its pid file itself, before it becomes its program
 * (process_become), and the file stays when it ends: who reads it asks /proc.
 *
 *   supervisor   process_spawn(): fork and exec of this very program, as "vtcombo exec PID_FILE argv..."
 *   child        process_become(): writes "PID START" to PID_FILE.new, renames it, execs argv: the pid
 *                and the start time stay the same over exec
 *   supervisor   killed here, or anywhere: the file is there before the program is
 *   the next     process_of_file(): /proc/PID has that start time, so it is that process; adopts it
 */
#ifndef COMBO_PROCESS_H
#define COMBO_PROCESS_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

/* Field 22 of /proc/PID/stat, clock ticks since boot; 0 when there is none or it is a zombie. */
uint64_t process_start_time(pid_t pid);
/* The process of that pid file when it still lives, else 0. */
pid_t process_of_file(const char *path);
/* Writes the caller's own pid file, then becomes argv[0]. Returns only on failure. */
int process_become(const char *pid_file, char *const *argv, struct err *err) MUST_USE;

struct birth {
	/* a program whose `exec PID_FILE argv...` calls process_become() */
	const char *self;
	const char *pid_file, *log;
	char *const *argv;
};

/* Own session (a Ctrl-C at our terminal is not theirs), signals as at birth, stdout and stderr appended
 * to log. *pid is set before the pid file is there. The child is ours to reap. */
int process_spawn(const struct birth *b, pid_t *pid, struct err *err) MUST_USE;
/* A descriptor that is readable once the process has ended; -1 when it is already gone. */
int process_watch(pid_t pid);

/* After the end: the exit status as waitpid() gives it, or -1 for a process that is not our child. Never
 * waits. */
int process_reap(pid_t pid);
/* The same from outside of any loop: waits up to that long; 0 when it has ended, -1 when it has not.
 * Reaps nothing. */
int process_wait(pid_t pid, int seconds);

#endif
