/*
 * setback.h - a gate asks for an attempt of a cutover to be rolled back: nobody is refused instead.
 *
 * By the compare-and-swap of the workflow's record that the commit needs; whoever runs the attempt does
 * the rest.
 */
#ifndef GATE_SETBACK_H
#define GATE_SETBACK_H

#include "gate/barrier.h"
#include "topo/topo.h"

struct setback {
	struct topo *topo;
	int64_t      lease;       /* the gate's */
	const char  *gate;
	const char  *workflow;    /* "new_customer/users" */
	int          attempt;
};

/* The hold buffer is full (barrier (4)). */
void setback_overflow(struct ctx *cx, const struct setback *s);
/*
 * Barrier (9). Who is stalled says so in the topology; who keeps somebody waiting with rows locked looks
 * there. Either may come first, and each is to tell again while it lasts.
 */
void setback_standstill(struct ctx *cx, const struct setback *s, const struct standstill *what);

#endif
