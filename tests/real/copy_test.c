/*
 * copy_test.c - tables copied from one real server to another: every type, long rows, kills.
 */
#include "tablet/copy/copy.h"

#include "base/fault.h"
#include "real/mariadb.h"
#include "tablet/read/place.h"
#include "tablet/table/bare_sql.h"
#include "test.h"

#include <stdio.h>

static struct mariadb from, to;
static struct err err;
static struct arena arena;

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 120 * SECOND, .err = &err, .arena = &arena };
}

static struct mysql_client *
connect_to(const struct mariadb *m)
{
	struct mysql_params params = { .address = m->address, .user = "root" };
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

/* ---- A copy of s.NAME to d.NAME */

struct world {
	struct mysql_client *source, *target;
	const char *name;
	struct moved_tables tables;
	struct windows windows;
	struct tail_params tail_params;
	struct tail *tail;
	struct copy_params params;
	struct copier *copier;
};

static void
make_target(struct world *w)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct ctx cx = ctx();

	exec(w->target, "CREATE DATABASE IF NOT EXISTS " SIDECAR_DEFAULT);
	sidecar_create_sql(&sql, SIDECAR_DEFAULT, SIDECAR_COPY_STATE);
	exec(w->target, sql.data);
	expect_ok(
	    copy_state_delete(&cx, w->target, (struct stream_id){ SIDECAR_DEFAULT, "w", 1 }), &err);
	buf_reset(&sql);
	exec(w->target, "CREATE DATABASE IF NOT EXISTS d");
	expect_ok(mysql_execf(&cx, w->target, "DROP TABLE IF EXISTS d.%s", w->name), &err);
	expect_ok(mysql_exec(&cx, w->target, slice_str(w->tables.items[0].bare_sql), NULL), &err);
}

static void
open_world(struct world *w, const char *name, int parallel)
{
	struct ctx cx = ctx();

	struct table_def *def;

	*w = (struct world){ .name = name };
	w->source = connect_to(&from);
	w->target = connect_to(&to);
	expect_ok(schema_read(&cx, w->source,
		      &(struct schema_place){ .database = "s", .table = name }, &def),
	    &err);
	moved_tables_make(&arena, &def, (struct table_set){ "d", &w->name, 1 }, &w->tables);
	make_target(w);
	windows_init(&w->windows);
	w->tail_params = (struct tail_params){
		.source = { .address = from.address, .user = "root", .role = ROLE_STREAM },
		.id = { SIDECAR_DEFAULT, "w", 1 },
		.tables = &w->tables,
		.server_id = 4711,
		.spill_dir = test_dir(),
	};
	struct place_reader reader = { w->tail_params.source, 4710 };
	expect_ok(place_now(&cx, w->source, &reader, &w->tail_params.start), &err);
	expect_ok(tail_open(&cx, &w->tail_params, &w->tail), &err);
	w->params = (struct copy_params){
		.source = { .address = from.address, .user = "root", .role = ROLE_READER },
		.target = { .address = to.address,
		    .user = "root",
		    .role = ROLE_WRITER,
		    .local_files = true,
		    .found_rows = true },
		.tables = &w->tables,
		.id = { SIDECAR_DEFAULT, "w", 1 },
		.windows = &w->windows,
		.tail = w->tail,
		.parallel = parallel,
	};
	w->copier = copier_new(&w->params);
}

static void
close_world(struct world *w)
{
	copier_free(w->copier);
	tail_close(w->tail);
	position_done(&w->tail_params.start);
	windows_done(&w->windows);
	mysql_close(w->source);
	mysql_close(w->target);
}

static int64_t
number(struct mysql_client *c, const char *what, const char *name)
{
	struct ctx cx = ctx();
	struct mysql_rows rows;
	char sql[300];
	int64_t v;

	snprintf(sql, sizeof(sql), "%s%s", what, name);
	expect_ok(mysql_select(&cx, c, slice_str(sql), &rows), &err);
	expect_ok(parse_i64(rows.values[rows.columns - 1], &v, &err), &err);
	return v;
}

/* CHECKSUM TABLE is of the stored bytes of each column. */
static void
expect_equal(struct world *w)
{
	struct mysql_client *target = connect_to(&to);
	int64_t rows = number(w->source, "SELECT COUNT(*) FROM s.", w->name);

	expect_eq(number(target, "SELECT COUNT(*) FROM d.", w->name), rows);
	expect_eq(number(target, "CHECKSUM TABLE d.", w->name),
	    number(w->source, "CHECKSUM TABLE s.", w->name));
	expect(copier_progress(w->copier, 0)->done);
	expect_eq(copier_progress(w->copier, 0)->rows, rows);
	expect_eq(
	    number(target,
		"SELECT SUM(row_count) FROM `_switchyard`.`copy_state` WHERE workflow=", "'w'"),
	    rows);
	expect(list_empty(&w->windows.all));
	mysql_close(target);
}

