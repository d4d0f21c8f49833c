/*
 * share_test.c - READ locks on sets of tables of a real server, beside clients that use them.
 */
#include "base/fault.h"
#include "tablet/server/share.h"
#include "tablet/server/watched.h"

#include "rpc/api.h"
#include "real/mariadb.h"
#include "task/group.h"
#include "test.h"

#include <stdio.h>

static struct mariadb server;
static struct credentials accounts;
static struct tablet_env env;
static struct err err;
static struct arena arena;
static const char *names[] = { "a", "b" };
static const struct share_tables both = { "d", names, 2 };

static struct ctx
ctx(int seconds)
{
	return (
	    struct ctx){ .deadline = task_now() + seconds * SECOND, .err = &err, .arena = &arena };
}

static struct mysql_client *
client(void)
{
	struct mysql_params params = { .address = server.address, .user = "root" };
	struct mysql_client *c = NULL;
	struct ctx cx = ctx(30);

	expect_ok(mysql_connect(&cx, &params, &c), &err);
	return c;
}

static void
exec(struct mysql_client *c, const char *sql)
{
	struct ctx cx = ctx(30);

	expect_ok(mysql_exec(&cx, c, slice_str(sql), NULL), &err);
}

/* With two tables of two rows. */
static struct mysql_client *
begin(int server_id)
{
	struct mysql_client *c;

	mariadb_start(&server, test_dir(), server_id);
	snprintf(accounts.dba.user, sizeof(accounts.dba.user), "root");
	env = (struct tablet_env){ .server = server.address, .accounts = &accounts };
	c = client();
	exec(c, "CREATE DATABASE d");
	exec(c, "CREATE TABLE d.a (id INT PRIMARY KEY, v INT)");
	exec(c, "CREATE TABLE d.b (id INT PRIMARY KEY, v INT)");
	exec(c, "INSERT INTO d.a VALUES (1,0), (2,0)");
	exec(c, "INSERT INTO d.b VALUES (1,0), (2,0)");
	return c;
}

static void
lock_at_once_task(void *arg)
{
	struct mysql_client *c = begin(31);
	struct ctx cx = ctx(30);
	struct share s;

	expect_ok(share_take(&cx, &env, &both, &s), &err);
	expect_eq(s.count, 1);
	exec(c, "SET lock_wait_timeout=0");
	exec(c, "SELECT * FROM d.a");
	expect(mysql_exec(&cx, c, slice_str("UPDATE d.b SET v=1 WHERE id=3"), NULL) != 0);
	expect(share_alive(&cx, &s));
	share_done(&s);
	for (int i = 0; mysql_exec(&cx, c, slice_str("UPDATE d.b SET v=1 WHERE id=1"), NULL) != 0;
	     i++)
		expect(i < 1000 && task_sleep(&cx, 10 * MSEC) == 0);
	mysql_close(c);
}

TEST(free_tables_are_locked_by_one_connection)
{
	in_task(lock_at_once_task, &arena);
}

/* A client that stays in the way: told, and nothing is kept. */
static void
lock_never_task(void *arg)
{
	struct mysql_client *c = begin(32), *other = client();
	struct ctx cx = ctx(1);
	struct share s;

	exec(c, "BEGIN");
	exec(c, "UPDATE d.b SET v=1 WHERE id=1");
	expect(share_take(&cx, &env, &both, &s) != 0);
	expect_eq(err.kind, ERR_TIMEOUT);
	expect(strstr(err.text, "writes to it are open all the time") != NULL);
	exec(other, "SET lock_wait_timeout=5");
	exec(other, "UPDATE d.a SET v=1 WHERE id=1"); /* a was free, and is so again */
	exec(c, "COMMIT");
	mysql_close(c);
	mysql_close(other);
}

TEST(tables_that_stay_in_use_are_not_waited_for_past_the_deadline)
{
	in_task(lock_never_task, &arena);
}

/* Clients that have written one table and go to the other, again and again: the lock comes, and none of them
 * is the victim of a deadlock. Between two transactions they rest for a moment: else it is up to the disk,
 * which each commit waits for, whether the tables are ever free. */
struct writer {
	struct mysql_client *c;
	const char *first, *second;
	bool stop;
	int rounds;
};

static void
write_both(void *arg)
{
	struct writer *w = arg;

	for (w->rounds = 0; !w->stop; w->rounds++) {
		struct ctx cx = ctx(30);

		exec(w->c, "BEGIN");
		exec(w->c, w->first);
		check(task_sleep(&cx, 2 * MSEC) == 0);
		exec(w->c, w->second);
		exec(w->c, "COMMIT");
		check(task_sleep(&cx, 10 * MSEC) == 0);
	}
}

static void
no_victim_task(void *arg)
{
	struct mysql_client *c = begin(33);
	struct writer writers[] = {
		{ .c = client(),
		    .first = "UPDATE d.b SET v=v+1 WHERE id=1",
		    .second = "UPDATE d.a SET v=v+1 WHERE id=1" },
		{ .c = client(),
		    .first = "UPDATE d.a SET v=v+1 WHERE id=2",
		    .second = "UPDATE d.b SET v=v+1 WHERE id=2" },
	};
	struct ctx cx = ctx(30);
	struct group g;

	exec(c, "SET GLOBAL innodb_flush_log_at_trx_commit=0");
	group_init(&g);
	for (int i = 0; i < 2; i++)
		expect_ok(group_spawn(&g, "writer", write_both, &writers[i], &err), &err);
	for (int i = 0; i < 10; i++) {
		struct share s;

		check(task_sleep(&cx, 20 * MSEC) == 0);
		expect_ok(share_take(&cx, &env, &both, &s), &err);
		share_done(&s);
	}
	writers[0].stop = writers[1].stop = true;
	expect_ok(group_wait(&cx, &g), &err);
	group_done(&g);
	expect(writers[0].rounds > 1 && writers[1].rounds > 1);
	mysql_close(writers[0].c);
	mysql_close(writers[1].c);
	mysql_close(c);
}

