#include "unit/gate/barriers.h"

#include "task/sim.h"
#include "test.h"
#include "unit/gate/routes.h"

/* Who passes, by what a transaction did before the hold. */
struct kind {
	const char *name;
	bool begun, read_other, wrote_other, read_users, wrote_users;
	bool may_read, may_write; /* in the transaction, during the hold */
	bool keeps, keeps_after;  /* from being drained: at once, and once readers have waited */
};

static const struct kind KINDS[] = {
	{ "begun nowhere", .may_read = false, .may_write = false },
	{ "read another table", .begun = true, .read_other = true, .may_read = true,
	    .may_write = false },
	{ "wrote another table", .begun = true, .wrote_other = true, .may_read = true,
	    .may_write = true, .keeps = true, .keeps_after = true },
	{ "read users", .begun = true, .read_users = true, .may_read = true, .may_write = true,
	    .keeps = true },
	{ "wrote users", .begun = true, .wrote_users = true, .may_read = true, .may_write = true,
	    .keeps = true, .keeps_after = true },
	{ "read users, wrote another", .begun = true, .read_users = true, .wrote_other = true,
	    .may_read = true, .may_write = true, .keeps = true, .keeps_after = true },
};

static void
do_before(struct work *w, const struct kind *k)
{
	if (k->read_other)
		run(w, &READ_IN_TXN, false);
	if (k->wrote_other)
		run(w, &WRITE_IN_TXN, false);
	if (k->read_users)
		run(w, &READ_IN_TXN, true);
	if (k->wrote_users)
		run(w, &WRITE_IN_TXN, true);
}

TEST(who_passes_a_hold)
{
	sim_start(test_seed());
	for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
		const struct kind *k = &KINDS[i];
		struct work w = { 0 };

		start_alone();
		do_before(&w, k);
		expect(passes(&w, &READ_IN_TXN) && passes(&w, &WRITE_IN_TXN));
		hold(2);
		if (passes(&w, &READ_IN_TXN) != k->may_read ||
		    passes(&w, &WRITE_IN_TXN) != k->may_write)
			test_fail(__FILE__, __LINE__, "%s: read %d write %d", k->name,
			    passes(&w, &READ_IN_TXN), passes(&w, &WRITE_IN_TXN));
		if (drained(0) == k->keeps || drained(2 * SECOND) == k->keeps_after)
			test_fail(__FILE__, __LINE__, "%s: drained %d, then %d", k->name,
			    drained(0), drained(2 * SECOND));
		work_leave(&in_flight, &w);
		expect(drained(0));
		in_flight_done(&in_flight);
	}
}

TEST(outside_of_transactions_reads_pass_and_writes_wait)
{
	struct work w = { 0 };

	start();
	expect(passes(&w, &WRITE_ALONE));
	hold(2);
	expect(passes(&w, &READ_ALONE) && !passes(&w, &WRITE_ALONE));
	in_flight_set_route(&in_flight, route_of(3, "new_customer", RULE_SWITCHED));
	expect(passes(&w, &READ_ALONE) && !passes(&w, &WRITE_ALONE));
	in_flight_set_route(&in_flight, route_of(4, "new_customer", RULE_OPEN));
	expect(passes(&w, &READ_ALONE) && passes(&w, &WRITE_ALONE));
	in_flight_done(&in_flight);
}

TEST(a_running_write_keeps_the_hold_from_being_drained)
{
	const struct route_rule *rules[] = { NULL };
	struct work w = { .server = "db1:3306" }, reader = { .server = "db1:3306" };

	start();
	rules[0] = &in_flight.route->ruled[0];
	work_send(&in_flight, &w, &WRITE_ALONE, rules, 1);
	work_send(&in_flight, &reader, &READ_ALONE, rules, 1);
	hold(2);
	expect(!drained(0) && !drained(100 * SECOND));
	work_answered(&in_flight, &w, false);
	expect(drained(0));
	in_flight_done(&in_flight);
}

/* What a transaction does during the hold does not make it an awaited one. */
TEST(the_awaited_transactions_only_become_fewer)
{
	struct work other = { 0 }, late = { 0 };

	start();
	run(&other, &READ_IN_TXN, false);
	hold(2);
	run(&other, &READ_IN_TXN, true);
	run(&other, &WRITE_IN_TXN, false);
	run(&late, &WRITE_IN_TXN, false);
	expect(!passes(&other, &WRITE_IN_TXN) && !passes(&late, &WRITE_IN_TXN));
	expect(drained(0));
	work_leave(&in_flight, &other);
	work_leave(&in_flight, &late);
	in_flight_done(&in_flight);
}

