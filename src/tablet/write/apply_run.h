/*
 * apply_run.h - transactions that are taken from the queue at a time and written together.
 *
 * A run begins empty, at the position that is applied, and takes transactions one by one. Who makes
 * it decides where it ends.
 */
#ifndef TABLET_WRITE_APPLY_RUN_H
#define TABLET_WRITE_APPLY_RUN_H

#include "tablet/read/window.h"
#include "tablet/write/apply_queue.h"
#include "tablet/write/fold.h"

enum {
	/* Changes that are taken together, at first and at least: some milliseconds of the target's time. */
	APPLY_RUN_ROWS = 2000,
	/* At most. The more they are the more are of one row, of which the last alone is written: of writes
	 * that meet one row in a hundred three times in four, half as many are left as of 2,000 at a time. */
	APPLY_RUN_ROWS_MAX = 32000,
	APPLY_RUN_BYTES = 16 * 1024 * 1024, /* half of what may wait in the queue behind them */
	/* A freeze ends a run; one that is under way keeps it waiting no longer. */
	APPLY_RUN_MS = 400,
};

struct apply_run {
	struct list entries; /* struct queued */
	struct apply_queue *from;
	size_t rows, bytes;
	struct position end, changed; /* the end of all, and of the last that changes something */
	struct slice prepared; /* xids at end (xids.h): borrowed from the last entry or from init */
	int64_t committed_s;   /* source clock of the last entry */
	bool whole;            /* ends with the last fragment of its last transaction */
	bool changes;
	size_t steps;                 /* of XA: transactions that are prepared or ended (txn.h) */
	const struct source_txn *ddl; /* the last entry, which has no other beside it then; else NULL */
	bool freezes;                 /* end is where the freeze wants it */
};

/* borrows prepared, and the queue that it takes from */
void apply_run_init(struct apply_run *r, struct apply_queue *from, const struct position *at,
    struct slice prepared);
void apply_run_done(struct apply_run *r);
/* The first transaction of the queue, which has one. */
void apply_run_take(struct apply_run *r);
/* Has the run room for this one, with as many rows as that? A run without any has. */
bool apply_run_has_room(const struct apply_run *r, const struct source_txn *txn, size_t rows_max);
/* How many rows the next one may have, after one of as many at most took so long. */
size_t apply_run_next_max(const struct apply_run *r, size_t rows_max, usec took);
/* A transaction of the run with a key in a sealed window; NULL: none has one. */
const struct source_txn *apply_run_blocked(const struct apply_run *r, const struct windows *ws);
/* Into a fold that is emptied before. strict_from: behind this place with the changes of strict tables,
 * or all in order where the stream is ordered (moved_table.h); NULL: without. */
int apply_run_fold(const struct apply_run *r, const struct position *strict_from, bool ordered,
    struct fold *f, struct err *err) MUST_USE;

#endif
