/*
 * client_test.c - the client against a real MariaDB, and the server's side against our own client.
 */
#include "mysql/client.h"

#include "mysql/server.h"
#include "real/mariadb.h"
#include "test.h"

#include <stdio.h>
#include <sys/stat.h>

static struct mariadb server;
static struct err err;
static struct arena arena;

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 30 * SECOND, .err = &err, .arena = &arena };
}

static struct mysql_client *
connect_as(const struct mysql_params *params)
{
	struct ctx cx = ctx();
	struct mysql_client *c = NULL;

	expect_ok(mysql_connect(&cx, params, &c), &err);
	return c;
}

static struct mysql_params
root(void)
{
	return (struct mysql_params){ .address = server.address, .user = "root" };
}

static void
exec(struct mysql_client *c, const char *sql)
{
	struct ctx cx = ctx();

	expect_ok(mysql_exec(&cx, c, slice_str(sql), NULL), &err);
}

static void
accounts(void *arg)
{
	struct mysql_params params = root();
	struct mysql_client *c = connect_as(&params);
	struct secret password;
	struct ctx cx = ctx();

	exec(c, "CREATE USER app@localhost IDENTIFIED BY 'secret-1'");
	exec(c, "CREATE USER sock@localhost IDENTIFIED VIA unix_socket");
	exec(c, "CREATE DATABASE t");
	exec(c, "GRANT ALL ON t.* TO app@localhost");
	mysql_close(c);

	params.user = "app";
	expect(mysql_connect(&cx, &params, &c) != 0);
	expect_eq(err.kind, ERR_SERVER);
	expect_eq(err.mysql_errno, 1045);
	secret_set(&password, slice_str("secret-1"));
	params.password = &password;
	params.database = "t";
	c = connect_as(&params);
	struct mysql_rows rows;
	expect_ok(mysql_selectf(&cx, c, &rows, "SELECT DATABASE(), %d", 7), &err);
	expect_eq(rows.rows, 1);
	expect_slice(rows.values[0], slice_str("t"));
	expect_slice(rows.values[1], slice_str("7"));
	mysql_close(c);
	params.user = "sock";
	expect(mysql_connect(&cx, &params, &c) != 0);
	params.address = "unix:/nowhere/s";
	expect(mysql_connect(&cx, &params, &c) != 0);
}

static void
statements(void *arg)
{
	struct mysql_params params = root();
	struct mysql_client *c = connect_as(&params);
	struct ctx cx = ctx();
	struct mysql_ok ok;
	struct mysql_rows rows;
	struct slice values[3];
	size_t columns;
	int n = 0, rc;

	exec(c,
	    "CREATE TABLE t.u (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20), note LONGTEXT)");
	expect_ok(
	    mysql_exec(&cx, c, slice_str("INSERT INTO t.u (name) VALUES ('a'),('b'),(NULL)"), &ok),
	    &err);
	expect_eq(ok.affected_rows, 3);
	expect_eq(ok.insert_id, 1);
	expect_str(ok.info, "Records: 3  Duplicates: 0  Warnings: 0");
	/* The server's error leaves the connection in order. */
	expect(mysql_exec(&cx, c, slice_str("INSERT INTO t.u VALUES (1,'x','y')"), NULL) != 0);
	expect_eq(err.mysql_errno, 1062);
	expect_str(err.sqlstate, "23000");
	expect(!mysql_broken(c));
	expect_ok(
	    mysql_selectf(&cx, c, &rows, "SELECT * FROM t.u WHERE id<%d ORDER BY id", 100), &err);
	expect_eq(rows.rows, 3);
	expect_eq(rows.columns, 3);
	expect_slice(rows.names[1], slice_str("name"));
	expect(slice_is_null(rows.values[7]));
	/* Pipelined: an error in the middle concerns its own statement only. */
	const char *sqls[] = {
		"BEGIN",
		"UPDATE t.u SET name='c' WHERE id=3",
		"SELECT 1",
		"nonsense",
		"COMMIT",
	};
	for (int i = 0; i < 5; i++)
		expect_ok(mysql_send(&cx, c, slice_str(sqls[i])), &err);
	for (int i = 0; i < 5; i++)
		expect_eq(mysql_receive(&cx, c, &ok), i == 3 ? -1 : 0);
	/* A row larger than a packet can be: 20 MB. */
	exec(c, "SET GLOBAL max_allowed_packet=64*1024*1024");
	mysql_close(c);
	c = connect_as(&params);
	exec(c, "UPDATE t.u SET note=REPEAT('n', 20000000) WHERE id=2");
	expect_ok(
	    mysql_stream_start(&cx, c, slice_str("SELECT * FROM t.u ORDER BY id"), &columns), &err);
	expect_eq(columns, 3);
	while ((rc = mysql_stream_next(&cx, c, values)) == 1) {
		n++;
		expect_eq(values[2].len, n == 2 ? 20000000 : 0);
		expect(n != 2 || values[2].ptr[19999999] == 'n');
	}
	expect_eq(rc, 0);
	expect_eq(n, 3);
	exec(c, "DO 1");
	mysql_close(c);
}

