#include "task/sim.h"
#include "test.h"
#include "unit/gate/world.h"

/* ---- routing ---- */

static void
route_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	expect_str(world_ask(cx, c, "select a from users"), "db1");
	expect_str(world_ask(cx, c, "select a from new_customer.t"), "db2");
	expect_eq(world_do(cx, c, "use new_customer"), 0);
	expect_str(world_ask(cx, c, "select a from users"), "db2");
	expect_eq(world_do(cx, c, "use _switchyard"), 1049);
	expect_eq(world_do(cx, c, "select 1 from customer.a join new_customer.b"), 1235);
	expect_eq(world_do(cx, c, "select 'open"), 1064);
	expect_eq(world_do(cx, c, ""), 1065);
	mysql_close(c);
	world_expect(w,
	    "db1: select a from users\ndb2: select a from new_customer.t\ndb2: select a from users\n");
}

TEST(statements_go_where_their_tables_are)
{
	world_run(route_story);
}

static void
login_story(struct ctx *cx, struct world *w)
{
	struct mysql_params params = {
		.address = "gate:3306", .user = "app", .database = "_switchyard"
	};
	struct mysql_client *c;

	expect(mysql_connect(cx, &params, &c) != 0 && cx->err->mysql_errno == 1049);
	params.database = NULL;
	params.user = "root";
	expect(mysql_connect(cx, &params, &c) != 0 && cx->err->mysql_errno == 1045);
	params.user = "app";
	expect_ok(mysql_connect(cx, &params, &c), cx->err);
	expect_eq(world_do(cx, c, "select a from t"), 1046);
	mysql_close(c);
	world_expect(w, "");
}

TEST(who_may_come_in)
{
	world_run(login_story);
}

static void
moved_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	world_rules(w, 1, "new_customer", RULE_OPEN);
	expect_str(world_ask(cx, c, "select customer.users.a from users"), "db2");
	expect_eq(world_do(cx, c, "update users set a=1"), 0);
	expect_str(world_ask(cx, c, "select a from other"), "db1");
	mysql_close(c);
	world_expect(w,
	    "db2: select `new_customer`.`users`.a from `new_customer`.`users`\n"
	    "db2: update `new_customer`.`users` set a=1\ndb1: select a from other\n");
}

TEST(moved_tables_are_rewritten)
{
	world_run(moved_story);
}

/* ---- transactions ---- */

static void
txn_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	world_rules(w, 1, "new_customer", RULE_OPEN);
	expect_eq(world_do(cx, c, "begin"), 0);
	world_expect(w, "");
	expect_str(world_ask(cx, c, "select 1"), "db1"); /* names no table: does not decide */
	expect_eq(world_do(cx, c, "insert into users values (1)"), 0);
	expect_eq(w->gate_loop.in_flight.work.count, 1);
	expect_eq(world_do(cx, c, "insert into other values (1)"), 1235);
	expect_eq(world_do(cx, c, "commit"), 0);
	expect_eq(w->gate_loop.in_flight.work.count, 0);
	expect_eq(world_do(cx, c, "insert into other values (1)"), 0);
	mysql_close(c);
	world_expect(w,
	    "db1: select 1\ndb2: begin\ndb2: insert into `new_customer`.`users` values (1)\ndb2: commit\n"
	    "db1: insert into other values (1)\n");
}

TEST(a_transaction_begins_where_its_first_table_is)
{
	world_run(txn_story);
}

static void
deadlock_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	expect_eq(world_do(cx, c, "begin"), 0);
	expect_eq(world_do(cx, c, "update users set a=1"), 0);
	expect_eq(world_do(cx, c, "update deadlock set a=1"), 1213);
	world_pause(cx, MSEC); /* the client has its error first */
	expect_eq(
	    w->gate_loop.in_flight.work.count, 0); /* the server has rolled back: it was asked */
	expect_eq(world_do(cx, c, "rollback"), 0); /* nobody needs to hear this */
	mysql_close(c);
	world_expect(w, "db1: begin\ndb1: update users set a=1\ndb1: update deadlock set a=1\n");
}

