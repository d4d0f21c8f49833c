#include "gate/plan.h"
#include "gate/refuse.h"
#include "test.h"
#include "unit/gate/routes.h"

/* "db1 r|l [ruled] text", or "errno text". */
static void
plan_of(struct buf *out, struct route *route, const char *keyspace, const char *sql)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	struct statement s;
	struct plan plan;
	struct err err = { 0 };
	struct temporary_tables none = { .names = BUF_INIT };
	struct plan_input in = { .route = route,
		.temporary = &none,
		.statement = &s,
		.sql = slice_str(sql),
		.keyspace = keyspace == NULL ? SLICE_NULL : slice_str(keyspace),
		.base = slice_str("customer") };

	/* What is no keyspace is used after customer. */
	if (keyspace == NULL || route_keyspace(route, in.keyspace) != NULL)
		in.base = in.keyspace;

	expect_ok(statement_read(&arena, in.sql, 0, &s, &err), &err);
	if (plan_make(&arena, &in, &plan, &err) != 0) {
		buf_addf(out, "%d %s", err.mysql_errno, err.text);
		return;
	}
	buf_addf(out, "%s %s%s %.*s", plan.place == NULL ? "any" : plan.place->server,
	    plan.locks ? "locks" : "reads", plan.ruled_count > 0 ? " ruled" : "",
	    SLICE_ARG(plan.text));
}

static void
expect_plan(struct route *route, const char *keyspace, const char *sql, const char *want)
{
	SCOPED(buf)
	struct buf got = BUF_INIT;

	plan_of(&got, route, keyspace, sql);
	if (strcmp(got.data, want) != 0)
		test_fail(__FILE__, __LINE__, "%s\n   got %s\n  want %s", sql, got.data, want);
}

TEST(without_rules_names_decide)
{
	struct route *r = route_of(0, "customer", RULE_OPEN);

	expect_plan(r, "customer", "select * from users", "db1:3306 reads select * from users");
	expect_plan(r, "new_customer", "select * from users", "db2:3306 reads select * from users");
	expect_plan(r, "customer", "select * from new_customer.t",
	    "db2:3306 reads select * from new_customer.t");
	expect_plan(r, NULL, "select * from customer.t", "db1:3306 reads select * from customer.t");
	expect_plan(r, NULL, "select 1", "any reads select 1");
	expect_plan(r, "customer", "select 1", "db1:3306 reads select 1");
	expect_plan(r, NULL, "select * from t", "1046 No database selected");
	/* the server says 1146 */
	expect_plan(
	    r, "customer", "select * from nosuch.t", "db1:3306 reads select * from nosuch.t");
	expect_plan(r, "customer", "update _switchyard.fence set armed=0",
	    "1049 Unknown database '_switchyard'");
	expect_plan(r, "customer", "select * from information_schema.tables",
	    "db1:3306 reads select * from information_schema.tables");
	route_unref(r);
}

TEST(a_database_that_is_no_keyspace_is_where_the_session_is)
{
	struct route *r = route_of(1, "new_customer", RULE_OPEN);

	expect_plan(r, "customer", "drop database d", "db1:3306 locks drop database d");
	expect_plan(r, "new_customer", "create database d", "db2:3306 locks create database d");
	expect_plan(r, "new_customer", "show tables from d", "db2:3306 reads show tables from d");
	expect_plan(r, "d", "select * from t", "db1:3306 reads select * from t");
	expect_plan(r, "d", "select 1", "db1:3306 reads select 1");
	expect_plan(r, "d", "create procedure p() select 1",
	    "db1:3306 locks create procedure p() select 1");
	expect_plan(r, "new_customer", "create procedure d.p() select 1",
	    "db2:3306 locks create procedure d.p() select 1");
	expect_plan(r, "d", "select database() d from customer.users",
	    "db2:3306 reads ruled select CONVERT('d' USING utf8mb3) d from `new_customer`.`users`");
	expect_plan(r, "customer", "select * from users join d.t",
	    "1235 tables 'users' (keyspace 'new_customer') and 't' (keyspace 'customer') are on two "
	    "servers: vtgate does not join across servers");
	expect_plan(r, NULL, "create database d",
	    "1235 Unknown database 'd': it is no keyspace, and in a session that has not used one it is "
	    "not known which server it is about");
	expect_plan(r, NULL, "show tables from d",
	    "1049 Unknown database 'd': it is no keyspace, and in a session that has not used one it is "
	    "not known which server it is about");
	expect_plan(r, NULL, "select * from d.t", "any reads select * from d.t");
	expect_plan(
	    r, "customer", "drop database _switchyard", "1049 Unknown database '_switchyard'");
	route_unref(r);
}

