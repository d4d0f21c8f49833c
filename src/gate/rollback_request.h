/*
 * rollback_request.h - a gate asks for a cutover's attempt to be rolled back, so that no client is refused.
 *
 * It writes that into the workflow's record, by the compare-and-swap that the commit needs too; whoever runs
 * the attempt does the rest. Of an attempt that has committed nothing is written.
 */
#ifndef GATE_ROLLBACK_REQUEST_H
#define GATE_ROLLBACK_REQUEST_H

#include "gate/barrier.h"
#include "topo/topo.h"

struct rollback_request {
	struct topo *topo;
	int64_t lease; /* the gate's */
	const char *gate;
	const char *workflow; /* "new_customer/users" */
	int attempt;
};

/* The hold buffer is full (barrier (4)). */
void rollback_request_overflow(struct ctx *cx, const struct rollback_request *s);
/*
 * Barrier (9). A gate at which a statement is stalled writes so into the topology; a gate at which a waiting
 * transaction keeps rows locked looks there. Either may come first, so both repeat it while it lasts.
 */
void rollback_request_standstill(
    struct ctx *cx, const struct rollback_request *s, const struct standstill *what);

#endif