TEST(an_error_that_ends_a_transaction_is_noticed)
{
	world_run(deadlock_story);
}

static void
autocommit_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	expect_eq(world_do(cx, c, "set autocommit=0"), 0);
	expect_eq(world_do(cx, c, "update users set a=1"), 0);
	expect_eq(w->gate_loop.in_flight.work.count, 1);
	expect_eq(world_do(cx, c, "update new_customer.t set a=1"), 1235);
	expect_eq(world_do(cx, c, "commit"), 0);
	expect_eq(world_do(cx, c, "update new_customer.t set a=1"), 0);
	mysql_close(c);
	/* The setting is repeated at the second server. */
	world_expect(w,
	    "db1: set autocommit=0\ndb1: update users set a=1\ndb1: commit\n"
	    "db2: SET autocommit = 0\ndb2: update new_customer.t set a=1\n");
}

TEST(autocommit_off_opens_transactions)
{
	world_run(autocommit_story);
}

/* ---- sharing backends ---- */

static void
share_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *a = world_client(cx, "customer"), *b = world_client(cx, "customer");

	w->gate_loop.pool.max = 1;
	expect_eq(world_do(cx, a, "set sql_mode='x'"), 0);
	expect_eq(world_do(cx, b, "update t set a=1"), 0);
	expect_eq(world_do(cx, a, "update t set a=2"), 0);
	expect_eq(w->gate_loop.pool.count, 1);
	world_expect(w,
	    "db1: set sql_mode='x'\ndb1: @Reset connection\ndb1: update t set a=1\n"
	    "db1: @Reset connection\ndb1: SET sql_mode = 'x'\ndb1: update t set a=2\n");
	/* In a transaction it is not shared. */
	expect_eq(world_do(cx, a, "begin"), 0);
	expect_eq(world_do(cx, a, "update t set a=3"), 0);
	w->gate_loop.pool.take_timeout = SECOND;
	expect_eq(world_do(cx, b, "update t set a=4"), 1040);
	expect_eq(world_do(cx, a, "commit"), 0);
	expect_eq(world_do(cx, b, "update t set a=4"), 0);
	mysql_close(a);
	mysql_close(b);
}

TEST(one_backend_serves_two_sessions)
{
	world_run(share_story);
}

static void
bound_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *a = world_client(cx, "customer"), *b = world_client(cx, "customer");

	w->gate_loop.pool.max = 1;
	w->gate_loop.pool.take_timeout = SECOND;
	expect_eq(world_do(cx, a, "create temporary table x (a int)"), 0);
	expect_eq(world_do(cx, b, "update t set a=1"), 1040);
	mysql_close(a);
	expect_eq(world_do(cx, b, "update t set a=1"), 0);
	mysql_close(b);
}

TEST(state_that_cannot_be_repeated_binds)
{
	world_run(bound_story);
}

static void
hidden_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer"), *d = world_client(cx, "customer");

	expect_eq(world_do(cx, c, "create temporary table users (a int)"), 0);
	expect_eq(world_do(cx, d, "create temporary table new_customer.users (a int)"), 0);
	world_rules(w, 1, "customer", RULE_OPEN);
	expect_eq(world_do(cx, c, "insert into users values (1)"), 0); /* as ever */
	world_rules(w, 2, "new_customer", RULE_OPEN);
	buf_reset(&w->said);
	expect_eq(world_do(cx, c, "insert into users values (1)"), 1235);
	expect_eq(world_do(cx, d, "insert into users values (1)"), 1235);
	expect_eq(world_do(cx, c, "drop temporary table users"), 1235);
	world_expect(w, "");
	mysql_close(c);
	mysql_close(d);
}

TEST(a_temporary_table_is_never_taken_for_a_moved_one)
{
	world_run(hidden_story);
}

