/* Names that are given another place: who waits for them, and for whom they wait (barrier.h, NAMING). */
#include "gate/barrier.h"
#include "task/sim.h"
#include "test.h"
#include "unit/gate/routes.h"

static struct in_flight in_flight;

static const struct barrier_ask READ_ALONE = { .reads = true }, WRITE_ALONE = { .locks = true },
				READ_IN_TXN = { .transaction = true, .reads = true },
				WRITE_IN_TXN = { .transaction = true, .locks = true };

static bool
passes(const struct work *w, const struct barrier_ask *ask)
{
	return barrier_judge(in_flight_barrier(&in_flight, &in_flight.route->rules.rules[0]), w,
		   ask) == BARRIER_PASS;
}

static void
start(void)
{
	sim_start(test_seed());
	in_flight_init(&in_flight, 1000);
	in_flight_set_route(&in_flight, route_of(1, "customer", RULE_OPEN));
}

static bool
drained(void)
{
	usec again;

	in_flight_check(&in_flight);
	return in_flight_drained(&in_flight, task_now(), &again);
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
	struct work w = { .kill = NULL };
	struct table_ref table;
	struct statement st = ddl_of(&table, "users");
	struct barrier_ask ddl = { .locks = true, .defines = &st };

	start();
	in_flight_set_route(&in_flight, route_of(2, "customer", RULE_NAMING));
	expect(passes(&w, &READ_ALONE) && passes(&w, &WRITE_ALONE) && passes(&w, &READ_IN_TXN) &&
	    passes(&w, &WRITE_IN_TXN));
	expect(!passes(&w, &ddl));
	ddl.transaction = true;
	expect(!passes(&w, &ddl));
	in_flight_set_route(&in_flight, route_of(3, "new_customer", RULE_OPEN));
	expect(passes(&w, &ddl));
	in_flight_done(&in_flight);
	sim_stop();
}

TEST(ddl_under_way_on_a_name_is_waited_for)
{
	struct work maker = { .kill = NULL }, other = { .kill = NULL }, writer = { .kill = NULL };
	struct table_ref tables[2];
	struct statement makes = ddl_of(&tables[0], "users"), alters = ddl_of(&tables[1], "orders");
	struct barrier_ask ddl = { .locks = true, .defines = &makes };

	start();
	work_send(&in_flight, &maker, &ddl, NULL, 0);
	ddl.defines = &alters;
	work_send(&in_flight, &other, &ddl, NULL, 0);
	writer.server = "db1:3306";
	work_send(&in_flight, &writer, &WRITE_IN_TXN, NULL, 0);
	work_answered(&in_flight, &writer, true);
	in_flight_set_route(&in_flight, route_of(2, "customer", RULE_NAMING));
	expect(!drained());
	work_answered(&in_flight, &maker, false);
	expect(drained()); /* neither for other tables' DDL nor for a transaction */
	ddl.defines = &makes;
	work_send(&in_flight, &maker, &ddl, NULL, 0); /* it was let through by the rules after */
	expect(drained());
	work_answered(&in_flight, &maker, false);
	work_answered(&in_flight, &other, false);
	work_leave(&in_flight, &writer);
	in_flight_done(&in_flight);
	sim_stop();
}
