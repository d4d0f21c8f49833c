/*
 * hold_test.c - cutovers, leases and fences as clients of a whole gate meet them.
 */
#include "test.h"
#include "unit/gate/world.h"

static bool
drained(struct world *w)
{
	usec again;

	return in_flight_drained(&w->gate_loop.in_flight, task_now(), &again);
}

/* ---- holds ---- */

static void
hold_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *writer = world_client(cx, "customer"),
			    *reader = world_client(cx, "customer"),
			    *inside = world_client(cx, "customer"),
			    *late = world_client(cx, "customer");
	struct background held, held_txn;

	world_rules(w, 1, "customer", RULE_OPEN);
	expect_eq(world_do(cx, inside, "begin"), 0);
	expect_eq(world_do(cx, inside, "update users set a=1"), 0);
	expect_eq(world_do(cx, late, "begin"), 0);
	world_rules(w, 2, "customer", RULE_HOLD);
	expect(!drained(w));
	world_start(w, &held, writer, "update users set a=2");
	world_start(w, &held_txn, late, "select a from users");
	world_pause(cx, SECOND);
	expect(!held.done && !held_txn.done);
	expect_str(world_ask(cx, reader, "select b from users"), "db1");
	expect_eq(world_do(cx, inside, "update users set a=3"), 0);
	expect_eq(world_do(cx, inside, "commit"), 0);
	expect(drained(w));
	world_rules(w, 3, "new_customer", RULE_SWITCHED);
	expect_str(world_ask(cx, reader, "select c from users"), "db2");
	world_pause(cx, SECOND);
	expect(!held.done && !held_txn.done);
	world_rules(w, 4, "new_customer", RULE_OPEN);
	world_pause(cx, SECOND);
	expect(held.done && held.rc == 0 && held_txn.done && held_txn.rc == 0);
	expect_eq(world_do(cx, late, "commit"), 0);
	expect(strstr(w->said.data, "db1: update users set a=2") == NULL);
	expect(strstr(w->said.data, "db2: update `new_customer`.`users` set a=2") != NULL);
	expect(
	    strstr(w->said.data, "db2: begin\ndb2: select a from `new_customer`.`users`") != NULL);
	mysql_close(writer);
	mysql_close(reader);
	mysql_close(inside);
	mysql_close(late);
}

TEST(a_cutover_without_an_error)
{
	world_run(hold_story);
}

/* Before the answer to the next statement: the locks' own server must be asked first. */
static void
locked_story(struct ctx *cx, struct world *w)
{
	static const char *const ends[] = { "unlock tables", "begin", "lock tables other read" };
	struct mysql_client *c = world_client(cx, "customer");

	for (int64_t i = 0; i < 3; i++) {
		expect_eq(world_do(cx, c, "lock tables users write"), 0);
		world_rules(w, 4 * i + 1, "customer", RULE_OPEN);
		expect_eq(world_do(cx, c, "insert into new_customer.t values (1)"), 1100);
		world_rules(w, 4 * i + 2, "customer", RULE_HOLD);
		expect(!drained(w));
		expect_eq(world_do(cx, c, "insert into users values (1)"), 0);
		expect_str(world_ask(cx, c, "select 1"), "db1");
		expect(!drained(w));
		expect_eq(world_do(cx, c, ends[i]), 0);
		expect_eq(drained(w), i < 2);
		expect_eq(world_do(cx, c, "unlock tables"), 0);
		expect(drained(w));
		world_rules(w, 4 * i + 3, "customer", RULE_OPEN);
		expect_eq(world_do(cx, c, "rollback"), 0);
	}
	expect_eq(world_do(cx, c, "lock tables users write"), 0);
	world_rules(w, 20, "customer", RULE_HOLD);
	expect(!drained(w));
	mysql_close(c);
	world_pause(cx, SECOND);
	expect(drained(w));
}

TEST(lock_tables_is_waited_for_until_it_ends)
{
	world_run(locked_story);
}

