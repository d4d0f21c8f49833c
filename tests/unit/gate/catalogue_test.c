#include "gate/catalogue_show.h"
#include "gate/catalogue_view.h"
#include "mysql/flavour.h"
#include "test.h"
#include "unit/gate/routes.h"

/* customer.users is at new_customer, as people. */
static struct route *
renamed(void)
{
	struct test_rule rule = {
		.to = "new_customer", .phase = RULE_OPEN, .attempt = 1, .to_table = "people"
	};

	return route_with(3, &rule);
}

/* "own / server where as keyspace.table / ...", or "untouched". */
static void
expect_view(const char *home, const char *table, const char *sql, const char *want)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	SCOPED(buf)
	struct buf got = BUF_INIT;
	struct route *route = renamed();
	struct conditions conditions;
	struct catalogue_view view;
	struct err err = { 0 };
	struct catalogue_ask ask = { .route = route,
		.table = catalogue_table(slice_str(table)),
		.home = home,
		.keyspace = slice_str("customer"),
		.alias = slice_str("t"),
		.conditions = &conditions };

	expect_ok(conditions_read(&arena, slice_str(sql), 0, &conditions, &err), &err);
	catalogue_view(&arena, &ask, &view);
	if (view.untouched)
		buf_add_str(&got, "untouched");
	else
		buf_add_slice(&got, view.own);
	for (size_t i = 0; i < view.count; i++)
		buf_addf(&got, "\n%s %.*s as %.*s.%.*s", view.sources[i].at->server,
		    SLICE_ARG(view.sources[i].where), SLICE_ARG(view.sources[i].as_keyspace),
		    SLICE_ARG(view.sources[i].as_table));
	if (strcmp(got.data, want) != 0)
		test_fail(
		    __FILE__, __LINE__, "%s %s\n   got %s\n  want %s", table, sql, got.data, want);
	route_unref(route);
}

#define SYSTEM                                                                                     \
	"_utf8mb3'information_schema', _utf8mb3'mysql', _utf8mb3'performance_schema', "            \
	"_utf8mb3'sys'"

TEST(a_table_that_moved_is_shown_once_and_where_clients_know_it)
{
	expect_view("db1:3306", "tables", "where table_schema = 'customer'",
	    "TABLE_SCHEMA IN (_utf8mb3'customer') AND NOT (TABLE_SCHEMA = _utf8mb3'customer' AND "
	    "TABLE_NAME COLLATE utf8mb3_bin IN (_utf8mb3'users'))\n"
	    "db2:3306 TABLE_SCHEMA = _utf8mb3'new_customer' AND TABLE_NAME = _utf8mb3'people' as "
	    "customer.users");
	expect_view("db1:3306", "tables", "where table_schema = 'new_customer'",
	    "FALSE\ndb2:3306 TABLE_SCHEMA = _utf8mb3'new_customer' as new_customer.");
	expect_view("db2:3306", "tables", "where table_schema = 'new_customer'", "untouched");
	expect_view("db1:3306", "schemata", "",
	    "SCHEMA_NAME IN (" SYSTEM ", _utf8mb3'customer')\n"
	    "db2:3306 SCHEMA_NAME = _utf8mb3'new_customer' as new_customer.");
}

