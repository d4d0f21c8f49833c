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

struct apply_run {
	struct list entries; /* struct queued */
	size_t rows;
	struct position end, changed; /* the end of all, and of the last that changes something */
	struct slice prepared; /* xids at end (xids.h): borrowed from the last entry or from init */
	int64_t committed_s;   /* source clock of the last entry */
	bool whole;            /* ends with the last fragment of its last transaction */
	bool changes;
	bool freezes; /* end is where the freeze wants it */
};

/* borrows prepared */
void apply_run_init(struct apply_run *r, const struct position *at, struct slice prepared);
void apply_run_done(struct apply_run *r);
/* The first transaction of the queue, which has one. */
void apply_run_take(struct apply_run *r, struct apply_queue *q);
/* A transaction of the run with a key in a sealed window; NULL: none has one. */
const struct source_txn *apply_run_blocked(const struct apply_run *r, const struct windows *ws);
/* Into a fold that is emptied before. strict_from: behind this place with the changes of strict tables;
 * NULL: without. */
int apply_run_fold(const struct apply_run *r, const struct position *strict_from, struct fold *f,
    struct err *err) MUST_USE;

#endif