TEST(clients_that_use_both_tables_are_no_victims)
{
	in_task(no_victim_task, &arena);
}

static struct share taken;
static struct err taking;

static void
take_both(void *arg)
{
	struct ctx cx = { .deadline = task_now() + 30 * SECOND, .err = &taking, .arena = &arena };

	expect_ok(share_take(&cx, &env, &both, &taken), &taking);
}

/* A client has written one table, then the locks are asked for, then it writes the other. */
static void
second_write_task(void *arg)
{
	struct mysql_client *c = begin(34), *writer = client();
	struct ctx cx = ctx(30);
	struct group g;

	exec(writer, "BEGIN");
	exec(writer, "UPDATE d.b SET v=1 WHERE id=1");
	group_init(&g);
	expect_ok(group_spawn(&g, "locks", take_both, NULL, &err), &err);
	check(task_sleep(&cx, 200 * MSEC) == 0); /* a connection and many a try */
	exec(writer, "UPDATE d.a SET v=1 WHERE id=1");
	exec(writer, "COMMIT");
	expect_ok(group_wait(&cx, &g), &err);
	group_done(&g);
	expect(share_alive(&cx, &taken));
	share_done(&taken);
	mysql_close(writer);
	mysql_close(c);
}

/* As where the server has not begun with the statement yet. */
static void
lost_kill_task(void *arg)
{
	expect_ok(fault_arm("share.kill.lost=error", &err), &err);
	second_write_task(NULL);
}

TEST(a_lock_that_waits_is_ended_although_a_kill_was_lost)
{
	in_task(lost_kill_task, &arena);
	fault_disarm_all();
}

/* Wherever the deadline comes, between a lock and its end too: it is that which is told. */
static void
any_deadline_task(void *arg)
{
	struct mysql_client *c = begin(35);

	exec(c, "BEGIN");
	exec(c, "UPDATE d.b SET v=1 WHERE id=1");
	for (int i = 0; i < 200; i++) {
		struct ctx cx = {
			.deadline = task_now() + 25 * MSEC + i * 200, .err = &err, .arena = &arena
		};
		struct share s;

		expect(share_take(&cx, &env, &both, &s) != 0);
		expect_eq(err.kind, ERR_TIMEOUT);
		err_clear(&err);
	}
	mysql_close(c);
}

TEST(a_deadline_is_told_wherever_it_comes)
{
	in_task(any_deadline_task, &arena);
}

TEST(client_that_goes_from_one_table_to_the_other_is_no_victim)
{
	in_task(second_write_task, &arena);
}

static void
alter(void *arg)
{
	exec(arg, "ALTER TABLE d.b ADD COLUMN w INT");
}

/* As guard/lock.h's: the lock would wait for DDL that waits for the caller's own transaction. */
static void
ddl_task(void *arg)
{
	struct mysql_client *c = begin(36), *altering = client();
	struct ctx cx = ctx(10);
	struct share s;
	struct group g;

	exec(c, "BEGIN");
	exec(c, "SELECT * FROM d.b");
	group_init(&g);
	expect_ok(group_spawn(&g, "DDL", alter, altering, &err), &err);
	check(task_sleep(&cx, 100 * MSEC) == 0);
	expect(share_take(&cx, &env, &both, &s) != 0);
	expect_eq(err.kind, ERR_RETRY);
	expect(strstr(err.text, "'d.b'") != NULL && strstr(err.text, "DDL") != NULL);
	err_clear(&err);
	exec(c, "COMMIT");
	cx = ctx(10);
	expect_ok(group_wait(&cx, &g), &err);
	group_done(&g);
	expect_ok(share_take(&cx, &env, &both, &s), &err);
	share_done(&s);
	mysql_close(altering);
	mysql_close(c);
}

TEST(ddl_that_waits_for_the_caller_is_not_waited_for)
{
	in_task(ddl_task, &arena);
}

/* "CREATE TRIGGER ... BEGIN SET NEW.v=1; SET NEW.v=1; ... END": milliseconds of parsing. */
static void
create_long_trigger(struct mysql_client *c)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "CREATE TRIGGER d.long_one BEFORE INSERT ON d.a FOR EACH ROW BEGIN ");
	for (int i = 0; i < 1000; i++)
		buf_add_str(&sql, "SET NEW.v=1; ");
	buf_add_str(&sql, "END");
	exec(c, sql.data);
}

/* It is open for others behind a statement of ours whose time is over, in whatever part of its work. */
static void
opened_task(void *arg)
{
	struct mysql_client *c = begin(37), *session = client(), *killer = client();
	int over = 0;

	create_long_trigger(c);
	for (int i = 1; i <= 100; i++) {
		const struct watched w = { session, killer, i * 50, false };
		struct ctx cx = ctx(10);
		bool again;

		exec(c, "FLUSH TABLES d.a");
		over += watched_exec(
			    &cx, &w, slice_str("SELECT 1 FROM d.a LIMIT 0"), NULL, &again) != 0;
		err_clear(&err);
		exec(c, "DELETE FROM d.a WHERE id=0");
	}
	expect_eq(over, 0);
	mysql_close(killer);
	mysql_close(session);
	mysql_close(c);
}

TEST(a_table_that_is_being_opened_is_not_killed)
{
	in_task(opened_task, &arena);
}