TEST(what_the_statement_rules_out_is_not_asked_for)
{
	expect_view("db1:3306", "columns", "where table_schema = 'customer' and table_name = 's'",
	    "untouched");
	expect_view("db1:3306", "columns",
	    "where t.table_schema = database() and t.table_name = 's'", "untouched");
	expect_view("db1:3306", "columns",
	    "where table_schema = 'customer' and table_name in ('USERS ', 's')",
	    "TABLE_SCHEMA IN (_utf8mb3'customer') AND TABLE_NAME IN (_utf8mb3'USERS ', _utf8mb3's') "
	    "AND NOT (TABLE_SCHEMA = _utf8mb3'customer' AND TABLE_NAME COLLATE utf8mb3_bin IN "
	    "(_utf8mb3'users'))\ndb2:3306 TABLE_SCHEMA = _utf8mb3'new_customer' AND TABLE_NAME = "
	    "_utf8mb3'people' as customer.users");
	expect_view("db1:3306", "tables", "where table_schema = 'information_schema'", "untouched");
	expect_view("db1:3306", "tables", "where table_schema = '_vt'", "FALSE");
	expect_view("db1:3306", "tables",
	    "where table_schema in ('customer', '_vt') and table_name = 'a'",
	    "TABLE_SCHEMA IN (_utf8mb3'customer') AND TABLE_NAME IN (_utf8mb3'a')");
}

/* Another table's condition, or one in bytes of another character set, leaves nothing out. */
TEST(a_condition_of_another_table_counts_for_nothing)
{
	const char *everything = "SCHEMA_NAME IN (" SYSTEM ", _utf8mb3'customer')\n"
				 "db2:3306 SCHEMA_NAME = _utf8mb3'new_customer' as new_customer.";

	expect_view("db1:3306", "schemata", "where u.schema_name = 'customer'", everything);
	expect_view("db1:3306", "schemata", "where table_schema = 'customer'", everything);
	expect_view("db1:3306", "schemata", "where schema_name = 'cust\xf6mer'", everything);
	expect_view("db1:3306", "schemata", "where schema_name = 'customer' or 1", everything);
}

TEST(triggers_of_a_fence_are_never_shown)
{
	expect_view("db1:3306", "triggers",
	    "where event_object_schema = 'customer' and event_object_table = 's'",
	    "EVENT_OBJECT_SCHEMA IN (_utf8mb3'customer') AND EVENT_OBJECT_TABLE IN (_utf8mb3's')"
	    " AND LEFT(TRIGGER_NAME, 18) <> '_switchyard_fence_'"
	    " AND LEFT(TRIGGER_NAME, 10) <> '_vt_fence_'");
}

static void
expect_query(const char *keyspace, const char *sql, const char *want)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	SCOPED(buf)
	struct buf got = BUF_INIT;
	struct route *route = renamed();
	struct show show;
	struct err err = { 0 };
	const struct dialect *dialect = NULL;

	expect_ok(flavour_find("10.11.19-MariaDB", &dialect, &err), &err);
	expect_ok(show_read(&arena, slice_str(sql), 0, &show, &err), &err);
	if (!catalogue_show_query(route, &show, slice_str(keyspace), dialect, &got))
		buf_add_str(&got, "as it is");
	if (strcmp(got.data, want) != 0)
		test_fail(__FILE__, __LINE__, "%s\n   got %s\n  want %s", sql, got.data, want);
	route_unref(route);
}

TEST(a_show_that_lists_is_a_query)
{
	expect_query("customer", "show full tables like 'it''s\\_'",
	    "SELECT * FROM (SELECT TABLE_NAME AS `Tables_in_customer (it's\\_)`, TABLE_TYPE AS "
	    "Table_type FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'customer' AND TABLE_NAME "
	    "COLLATE utf8mb3_bin LIKE 'it''s\\_') AS TABLE_NAMES ORDER BY `Tables_in_customer (it's\\_)` "
	    "COLLATE utf8mb3_bin");
	expect_query("customer", "show tables where Tables_in_customer > 'a'",
	    "SELECT * FROM (SELECT TABLE_NAME AS `Tables_in_customer` FROM information_schema.TABLES "
	    "WHERE TABLE_SCHEMA = 'customer') AS TABLE_NAMES WHERE Tables_in_customer > 'a' ORDER BY "
	    "`Tables_in_customer` COLLATE utf8mb3_bin");
	expect_query("customer", "show tables from new_customer", "as it is");
	expect_query("customer", "show tables from nosuch", "as it is");
	expect_query("customer", "show index from users", "as it is");
}