/* One that a keyspace has under another name is reached by the keyspace's name alone. */
TEST(a_keyspaces_database_is_no_database_of_its_own)
{
	const struct slice tablets[] = { slice_str(
	    "{\"uid\":1,\"cell\":\"zone1\",\"keyspace\":\"a\",\"shard\":\"0\",\"type\":\"primary\","
	    "\"server\":\"db1:3306\",\"http\":\"h:1\"}") };
	const struct slice keyspaces[] = { slice_str(
	    "{\"name\":\"a\",\"database\":\"a_data\",\"created_us\":0}") };
	struct route_source from = {
		.keyspaces = keyspaces, .keyspaces_count = 1, .tablets = tablets
	};
	struct route *r;
	struct err err = { 0 };

	expect_ok(route_new(&from, &r, &err), &err);
	expect_plan(r, "a", "drop database a_data", "1049 Unknown database 'a_data'");
	expect_plan(r, "a", "delete from a_data.t", "1049 Unknown database 'a_data'");
	route_unref(r);
}

TEST(two_servers_are_refused)
{
	struct route *r = route_of(0, "customer", RULE_OPEN);
	SCOPED(buf)
	struct buf got = BUF_INIT;

	plan_of(&got, r, "customer", "select * from a join new_customer.b");
	expect(slice_starts(buf_slice(&got), "1235 tables 'a'"));
	expect(strstr(got.data, "'b'") != NULL && strstr(got.data, "two servers") != NULL);
	route_unref(r);
}

TEST(before_the_move_nothing_is_rewritten)
{
	struct route *r = route_of(1, "customer", RULE_OPEN);

	expect_plan(r, "customer", "select users.a from users",
	    "db1:3306 reads ruled select users.a from users");
	expect_plan(r, "customer", "select * from other", "db1:3306 reads select * from other");
	expect_plan(r, "new_customer", "select * from users",
	    "db1:3306 reads ruled select * from `customer`.`users`");
	route_unref(r);
}

TEST(moved_names_are_rewritten)
{
	struct route *r = route_of(3, "new_customer", RULE_OPEN);

	expect_plan(r, "customer", "select users.a, customer.users.b from users u, `customer`.users",
	    "db2:3306 reads ruled select users.a, `new_customer`.`users`.b from `new_customer`.`users` u, "
	    "`new_customer`.`users`");
	expect_plan(r, "customer", "update users set a=(select 1 from users) where 'users'=1",
	    "db2:3306 locks ruled update `new_customer`.`users` set a=(select 1 from `new_customer`.`users`) "
	    "where 'users'=1");
	expect_plan(r, "customer", "delete users from users where users.a",
	    "db2:3306 locks ruled delete `new_customer`.`users` from `new_customer`.`users` where users.a");
	expect_plan(r, "customer", "delete users from users as users",
	    "db2:3306 locks ruled delete users from `new_customer`.`users` as users");
	expect_plan(r, "customer", "delete u from users u where u.a",
	    "db2:3306 locks ruled delete u from `new_customer`.`users` u where u.a");
	expect_plan(r, "customer", "insert into users values (1)",
	    "db2:3306 locks ruled insert into `new_customer`.`users` values (1)");
	expect_plan(r, "customer", "select * from users for update",
	    "db2:3306 locks ruled select * from `new_customer`.`users` for update");
	expect_plan(
	    r, "new_customer", "select * from users", "db2:3306 reads ruled select * from users");
	expect_plan(r, "customer", "show columns from users from customer like 'x'",
	    "db2:3306 reads ruled show columns from `new_customer`.`users` like 'x'");
	expect_plan(r, "customer", "with users as (select 1) select * from users",
	    "db1:3306 reads with users as (select 1) select * from users");
	expect_plan(r, "customer", "select * from other where a = 'users'",
	    "db1:3306 reads select * from other where a = 'users'");
	route_unref(r);
}

