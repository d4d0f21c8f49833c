/*
 * plan_kept.h - the plan of a statement that comes again, while it would be made the same again.
 *
 * A plan follows from the route, the statement with its keyspace and its modes, the client's character set
 * and the session's temporary tables. Kept is the plan of a read or a write of tables that no rule is about,
 * made without temporary tables: it owns nothing, and borrows from its route alone, which never changes.
 *
 * A prepared statement has its own (prepared_kept()), with the keyspace and the modes that it was prepared
 * in. Of texts that the loop has read before (statement_cache.h) it has a table, by the statement's number:
 * that stands for the shape and the modes, and the plan of a plain statement does not depend on literals.
 * The keyspace is compared as what the route says of it. Databases that are no keyspace go where the session
 * was last (route_base()): that must be the same keyspace.
 */
#ifndef GATE_PLAN_KEPT_H
#define GATE_PLAN_KEPT_H

#include "gate/plan.h"

/* route, by which it is found alone: it may be gone. NULL: none is kept. */
struct plan_kept {
	const struct route *route;
	uint64_t number; /* of the route */
	uint64_t statement;
	const struct route_keyspace *own; /* of a text */
	bool ascii_only;
	struct plan plan;
};

enum { PLANS_KEPT = 256 }; /* of texts, in one loop: 32 kB */

/* All zero is an empty one. */
struct plans_kept {
	struct plan_kept plans[PLANS_KEPT];
};

/* Where the plan of such a text is kept; NULL: nowhere, as where texts is NULL. The session has no temporary
 * tables. */
struct plan_kept *plans_kept_of(struct plans_kept *texts, const struct plan_input *in);
/* Sets *out; false: there is none. */
bool plan_kept_find(const struct plan_kept *k, const struct plan_input *in, struct plan *out);
/* Keeps it, if it is one of those. */
void plan_kept_note(struct plan_kept *k, const struct plan_input *in, const struct plan *made);

#endif
