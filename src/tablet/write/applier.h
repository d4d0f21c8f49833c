/*
 * applier.h - what apply.c, apply_take.c and apply_ask.c share: the applier itself. Its states, invariants
 * and a worked timeline are in apply.h; nobody else includes this.
 */
#ifndef TABLET_WRITE_APPLIER_H
#define TABLET_WRITE_APPLIER_H

#include "tablet/write/apply_params.h"
#include "tablet/write/apply_parts.h"
#include "tablet/write/apply_run.h"
#include "tablet/write/freeze.h"
#include "tablet/write/ledger.h"
#include "task/group.h"

/*
 * Two tasks: pull() takes from the tail and queues, work() takes runs from the
 * queue and writes. Windows are touched by pull() in the step that takes a
 * transaction; work() waits for sealed ones.
 */
struct applier {
	const struct apply_params *params;
	struct stream_state *state;
	struct writers writers;
	struct fold fold;
	struct group group;
	struct apply_queue queue;
	struct waitlist changed; /* others wait for news */
	struct position cp;
	struct buf prepared; /* at applied (xids.h) */
	bool alone;          /* has all slots, and what is on disk is known */
	bool exact, ended, frozen;
	bool complete; /* every table is, so that DDL may be met */
	bool met;      /* DDL, which is on disk: it goes no further */
	bool strict;   /* changes of strict tables are applied, behind strict_from */
	struct position strict_from;
	struct position hold_at;
	bool hold, held;         /* nothing behind it is taken yet; nothing before it is left */
	bool suspend, suspended; /* asked for; nothing is written */
	struct parts parts;      /* that a former applier has committed beyond applied */
	struct freeze freeze;
	struct ledger ledger; /* of what is behind applied */
	usec stored_at;
	size_t run_rows; /* at most, in the next run */
	int tries;       /* of the present run, before this one */
	int64_t changes, last_commit_s;
};

/* ---- apply_take.c */

/* Is a target that is at this position the source's equal there, with nothing half written? */
bool applier_is_exact_at(const struct applier *a, const struct position *p);
/* Has a former applier committed parts of a run whose end is not applied? */
bool applier_is_pending(const struct applier *a);
/* Until there is something to write, a freeze to store, or the mode to change. r is made here. */
int applier_take_run(struct ctx *cx, struct applier *a, struct apply_run *r) MUST_USE;
/* Until no chunk has sealed a key of the run. */
int applier_wait_windows(struct ctx *cx, struct applier *a, const struct apply_run *r) MUST_USE;

#endif