TEST(a_table_that_is_called_otherwise_keeps_its_name_in_the_text)
{
	struct route *r =
	    route_with(3, &(struct test_rule){ .to = "new_customer", .to_table = "people" });

	expect_plan(r, "customer", "select users.a from users join users u on u.a=users.a",
	    "db2:3306 reads ruled select users.a from `new_customer`.`people` AS `users` join "
	    "`new_customer`.`people` u on u.a=users.a");
	expect_plan(r, "customer", "update users set users.a=1",
	    "db2:3306 locks ruled update `new_customer`.`people` AS `users` set users.a=1");
	expect_plan(r, "customer", "delete users from users",
	    "db2:3306 locks ruled delete `new_customer`.`people` from `new_customer`.`people`");
	expect_plan(r, "customer", "insert into users select * from users partition (p)",
	    "db2:3306 locks ruled insert into `new_customer`.`people` select * from "
	    "`new_customer`.`people` partition (p)");
	route_unref(r);
}

TEST(what_is_not_understood_is_refused_only_with_a_moved_name)
{
	struct route *r = route_of(3, "new_customer", RULE_OPEN);

	expect_plan(r, "customer", "frobnicate other now", "db1:3306 locks frobnicate other now");
	expect_plan(r, "customer", "frobnicate users now",
	    "1235 a statement that vtgate does not understand names the moved table 'users'");
	expect_plan(r, "customer", "frobnicate USERS now",
	    "1235 a statement that vtgate does not understand names the moved table 'USERS'");
	expect_plan(r, "customer", "begin not atomic execute immediate 'delete from users'; end",
	    "1235 a statement that vtgate does not understand runs SQL from strings, which may name "
	    "moved tables");
	expect_plan(r, "customer", "create temporary table users (a int)",
	    "1235 a temporary table with the name of the moved table 'users'");
	expect_plan(r, "customer", "select database(), schema() s from users where a=database()",
	    "db2:3306 reads ruled select CONVERT('customer' USING utf8mb3) AS `database()`, "
	    "CONVERT('customer' USING utf8mb3) s from `new_customer`.`users` "
	    "where a=CONVERT('customer' USING utf8mb3)");
	expect_plan(r, "new_customer", "select database() from users",
	    "db2:3306 reads ruled select database() from users");
	expect_plan(r, "customer", "insert into users values (database())",
	    "db2:3306 locks ruled insert into `new_customer`.`users` values "
	    "(CONVERT('customer' USING utf8mb3))");
	expect_plan(r, "customer", "select concat(a, database()) from users",
	    "1235 DATABASE() within a column without a name of its own, in a statement on a table that "
	    "another server serves: give it one (AS name)");
	expect_plan(r, "customer", "select (select database()) from users",
	    "1235 DATABASE() within a column without a name of its own, in a statement on a table that "
	    "another server serves: give it one (AS name)");
	route_unref(r);
}

/* A client of latin1 or gbk: other names than ASCII might be moved ones. */
TEST(names_in_another_character_set)
{
	static const struct {
		const char *sql;
		bool refused;
	} cases[] = { { "select * from t", false }, { "select * from caf\xe9", true },
		{ "select * from `d\xe9`.t", true }, { "update users set a = '\xe9'", false } };
	struct route *r = route_of(1, "customer", RULE_OPEN),
		     *none = route_of(0, "customer", RULE_OPEN);
	struct temporary_tables temporary = { .names = BUF_INIT };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		SCOPED(arena)
		struct arena arena = ARENA_INIT;
		struct statement s;
		struct plan plan;
		struct err err = { 0 };
		struct plan_input in = { .route = r,
			.statement = &s,
			.sql = slice_str(cases[i].sql),
			.keyspace = slice_str("customer"),
			.temporary = &temporary,
			.ascii_only = true };

		expect_ok(statement_read(&arena, in.sql, 0, &s, &err), &err);
		expect_eq(plan_make(&arena, &in, &plan, &err), cases[i].refused ? -1 : 0);
		expect(!cases[i].refused || err.mysql_errno == ER_NOT_SUPPORTED_YET);
		in.route = none;
		err_clear(&err);
		if (plan_make(&arena, &in, &plan, &err) != 0)
			expect(err.mysql_errno == ER_BAD_DB_ERROR);
	}
	route_unref(r);
	route_unref(none);
}

TEST(kinds_that_lock)
{
	struct route *r = route_of(1, "customer", RULE_HOLD);

	expect_plan(
	    r, "customer", "select f() from users", "db1:3306 locks ruled select f() from users");
	expect_plan(r, "customer", "truncate users", "db1:3306 locks ruled truncate users");
	expect_plan(
	    r, "customer", "lock tables users read", "db1:3306 locks ruled lock tables users read");
	expect_plan(r, "customer", "explain update users set a=1",
	    "db1:3306 reads ruled explain update users set a=1");
	expect_plan(r, "customer", "set @a = (select max(a) from users)",
	    "db1:3306 reads ruled set @a = (select max(a) from users)");
	expect_plan(r, "customer", "set @a = (select a from users for update)",
	    "db1:3306 locks ruled set @a = (select a from users for update)");
	expect_plan(r, "customer", "explain select a from users for update",
	    "db1:3306 locks ruled explain select a from users for update");
	expect_plan(r, "customer", "set @a = nextval(s)", "db1:3306 reads set @a = nextval(s)");
	route_unref(r);
}