static void
copy(const char *name, int parallel)
{
	struct world w;
	struct ctx cx = ctx();

	open_world(&w, name, parallel);
	expect_ok(copier_run(&cx, w.copier), &err);
	expect_equal(&w);
	/* Again: everything is there already. */
	expect_ok(copier_run(&cx, w.copier), &err);
	expect_equal(&w);
	close_world(&w);
}

static void
every_type(void *arg)
{
	struct mysql_client *c = connect_to(&from);

	exec(c, "CREATE DATABASE s");
	exec(c, "USE s");
	exec(c,
	    "SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', time_zone='+00:00'");
	exec(c,
	    "CREATE TABLE s.kinds (id INT NOT NULL PRIMARY KEY, t TINYINT, tu TINYINT UNSIGNED, b BIGINT,"
	    " bu BIGINT UNSIGNED, z INT(5) UNSIGNED ZEROFILL, f FLOAT, d DOUBLE, de DECIMAL(65,30), y YEAR,"
	    " bi BIT(64), b1 BIT(1), da DATE, ti TIME(6), dt DATETIME(3), ts TIMESTAMP(6) NULL,"
	    " c CHAR(10) CHARACTER SET utf8mb4, l VARCHAR(20) CHARACTER SET latin1,"
	    " tx LONGTEXT CHARACTER SET utf8mb4,"
	    " u2 VARCHAR(20) CHARACTER SET ucs2, bn BINARY(6), vb VARBINARY(300), bl LONGBLOB,"
	    " e ENUM('a','b','') , st SET('p','q','r'), j JSON)");
	exec(c, "INSERT INTO s.kinds (id) VALUES (0)");
	exec(c,
	    "INSERT INTO s.kinds VALUES (1,-128,255,-9223372036854775808,18446744073709551615,7,1e-38,"
	    "2.2250738585072014e-308,"
	    "-12345678901234567890123456789012345.000000000000000000000000000001,1901,"
	    "x'FFFFFFFFFFFFFFFF',1,'0000-00-00','-838:59:59.999999','9999-12-31 23:59:59.999',"
	    "'2038-01-19 03:14:07.999999','tail  ','caf\xe9','tab\tnl\\ncr\\rback\\\\nul\\0quote\\'',"
	    "'x',x'00ff000000',REPEAT(x'00015c0a0927',50),NULL,'','p,r','{\"a\": [1, 2.50, null]}')");
	exec(c,
	    "INSERT INTO s.kinds VALUES (-5,127,0,9223372036854775807,0,99999,-0.0,-0.0,0.1,2155,"
	    "0,0,'2026-02-31','838:59:59','0000-00-00 00:00:00','1970-01-01 00:00:01','','','',"
	    "'','','','',NULL,'','[]')");
	exec(c,
	    "INSERT INTO s.kinds SELECT seq, seq, seq, seq*1000003, seq, seq, seq/7, seq/13, seq/17,"
	    " 2000, seq, seq%2,"
	    " '2026-01-01'+INTERVAL seq DAY, SEC_TO_TIME(seq), NOW(3), NOW(6),"
	    " seq, seq, REPEAT(seq, 10), seq,"
	    " seq, seq, UNHEX(MD5(seq)), 1+seq%3, seq%8, seq FROM seq_2_to_120");
	exec(c,
	    "INSERT INTO s.kinds (id, f, d) SELECT 1000+seq,"
	    " RAND(seq)*POW(10, CAST(seq%70 AS SIGNED)-35),"
	    " RAND(seq+1)*POW(10, CAST(seq%600 AS SIGNED)-300) FROM seq_1_to_3000");
	copy("kinds", 1);
	mysql_close(c);
}

