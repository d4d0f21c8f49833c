/*
 * schema_test.c - a table's definition, read while a client of a real server alters the table.
 */
#include "tablet/table/schema.h"

#include "real/mariadb.h"
#include "task/group.h"
#include "test.h"

#include <string.h>

static struct mariadb server;
static struct err err;
static struct arena arena;
static bool enough;

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 60 * SECOND, .err = &err, .arena = &arena };
}

static struct mysql_client *
client(void)
{
	struct mysql_params params = { .address = server.address, .user = "root" };
	struct mysql_client *c = NULL;
	struct ctx cx = ctx();

	expect_ok(mysql_connect(&cx, &params, &c), &err);
	return c;
}

static void
exec(struct mysql_client *c, const char *sql)
{
	struct ctx cx = ctx();

	expect_ok(mysql_exec(&cx, c, slice_str(sql), NULL), &err);
}

/* A column's length, and how many columns there are, grow all the time: no definition comes twice. */
static void
alter_main(void *arg)
{
	struct mysql_client *c = arg;
	struct ctx cx = ctx();

	for (int n = 1; n <= 500 && !enough; n++) { /* a table has at most 1017 columns */
		exec(c,
		    arena_printf(&arena, "ALTER TABLE d.t MODIFY v VARCHAR(%d), ADD w%d INT", n, n));
		check(task_sleep(&cx, 2 * MSEC) == 0);
	}
}

/* False: it cannot be looked at, since it is altered. */
static bool
look(struct ctx *cx, struct mysql_client *c)
{
	struct table_def *def = NULL;

	if (schema_read(cx, c, &(struct schema_place){ .database = "d", .table = "t" }, &def) != 0) {
		if (err.kind != ERR_RETRY)
			expect_str(err.text, "altered meanwhile");
		return false;
	}
	int n = def->columns_count - 2;

	expect(strstr(def->create_sql, arena_printf(&arena, "`v` varchar(%d)", n)) != NULL);
	expect_eq(def->columns[1].type.length, n);
	return true;
}

static void
altered_task(void *arg)
{
	mariadb_start(&server, test_dir(), 61);
	struct mysql_client *c = client(), *other = client();
	struct ctx cx = ctx();
	struct group g;
	int seen = 0;

	exec(c, "CREATE DATABASE d");
	exec(c, "CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(0))");
	group_init(&g);
	expect_ok(group_spawn(&g, "alter", alter_main, other, &err), &err);
	for (int i = 0; i < 200; i++)
		seen += look(&cx, c);
	enough = true;
	expect_ok(group_wait(&cx, &g), &err);
	group_done(&g);
	expect(look(&cx, c) && seen > 0);
	mysql_close(other);
	mysql_close(c);
}

TEST(what_is_read_of_a_table_is_of_one_definition)
{
	in_task(altered_task, &arena);
}
