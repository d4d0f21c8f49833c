/*
 * mariadb.h - a private MariaDB for one test.
 *
 * Listens on a unix socket only, so that tests need no free ports. It dies with the
 * test's process. root has no password. Row binlog, GTIDs and local_infile are on.
 */
#ifndef TESTS_REAL_MARIADB_H
#define TESTS_REAL_MARIADB_H

#include "base/arena.h"
#include "task/task.h"

#include <sys/types.h>

struct mariadb {
	char dir[256], socket[300];
	char address[320]; /* "unix:<socket>" */
	int server_id;
	pid_t pid;
};

/* Makes dir/data and starts a server there; ends the test when it does not come up. */
void mariadb_start(struct mariadb *m, const char *dir, int server_id);
void mariadb_kill(struct mariadb *m);    /* -9 */
void mariadb_restart(struct mariadb *m); /* on the same data, after a kill */

/* Runs fn as a task of a real loop, and empties the arena that it used. */
void in_task(task_fn *fn, struct arena *arena);

#endif
