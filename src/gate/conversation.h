/*
 * conversation.h - serves one client, from its handshake until it leaves or is told to go.
 */
#ifndef GATE_CONVERSATION_H
#define GATE_CONVERSATION_H

#include "gate/session.h"

struct conversation_params {
	struct gate_loop *loop;
	uint32_t id;
};

/* Runs until the client leaves, breaks, or is told to go. Closes conn. */
void conversation_run(struct ctx *cx, const struct conversation_params *params, struct conn *conn);
/* Answers 1040 instead, and closes conn. */
void conversation_refuse(struct ctx *cx, struct conn *conn);

#endif
