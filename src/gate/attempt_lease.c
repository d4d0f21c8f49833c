/* What an attempt asks of the lease that its route was read under. */
#include "gate/attempt.h"

#include "gate/refuse.h"

#define LEASE_PAUSE (20 * MSEC)
#define LEASE_WAIT  (10 * SECOND) /* three leases: a store that comes back does so in this time */

bool
attempt_lease_held(const struct attempt *a)
{
	return a->plan.ruled_count == 0 || lease_view_held(a->s->loop->lease, a->epoch);
}

enum outcome
attempt_lease_lost(struct ctx *cx, const struct attempt *a)
{
	count(&a->s->loop->counts.lease_closed, 1);
	(void)refuse(cx->err, ER_CONNECTION_KILLED,
	    "vtgate has lost its lease: whether table '%s' is still served where it ran is unknown",
	    a->plan.ruled[0]->record->from_table);
	return OUTCOME_CLOSE;
}

/* The lease of the route is not held: wait for it, and for the rules read under it. */
enum outcome
attempt_wait_lease(struct ctx *cx, struct attempt *a)
{
	const struct gate_loop *loop = a->s->loop;
	usec until = task_now() + LEASE_WAIT;

	while (!lease_view_held(loop->lease, loop->in_flight.route->epoch)) {
		if (task_now() >= until)
			return attempt_lease_lost(cx, a);
		if (attempt_interrupted(cx, a->s))
			return OUTCOME_ERROR;
		if (task_sleep(cx, LEASE_PAUSE) != 0)
			return OUTCOME_CLOSE;
	}
	return OUTCOME_AGAIN;
}
