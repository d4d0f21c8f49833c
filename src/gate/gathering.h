/*
 * gathering.h - the statements of all of a gate's loops, asked of each by mail and added up.
 *
 *          gathering_run()                    the last copy has come
 *   IDLE ------------------> ASKED ticket n ---------------------> IDLE
 *                                            its caller gives up
 *
 * IDLE    Nobody asks.
 * ASKED   Each worker was sent an order with the ticket; copies has what has come. Others wait
 *         for their turn.
 *
 * A copy with another ticket than the present one is of somebody who has given up: it is freed.
 */
#ifndef GATE_GATHERING_H
#define GATE_GATHERING_H

#include "gate/worker.h"

enum { GATHERING_MAX = 32 }; /* as gate_api.h has workers */

struct gathering {
	struct worker *const *workers; /* of the gate, once they serve */
	int workers_count;
	bool busy;
	uint64_t ticket;
	int wanted, count;
	struct statements_copy *copies[GATHERING_MAX];
	struct waitlist changed;
};

/* Writes a struct statements_record as JSON. */
int gathering_run(struct ctx *cx, struct gathering *g, const struct statements_request *what,
    struct buf *out) MUST_USE;
/* One has come: takes m->statements over. */
void gathering_take(struct gathering *g, const struct worker_message *m);

#endif
