/*
 * state_test.c - what a session has begun, set and reset is the same for the client and its servers.
 */
#include "test.h"
#include "unit/gate/world.h"

/* ---- several statements in one ---- */

/* Who may not say several is told so by a server: it gets the text as a whole. */
static void
whole_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	expect_eq(world_do(cx, c, "begin; insert into t values (1)"), 0);
	world_expect(w, "db1: begin; insert into t values (1)\n");
	expect_eq(world_do(cx, c, "insert into t values (1);"), 0);
	world_expect(w, "db1: insert into t values (1);\n"); /* and nothing has begun */
	mysql_close(c);
}

TEST(several_statements_of_who_may_not_are_a_servers_affair)
{
	world_run(whole_story);
}

static void
multiple_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	world_rules(w, 1, "new_customer", RULE_OPEN);
	expect_eq(world_command(cx, c, "\x1b\x00\x00", 3), 0); /* SET_OPTION: several on */
	expect_eq(
	    world_do(cx, c, "insert into other values (1); insert into users values (2); do 0;"), 0);
	world_expect(w,
	    "db1: insert into other values (1)\n"
	    "db2: insert into `new_customer`.`users` values (2)\n"
	    "db1: do 0\n");
	expect_eq(world_do(cx, c,
		      "begin; insert into users values (1); insert into other values (1); do 0"),
	    1235);
	world_expect(w, "db2: begin\ndb2: insert into `new_customer`.`users` values (1)\n");
	expect_eq(
	    world_do(cx, c,
		"rollback; use new_customer; create procedure p() begin do 1; do 2; end; do 0"),
	    0);
	world_expect(w,
	    "db2: rollback\n"
	    "db2: create procedure p() begin do 1; do 2; end\ndb2: do 0\n");
	mysql_close(c);
}

TEST(several_statements_in_one_are_routed_one_by_one)
{
	world_run(multiple_story);
}

/* ---- COM_RESET_CONNECTION ---- */

#define RESET "\x1f"

static void
reset_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	expect_eq(world_do(cx, c, "set autocommit=0"), 0);
	expect_eq(world_command(cx, c, RESET, 1), 0);
	expect_eq(world_do(cx, c, "insert into t values (1)"), 0);
	world_expect(w,
	    "db1: set autocommit=0\ndb1: @Reset connection\n"
	    "db1: insert into t values (1)\n");
	/* One that went back to the pool before the reset is no cleaner. */
	expect_eq(world_do(cx, c, "set sql_mode='x'"), 0);
	world_pause(cx, 2 * MINUTE);
	pool_age(&w->gate_loop.pool);
	expect_eq(world_command(cx, c, RESET, 1), 0);
	buf_reset(&w->said);
	expect_eq(world_do(cx, c, "insert into t values (2)"), 0);
	world_expect(w, "db1: @Reset connection\ndb1: insert into t values (2)\n");
	mysql_close(c);
}

TEST(a_reset_session_finds_nothing_of_itself)
{
	world_run(reset_story);
}

/* ---- autocommit ---- */

static void
autocommit_on_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	expect_eq(world_do(cx, c, "set autocommit=0"), 0);
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_eq(world_do(cx, c, "set autocommit=1"), 0);
	expect_eq(world_do(cx, c, "insert into t values (1)"), 0);
	world_expect(w,
	    "db1: set autocommit=0\ndb1: set autocommit=1\n"
	    "db1: insert into t values (1)\n");
	/* From on to on it ends nothing. */
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_eq(world_do(cx, c, "set autocommit=1"), 0);
	expect_eq(world_do(cx, c, "insert into t values (2)"), 0);
	expect_eq(world_do(cx, c, "commit"), 0);
	world_expect(w,
	    "db1: set autocommit=1\ndb1: begin\ndb1: insert into t values (2)\n"
	    "db1: commit\n");
	mysql_close(c);
}

