/*
 * spare_test.c - connections that are kept between calls, beside a server that ends them.
 */
#include "tablet/server/spare.h"

#include "rpc/api.h"
#include "real/mariadb.h"
#include "test.h"

#include <stdio.h>

static struct mariadb server;
static struct credentials accounts;
static struct spares spares;
static struct tablet_env env;
static struct err err;
static struct arena arena;

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 30 * SECOND, .err = &err, .arena = &arena };
}

static void
begin(int server_id)
{
	mariadb_start(&server, test_dir(), server_id);
	snprintf(accounts.dba.user, sizeof(accounts.dba.user), "root");
	env = (struct tablet_env){
		.server = server.address, .accounts = &accounts, .spares = &spares
	};
}

/* The connection's number; it answers. */
static uint32_t
use(enum mysql_role role)
{
	SCOPED(spare) struct spare s = { 0 };
	struct ctx cx = ctx();

	expect_ok(spare_take(&cx, &env, role, &s), &err);
	expect_ok(mysql_exec(&cx, s.client, slice_str("DO 1"), NULL), &err);
	return mysql_thread_id(s.client);
}

static void
again_task(void *arg)
{
	begin(41);
	uint32_t dba = use(ROLE_DBA), ddl = use(ROLE_DDL);

	expect(dba != ddl);
	expect_eq(use(ROLE_DBA), dba);
	expect_eq(use(ROLE_DDL), ddl);
	expect_eq(spares.count, 2);
	spares_done(&spares);
	expect_eq(spares.count, 0);
}

TEST(a_call_gets_the_connection_of_one_before_in_its_role)
{
	in_task(again_task, &arena);
}

static void
closed_task(void *arg)
{
	struct ctx cx = ctx();

	begin(42);
	use(ROLE_DBA);
	mariadb_kill(&server);
	mariadb_restart(&server);
	expect_eq(spares.count, 1);
	expect_ok(task_sleep(&cx, 100 * MSEC), &err);
	use(ROLE_DBA);
	expect_eq(spares.count, 1);
	spares_done(&spares);
}

TEST(a_connection_that_the_server_has_closed_is_not_used_again)
{
	in_task(closed_task, &arena);
}

static void
many_task(void *arg)
{
	struct spare taken[SPARES_MAX + 2] = { 0 };
	struct ctx cx = ctx();

	begin(43);
	for (int i = 0; i < SPARES_MAX + 2; i++)
		expect_ok(spare_take(&cx, &env, ROLE_DBA, &taken[i]), &err);
	for (int i = 0; i < SPARES_MAX + 2; i++)
		spare_done(&taken[i]);
	expect_eq(spares.count, SPARES_MAX);
	spares_check(&spares);
	spares_done(&spares);
}

TEST(no_more_connections_are_kept_than_the_bound)
{
	in_task(many_task, &arena);
}