TEST(another_server_is_not_waited_for)
{
	struct work w = { 0 };

	start();
	w.server = "db2:3306";
	work_send(&in_flight, &w, &WRITE_IN_TXN, NULL, 0);
	work_answered(&in_flight, &w, true);
	hold(2);
	expect(drained(0));
	work_leave(&in_flight, &w);
	in_flight_done(&in_flight);
}

/* (5): a reader that was not waited for any longer must not write at the side that is being left. */
TEST(acknowledged_stays_true)
{
	struct work w = { 0 };

	start();
	run(&w, &READ_IN_TXN, true);
	hold(2);
	expect(passes(&w, &WRITE_IN_TXN));
	expect(drained(2 * SECOND));
	expect(passes(&w, &READ_IN_TXN) && !passes(&w, &WRITE_IN_TXN));
	run(&w, &WRITE_IN_TXN, false); /* another table: not asked */
	expect(!passes(&w, &WRITE_IN_TXN) && drained(2 * SECOND));
	work_leave(&in_flight, &w);
	in_flight_done(&in_flight);
}

TEST(the_next_attempt_asks_again)
{
	struct work w = { 0 };
	struct test_rule again = {
		.to = "customer", .phase = RULE_HOLD, .attempt = 2, .reader_wait = SECOND
	};

	start();
	run(&w, &READ_IN_TXN, true);
	hold(2);
	expect(drained(2 * SECOND));
	in_flight_set_route(&in_flight, route_of(3, "customer", RULE_OPEN));
	run(&w, &WRITE_IN_TXN, true);
	in_flight_set_route(&in_flight, route_with(4, &again));
	expect(!drained(100 * SECOND));
	work_leave(&in_flight, &w);
	expect(drained(0));
	in_flight_done(&in_flight);
}

/* The rule belongs to the first move's workflow until the second one's hold. */
TEST(the_next_move_waits_for_what_began_under_the_first)
{
	struct work w = { .server = "db1:3306" }, reader = { 0 };
	struct test_rule next = { .to = "customer",
		.phase = RULE_HOLD,
		.attempt = 1,
		.reader_wait = SECOND,
		.workflow = "third/users" };
	const struct route_rule *rules[] = { NULL };

	start();
	rules[0] = &in_flight.route->ruled[0];
	work_send(&in_flight, &w, &WRITE_ALONE, rules, 1);
	run(&reader, &READ_IN_TXN, true);
	in_flight_set_route(&in_flight, route_with(2, &next));
	expect(!drained(0) && !drained(100 * SECOND));
	expect(passes(&reader, &WRITE_IN_TXN));
	work_answered(&in_flight, &w, false);
	expect(!drained(0) && drained(2 * SECOND));
	work_leave(&in_flight, &reader);
	in_flight_done(&in_flight);
}

static int killed;

static void
kill_it(struct work *w)
{
	killed++;
}

TEST(grace_kills_when_told)
{
	struct work w = { .kill = kill_it };
	struct test_rule rule = { .to = "customer",
		.phase = RULE_HOLD,
		.attempt = 1,
		.reader_wait = SECOND,
		.grace = 10 * SECOND,
		.on_grace = ON_GRACE_KILL };
	usec again;

	start();
	run(&w, &WRITE_IN_TXN, true);
	in_flight_set_route(&in_flight, route_with(2, &rule));
	expect(!in_flight_drained(&in_flight, 9 * SECOND, &again) && killed == 0);
	expect_eq(again, 10 * SECOND);
	expect(!in_flight_drained(&in_flight, 10 * SECOND, &again) && killed == 1);
	work_leave(&in_flight, &w);
	expect(w.kill == kill_it);
	in_flight_done(&in_flight);
}

TEST(rules_that_vanish_hold_nobody)
{
	struct work w = { 0 };
	struct barrier *b;

	start();
	b = users();
	hold(2);
	in_flight_set_route(&in_flight, route_of(0, "customer", RULE_OPEN));
	expect(barrier_judge(b, &w, &WRITE_ALONE) == BARRIER_PASS && in_flight.holds == 0);
	in_flight_done(&in_flight);
}

/* ---- pauses ---- */

static void
pause_with(int64_t version, int number)
{
	struct test_rule rule = {
		.to = "customer", .phase = RULE_PAUSE, .attempt = number, .grace = 100 * MSEC
	};

	in_flight_set_route(&in_flight, route_with(version, &rule));
}

/* Who has been on the table, or keeps rows at its server, goes on to its end; other transactions do not even
 * read. */