static void
answers_cut_short(void *arg)
{
	struct mysql_params params = root();
	struct mysql_client *c = connect_as(&params);
	struct ctx cx = ctx(), soon;
	struct mysql_rows rows;

	soon = ctx_within(&cx, 100 * MSEC);
	expect(mysql_exec(&soon, c, slice_str("DO SLEEP(5)"), NULL) != 0);
	expect_eq(err.kind, ERR_TIMEOUT);
	expect(mysql_broken(c));
	expect(mysql_exec(&cx, c, slice_str("DO 1"), NULL) != 0 && err.kind == ERR_RETRY);
	mysql_close(c);
	c = connect_as(&params);
	expect(mysql_select(&cx, c,
		   slice_str("SELECT REPEAT('x', 1000000) FROM mysql.help_topic LIMIT 100"),
		   &rows) != 0);
	expect_eq(err.kind, ERR_REFUSED);
	mysql_close(c);
	struct mysql_client *killer = connect_as(&params);
	c = connect_as(&params);
	expect_ok(mysql_execf(&cx, killer, "KILL %u", mysql_thread_id(c)), &err);
	expect(mysql_exec(&cx, c, slice_str("DO 1"), NULL) != 0 && err.kind != ERR_NONE);
	mysql_close(c);
	mysql_close(killer);
}

static void
loading(void *arg)
{
	struct mysql_params params = root();
	SCOPED(buf) struct buf line = BUF_INIT;
	struct mysql_client *c;
	struct ctx cx = ctx();
	struct mysql_ok ok;
	struct mysql_rows rows;

	params.local_files = params.found_rows = true;
	c = connect_as(&params);
	exec(c, "CREATE TABLE t.l (id INT PRIMARY KEY, v VARCHAR(100))");
	expect_ok(
	    mysql_load_start(&cx, c, slice_str("LOAD DATA LOCAL INFILE 'x' INTO TABLE t.l")), &err);
	for (int i = 0; i < 20000; i++) {
		buf_reset(&line);
		buf_addf(&line, "%d\tvalue number %d\n", i, i);
		expect_ok(mysql_load_write(&cx, c, buf_slice(&line)), &err);
	}
	expect_ok(mysql_load_end(&cx, c, &ok), &err);
	expect_str(ok.info, "Records: 20000  Deleted: 0  Skipped: 0  Warnings: 0");
	/* A load that fails at its end leaves the connection in order. */
	exec(c, "SET SESSION sql_mode='STRICT_ALL_TABLES'");
	expect_ok(
	    mysql_load_start(&cx, c, slice_str("LOAD DATA LOCAL INFILE 'x' REPLACE INTO TABLE t.l")),
	    &err);
	expect_ok(mysql_load_write(&cx, c, slice_str("one\ttwo\n")), &err);
	if (mysql_load_end(&cx, c, &ok) == 0)
		expect(ok.warnings > 0);
	else
		expect_eq(err.kind, ERR_SERVER);
	expect_ok(mysql_selectf(&cx, c, &rows, "SELECT COUNT(*), SUM(id) FROM t.l WHERE id > %d", 0),
	    &err);
	expect_slice(rows.values[1], slice_str("199990000"));
	/* No such table: the answer comes instead of the request for the file. */
	expect(mysql_load_start(
		   &cx, c, slice_str("LOAD DATA LOCAL INFILE 'x' INTO TABLE t.nope")) != 0);
	expect_eq(err.mysql_errno, 1146);
	exec(c, "DO 1");
	/* A statement that asks for a file when nobody loads gets an empty one. */
	expect_ok(mysql_exec(&cx, c,
		      slice_str("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t.l"), &ok),
	    &err);
	expect_eq(ok.affected_rows, 0);
	mysql_close(c);
}