static void
two_homes_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *a = world_client(cx, "customer"), *b = world_client(cx, "customer");

	w->gate_loop.pool.max = 2;
	w->gate_loop.pool.take_timeout = SECOND;
	expect_eq(world_do(cx, a, "create temporary table x (a int)"), 0);
	expect_eq(world_do(cx, a, "create temporary table new_customer.y (a int)"), 0);
	expect_eq(world_do(cx, b, "update t set a=1"), 1040); /* neither is anybody else's */
	expect_eq(world_do(cx, b, "update new_customer.t set a=1"), 1040);
	expect_str(world_ask(cx, a, "select is_free_lock('z')"), "db1");
	sim_reset("db1:3306");
	world_pause(cx, SECOND);
	mysql_close(a);
	expect_eq(world_do(cx, b, "update new_customer.t set a=1"), 0);
	mysql_close(b);
}

TEST(two_servers_with_state_bind_both)
{
	world_run(two_homes_story);
}

static void
expression_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	expect_eq(world_do(cx, c, "set sql_mode='old'"), 0);
	expect_eq(world_do(cx, c, "set sql_mode=concat(@@sql_mode, 'x')"), 0);
	world_pause(cx, MSEC);
	expect_eq(world_do(cx, c, "update new_customer.t set a=1"), 0);
	world_expect(w,
	    "db1: set sql_mode='old'\ndb1: set sql_mode=concat(@@sql_mode, 'x')\n"
	    "db1: SELECT @@session.sql_mode LIMIT 1\ndb2: SET sql_mode = 'db1'\n" /* as db1 answered */
	    "db2: update new_customer.t set a=1\n");
	expect_eq(world_do(cx, c, "set role x"), 0);
	expect_eq(world_do(cx, c, "update new_customer.t set a=2"), 1235);
	expect_eq(world_do(cx, c, "update t set a=2"), 0);
	mysql_close(c);
}

TEST(an_expressions_value_goes_along)
{
	world_run(expression_story);
}

static void
next_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	expect_eq(world_do(cx, c, "set transaction isolation level serializable"), 0);
	expect_eq(world_do(cx, c, "set transaction read only"), 0);
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_eq(world_do(cx, c, "set transaction read only"), 1568);
	expect_str(world_ask(cx, c, "select a from new_customer.t"), "db2");
	expect_eq(w->gate_loop.in_flight.work.count, 1);
	expect_eq(world_do(cx, c, "commit"), 0);
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_str(world_ask(cx, c, "select a from t"), "db1");
	expect_eq(world_do(cx, c, "commit"), 0);
	expect_eq(world_do(cx, c, "set transaction read only"), 0);
	expect_eq(world_do(cx, c, "update t join new_customer.t set a=1"), 1235); /* not sent */
	expect_eq(world_do(cx, c, "select 1"), 0); /* no transaction */
	expect_eq(world_do(cx, c, "update t set a=1"), 0);
	expect_eq(world_do(cx, c, "update t set a=2"), 0);
	expect_eq(world_do(cx, c, "set @@tx_isolation='read-committed', @@tx_read_only=1"), 0);
	expect_eq(world_do(cx, c, "update t set a=3"), 0);
	expect_eq(world_do(cx, c, "set tx_isolation='serializable'"), 0); /* the session's */
	mysql_close(c);
	world_expect(w,
	    "db2: SET TRANSACTION isolation level serializable\ndb2: SET TRANSACTION read only\n"
	    "db2: begin\ndb2: select a from new_customer.t\ndb2: commit\n"
	    "db1: begin\ndb1: select a from t\ndb1: commit\ndb1: select 1\n"
	    "db1: SET TRANSACTION read only\ndb1: update t set a=1\ndb1: update t set a=2\n"
	    "db1: SET TRANSACTION isolation level read committed\n"
	    "db1: SET TRANSACTION read only\ndb1: update t set a=3\n"
	    "db1: set tx_isolation='serializable'\n");
}

TEST(the_next_transaction_is_set_where_it_begins)
{
	world_run(next_story);
}

