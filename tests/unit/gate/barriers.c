#include "unit/gate/barriers.h"

#include "task/sim.h"
#include "test.h"
#include "unit/gate/routes.h"

struct in_flight in_flight;

const struct barrier_ask READ_ALONE = { .reads = true }, WRITE_ALONE = { .locks = true },
			 READ_IN_TXN = { .transaction = true, .reads = true },
			 WRITE_IN_TXN = { .transaction = true, .locks = true };

struct barrier *
users(void)
{
	return in_flight_barrier(&in_flight, &in_flight.route->rules.rules[0]);
}

/* A statement on users, or (on_users false) on another table of its server. */
void
run(struct work *w, const struct barrier_ask *ask, bool on_users)
{
	const struct route_rule *rules[] = { &in_flight.route->ruled[0] };

	w->server = "db1:3306";
	work_send(&in_flight, w, ask, rules, on_users ? 1 : 0);
	work_answered(&in_flight, w, ask->transaction);
}

void
start_alone(void)
{
	in_flight_init(&in_flight, 1000);
	in_flight_set_route(&in_flight, route_of(1, "customer", RULE_OPEN));
}

void
start(void)
{
	sim_start(test_seed());
	start_alone();
}

void
hold(int64_t version)
{
	in_flight_set_route(&in_flight, route_of(version, "customer", RULE_HOLD));
}

bool
drained(usec now)
{
	usec again;

	in_flight_check(&in_flight);
	return in_flight_drained(&in_flight, now, &again);
}

bool
passes(const struct work *w, const struct barrier_ask *ask)
{
	return barrier_judge(users(), w, ask) == BARRIER_PASS;
}