/* No transaction comes to the table, not even to read it by an older view; those that use it go on. */
static void
pause_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *clients[] = { world_client(cx, "customer"),
		world_client(cx, "customer"), world_client(cx, "customer"),
		world_client(cx, "customer") };
	struct background waiting[3];
	static const char *say[] = { "select b from users", "update users set a=2",
		"select c from users" };

	world_rules(w, 1, "customer", RULE_OPEN);
	expect_eq(world_do(cx, clients[0], "begin"), 0);
	expect_eq(world_do(cx, clients[1], "begin"), 0);
	expect_eq(world_do(cx, clients[2], "begin"), 0);
	expect_eq(world_do(cx, clients[2], "select a from other"), 0);
	expect_eq(world_do(cx, clients[3], "begin"), 0);
	expect_eq(world_do(cx, clients[3], "select a from users"), 0);
	world_rules(w, 2, "customer", RULE_PAUSE);
	for (int i = 0; i < 3; i++)
		world_start(w, &waiting[i], clients[i], say[i]);
	world_pause(cx, SECOND);
	for (int i = 0; i < 3; i++)
		expect(!waiting[i].done);
	expect(!drained(w));
	expect_str(world_ask(cx, clients[3], "select d from users"), "db1");
	expect_eq(world_do(cx, clients[3], "update users set a=3"), 0);
	expect_eq(world_do(cx, clients[3], "commit"), 0);
	expect(drained(w));
	world_rules(w, 3, "customer", RULE_OPEN);
	world_pause(cx, SECOND);
	for (int i = 0; i < 3; i++)
		expect(waiting[i].done && waiting[i].rc == 0);
	for (int i = 0; i < 4; i++)
		mysql_close(clients[i]);
}

TEST(in_a_pause_reads_wait_too)
{
	world_run(pause_story);
}

static void
back_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");
	struct background held;

	world_rules(w, 2, "customer", RULE_HOLD);
	world_start(w, &held, c, "update users set a=2");
	world_pause(cx, SECOND);
	expect(!held.done && drained(w));
	world_rules(w, 3, "customer", RULE_OPEN);
	world_pause(cx, SECOND);
	expect(held.done && held.rc == 0);
	mysql_close(c);
	world_expect(w, "db1: update users set a=2\n");
}

TEST(a_hold_that_is_rolled_back)
{
	world_run(back_story);
}

/* It runs where its tables are now; to forget it needs no table. */
static void
prepare_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	expect_eq(world_do(cx, c, "prepare p from 'select 1 from other'"), 0);
	world_rules(w, 1, "customer", RULE_OPEN);
	expect_str(world_ask(cx, c, "execute p"), "db1");
	expect_eq(
	    world_do(cx, c, "prepare p from 'select a from users where b=\\'x\\' and a=?'"), 0);
	expect_str(world_ask(cx, c, "execute immediate 'select a from users'"), "db1");
	world_rules(w, 2, "new_customer", RULE_OPEN);
	buf_reset(&w->said);
	expect_eq(world_do(cx, c, "execute p using 1, @x"), 0);
	world_expect(w,
	    "db2: EXECUTE IMMEDIATE 'select a from `new_customer`.`users` where "
	    "b=''x'' and a=?' USING 1, @x\n");
	expect_eq(world_do(cx, c, "deallocate prepare p"), 0);
	expect_eq(world_do(cx, c, "drop prepare P"), 1243);
	expect_eq(world_do(cx, c, "execute p"), 1243);
	mysql_close(c);
}

TEST(what_is_prepared_in_sql_runs_where_its_tables_are)
{
	world_run(prepare_story);
}

/* As long as a cutover may take, whatever else changes meanwhile: a pause is no error. */
static void
long_hold_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");
	struct background held;

	world_rules(w, 2, "customer", RULE_HOLD);
	world_start(w, &held, c, "update users set a=2");
	for (int i = 0; i < 122; i++) { /* the longest --timeout is an hour */
		world_pause(cx, MINUTE / 2);
		world_rules(w, 3 + i, "customer", RULE_HOLD);
	}
	world_pause(cx, SECOND);
	expect(!held.done);
	world_rules(w, 200, "customer", RULE_OPEN);
	world_pause(cx, SECOND);
	expect(held.done && held.rc == 0);
	mysql_close(c);
}

TEST(a_statement_is_held_as_long_as_the_hold_lasts)
{
	world_run(long_hold_story);
}

static void
running_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");
	struct background slow;

	w->slow = 5 * SECOND;
	world_rules(w, 1, "customer", RULE_OPEN);
	world_start(w, &slow, c, "update users set slow=2");
	world_pause(cx, SECOND);
	world_rules(w, 2, "customer", RULE_HOLD);
	expect(!drained(w) && !slow.done);
	world_pause(cx, 10 * SECOND);
	expect(drained(w) && slow.done && slow.rc == 0);
	mysql_close(c);
}

