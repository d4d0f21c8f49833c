#include "unit/gate/crowds.h"

#include "task/sim.h"
#include "test.h"
#include "unit/gate/routes.h"

struct crowd crowd;

const struct turnstile_ask READ_ALONE = { .reads = true }, WRITE_ALONE = { .locks = true },
				  READ_IN_TXN = { .transaction = true, .reads = true },
				  WRITE_IN_TXN = { .transaction = true, .locks = true };

struct turnstile *
users(void)
{
	return crowd_turnstile(&crowd, &crowd.route->rules.rules[0]);
}

/* A statement on users, or (on_users false) on another table of its server. */
void
run(struct passenger *p, const struct turnstile_ask *ask, bool on_users)
{
	const struct route_rule *rules[] = { &crowd.route->ruled[0] };

	p->server = "db1:3306";
	passenger_send(&crowd, p, ask, rules, on_users ? 1 : 0);
	passenger_answered(&crowd, p, ask->transaction);
}

void
open_doors(void)
{
	crowd_init(&crowd, 1000);
	crowd_set_route(&crowd, route_of(1, "customer", RULE_OPEN));
}

void
start(void)
{
	sim_start(test_seed());
	open_doors();
}

void
hold(int64_t version)
{
	crowd_set_route(&crowd, route_of(version, "customer", RULE_HOLD));
}

bool
drained(usec now)
{
	usec again;

	crowd_check(&crowd);
	return crowd_drained(&crowd, now, &again);
}

bool
passes(const struct passenger *p, const struct turnstile_ask *ask)
{
	return turnstile_judge(users(), p, ask) == TURNSTILE_PASS;
}