TEST(a_keyspace_without_a_server)
{
	static const struct slice only[] = { { (const uint8_t *)"", 0 } };
	const struct slice keyspaces[] = { slice_str(
	    "{\"name\":\"lonely\",\"database\":\"lonely\",\"created_us\":0}") };
	struct route_source from = { .keyspaces = keyspaces, .keyspaces_count = 1, .tablets = only };
	struct route *r;
	struct err err = { 0 };

	expect_ok(route_new(&from, &r, &err), &err);
	expect_plan(r, "lonely", "select * from t", "1049 keyspace 'lonely' has no primary tablet");
	expect(route_any(r) == NULL);
	route_unref(r);
}

TEST(a_table_of_another_name_goes_on_being_called_as_it_was)
{
	struct test_rule rule = { .to = "new_customer", .phase = RULE_OPEN, .to_table = "people" };
	struct route *r = route_with(1, &rule);

	expect_plan(r, "customer", "select id from users",
	    "db2:3306 reads ruled select id from `new_customer`.`people` AS `users`");
	expect_plan(r, "customer", "select users.id from users where users.id = 1",
	    "db2:3306 reads ruled select users.id from `new_customer`.`people` AS `users` "
	    "where users.id = 1");
	expect_plan(r, "customer", "select users.*, customer.users.id from users use index (a)",
	    "db2:3306 reads ruled select users.*, `new_customer`.`users`.id from `new_customer`.`people` "
	    "AS `users` use index (a)");
	expect_plan(r, "customer", "select customer.users.id from users",
	    "db2:3306 reads ruled select `new_customer`.`users`.id from `new_customer`.`people` AS `users`");
	expect_plan(r, "customer", "select u.id, users.id from users u join users on u.a = users.b",
	    "db2:3306 reads ruled select u.id, users.id from `new_customer`.`people` u join "
	    "`new_customer`.`people` AS `users` on u.a = users.b");
	expect_plan(r, "customer", "update users set users.a = 1 where users.id = 2",
	    "db2:3306 locks ruled update `new_customer`.`people` AS `users` set users.a = 1 "
	    "where users.id = 2");
	expect_plan(r, "customer", "delete from users where users.id = 2",
	    "db2:3306 locks ruled delete from `new_customer`.`people` "
	    "where `new_customer`.`people`.id = 2");
	expect_plan(r, "new_customer", "delete from customer.users where users.id = 2",
	    "db2:3306 locks ruled delete from `new_customer`.`people` "
	    "where `new_customer`.`people`.id = 2");
	expect_plan(r, "customer", "delete users from users join users x on users.id = x.a",
	    "db2:3306 locks ruled delete `users` from `new_customer`.`people` AS `users` join "
	    "`new_customer`.`people` x on users.id = x.a");
	expect_plan(r, NULL, "delete customer.users from customer.users join customer.users x",
	    "db2:3306 locks ruled delete `new_customer`.`people` from `new_customer`.`people` join "
	    "`new_customer`.`people` x");
	expect_plan(r, "customer",
	    "insert into users (a) values (1) on duplicate key update a = users.a + 1",
	    "db2:3306 locks ruled insert into `new_customer`.`people` (a) values (1) on duplicate key update "
	    "a = `new_customer`.`people`.a + 1");
	expect_plan(r, "customer", "select users.id from users partition (p0)",
	    "db2:3306 reads ruled select `new_customer`.`people`.id from `new_customer`.`people` "
	    "partition (p0)");
	expect_plan(r, "customer", "explain select * from users",
	    "db2:3306 reads ruled explain select * from `new_customer`.`people` AS `users`");
	expect_plan(r, "customer", "show columns from users",
	    "db2:3306 reads ruled show columns from `new_customer`.`people`");
	expect_plan(r, "customer", "lock tables users read local, users as x write ;",
	    "db2:3306 locks ruled lock tables `new_customer`.`people` AS `users` read local, "
	    "`new_customer`.`people` read local, `new_customer`.`people` as x write ;");
	expect_plan(r, "customer", "insert into users (a) select users.a from users",
	    "db2:3306 locks ruled insert into `new_customer`.`people` (a) select users.a from "
	    "`new_customer`.`people` AS `users`");
	route_unref(r);
}

