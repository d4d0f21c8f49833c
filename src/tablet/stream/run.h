/*
 * run.h - one connected pass of a stream: from what is on disk through its phases, until frozen or
 * an error.
 *
 * Four tasks share it: the applier (which drives the tail), the conductor
 * (copy, consistency point, indexes: moves the phase forward), the lag poller, and one that waits
 * for the loss of the server's lock (server_lock.h). The first that fails ends the others; the
 * stream decides whether to make another pass.
 */
#ifndef TABLET_STREAM_RUN_H
#define TABLET_STREAM_RUN_H

#include "tablet/copy/copy.h"
#include "tablet/server/env.h"
#include "tablet/write/apply.h"
#include "task/group.h"

/* What keeps a stream waiting that is not stopped: told with its status as long as it is new. */
struct waiting {
	char text[512];
	usec at;
};

struct run {
	/* Given by the stream. */
	const struct tablet_env     *env;
	const struct move_request *request;
	struct stream_state         *state;
	struct waitlist             *changed; /* woken when state or progress changed */
	struct waiting              *waiting;

	/* Made by run_open(). */
	struct arena         arena;
	struct mysql_client *dba;    /* own server; the conductor's */
	struct mysql_client *source; /* other server; the conductor's */
	struct table_def   **defs;
	const char         **target_databases, **target_tables;
	struct slice         prepared;  /* where the tail begins (xids.h) */
	struct tail_params   tail_params;
	struct apply_params  apply_params;
	struct copy_params   copy_params;
	struct windows       windows;
	struct tail         *tail;
	struct applier      *applier; /* NULL outside of run_open() .. run_close() */
	struct copier       *copier;
	struct group         group;
	uint64_t             term; /* of the server's lock, which the pass ends with */

	/* Lag: since when the newest polled position of the source is not applied. */
	struct position polled;
	usec            behind_since; /* NEVER: not behind */
	bool            lag_known;
};

void waiting_note(struct waiting *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* 0 with run->applier == NULL when there is nothing to run (frozen or stopped). */
int run_open(struct ctx *cx, struct run *r) MUST_USE;
/* Until the applier is frozen (0) or something failed. */
int     run_go(struct ctx *cx, struct run *r) MUST_USE;
void    run_close(struct run *r);        /* safe after a failed run_open() */
int64_t run_lag_ms(const struct run *r); /* -1: not known yet */

#endif