TEST(a_write_that_is_under_way_is_waited_for)
{
	world_run(running_story);
}

/* The route arrives while the statement waits for a backend: it must not go by the old one. */
static void
taken_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *a = world_client(cx, "customer"), *b = world_client(cx, "customer");
	struct background waiting;

	world_rules(w, 1, "customer", RULE_OPEN);
	w->gate_loop.pool.max = 1;
	expect_eq(world_do(cx, a, "begin"), 0);
	expect_eq(world_do(cx, a, "update t set a=1"), 0);
	world_start(w, &waiting, b, "update users set a=2");
	world_pause(cx, SECOND);
	world_rules(w, 2, "customer", RULE_HOLD);
	expect_eq(world_do(cx, a, "commit"), 0);
	world_pause(cx, SECOND);
	expect(!waiting.done && drained(w));
	expect(strstr(w->said.data, "users") == NULL);
	world_rules(w, 4, "new_customer", RULE_OPEN);
	world_pause(cx, SECOND);
	expect(waiting.done && waiting.rc == 0);
	expect(strstr(w->said.data, "db1: update users") == NULL);
	mysql_close(a);
	mysql_close(b);
}

TEST(after_waiting_for_a_backend_it_looks_again)
{
	world_run(taken_story);
}

/* ---- transactions that only read ---- */

static void
snapshot_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	world_rules(w, 1, "customer", RULE_OPEN);
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_str(world_ask(cx, c, "select a from users"), "db1");
	world_rules(w, 2, "customer", RULE_HOLD);
	expect(!drained(w));
	world_pause(cx, 2 * SECOND);
	expect(drained(w));
	world_rules(w, 3, "new_customer", RULE_SWITCHED);
	expect_str(world_ask(cx, c, "select b from users"), "db1");
	world_rules(w, 4, "new_customer", RULE_OPEN);
	expect_str(world_ask(cx, c, "select c from users"), "db1"); /* by its snapshot, to its end */
	expect_eq(world_do(cx, c, "update users set a=1"), 1213);
	expect_str(world_ask(cx, c, "select d from users"), "db2"); /* the transaction is over */
	mysql_close(c);
	world_expect(w,
	    "db1: begin\ndb1: select a from users\ndb1: select b from users\ndb1: select c from users\n"
	    "db1: " SIDE_ROLLBACK "\ndb2: select d from `new_customer`.`users`\n");
}

TEST(a_snapshot_outlives_the_switch)
{
	world_run(snapshot_story);
}

static void
consistent_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	world_rules(w, 1, "customer", RULE_OPEN);
	expect_eq(world_do(cx, c, "start transaction with consistent snapshot"), 0);
	world_rules(w, 2, "customer", RULE_HOLD);
	expect(drained(w)); /* it only reads */
	expect_str(world_ask(cx, c, "select a from users"), "db1");
	world_rules(w, 4, "new_customer", RULE_OPEN);
	expect_str(
	    world_ask(cx, c, "select b from users"), "db1"); /* its moment was before the switch */
	expect_str(world_ask(cx, c, "select c from other"), "db1");
	expect_eq(world_do(cx, c, "commit"), 0);
	expect_str(world_ask(cx, c, "select d from users"), "db2");
	mysql_close(c);
}

TEST(a_consistent_snapshot_is_of_its_moment)
{
	world_run(consistent_story);
}

static void
database_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	world_rules(w, 1, "new_customer", RULE_OPEN);
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_eq(world_do(cx, c, "update users set a=1"), 0);
	expect_str(world_ask(cx, c, "select database()"), "db1");
	expect_str(world_ask(cx, c, "select 1"), "db2");
	expect_eq(world_do(cx, c, "commit"), 0);
	mysql_close(c);
	world_expect(w,
	    "db2: begin\ndb2: update `new_customer`.`users` set a=1\ndb1: select database()\n"
	    "db2: select 1\ndb2: commit\n");
}

TEST(the_database_is_the_sessions_wherever_its_transaction_is)
{
	world_run(database_story);
}

