/* Names that are given another place: who waits for them, and for whom they wait (turnstile.h, NAMING). */
#include "gate/turnstile.h"
#include "task/sim.h"
#include "test.h"
#include "unit/gate/routes.h"

static struct crowd crowd;

static const struct turnstile_ask READ_ALONE = { .reads = true }, WRITE_ALONE = { .locks = true },
				  READ_IN_TXN = { .transaction = true, .reads = true },
				  WRITE_IN_TXN = { .transaction = true, .locks = true };

static bool
passes(const struct passenger *p, const struct turnstile_ask *ask)
{
	return turnstile_judge(crowd_turnstile(&crowd, &crowd.route->rules.rules[0]), p, ask) ==
	       TURNSTILE_PASS;
}

static void
start(void)
{
	sim_start(test_seed());
	crowd_init(&crowd, 1000);
	crowd_set_route(&crowd, route_of(1, "customer", RULE_OPEN));
}

static bool
drained(void)
{
	usec again;

	crowd_check(&crowd);
	return crowd_drained(&crowd, task_now(), &again);
}

static struct statement
ddl_of(struct table_ref *table, const char *name)
{
	*table = (struct table_ref){ .table = slice_str(name), .role = TABLE_DDL };
	return (struct statement){
		.kind = STATEMENT_DDL, .understood = true, .tables = table, .tables_count = 1
	};
}

/* What is told that there is no such table need not wait; what may make it waits, in a transaction too. */
TEST(only_ddl_waits_for_a_name)
{
	struct passenger     p = { .kill = NULL };
	struct table_ref     table;
	struct statement     st = ddl_of(&table, "users");
	struct turnstile_ask ddl = { .locks = true, .defines = &st };

	start();
	crowd_set_route(&crowd, route_of(2, "customer", RULE_NAMING));
	expect(passes(&p, &READ_ALONE) && passes(&p, &WRITE_ALONE) && passes(&p, &READ_IN_TXN) &&
	       passes(&p, &WRITE_IN_TXN));
	expect(!passes(&p, &ddl));
	ddl.transaction = true;
	expect(!passes(&p, &ddl));
	crowd_set_route(&crowd, route_of(3, "new_customer", RULE_OPEN));
	expect(passes(&p, &ddl));
	crowd_done(&crowd);
	sim_stop();
}

TEST(ddl_under_way_on_a_name_is_waited_for)
{
	struct passenger     maker = { .kill = NULL }, other = { .kill = NULL }, writer = { .kill = NULL };
	struct table_ref     tables[2];
	struct statement     makes = ddl_of(&tables[0], "users"), alters = ddl_of(&tables[1], "orders");
	struct turnstile_ask ddl = { .locks = true, .defines = &makes };

	start();
	passenger_send(&crowd, &maker, &ddl, NULL, 0);
	ddl.defines = &alters;
	passenger_send(&crowd, &other, &ddl, NULL, 0);
	writer.server = "db1:3306";
	passenger_send(&crowd, &writer, &WRITE_IN_TXN, NULL, 0);
	passenger_answered(&crowd, &writer, true);
	crowd_set_route(&crowd, route_of(2, "customer", RULE_NAMING));
	expect(!drained());
	passenger_answered(&crowd, &maker, false);
	expect(drained()); /* neither for other tables' DDL nor for a transaction */
	ddl.defines = &makes;
	passenger_send(&crowd, &maker, &ddl, NULL, 0); /* it was let through by the rules after */
	expect(drained());
	passenger_answered(&crowd, &maker, false);
	passenger_answered(&crowd, &other, false);
	passenger_leave(&crowd, &writer);
	crowd_done(&crowd);
	sim_stop();
}
