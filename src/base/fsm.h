/*
 * fsm.h - tables of states.
 *
 * A machine's states are rows: its name, where it may go next, and the sentence that is true
 * there. Where the state itself is kept is its owner's business; whoever moves it
 * asks fsm_check() before the new state is written, which ends the process when there is no such
 * edge (our mistake), and tells of it with fsm_moved() after. tools/fsm_graph.py prints the same
 * rows into the READMEs.
 */
#ifndef BASE_FSM_H
#define BASE_FSM_H

#include <stdbool.h>
#include <stdint.h>

struct fsm_state {
	const char *name;
	uint64_t next;     /* FSM_TO() of each state it may go to */
	const char *holds; /* one sentence, for the log and for people */
};

struct fsm {
	const char *name; /* "stream", "workflow" */
	const struct fsm_state *states;
	int count; /* at most 64 */
};

#define FSM_TO(state) (UINT64_C(1) << (state))

const char *fsm_name(const struct fsm *f, int state);
/* The state of that name, or -1. */
int fsm_find(const struct fsm *f, const char *name);
/* Staying is no move, and always allowed. */
bool fsm_may(const struct fsm *f, int from, int to);
void fsm_check(const struct fsm *f, int from, int to);
/* One line, unless it stayed: "stream users: copying -> catching-up: every chunk is ...". */
void fsm_moved(const struct fsm *f, const char *who, int from, int to);

#endif