TEST(a_name_that_may_be_the_statements_own_is_refused)
{
	static const char *const unclear[] = {
		"delete from users where exists (select 1 from customer.users x where users.id = 1)",
		"delete from users where exists (select 1 from (select 1 as id) users where users.id = 1)",
		"delete from users where a in (with users as (select 1 as id) select users.id from users)",
	};
	struct test_rule rule = { .to = "new_customer", .phase = RULE_OPEN, .to_table = "people" };
	struct route *r = route_with(1, &rule);

	for (size_t i = 0; i < sizeof(unclear) / sizeof(unclear[0]); i++) {
		SCOPED(buf) struct buf got = BUF_INIT;

		plan_of(&got, r, "customer", unclear[i]);
		if (!slice_starts(buf_slice(&got), "1235 table 'users', which has another name"))
			test_fail(__FILE__, __LINE__, "%s\n   got %s", unclear[i], got.data);
	}
	route_unref(r);
}

TEST(a_routine_that_moved_is_called_where_it_is)
{
	struct test_rule rule = { .to = "new_customer", .phase = RULE_OPEN, .routines = true };
	struct route *r = route_with(1, &rule);

	/* The place's own database is new_customer, so the text stays, and with it the column's name. */
	expect_plan(r, "customer", "select Bound(1)", "db2:3306 locks ruled select Bound(1)");
	expect_plan(r, "customer", "call bound", "db2:3306 locks ruled call bound");
	expect_plan(r, NULL, "select customer.bound(1)",
	    "db2:3306 locks ruled select `new_customer`.bound(1)");
	expect_plan(r, "customer", "call `bound`((select max(a) from users))",
	    "db2:3306 locks ruled call `bound`((select max(a) from `new_customer`.`users`))");
	/* One that stays is called where the keyspace is. */
	expect_plan(r, "customer", "call other(1)", "db1:3306 locks call other(1)");
	expect_plan(r, "customer", "select bound(a) from t",
	    "1235 tables 'bound' (keyspace 'new_customer') and 't' (keyspace 'customer') are on two "
	    "servers: vtgate does not join across servers");
	expect_plan(r, "customer", "select other(a) from users",
	    "1235 a stored function of keyspace 'customer' in a statement on tables of keyspace "
	    "'new_customer', which is on another server: say where it is (new_customer.name())");
	route_unref(r);
}

TEST(a_routine_that_needs_no_table_is_called_where_the_tables_are)
{
	struct test_rule rule = { .to = "new_customer", .phase = RULE_OPEN, .routines = true };
	struct route *r = route_with(1, &rule);

	expect_plan(r, "customer", "select free(1)", "db2:3306 locks ruled select free(1)");
	expect_plan(r, "customer", "select free(a) from t", "db1:3306 locks select free(a) from t");
	expect_plan(r, "customer", "select customer.free(a) from users",
	    "db2:3306 locks ruled select `new_customer`.free(a) from `new_customer`.`users`");
	expect_plan(r, "customer", "select new_customer.free(a) from t",
	    "db1:3306 locks select `customer`.free(a) from t");
	expect_plan(
	    r, "customer", "select free(bound(1))", "db2:3306 locks ruled select free(bound(1))");
	route_unref(r);
}

TEST(a_routine_is_defined_where_it_is_served)
{
	struct test_rule rule = { .to = "new_customer", .phase = RULE_OPEN, .routines = true };
	struct route *r = route_with(1, &rule);

	expect_plan(r, "customer", "create procedure bound() update users set a = 1",
	    "db2:3306 locks ruled create procedure `new_customer`.`bound`() update users set a = 1");
	expect_plan(r, NULL, "drop function if exists customer.`Bound`",
	    "db2:3306 locks ruled drop function if exists `new_customer`.`Bound`");
	expect_plan(r, "customer", "show create procedure bound",
	    "db2:3306 reads ruled show create procedure `new_customer`.`bound`");
	/* An event has a name of its own, and so has a new one. */
	expect_plan(r, "customer", "drop event bound", "db1:3306 locks drop event bound");
	expect_plan(r, "customer", "create procedure other() update users set a = 1",
	    "1235 a statement that vtgate does not understand names the moved table 'users'");
	expect_plan(r, NULL, "show create function sys.x", "any reads show create function sys.x");
	route_unref(r);
}