TEST(autocommit_switched_on_ends_what_was_begun)
{
	world_run(autocommit_on_story);
}

/* ---- a fence that newer rules never explain ---- */

static void
fenced_for_ever_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	world_rules(w, 1, "customer", RULE_OPEN);
	w->fence = true;
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_eq(world_do(cx, c, "update users set a=1"), 1213);
	expect(w->refreshes > 10);
	expect_eq(w->gate_loop.in_flight.work.count, 0);
	buf_reset(&w->said);
	/* A client that hears of a deadlock has no transaction any more. */
	expect_eq(world_do(cx, c, "update other set a=1"), 0);
	world_expect(w, "db1: update other set a=1\n");
	mysql_close(c);
}

TEST(giving_up_on_rules_ends_the_transaction)
{
	world_run(fenced_for_ever_story);
}

/* ---- prepared statements ---- */

static void
prepared_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer"), *d = world_client(cx, "customer");
	uint32_t id;

	w->databases = true;
	w->gate_loop.pool.max = 1;
	id = world_prepare(cx, c, "update users set a=1");
	world_expect(w, "db1: @Init DB customer\ndb1: @Prepare update users set a=1\n");
	expect_eq(world_do(cx, c, "use new_customer"), 0);
	expect_eq(world_execute(cx, c, id), 0);
	world_expect(w, "db1: @Execute\n");
	/* Where it is not known any more, its names are of the database it was prepared in. */
	expect_eq(world_do(cx, d, "use new_customer"), 0);
	expect_eq(world_do(cx, d, "update t set a=1"), 0);
	buf_reset(&w->said);
	expect_eq(world_execute(cx, c, id), 0);
	world_expect(
	    w, "db1: @Init DB customer\ndb1: @Prepare update users set a=1\ndb1: @Execute\n");
	expect_eq(world_do(cx, c, "update t set a=2"), 0);
	world_expect(w, "db2: @Init DB new_customer\ndb2: update t set a=2\n");
	mysql_close(c);
	mysql_close(d);
}

TEST(a_prepared_statement_keeps_the_names_it_was_prepared_with)
{
	world_run(prepared_story);
}

/* Executed again it is planned once for each route. */
static void
moved_meanwhile_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");
	uint32_t id = world_prepare(cx, c, "update users set a=1");

	expect_eq(world_execute(cx, c, id), 0);
	expect_eq(world_execute(cx, c, id), 0);
	world_expect(w, "db1: @Prepare update users set a=1\ndb1: @Execute\ndb1: @Execute\n");
	world_rules(w, 1, "new_customer", RULE_OPEN);
	expect_eq(world_execute(cx, c, id), 0);
	expect_eq(world_execute(cx, c, id), 0);
	world_expect(w,
	    "db2: @Prepare update `new_customer`.`users` set a=1\ndb2: @Execute\n"
	    "db2: @Execute\n");
	world_rules(w, 2, "customer", RULE_OPEN);
	expect_eq(world_execute(cx, c, id), 0);
	world_expect(w, "db1: @Execute\n");
	mysql_close(c);
}

TEST(a_prepared_statement_follows_its_table)
{
	world_run(moved_meanwhile_story);
}

/* The same of a text that comes again, with other values. */
static void
text_meanwhile_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer"), *d = world_client(cx, "new_customer");

	for (int i = 0; i < 3; i++) /* read, planned, and found again */
		expect_eq(world_do(cx, c, "update users set a=1"), 0);
	world_expect(
	    w, "db1: update users set a=1\ndb1: update users set a=1\ndb1: update users set a=1\n");
	/* Another keyspace's table of that name. */
	expect_eq(world_do(cx, d, "update users set a=2"), 0);
	expect_eq(world_do(cx, d, "update users set a=3"), 0);
	world_expect(w, "db2: update users set a=2\ndb2: update users set a=3\n");
	expect_eq(world_do(cx, c, "update users set a=12"), 0);
	world_expect(w, "db1: update users set a=12\n");
	world_rules(w, 1, "new_customer", RULE_OPEN);
	expect_eq(world_do(cx, c, "update users set a=4"), 0);
	expect_eq(world_do(cx, c, "update users set a=5"), 0);
	world_expect(w,
	    "db2: update `new_customer`.`users` set a=4\ndb2: update `new_customer`.`users` set a=5\n");
	world_rules(w, 2, "customer", RULE_OPEN);
	expect_eq(world_do(cx, c, "update users set a=6"), 0);
	world_expect(w, "db1: update users set a=6\n");
	mysql_close(c);
	mysql_close(d);
}

