/*
 * kill_ask.h - an order for the workers of other clients, and the wait for what comes of it (kill.h).
 */
#ifndef GATE_KILL_ASK_H
#define GATE_KILL_ASK_H

#include "base/buf.h"
#include "gate/kill_order.h"
#include "task/ctx.h"

struct gate_loop;
struct session;

/* What the asker waits for. */
struct kill_question {
	uint64_t ticket, count;
	enum kill_result result;
	bool told;        /* an answer has come, and so how many there will be */
	int left;         /* answers to come, once told */
	struct buf *rows; /* of a list */
};

/* Sends the order in the session's name and waits for all answers: result and count. rows: of a list,
 * or NULL. */
int kill_ask(struct ctx *cx, struct session *s, struct kill_order *order, struct buf *rows) MUST_USE;
/* The clients of the session's user at all workers, as processes.h writes them. */
int kill_list(struct ctx *cx, struct session *s, struct buf *rows) MUST_USE;

/* At the asker's worker: an answer has come, whose rows are freed. */
void kill_answered(struct gate_loop *loop, const struct kill_order *order);

#endif