static void
committed_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	world_rules(w, 1, "customer", RULE_OPEN);
	expect_eq(world_do(cx, c, "set session transaction isolation level read committed"), 0);
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_str(world_ask(cx, c, "select a from users"), "db1");
	world_rules(w, 4, "new_customer", RULE_OPEN);
	expect_str(world_ask(cx, c, "select b from users"), "db2");
	expect_str(world_ask(cx, c, "select c from other"), "db1");
	expect_eq(world_do(cx, c, "update users set a=1"), 0);
	expect_eq(world_do(cx, c, "update other set a=1"), 1235);
	expect_eq(world_do(cx, c, "commit"), 0);
	mysql_close(c);
}

TEST(read_committed_goes_over_statement_by_statement)
{
	world_run(committed_story);
}

/* (5) of the barrier, through the whole gate. */
static void
late_writer_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");
	struct background late;

	world_rules(w, 1, "customer", RULE_OPEN);
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_str(world_ask(cx, c, "select a from users"), "db1");
	world_rules(w, 2, "customer", RULE_HOLD);
	world_pause(cx, 2 * SECOND);
	expect(drained(w));
	world_start(w, &late, c, "update users set a=1");
	world_pause(cx, SECOND);
	expect(!late.done && drained(w));
	world_rules(w, 4, "new_customer", RULE_OPEN);
	world_pause(cx, SECOND);
	expect(late.done && late.rc == 1213);
	mysql_close(c);
	world_expect(w, "db1: begin\ndb1: select a from users\ndb1: " SIDE_ROLLBACK "\n");
}

TEST(a_reader_that_was_given_up_waits_with_its_write)
{
	world_run(late_writer_story);
}

/* ---- leases ---- */

static void
lease_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer"), *d = world_client(cx, "customer");
	struct background waiting;

	world_rules(w, 1, "customer", RULE_OPEN);
	world_lease(w, 1, task_boottime() + 3 * SECOND);
	expect_str(world_ask(cx, c, "select a from users"), "db1");
	world_pause(cx, 4 * SECOND);
	expect_str(world_ask(cx, d, "select a from other"), "db1"); /* no rule, no lease needed */
	world_start(w, &waiting, c, "select b from users");
	world_pause(cx, SECOND);
	expect(!waiting.done && strstr(w->said.data, "select b") == NULL);
	world_lease(w, 1, NEVER);
	world_pause(cx, SECOND);
	expect(waiting.done && waiting.rc == 0);
	mysql_close(c);
	mysql_close(d);
}

TEST(without_a_lease_tables_with_a_rule_wait)
{
	world_run(lease_story);
}

static void
lapse_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer"), *d = world_client(cx, "customer");
	struct background slow, plain;

	w->slow = 5 * SECOND;
	world_rules(w, 1, "customer", RULE_OPEN);
	world_lease(w, 1, task_boottime() + 3 * SECOND);
	world_start(w, &slow, c, "select slow from users");
	world_start(w, &plain, d, "select slow from other");
	world_pause(cx, 10 * SECOND);
	/* The answer came after the lease had lapsed: not a byte of it. */
	expect(slow.done && slow.rc == 1927 && plain.done && plain.rc == 0);
	expect_eq(world_do(cx, c, "select 1"), -1);
	expect_eq(w->gate_loop.counts.lease_closed, 1);
	mysql_close(c);
	mysql_close(d);
}

TEST(an_answer_after_the_lease_is_not_passed_on)
{
	world_run(lapse_story);
}

static void
gap_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");
	struct background slow;

	w->slow = 5 * SECOND;
	world_rules(w, 1, "customer", RULE_OPEN);
	world_start(w, &slow, c, "update users set slow=1");
	world_pause(cx, 2 * SECOND);
	world_lease(w, 2, NEVER); /* lost and granted anew in between */
	world_pause(cx, 10 * SECOND);
	expect(slow.done && slow.rc == 1927);
	mysql_close(c);
}

TEST(a_gap_in_the_lease_counts_as_lost)
{
	world_run(gap_story);
}

/* ---- the fence ---- */