static void
keys_and_sizes(void *arg)
{
	struct mysql_client *c = connect_to(&from);

	exec(c, "USE s");
	exec(c,
	    "CREATE TABLE s.words (w VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,"
	    " n SMALLINT NOT NULL, x VARBINARY(8) NOT NULL, v INT, PRIMARY KEY (w, n, x))");
	exec(c,
	    "INSERT INTO s.words SELECT CONCAT(IF(seq%2, 'Wort ', 'wORT '), seq DIV 50),"
	    " 100-CAST(seq%10 AS SIGNED),"
	    " UNHEX(CONCAT('00', LEFT(MD5(seq), 12))), seq FROM seq_1_to_9000");
	exec(c,
	    "INSERT INTO s.words VALUES ('', 0, '', 1),"
	    " ('it''s \\\\ \\n \xc3\xa9\xf0\x9f\x98\x80', -3, '\\0', 2)");
	copy("words", 3);
	exec(c, "CREATE TABLE s.growing (id BIGINT UNSIGNED NOT NULL PRIMARY KEY, v LONGBLOB)");
	exec(c, "INSERT INTO s.growing SELECT seq, 'short' FROM seq_1_to_4000");
	exec(c,
	    "INSERT INTO s.growing SELECT seq, REPEAT(CHAR(seq%256), 100000) FROM seq_4001_to_4300");
	exec(c, "INSERT INTO s.growing VALUES (18446744073709551615, REPEAT('x', 12000000))");
	copy("growing", 2);
	exec(c, "CREATE TABLE s.nothing (id INT NOT NULL PRIMARY KEY)");
	copy("nothing", 2);
	mysql_close(c);
}

static void
killer(void *arg)
{
	struct world *w = arg;
	struct ctx cx = ctx();

	while (copier_progress(w->copier, 0)->rows < 50000)
		expect_ok(task_sleep(&cx, MSEC), &err);
	mariadb_kill(&to);
	mariadb_restart(&to);
	while (copier_progress(w->copier, 0)->rows < 150000)
		expect_ok(task_sleep(&cx, MSEC), &err);
	mysql_close(w->source);
	mariadb_kill(&from);
	mariadb_restart(&from);
	w->source = connect_to(&from);
}

static void
kills(void *arg)
{
	struct mysql_client *c = connect_to(&from);
	struct world w;
	struct ctx cx = ctx();
	struct task *t;

	exec(c, "USE s");
	exec(c,
	    "CREATE TABLE s.big (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(200))");
	exec(c, "INSERT INTO s.big SELECT seq*3, REPEAT(MD5(seq), 4) FROM seq_1_to_300000");
	exec(c, "ANALYZE TABLE s.big");
	mysql_close(c);
	expect_ok(fault_arm("copy.commit.after=error@3,copy.commit.before=error@7", &err), &err);
	open_world(&w, "big", 2);
	t = task_spawn("killer", killer, &w);
	expect(t != NULL);
	expect_ok(copier_run(&cx, w.copier), &err);
	expect_ok(task_join(&cx, t), &err);
	expect_eq(number(w.source, "SELECT COUNT(*) FROM s.", "big"), 300000);
	expect_equal(&w);
	mysql_close(w.target);
	w.target = NULL;
	close_world(&w);
}

/* ---- A table that cannot be opened */

static void
hold_exclusively(void *arg)
{
	exec(arg,
	    "CREATE OR REPLACE TABLE s.held (id INT PRIMARY KEY) SELECT 1 AS id, SLEEP(1) AS z");
}

/* A catalogue tells it with NULLs. */
static void
held_table(void *arg)
{
	struct mysql_client *c = connect_to(&from), *holder = connect_to(&from);
	struct table_def *def;
	struct ctx cx = ctx();
	struct task *t;

	exec(c, "CREATE DATABASE IF NOT EXISTS s");
	exec(c, "SET lock_wait_timeout=0");
	t = task_spawn("holder", hold_exclusively, holder);
	expect(t != NULL);
	expect_ok(task_sleep(&cx, 300 * MSEC), &err);
	expect(schema_read(
		   &cx, c, &(struct schema_place){ .database = "s", .table = "held" }, &def) != 0);
	expect_str(err.text, "table 's.held' cannot be looked at while somebody alters it");
	expect_eq(err.kind, ERR_RETRY);
	err_clear(&err);
	expect_ok(task_join(&cx, t), &err);
	expect_ok(
	    schema_read(&cx, c, &(struct schema_place){ .database = "s", .table = "held" }, &def),
	    &err);
	exec(c, "DROP TABLE s.held");
	mysql_close(c);
	mysql_close(holder);
}

TEST(copy_between_real_servers)
{
	mariadb_start(&from, test_dir(), 1);
	mariadb_start(&to, test_dir(), 2);
	in_task(every_type, &arena);
	in_task(keys_and_sizes, &arena);
	in_task(kills, &arena);
	mariadb_kill(&from);
	mariadb_kill(&to);
}

TEST(a_catalogue_knows_nothing_of_a_held_table)
{
	mariadb_start(&from, test_dir(), 1);
	in_task(held_table, &arena);
	mariadb_kill(&from);
}