static void
insert_id_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *a = world_client(cx, "customer"), *b = world_client(cx, "customer");

	expect_eq(world_do(cx, a, "insert into generate values (null)"), 0);
	expect_str(world_ask(cx, a, "select last_insert_id()"), "7");
	expect_eq(world_do(cx, a, "insert into new_customer.t values (last_insert_id())"), 0);
	world_expect(w,
	    "db1: insert into generate values (null)\ndb1: select last_insert_id()\n"
	    "db1: SELECT LAST_INSERT_ID() LIMIT 1\ndb2: SET last_insert_id = 7\n"
	    "db2: insert into new_customer.t values (last_insert_id())\n");
	mysql_close(a);
	world_pause(cx, SECOND);
	w->gate_loop.pool.max = 2;
	a = world_client(cx, "customer");
	expect_eq(world_do(cx, a, "insert into generate values (null)"), 0);
	world_pause(cx, 2 * SECOND); /* idle: its backend is not kept any more */
	pool_close_idle(&w->gate_loop.pool);
	w->gate_loop.pool.max = w->gate_loop.pool.count;
	buf_reset(&w->said);
	expect_eq(world_do(cx, b, "update t set a=1"), 0);
	expect_str(world_ask(cx, a, "select last_insert_id()"), "7");
	world_expect(w,
	    "db1: @Reset connection\ndb1: update t set a=1\ndb1: @Reset connection\n"
	    "db1: SET last_insert_id = 7\ndb1: select last_insert_id()\n");
	mysql_close(a);
	mysql_close(b);
}

TEST(an_insert_id_goes_where_it_is_asked_for)
{
	world_run(insert_id_story);
}

static void
lost_answer_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *a = world_client(cx, "customer"), *b = world_client(cx, "customer");

	w->gate_loop.pool.max = 1;
	expect_eq(world_do(cx, a, "update t set a=1"), 0);
	expect_eq(world_do(cx, b, "update t set a=1"), 0);
	expect_str(world_ask(cx, a, "select row_count()"), "error 1235"); /* not another session's */
	expect_str(world_ask(cx, b, "select row_count()"), "error 1235");
	expect_eq(world_do(cx, b, "update t set a=1"), 0);
	expect_str(world_ask(cx, b, "select row_count()"), "db1");
	mysql_close(a);
	mysql_close(b);
}

TEST(what_the_last_statement_left_is_never_anothers)
{
	world_run(lost_answer_story);
}

/* ---- servers that go away ---- */

static void
gone_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer"), *d = world_client(cx, "customer");
	struct background slow;

	w->slow = 5 * SECOND;
	world_start(w, &slow, c, "update t set slow=1");
	world_pause(cx, SECOND);
	sim_reset("db1:3306");
	world_pause(cx, SECOND);
	expect(slow.done && slow.rc != 0);
	expect_eq(
	    world_do(cx, c, "select 1"), -1); /* whether it ran is unknown: the connection ends */
	expect_str(world_ask(cx, d, "select a from t"), "db1"); /* nobody else's */
	mysql_close(c);
	mysql_close(d);
}

TEST(a_lost_server_costs_its_own_clients_their_connections)
{
	world_run(gone_story);
}

static void
restarted_story(struct ctx *cx, struct world *w)
{
	struct mysql_client *c = world_client(cx, "customer");

	expect_eq(world_do(cx, c, "set sql_safe_updates=1"), 0);
	expect_str(world_ask(cx, c, "select a from t"), "db1");
	sim_reset("db1:3306");
	world_pause(cx, SECOND);
	w->said.len = 0;
	expect_str(world_ask(cx, c, "select a from t"), "db1");
	mysql_close(c);
	/* with what the session has set */
	world_expect(w, "db1: SET sql_safe_updates = 1\ndb1: select a from t\n");
}

TEST(a_server_that_was_lost_while_nothing_was_on_it_costs_nobody_anything)
{
	world_run(restarted_story);
}
