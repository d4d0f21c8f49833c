/*
 * planner.h - a statement while plan_make() plans it, and the text that is sent in the end.
 */
#ifndef GATE_PLANNER_H
#define GATE_PLANNER_H

#include "gate/plan.h"

/* One statement being planned. */
struct planner {
	struct arena           *arena;
	const struct route     *route;
	const struct statement *s;
	struct slice            sql, keyspace, base;
	const struct temporary_tables *temporary;
	unsigned                uses; /* the statement's, and of its catalogue tables */
	struct plan            *out;
	const struct table_ref *placed_by; /* the table that decided the place */
	const struct route_keyspace *elsewhere; /* the session's own, when DATABASE() is to be its name */
	struct slice            placed_keyspace;
	bool                    named_otherwise; /* a table of the statement is, where it runs */
};

bool planner_is_table(const struct table_ref *t);
struct slice planner_keyspace(const struct planner *p, const struct table_ref *t);
/* NULL: none is about it */
const struct route_rule *planner_rule(const struct planner *p, const struct table_ref *t);
/* Where a temporary table of the session is that is not in its own keyspace, or NULL. */
const struct route_keyspace *planner_temporary(const struct planner *p, const struct table_ref *t);

/* The plan's text: every name as the server that runs it has it. Placed before. */
int planner_rewrite(struct planner *p, struct err *err) MUST_USE;

#endif
