/*
 * judge.h - of a continuous proof (prover.h): what becomes of one transaction of the target.
 *
 * Its fragments are kept until its end, when it is known what the source has said of it, up to a bound: they
 * have the keys that are looked at when the two do not agree.
 */
#ifndef TABLET_COMPARE_JUDGE_H
#define TABLET_COMPARE_JUDGE_H

#include "tablet/compare/compare_params.h"
#include "tablet/compare/proof_row.h"

/* All zero but for params is one that has read nothing. */
struct judge {
	const struct compare_params *params;
	struct proof_row row;  /* what is true behind the last transaction that was judged */
	bool unsaved, urgent;  /* it has something to be stored; at once */
	struct list fragments; /* of the transaction that is read: struct read_fragment */
	size_t bytes;          /* of them */
	struct deltas deltas;  /* of all of it */
};

void judge_init(struct judge *j, const struct compare_params *params);
void judge_done(struct judge *j);
/* The next fragment, which is taken over. -1: what was found could not be told, and j->row is ahead of what
 * is on disk: it is to be loaded again. */
int judge_take(struct ctx *cx, struct judge *j, struct source_txn *txn) MUST_USE;
/* What was read of a transaction whose end has not come. */
void judge_forget(struct judge *j);
/* Aborts where a table that is equal has suspects. */
void judge_check(const struct judge *j);

#endif
