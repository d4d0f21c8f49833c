/*
 * setback.h - a gate asks for an attempt of a cutover to be rolled back, so that no client is refused.
 *
 * It writes that into the workflow's record, by the compare-and-swap that the commit needs too; whoever runs
 * the attempt does the rest. Of an attempt that has committed nothing is written.
 */
#ifndef GATE_SETBACK_H
#define GATE_SETBACK_H

#include "gate/barrier.h"
#include "topo/topo.h"

struct setback {
	struct topo *topo;
	int64_t lease; /* the gate's */
	const char *gate;
	const char *workflow; /* "new_customer/users" */
	int attempt;
};

/* The hold buffer is full (barrier (4)). */
void setback_overflow(struct ctx *cx, const struct setback *s);
/*
 * Barrier (9). A gate at which a statement is stalled writes so into the topology; a gate at which a waiting
 * transaction keeps rows locked looks there. Either may come first, so both repeat it while it lasts.
 */
void setback_standstill(struct ctx *cx, const struct setback *s, const struct standstill *what);

#endif