TEST(who_passes_a_pause)
{
	sim_start(test_seed());
	for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
		const struct kind *k = &KINDS[i];
		struct work w = { 0 };
		bool inside = k->read_users || k->wrote_users || k->wrote_other;

		start_alone();
		do_before(&w, k);
		pause_with(2, 2);
		if (passes(&w, &READ_IN_TXN) != inside || passes(&w, &WRITE_IN_TXN) != inside)
			test_fail(__FILE__, __LINE__, "%s: read %d write %d", k->name,
			    passes(&w, &READ_IN_TXN), passes(&w, &WRITE_IN_TXN));
		if (drained(0) == inside)
			test_fail(__FILE__, __LINE__, "%s: drained %d", k->name, drained(0));
		expect_eq(passes(&w, &READ_ALONE), inside);
		expect_eq(passes(&w, &WRITE_ALONE), inside);
		work_leave(&in_flight, &w);
		expect(drained(0));
		expect(!passes(&w, &READ_ALONE) && !passes(&w, &WRITE_ALONE));
		in_flight_done(&in_flight);
	}
}

TEST(a_pause_ends_by_the_clock_and_does_not_begin_again)
{
	struct work w = { 0 }, other = { 0 };
	usec again;

	start();
	run(&w, &READ_IN_TXN, true);
	pause_with(2, 2);
	expect(!in_flight_drained(&in_flight, 99 * MSEC, &again) && again == 100 * MSEC);
	expect(!passes(&other, &READ_IN_TXN) && in_flight.holds == 1);
	expect(drained(100 * MSEC)); /* acknowledged: nothing is held any more */
	expect(passes(&w, &READ_ALONE) && passes(&w, &WRITE_ALONE) && in_flight.holds == 0);
	pause_with(3, 2); /* the same one in newer rules, by a vtctld that has died in it */
	expect(passes(&w, &READ_ALONE) && in_flight.holds == 0 && drained(0));
	pause_with(4, 4);
	expect(!passes(&other, &READ_IN_TXN) && in_flight.holds == 1);
	in_flight_set_route(&in_flight, route_of(5, "customer", RULE_OPEN));
	expect(passes(&w, &READ_ALONE) && in_flight.holds == 0);
	hold(6);
	expect(passes(&w, &READ_ALONE) && !passes(&w, &WRITE_ALONE));
	work_leave(&in_flight, &w);
	in_flight_done(&in_flight);
}

static bool over;

static void
pausing(void *arg)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	struct work w = { 0 };

	while (!passes(&w, &READ_ALONE))
		expect_ok(barrier_wait(&cx, &in_flight, users(), &w, *(size_t *)arg), &err);
	over = true;
}

static size_t little = 10, much = 1001;

static void
pause_with_a_full_buffer(void *arg)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	pause_with(2, 2);
	expect(drained(task_now())); /* at once: nobody was there */
	for (int i = 0; i < 2; i++) {
		struct task *t = task_spawn("pausing", pausing, i == 0 ? &little : &much);

		expect(t != NULL);
		task_detach(t);
		expect_ok(task_sleep(&cx, MSEC), &err);
		expect(drained(task_now()));
		expect_ok(task_sleep(&cx, MSEC), &err);
		expect_eq(over, i == 1);
	}
	expect(!users()->overflowed); /* there is no attempt to be rolled back */
}

static void
held_past_the_commit(void *arg)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = task_now() + SECOND, .err = &err };
	struct work w = { 0 };

	hold(2);
	in_flight_set_route(&in_flight, route_of(3, "new_customer", RULE_SWITCHED));
	expect(!passes(&w, &WRITE_ALONE));
	expect_eq(barrier_wait(&cx, &in_flight, users(), &w, much), -1);
	expect(!users()->overflowed); /* there is only forward */
}

