/* A hold that is not quiet for long lets statements outside of transactions in: barrier.h (10). */
#include "unit/gate/barriers.h"

#include "task/sim.h"
#include "test.h"
#include "unit/gate/routes.h"

#define THINK (THINK_MS * MSEC)

static const struct barrier_ask DDL_ALONE = { .locks = true, .defines = &(struct statement){ 0 } };

static struct work first, second, third;

static void
start_with_a_writer(void)
{
	start_alone();
	first = second = third = (struct work){ 0 };
	run(&first, &WRITE_IN_TXN, true);
	hold(2);
}

static usec
at(usec since_the_hold)
{
	return users()->held_since + since_the_hold;
}

/* Sent, and its answer has not come yet. */
static void
send_alone(struct work *w)
{
	const struct route_rule *rules[] = { &in_flight.route->ruled[0] };

	w->server = "db1:3306";
	work_send(&in_flight, w, &WRITE_ALONE, rules, 1);
}

TEST(a_hold_that_waits_for_long_lets_statements_in)
{
	usec again;

	start_with_a_writer();
	expect(!in_flight_drained(&in_flight, at(THINK - 1), &again));
	expect_eq(again, at(THINK));
	expect(!passes(&second, &WRITE_ALONE));
	expect(!drained(at(THINK)));
	expect(passes(&second, &WRITE_ALONE));
	expect(!passes(&second, &DDL_ALONE));
	expect(!passes(&second, &WRITE_IN_TXN)); /* there would always be another one */

	/* What it waits for has ended: what was let in is the last. */
	send_alone(&second);
	work_leave(&in_flight, &first);
	expect(!drained(at(THINK + 1)));
	expect(!passes(&third, &WRITE_ALONE));
	work_answered(&in_flight, &second, false);
	expect(drained(at(THINK + 2)));
	expect(!passes(&third, &WRITE_ALONE));
	in_flight_done(&in_flight);
}

TEST(the_next_hold_lets_nobody_in_for_the_one_before)
{
	start_with_a_writer();
	expect(!drained(at(THINK)));
	in_flight_set_route(&in_flight,
	    route_with(3, &(struct test_rule){ .to = "customer", .phase = RULE_HOLD, .attempt = 3 }));
	expect(!passes(&second, &WRITE_ALONE));
	expect(!drained(at(0)));
	expect(!passes(&second, &WRITE_ALONE));
	work_leave(&in_flight, &first);
	in_flight_done(&in_flight);
}

TEST(no_loop_is_shut_before_all_are_quiet)
{
	start_with_a_writer();
	in_flight.one_of_many = true;
	work_leave(&in_flight, &first);
	expect(!drained(at(0)));
	expect(users()->quiet);
	expect(!drained(at(THINK)));
	expect(passes(&second, &WRITE_ALONE)); /* its client may have a transaction at another loop */
	send_alone(&second);
	expect(!drained(at(THINK)));
	expect(users()->quiet);
	in_flight_shut(&in_flight, users()->workflow, users()->attempt + 2);
	expect(passes(&third, &WRITE_ALONE)); /* of another hold */
	in_flight_shut(&in_flight, users()->workflow, users()->attempt);
	expect(!passes(&third, &WRITE_ALONE));
	expect(!drained(at(THINK)));
	work_answered(&in_flight, &second, false);
	expect(drained(at(THINK)));
	in_flight_done(&in_flight);
}
