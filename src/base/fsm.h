/*
 * fsm.h - tables of states.
 *
 * A machine's states are rows: name, where it may go next, whether the state
 * is on disk, and the sentence an operator reads. fsm_move() checks the edge,
 * logs one line and counts; diagrams are printed from the same rows.
 */
#ifndef BASE_FSM_H
#define BASE_FSM_H

#include "base/parse.h"

#include <stdint.h>

struct fsm_state {
	const char *name;
	uint64_t    next;        /* bit i: may go to state i */
	bool        persistent;  /* believed after a restart */
	const char *holds;       /* what is true in this state, one sentence */
};

struct fsm_table {
	const char             *name;    /* "stream", "cutover" */
	const struct fsm_state *states;
	int                     count;   /* at most 64 */
};

struct fsm {
	const struct fsm_table *table;
	int                     state;
	uint64_t                moves;
};

#define FSM_TO(state) (UINT64_C(1) << (state))

void fsm_init(struct fsm *m, const struct fsm_table *table, int state);
void fsm_move(struct fsm *m, int next, const char *why);   /* checks that the edge exists */
bool fsm_may(const struct fsm *m, int next);
const char *fsm_name(const struct fsm *m);
/* State number of a name, or -1. */
int  fsm_find(const struct fsm_table *table, const char *name);

#endif
