/*
 * client_connection.h - serves one client, from its handshake until it leaves or is told to go.
 */
#ifndef GATE_CLIENT_CONNECTION_H
#define GATE_CLIENT_CONNECTION_H

#include "gate/session.h"

struct client_connection_params {
	struct gate_loop *loop;
	uint32_t id;
};

/* Runs until the client leaves, breaks, or is told to go. Closes conn. */
void client_connection_serve(
    struct ctx *cx, const struct client_connection_params *params, struct conn *conn);
/* Answers 1040 instead, and closes conn. */
void client_connection_refuse(struct ctx *cx, struct conn *conn);

#endif