/* ---- What init_connect does to a session of ours is undone, and one that fails is named */

static struct mysql_client *
connect_role(enum mysql_role role)
{
	struct mysql_params params = root();

	params.user = "vt";
	params.role = role;
	return connect_as(&params);
}

static void
expect_value(struct mysql_client *c, const char *sql, const char *value)
{
	struct ctx cx = ctx();
	struct mysql_rows rows;

	expect_ok(mysql_selectf(&cx, c, &rows, "SELECT %s", sql), &err);
	expect_eq(rows.rows, 1);
	expect_slice(
	    slice_is_null(rows.values[0]) ? slice_str("NULL") : rows.values[0], slice_str(value));
}

static void
roles(void *arg)
{
	static const enum mysql_role all[] = { ROLE_DBA, ROLE_DDL, ROLE_WRITER, ROLE_READER,
		ROLE_STREAM };
	struct mysql_params params = root();
	struct mysql_client *c = connect_as(&params), *vt;
	struct ctx cx = ctx();

	exec(c, "CREATE USER vt@localhost");
	exec(c, "GRANT ALL ON t.* TO vt@localhost");
	exec(c, "GRANT BINLOG ADMIN, REPLICATION SLAVE ON *.* TO vt@localhost");
	exec(c, "CREATE TABLE t.r (id INT PRIMARY KEY)");
	exec(c,
	    "SET GLOBAL init_connect='SET @a=1, sql_log_bin=0, insert_id=5, sql_select_limit=0, "
	    "autocommit=0, lc_messages=''de_DE''; LOCK TABLES t.r READ; "
	    "CREATE TEMPORARY TABLE t.tmp (id INT)'");
	/* It does what the test believes. */
	vt = connect_role(ROLE_CLIENT);
	expect(mysql_execf(&cx, vt, "INSERT INTO t.r VALUES (1)") != 0 && err.mysql_errno == 1099);
	mysql_close(vt);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		vt = connect_role(all[i]);
		expect_value(vt,
		    "CONCAT_WS(' ', @@sql_log_bin+0, @@insert_id, @@sql_select_limit, "
		    "@@autocommit+0, @@lc_messages, COALESCE(@a, 'none'), @@in_transaction)",
		    "1 0 18446744073709551615 1 en_US none 0");
		exec(vt, "DELETE FROM t.r");
		expect(mysql_execf(&cx, vt, "SELECT * FROM t.tmp") != 0 && err.mysql_errno == 1146);
		mysql_close(vt);
	}
	exec(c, "SET GLOBAL init_connect='nonsense'");
	params =
	    (struct mysql_params){ .address = server.address, .user = "vt", .role = ROLE_READER };
	expect(mysql_connect(&cx, &params, &vt) != 0);
	expect_eq(err.kind, ERR_REFUSED);
	expect(strstr(err.text, "the server's init_connect fails for this account") != NULL);
	exec(c, "SET GLOBAL init_connect=''");
	mysql_close(c);
}

TEST(client_against_mariadb)
{
	mariadb_start(&server, test_dir(), 1);
	in_task(accounts, &arena);
	in_task(statements, &arena);
	in_task(loading, &arena);
	in_task(answers_cut_short, &arena);
	in_task(roles, &arena);
	mariadb_kill(&server);
}