static void
fence_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer"), *d = world_client(cx, "customer");

	world_rules(w, 1, "customer", RULE_OPEN);
	expect_eq(world_do(cx, d, "begin"), 0);
	expect_eq(world_do(cx, d, "update other set a=1"), 0);
	w->fence = true;
	expect_eq(world_do(cx, d, "update users set a=1"), 1213);
	expect_eq(w->refreshes, 1);
	world_expect(w,
	    "db1: begin\ndb1: update other set a=1\ndb1: update users set a=1\ndb1: " SIDE_ROLLBACK
	    "\n");
	w->refreshed_to = 4;
	expect_eq(world_do(cx, c, "update users set a=2"), 0); /* replayed, nobody has noticed */
	world_expect(w, "db1: update users set a=2\ndb2: update `new_customer`.`users` set a=2\n");
	world_rules(w, 5, "customer", RULE_OPEN);
	w->refreshed_to = 6;
	expect_eq(world_do(cx, d, "begin"), 0);
	expect_eq(world_do(cx, d, "insert into users values (3)"),
	    0); /* the first of its transaction too */
	expect_eq(world_do(cx, d, "commit"), 0);
	world_expect(w,
	    "db1: begin\ndb1: insert into users values (3)\ndb1: " SIDE_ROLLBACK "\ndb2: begin\n"
	    "db2: insert into `new_customer`.`users` values (3)\ndb2: commit\n");
	/* And the first of a transaction that autocommit=0 began. */
	world_rules(w, 7, "customer", RULE_OPEN);
	w->refreshed_to = 8;
	expect_eq(world_do(cx, d, "set autocommit=0"), 0);
	expect_eq(world_do(cx, d, "insert into users values (4)"), 0);
	expect_eq(world_do(cx, d, "commit"), 0);
	expect_eq(world_do(cx, d, "set autocommit=1"), 0);
	world_expect(w,
	    "db1: set autocommit=0\ndb1: insert into users values (4)\ndb1: " SIDE_ROLLBACK "\n"
	    "db2: SET autocommit = 0\n"
	    "db2: insert into `new_customer`.`users` values (4)\ndb2: commit\n"
	    "db1: set autocommit=1\n");
	world_rules(w, 9, "customer", RULE_OPEN);
	w->refreshed_to = 10;
	/* What may have done something before is not. */
	expect_eq(world_do(cx, c, "call change_users()"), 1213);
	expect_eq(w->gate_loop.in_flight.work.count, 0);
	world_rules(w, 11, "customer", RULE_OPEN);
	w->refreshed_to = 12;
	expect_eq(world_do(cx, c, "update users set a=(@n:=@n+1)"), 1213);
	expect_eq(w->gate_loop.in_flight.work.count, 0);
	world_expect(w, "db1: call change_users()\ndb1: update users set a=(@n:=@n+1)\n");
	mysql_close(c);
	mysql_close(d);
}

TEST(what_the_fence_refuses_is_replayed)
{
	world_run(fence_story);
}

/* ---- a deadlock, beside a fence ---- */

static void
victim_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	world_rules(w, 1, "customer", RULE_OPEN);
	w->victims = 2;
	expect_eq(world_do(cx, c, "replace into users values ('victim')"), 0);
	world_expect(w,
	    "db1: replace into users values ('victim')\n"
	    "db1: replace into users values ('victim')\n"
	    "db1: replace into users values ('victim')\n");
	/* All that its transaction has done is gone with it, which was nothing. */
	w->victims = 1;
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_eq(world_do(cx, c, "replace into users values ('victim')"), 0);
	expect_eq(world_do(cx, c, "commit"), 0);
	world_expect(w,
	    "db1: begin\ndb1: replace into users values ('victim')\ndb1: " SIDE_ROLLBACK
	    "\ndb1: begin\ndb1: replace into users values ('victim')\ndb1: commit\n");
	/* Its client has to repeat what came before. */
	w->victims = 1;
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_eq(world_do(cx, c, "update users set a=1"), 0);
	expect_eq(world_do(cx, c, "replace into users values ('victim')"), 1213);
	expect_eq(world_do(cx, c, "rollback"), 0);
	expect_eq(w->victims, 0);
	/* It may have counted something, or be no table that moves. */
	w->victims = 1;
	expect_eq(world_do(cx, c, "replace into users values (@n:=@n+1, 'victim')"), 1213);
	w->victims = 1;
	expect_eq(world_do(cx, c, "replace into other values ('victim')"), 1213);
	expect_eq(w->gate_loop.in_flight.work.count, 0);
	mysql_close(c);
}

TEST(a_victim_that_was_all_of_its_transaction_is_sent_again)
{
	world_run(victim_story);
}