TEST(a_text_that_comes_again_follows_its_table)
{
	world_run(text_meanwhile_story);
}

/* A temporary table hides the table that the statement was executed on. */
static void
hidden_meanwhile_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");
	uint32_t id = world_prepare(cx, c, "update t set a=1");

	world_rules(w, 1, "new_customer", RULE_OPEN);
	expect_eq(world_execute(cx, c, id), 0);
	expect_eq(world_do(cx, c, "create temporary table t as select a from users"), 0);
	buf_reset(&w->said);
	expect_eq(world_execute(cx, c, id), 0);
	world_expect(w, "db2: @Prepare update `new_customer`.`t` set a=1\ndb2: @Execute\n");
	mysql_close(c);
}

TEST(a_prepared_statement_finds_a_temporary_table_that_was_made_since)
{
	world_run(hidden_meanwhile_story);
}

/* ---- savepoints ---- */

static void
savepoint_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	world_rules(w, 1, "new_customer", RULE_OPEN);
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_eq(world_do(cx, c, "savepoint s"), 0);
	world_expect(w, "");
	expect_eq(world_do(cx, c, "insert into users values (1)"), 0);
	expect_eq(world_do(cx, c, "release savepoint s"), 0);
	expect_eq(world_do(cx, c, "commit"), 0);
	world_expect(w,
	    "db2: begin\ndb2: SAVEPOINT `s`\n"
	    "db2: insert into `new_customer`.`users` values (1)\n"
	    "db2: release savepoint s\ndb2: commit\n");
	/* What a server was asked about is said again where the transaction goes on. */
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_eq(world_do(cx, c, "savepoint s"), 0);
	expect_eq(world_do(cx, c, "rollback to s"), 0);
	expect_eq(world_do(cx, c, "insert into users values (2)"), 0);
	expect_eq(world_do(cx, c, "commit"), 0);
	world_expect(w,
	    "db1: begin\ndb1: SAVEPOINT `s`\ndb1: rollback to s\ndb1: " SIDE_COMMIT "\n"
	    "db2: begin\ndb2: SAVEPOINT `s`\ndb2: rollback to s\n"
	    "db2: insert into `new_customer`.`users` values (2)\ndb2: commit\n");
	/* Nothing has begun where autocommit is off, either. */
	expect_eq(world_do(cx, c, "set autocommit=0"), 0);
	expect_eq(world_do(cx, c, "savepoint `a``b`"), 0);
	expect_eq(world_do(cx, c, "insert into users values (3)"), 0);
	expect_eq(world_do(cx, c, "rollback"), 0);
	world_expect(w,
	    "db1: set autocommit=0\ndb2: SET autocommit = 0\n"
	    "db2: START TRANSACTION\ndb2: SAVEPOINT `a``b`\n"
	    "db2: insert into `new_customer`.`users` values (3)\ndb2: rollback\n");
	mysql_close(c);
}

TEST(savepoints_are_set_where_the_transaction_begins)
{
	world_run(savepoint_story);
}

