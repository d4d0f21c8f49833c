/*
 * client_connection.h - serves one client, from its handshake until it leaves or is told to go.
 *
 *   LOGGING IN --client_login_greet()--> IDLE --a packet--> RUNNING --answered--> IDLE
 *        |                                |                    |
 *        +------- refused, gone ----------+--- gone, killed, --+--> ENDED
 *                                         |    stopping
 *                                         +--- a second long: RESTING --a packet--> RUNNING
 *
 * IDLE      Its backends that nothing keeps are in the pool (session.h). s->idle says so to SHOW PROCESSLIST.
 * RUNNING   commands_run() has the packet, and answers it. Packets that come meanwhile wait.
 * RESTING   What would keep a backend for an idle client, its last insert id and its user variables, has
 *           been asked for and is kept here: so a hundred idle clients cost a server nothing.
 * ENDED     Where an answer is still possible the client has been told why: an idle one reads it as the
 *           answer to its next command.
 *
 * A client is told to go by KILL and when vtgate stops: then at rest, or when the time to drain is over.
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