TEST(a_full_buffer_past_the_commit_asks_for_nothing)
{
	struct task *t;

	start();
	t = task_spawn("test", held_past_the_commit, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run();
	in_flight_done(&in_flight);
}

TEST(a_full_buffer_ends_a_pause)
{
	struct task *t;

	start();
	over = false;
	t = task_spawn("test", pause_with_a_full_buffer, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run();
	expect(over);
	in_flight_done(&in_flight);
}

/* ---- let in: (8) ---- */

static struct work first, second;
static usec let_in_at;

static void
begun_in_the_hold(void *arg)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	run(&second, &WRITE_IN_TXN, false);
	while (!passes(&second, &WRITE_IN_TXN))
		expect_ok(barrier_wait(&cx, &in_flight, users(), &second, 10), &err);
	let_in_at = task_now();
	run(&second, &WRITE_IN_TXN, true);
	expect(!drained(task_now())); /* it is waited for */
	work_leave(&in_flight, &second);
}

/* The first has touched users, and from busy_from on a statement of it is at the server. */
static void
hold_with_rows_locked(void *arg)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };
	usec busy_from = *(usec *)arg;
	struct task *t;

	run(&first, &READ_IN_TXN, true);
	hold(2);
	t = task_spawn("second", begun_in_the_hold, NULL);
	expect(t != NULL);
	task_detach(t);
	expect_ok(task_sleep(&cx, busy_from), &err);
	work_send(&in_flight, &first, &WRITE_IN_TXN, NULL, 0);
	expect_ok(task_sleep(&cx, SECOND), &err);
	expect(let_in_at != 0);
	work_answered(&in_flight, &first, true);
	work_leave(&in_flight, &first);
	expect(drained(task_now()));
	in_flight_set_route(&in_flight, route_of(3, "customer", RULE_OPEN));
}

TEST(who_keeps_rows_that_a_hold_waits_for_is_let_in)
{
	static usec busy_from[] = { MSEC, 400 * MSEC };

	for (int i = 0; i < 2; i++) {
		start();
		first = second = (struct work){ 0 };
		let_in_at = 0;
		struct task *t = task_spawn("test", hold_with_rows_locked, &busy_from[i]);

		expect(t != NULL);
		task_detach(t);
		sim_run();
		expect(let_in_at >= busy_from[i] + STALL_MS * MSEC);
		expect(let_in_at <= busy_from[i] + 2 * STALL_MS * MSEC);
		in_flight_done(&in_flight);
		sim_stop();
	}
}

static void
acknowledged_before(void *arg)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = task_now() + 10 * SECOND, .err = &err };

	expect_ok(task_sleep(&cx, MSEC), &err);
	run(&first, &READ_IN_TXN, true);
	hold(2);
	run(&second, &WRITE_IN_TXN, false);
	expect(drained(2 * SECOND)); /* readers have waited */
	work_send(&in_flight, &first, &READ_IN_TXN, NULL, 0);
	expect_eq(barrier_wait(&cx, &in_flight, users(), &second, 10), -1);
	expect(!passes(&second, &WRITE_IN_TXN));
	work_leave(&in_flight, &first);
	work_leave(&in_flight, &second);
}

TEST(nobody_is_let_in_behind_an_acknowledgement)
{
	struct task *t;

	start();
	first = second = (struct work){ 0 };
	t = task_spawn("test", acknowledged_before, NULL);
	expect(t != NULL);
	task_detach(t);
	sim_run();
	in_flight_done(&in_flight);
}

/* ---- waiting ---- */

static int passed, gave_up;
static usec passed_at;

static void
statement(void *arg)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = task_now() + *(usec *)arg, .err = &err };
	struct work w = { 0 };

	while (!passes(&w, &WRITE_ALONE)) {
		if (barrier_wait(&cx, &in_flight, users(), &w, 600) != 0) {
			expect(err.kind == ERR_TIMEOUT && users()->phase == RULE_HOLD); /* (3) */
			gave_up++;
			return;
		}
	}
	passed++;
	passed_at = task_now();
}

static usec ten = 10 * SECOND, two = 2 * SECOND;

static void
cutover(void *arg)
{
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	expect_ok(task_sleep(&cx, 3 * SECOND), &err);
	expect(users()->overflowed); /* (4): 1200 of 1000 bytes */
	expect_eq(users()->waiting, 1);
	in_flight_set_route(&in_flight, route_of(3, "new_customer", RULE_SWITCHED));
	expect_ok(task_sleep(&cx, SECOND), &err);
	expect_eq(passed, 0); /* woken, looked again, waits */
	in_flight_set_route(&in_flight, route_of(4, "new_customer", RULE_OPEN));
}

static void
spawn(task_fn *fn, void *arg)
{
	struct task *t = task_spawn("test", fn, arg);

	expect(t != NULL);
	task_detach(t);
}

TEST(waiting_ends_with_the_rules_and_not_with_a_clock)
{
	start();
	hold(2);
	spawn(statement, &ten);
	spawn(statement, &two);
	spawn(cutover, NULL);
	sim_run();
	expect_eq(passed, 1);
	expect_eq(gave_up, 1);
	expect_eq(passed_at, 4 * SECOND);
	expect_eq(users()->waiting, 0);
	in_flight_done(&in_flight);
}
