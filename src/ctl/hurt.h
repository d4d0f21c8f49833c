/*
 * hurt.h - what a move would break: of all that gates have seen, what names a table that moves together with
 * one that stays.
 *
 * A statement or a transaction is served by one server. It breaks when all of its tables are at one server
 * now and will not be after the switch. Names are followed as gates follow them, by the routing rules; a
 * database that is no keyspace is at the source's server and stays, the servers' own are everywhere.
 *
 *     customer at A, new_customer at B; users moves
 *     customer.users, customer.orders           breaks: orders stays at A
 *     customer.users, new_customer.invoices     does not work now either; after the switch it does
 *     users and orders move together            goes on working
 *
 * What has run within a week refuses the move, what has not warns: nobody may run it any more.
 *
 * It decides by what it is given alone.
 */
#ifndef CTL_HURT_H
#define CTL_HURT_H

#include "ctl/workflow.h"
#include "rpc/findings.h"
#include "rpc/statements.h"

struct keyspace_place {
	const char *keyspace, *server;
};

/* Before the switch, from one keyspace to the other: a move that comes back has them exchanged. */
struct hurt_world {
	const char *from, *to;
	const char **tables; /* as they are called at from */
	size_t tables_count;
	const struct rules_record *rules;
	const struct keyspace_place *places; /* of all keyspaces that have a server */
	size_t places_count;
};

struct hurt {
	struct findings findings;
	size_t statements, transactions; /* kinds that break, and refuse the move */
	const char *together; /* tables that would have to move too, "customer.orders,..." */
};

/* All is in the arena. */
void hurt_find(struct arena *a, const struct hurt_world *world,
    const struct statements_record *seen, struct hurt *out);

#endif
