/*
 * plan.h - statement + routing rules: which server runs it, as which text.
 *
 * Every table that a statement names belongs to a keyspace (its qualifier, or
 * the session's), and a rule may send it to another. A database that is no keyspace is at the server
 * of the keyspace that the session has used last. All must be on one
 * server. Names of tables that are served elsewhere than they say are rewritten
 * to `database`.`table`, three-part column qualifiers too; a two-part one (users.id)
 * stays, because it means the table by its own name, which it goes on having (called.h).
 *
 * A plan borrows from the route and the statement it was made of.
 */
#ifndef GATE_PLAN_H
#define GATE_PLAN_H

#include "gate/planner.h"

struct plan_input {
	const struct route *route;
	const struct statement *statement;
	struct slice sql, keyspace; /* the session's; SLICE_NULL: none */
	struct slice base; /* the keyspace used last, for databases that are none: route_base() */
	const struct route_keyspace
	    *own; /* what the route says of keyspace; NULL: nothing, or not asked yet */
	const struct temporary_tables *temporary; /* the session's */
	/* the client's character set is not UTF-8: other names than ASCII cannot be compared with rules */
	bool ascii_only;
	unsigned modes; /* of sql_mode, for the lexer */
};

/* The text is in the arena when it was rewritten. Refusals carry the number that the client gets.
 */
int plan_make(
    struct arena *a, const struct plan_input *in, struct plan *out, struct err *err) MUST_USE;

/* Was it refused because its tables are on two servers? Then *apart says so (if not NULL), and e is clear. */
bool plan_is_apart(struct err *e, bool *apart);

#endif