static void
savepoints_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");
	int rc = 0, n = 0;

	expect_eq(world_do(cx, c, "begin"), 0);
	for (; rc == 0 && n < 10000; n++)
		rc = world_do(cx, c, "savepoint s");
	expect_eq(rc, 1235);
	expect(n > 100);
	world_expect(w, "");
	expect_eq(world_do(cx, c, "rollback"), 0);
	expect_eq(world_do(cx, c, "savepoint s extra"), 0); /* the server's to refuse */
	world_expect(w, "db1: savepoint s extra\n");
	mysql_close(c);
}

TEST(savepoints_that_wait_have_an_end)
{
	world_run(savepoints_story);
}

/* ---- insert ids ---- */

static void
returning_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	expect_str(world_ask(cx, c, "insert into generate values (null) returning a"), "db1");
	expect_eq(world_do(cx, c, "insert into new_customer.t values (last_insert_id())"), 0);
	world_expect(w,
	    "db1: insert into generate values (null) returning a\n"
	    "db1: SELECT LAST_INSERT_ID() LIMIT 1\ndb2: SET last_insert_id = 7\n"
	    "db2: insert into new_customer.t values (last_insert_id())\n");
	/* One that generates none must not make an older one of its server the session's. */
	expect_eq(world_do(cx, c, "insert into generate values (null)"), 0);
	expect_str(world_ask(cx, c, "insert into new_customer.t values (1) returning a"), "db2");
	world_expect(w,
	    "db1: insert into generate values (null)\ndb1: SELECT LAST_INSERT_ID() LIMIT 1\n"
	    "db2: SET last_insert_id = 7\n"
	    "db2: insert into new_customer.t values (1) returning a\n");
	mysql_close(c);
}

TEST(an_insert_that_returns_rows_has_an_insert_id)
{
	world_run(returning_story);
}

/* ---- completion_type ---- */

static void
chain_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	expect_eq(world_do(cx, c, "set completion_type=01"), 1235);
	expect_eq(world_do(cx, c, "set session completion_type='CHAINED'"), 1235);
	expect_eq(world_do(cx, c, "set @@completion_type=@x"), 1235);
	world_expect(w, "db1: SELECT @x LIMIT 1\n");
	expect_eq(world_do(cx, c, "set completion_type=NO_CHAIN"), 0);
	/* A server that is set so all the same. */
	world_rules(w, 1, "customer", RULE_OPEN);
	w->chain = true;
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_str(world_ask(cx, c, "select a from users"), "db1");
	expect_eq(world_do(cx, c, "commit"), 0);
	world_rules(w, 2, "new_customer", RULE_OPEN);
	expect_eq(w->gate_loop.in_flight.work.count, 1);
	/* The snapshot is not of the transaction before: it is not read by the rules of then. */
	expect_str(world_ask(cx, c, "select a from users"), "error 1213");
	w->chain = false;
	expect_eq(world_do(cx, c, "commit"), 0);
	expect_str(world_ask(cx, c, "select a from users"), "db2");
	mysql_close(c);
}

TEST(a_chained_transaction_is_a_new_one)
{
	world_run(chain_story);
}

/* It writes perhaps, and must end with the transaction that the client has begun. */
static void
execute_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	expect_eq(world_do(cx, c, "prepare p from 'insert into t values (1)'"), 0);
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_eq(world_do(cx, c, "execute p"), 0);
	expect_eq(world_do(cx, c, "rollback"), 0);
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_eq(world_do(cx, c, "/* now */ execute immediate 'insert into t values (2)'"), 0);
	expect_eq(world_do(cx, c, "rollback"), 0);
	mysql_close(c);
	world_expect(w,
	    "db1: @Prepare insert into t values (1)\n"
	    "db1: begin\ndb1: insert into t values (1)\ndb1: rollback\n"
	    "db1: @Prepare insert into t values (2)\n"
	    "db1: begin\ndb1: insert into t values (2)\ndb1: rollback\n");
}

TEST(what_is_executed_in_sql_belongs_to_the_transaction)
{
	world_run(execute_story);
}
