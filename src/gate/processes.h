/*
 * processes.h - the gate's clients as rows of information_schema.PROCESSLIST.
 *
 * A client sees those of its own user, as at a server without the privilege PROCESS, with the ids that KILL
 * takes. The servers' own lists have the gate's connections, which are not shown.
 */
#ifndef GATE_PROCESSES_H
#define GATE_PROCESSES_H

#include "gate/gate_loop.h"
#include "gate/kill_order.h"

/* The columns that rows are of; MariaDB 10.11 has no others. */
#define PROCESSES_COLUMNS                                                                          \
	"ID, USER, HOST, DB, COMMAND, TIME, STATE, INFO, TIME_MS, STAGE, MAX_STAGE, PROGRESS, "    \
	"MEMORY_USED, MAX_MEMORY_USED, EXAMINED_ROWS, QUERY_ID, INFO_BINARY, TID"

/* Those of this loop, as rows of VALUES, in order->rows: "(...), (...)"; NULL when there are none. */
void processes_here(const struct gate_loop *loop, struct kill_order *order);

#endif
