/*
 * run.h - one connected pass of a stream: from what is on disk through its phases, until frozen or
 * an error.
 *
 *             run_open()            run_go()               run_close()
 *   CLOSED -------------> OPEN ----------------> RUNNING ----------------> CLOSED
 *      ^  |                                                                  |
 *      |  +-- run_open() of a stream that is prepared, frozen or stopped: IDLE +
 *      +-- run_open() that failed, after run_close()
 *
 * CLOSED   No connection, no applier, copier or tail.
 * IDLE     There is nothing to run. run_go() returns at once.
 * OPEN     Connected, definitions are read, the tables are there; the tail, the copier and the applier
 *          are made.
 * RUNNING  Eight tasks share the pass:
 *            apply    drives the tail, and moves the phase RUNNING -> FROZEN
 *            copy     the conductor: copy, consistency point, indexes, keys; moves all other phases
 *            lag      asks the source for its position
 *            load     asks both servers how busy they are, while something is copied (copy/load_signs.h)
 *            room     watches the target's disk
 *            vdiff    compares both sides when that is asked for (compare/differ.h)
 *            proof    proves each transaction from a comparison on, when that is asked for (compare/prover.h)
 *            lock     waits for the loss of the server's lock (server_lock.h)
 *          The first that fails ends the others. When the applier is frozen all end, without an error.
 *          The stream decides whether to make another pass.
 *
 * Invariants (run_check() looks at those with a *)
 *   (1)* tail, copier and applier are there together, and both connections with them until the conductor has
 *        done its work: a stream may follow for weeks, beside many others of its servers.
 *   (2)* Nothing is opened in the phase PREPARED, FROZEN or STOPPED: what is prepared may be for nothing,
 *        what is frozen must not write, and what is past the commit is done.
 *   (3)* In a phase after COPYING the consistency point is known. It is stored with the phase.
 *   (4)  A phase is on disk before the pass acts on it (state_move()).
 *   (5)  Only one process has a pass of a stream: it holds the server's lock from run_open() on, in
 *        the term that it had then.
 *
 * The tail and the copy connect anew by themselves when they lose a connection; a source that goes away
 * ends the pass through the lag poller, which does not.
 *
 * An example: a new stream, and a source that is started again once.
 *
 *   pass  phase         what happens
 *   1     starting      run_open(): bare tables are made, the position A is fixed and stored  -> copying
 *   1     copying       chunks 1 to 7 are copied; the source goes away: run_go() fails
 *   -                   run_close(); the stream waits 200 ms
 *   2     copying       run_open(): the position stored last; run_go(): goes on with chunk 8
 *   2     copying       after the last chunk a heartbeat; its event is the consistency point
 *                                                                                   -> catching-up
 *   2     catching-up   the applier has become exact                                -> indexing
 *   2     indexing      indexes are built, foreign keys are added                   -> running
 *   2     running       a cutover freezes it; the applier stores it                 -> frozen
 *   3     frozen        run_open() opens nothing
 */
#ifndef TABLET_STREAM_RUN_H
#define TABLET_STREAM_RUN_H

#include "tablet/compare/prover.h"
#include "tablet/copy/copy.h"
#include "tablet/read/lag.h"
#include "tablet/server/env.h"
#include "tablet/stream/definitions.h"
#include "tablet/stream/on_ddl.h"
#include "tablet/stream/start.h"
#include "tablet/write/apply.h"
#include "task/group.h"

struct run {
	/* Given by the stream. */
	const struct tablet_env *env;
	const struct move_request *request;
	struct stream_state *state;
	struct waitlist *changed; /* woken when state or progress changed */
	struct waiting *waiting;
	struct throttle *throttle;
	struct ddl_list *ddl; /* for its status */

	/* Made by run_open(). */
	struct arena arena;
	struct mysql_client *dba;    /* own server; the conductor's */
	struct mysql_client *source; /* other server; the conductor's */
	bool conducted;              /* its work is done, both are closed */
	bool met;                    /* DDL: the next pass begins with it (on_ddl.h) */
	struct definitions defs;
	struct slice prepared; /* where the tail begins (xids.h) */
	struct kept kept;      /* with these, and goes on with the tail */
	struct position known; /* tail.h */
	struct tail_params tail_params;
	struct apply_params apply_params;
	struct copy_params copy_params;
	struct compare_params compare_params;
	struct prover prover;
	struct windows windows;
	struct tail *tail;
	struct applier *applier; /* NULL outside of run_open() .. run_close() */
	struct copier *copier;
	struct group group;
	uint64_t term; /* of the server's lock, which the pass ends with */

	struct lag lag;
};

/* Of one that is zero but for what the stream gives. 0 with run->applier == NULL when there is nothing to
 * run (prepared, frozen or stopped). ERR_RETRY: the server's lock is not held, or a server does not answer;
 * ERR_CORRUPT: the stream's row contradicts itself. After -1 too run_close() is to be called. */
int run_open(struct ctx *cx, struct run *r) MUST_USE;
/* Until the applier is frozen or has met DDL (0), or something failed. */
int run_go(struct ctx *cx, struct run *r) MUST_USE;
/* Ends what is left of the pass; the request, the state and what was said of waiting stay. */
void run_close(struct run *r);
/* Milliseconds since when the newest position polled of the source is not applied; -1: not known yet. */
int64_t run_lag_ms(const struct run *r);
/* See stream_definitions(). */
int run_definitions(
    const struct run *r, struct arena *a, struct definition_hashes *out, struct err *err) MUST_USE;
/* Aborts where (1) or (3) does not hold; not for a run that run_open() is at. run_go() looks at (2). */
void run_check(const struct run *r);

#endif
