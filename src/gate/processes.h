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

/* The columns that rows are of: MariaDB 10.11's. Other servers have less or more of them. */
enum { PROCESSES_COLUMNS = 18 };
extern const char *const processes_columns[PROCESSES_COLUMNS];

/* Those of this loop, as further rows of VALUES, in order->rows: "ROW(...), ROW(...)" as any server takes it
 * (DIALECT_ROW); NULL when there are none. */
void processes_here(const struct gate_loop *loop, struct kill_order *order);

#endif
