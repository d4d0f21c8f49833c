/*
 * plan_kept.h - the plan of a prepared statement, while it would be made the same again.
 *
 * A plan follows from the route, the statement with the keyspace and the modes that it was prepared in, the
 * client's character set and the session's temporary tables. Of a prepared statement the first, the
 * character set and the temporary tables may change from one execution to the next. Kept is the plan
 * of a read or a write of tables that no rule is about, made without temporary tables: it owns nothing,
 * and borrows from its route alone, which never changes.
 */
#ifndef GATE_PLAN_KEPT_H
#define GATE_PLAN_KEPT_H

#include "gate/plan.h"
#include "gate/prepared.h"

/* Sets *out; false: there is none. p may be NULL. */
bool plan_kept_find(const struct prepared *p, const struct plan_input *in, struct plan *out);
/* Keeps it, if it is one of those. */
void plan_kept_note(struct prepared *p, const struct plan_input *in, const struct plan *made);

#endif
