/*
 * supervisor.h - all programs of one data directory.
 *
 * supervisor_run() takes the lock, adopts what lives, starts what is missing,
 * gives each keyspace of the topology without a tablet a server and a
 * vttablet, and keeps all of them until its task is cancelled. What it started
 * goes on living then; supervisor_stop() ends it in order.
 *
 * Invariants
 *   (1) One supervisor per data directory: whoever holds the lock on DIR/lock.
 *   (2) DIR/tablets/UID exists before anything else of that uid does.
 *   (3) A program is kept by one task, or by none once stopping has begun.
 *
 * A keyspace's way to a tablet, each step safe to be the last one before a kill -9:
 *
 *   watch_keyspaces()   a keyspace of the topology that has neither a uid here nor a tablet of others
 *   assign_uid()        DIR/tablets/UID is written and synced: the next supervisor reads it and goes on here
 *   dbserver_prepare()  server-UID.new is filled and renamed to server-UID: a half-made one is thrown away
 *   keep_program()      the server runs, and writes its pid file first: the next one adopts it
 *   dbserver_wait()     until its accounts can log in; the whole bring-up is tried again every 2 s
 *   keep_program()      vttablet runs, enters itself, and its health key appears
 *   announce()          "vtcombo ready ...", once all that is there serves; not again for keyspaces of later
 *
 * A keyspace that is deleted keeps its server, its uid and its data: nothing is dropped by the way.
 */
#ifndef COMBO_SUPERVISOR_H
#define COMBO_SUPERVISOR_H

#include "combo/program.h"
#include "combo/wanted.h"
#include "rpc/api.h"
#include "task/group.h"
#include "topo/topo.h"

struct supervisor {
	struct places where;
	struct wanted_keyspace *wanted; /* in the arena */
	int wanted_count;
	/* Of the command line: a file of accounts, or NULL; what our programs are to be told beside their own
	 * places, NULL-terminated, or NULL for nothing. */
	const char *credentials;
	const char *const *gate_options, *const *tablet_options;
	struct credentials *accounts;
	struct topo *topo;
	struct topo_lease *lease; /* /combo/PID is on it, a struct combo_record */
	const char *installed;    /* dbkind_installed() */
	/* lives as long as the supervisor: argv of its programs */
	struct arena arena;
	struct group tasks;
	struct program *programs[2 + 2 * TABLET_UID_MAX];
	int programs_count;
	/* by uid; "" is free */
	struct claim claim;
};

/* Settings in s->where; takes the lock and checks all that one sentence can refuse. keyspaces: those to
 * create if they do not exist, "NAME" or "NAME=KIND" (dbkind.h). Blocking, before the loop's work. */
int supervisor_open(
    struct supervisor *s, const char *const *keyspaces, int count, struct err *err) MUST_USE;
/* Returns only on failure or when cancelled. */
int supervisor_run(struct ctx *cx, struct supervisor *s) MUST_USE;
/* In the task of supervisor_run(), after it, also when that was cancelled. Waits, up to 30 s for each
 * kind of program and then kills; nothing it has started runs afterwards, nor anything that it had
 * adopted. */
void supervisor_stop(struct ctx *cx, struct supervisor *s);
/* What supervisor_open() has taken; outside of the loop. Also when that has failed. */
void supervisor_close(struct supervisor *s);

#endif
