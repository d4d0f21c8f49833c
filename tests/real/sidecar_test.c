/* The sidecar database on a real server: new, old, newer, somebody else's. */
#include "tablet/server/sidecar.h"

#include "base/fault.h"
#include "real/mariadb.h"
#include "tablet/guard/fence.h"
#include "tablet/server/position.h"
#include "task/group.h"
#include "test.h"

#include <stdio.h>

#define NAME "_switchyard"

static struct mariadb server;
static struct err err;
static struct arena arena;

static struct ctx
ctx(void)
{
	return (struct ctx){ .deadline = task_now() + 60 * SECOND, .err = &err, .arena = &arena };
}

static struct mysql_client *
connect_as(const char *user)
{
	struct mysql_params params = {
		.address = server.address, .user = user, .role = ROLE_DDL, .found_rows = true
	};
	struct mysql_client *c = NULL;
	struct ctx cx = ctx();

	expect_ok(mysql_connect(&cx, &params, &c), &err);
	return c;
}

static struct ddl
ddl_as(const char *user)
{
	return (struct ddl){ .session = connect_as(user) };
}

/* Sessions of ROLE_DDL do not wait: the server's own purge may be at the table for a moment. */
static void
exec(struct mysql_client *c, const char *sql)
{
	struct ctx cx = ctx();
	struct ddl d = { .session = c };

	expect_ok(ddl_run(&cx, &d, slice_str(sql)), &err);
}

/* The first value, NULL as "". */
static const char *
ask(struct mysql_client *c, const char *sql)
{
	struct ctx cx = ctx();
	struct mysql_rows rows;

	expect_ok(mysql_select(&cx, c, slice_str(sql), &rows), &err);
	return rows.rows == 0 ? "" : arena_slice_str(&arena, rows.values[0]);
}

static void
expect_open(struct ddl *d, const char *name)
{
	struct ctx cx = ctx();

	expect_ok(sidecar_open(&cx, d, name), &err);
}

static void
expect_refused(struct ddl *d, const char *name, const char *text)
{
	struct ctx cx = ctx();

	expect(sidecar_open(&cx, d, name) != 0);
	expect_eq(err.kind, ERR_REFUSED);
	if (strstr(err.text, text) == NULL)
		fprintf(stderr, "not '%s' but: %s\n", text, err.text);
	expect(strstr(err.text, text) != NULL && err.hint[0] != '\0');
	err_clear(&err);
}

static void
forget(struct mysql_client *c)
{
	exec(c, "DROP DATABASE IF EXISTS _vt");
	exec(c, "DROP DATABASE IF EXISTS " NAME);
	exec(c, "DROP DATABASE IF EXISTS s");
}

/* Everything of the server but its own databases, as one text. */
static const char *
whole(struct mysql_client *c)
{
	return ask(c,
	    "SELECT GROUP_CONCAT(CONCAT_WS(' ', table_schema, table_name, column_name, column_type)"
	    " ORDER BY table_schema, table_name, ordinal_position) FROM information_schema.columns"
	    " WHERE table_schema NOT IN ('mysql','sys','information_schema','performance_schema')");
}

/* ---- New ones */

static void
made_and_found(void *arg)
{
	struct ddl d = ddl_as("root");
	const char *place, *before;

	expect_open(&d, NAME);
	expect_str(ask(d.session, "SELECT version FROM " NAME ".schema_version"), "9");
	before = whole(d.session);
	place = ask(d.session, "SELECT @@global.gtid_binlog_pos");
	expect_open(&d, NAME);
	expect_str(ask(d.session, "SELECT @@global.gtid_binlog_pos"), place); /* only read */
	expect_str(whole(d.session), before);
	/* One that was cut off in the middle is made whole. */
	exec(d.session, "DROP TABLE " NAME ".schema_version, " NAME ".copy_state");
	expect_open(&d, NAME);
	expect_str(whole(d.session), before);
	/* Any name that a database may have. */
	exec(d.session, "DROP DATABASE IF EXISTS `odd ``name.\xc3\xa9`");
	expect_open(&d, "odd `name.\xc3\xa9");
	expect_open(&d, "odd `name.\xc3\xa9");
	exec(d.session, "DROP DATABASE `odd ``name.\xc3\xa9`");
	forget(d.session);
	ddl_done(&d);
}

static void
open_main(void *arg)
{
	struct ddl *d = arg;
	struct err own = { 0 };
	struct ctx cx = { .deadline = task_now() + 60 * SECOND, .err = &own };

	expect_ok(sidecar_open(&cx, d, NAME), &own);
}

static void
two_at_once(void *arg)
{
	enum { BOTH = 2, ROUNDS = 10 };
	struct ddl d[BOTH] = { ddl_as("root"), ddl_as("root") };
	struct ctx cx = ctx();

	for (int i = 0; i < ROUNDS; i++) {
		struct group g;

		group_init(&g);
		for (int k = 0; k < BOTH; k++)
			expect_ok(group_spawn(&g, "open", open_main, &d[k], &err), &err);
		expect_ok(group_wait(&cx, &g), &err);
		group_done(&g);
		expect_str(ask(d[0].session, "SELECT COUNT(*) FROM " NAME ".schema_version"), "1");
		forget(d[0].session);
	}
	ddl_done(&d[0]);
	ddl_done(&d[1]);
}

/* ---- What is refused */

static void
not_as_known(void *arg)
{
	struct ddl d = ddl_as("root");

	expect_open(&d, NAME);
	exec(d.session, "UPDATE " NAME ".schema_version SET version=10");
	expect_refused(&d, NAME, "'_switchyard' is of version 10, and this vttablet knows versions");
	exec(d.session, "UPDATE " NAME ".schema_version SET version=9");
	exec(d.session, "ALTER TABLE " NAME ".stream ADD extra INT");
	expect_refused(&d, NAME, "'stream.extra' is not as version 9 has it");
	exec(d.session, "ALTER TABLE " NAME ".stream DROP extra, MODIFY attempt BIGINT NOT NULL");
	expect_refused(&d, NAME, "'stream.attempt' is not as");
	exec(d.session, "ALTER TABLE " NAME ".stream MODIFY attempt INT NOT NULL");
	expect_open(&d, NAME);
	exec(d.session, "ALTER TABLE " NAME ".heartbeat DROP token");
	expect_refused(&d, NAME, "'heartbeat.round' is not as");
	exec(d.session, "DROP TABLE " NAME ".heartbeat");
	expect_refused(&d, NAME, "'heartbeat' is not as");
	forget(d.session);
	ddl_done(&d);
}

/* Vitess's own, as far as its names meet ours. */
static void
make_vitess(struct mysql_client *c)
{
	exec(c, "CREATE DATABASE _vt");
	exec(c,
	    "CREATE TABLE _vt.copy_state (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, "
	    "vrepl_id INT NOT NULL,"
	    " table_name VARBINARY(128) NOT NULL, lastpk VARBINARY(2000), KEY vrepl_id (vrepl_id, "
	    "table_name))");
	exec(c,
	    "CREATE TABLE _vt.heartbeat (keyspaceShard VARBINARY(256) NOT NULL PRIMARY KEY, "
	    "tabletUid INT UNSIGNED"
	    " NOT NULL, ts BIGINT UNSIGNED NOT NULL)");
	exec(c,
	    "CREATE TABLE _vt.vreplication (id INT AUTO_INCREMENT PRIMARY KEY, workflow "
	    "VARBINARY(1000))");
	exec(c, "INSERT INTO _vt.vreplication (workflow) VALUES ('theirs')");
}

static void
somebody_elses(void *arg)
{
	struct ddl d = ddl_as("root");
	const char *theirs;

	make_vitess(d.session);
	theirs = ask(d.session, "CHECKSUM TABLE _vt.vreplication, _vt.copy_state, _vt.heartbeat");
	expect_refused(
	    &d, "_vt", "database '_vt' has a table 'copy_state' that is not Switchyard's");
	expect_open(&d, NAME);
	expect_open(&d, NAME);
	expect_str(ask(d.session, "CHECKSUM TABLE _vt.vreplication, _vt.copy_state, _vt.heartbeat"),
	    theirs);
	expect_str(ask(d.session,
		       "SELECT GROUP_CONCAT(table_name ORDER BY 1) FROM information_schema.tables"
		       " WHERE table_schema='_vt'"),
	    "copy_state,heartbeat,vreplication");
	forget(d.session);
	exec(d.session, "CREATE DATABASE s");
	exec(d.session, "CREATE TABLE s.orders (id INT)");
	expect_refused(&d, "s", "database 's' has a table 'orders' that is not Switchyard's");
	expect_str(ask(d.session,
		       "SELECT COUNT(*) FROM information_schema.tables WHERE "
		       "table_schema='s'"),
	    "1");
	forget(d.session);
	ddl_done(&d);
}

static void
without_rights(void *arg)
{
	struct ddl root = ddl_as("root"), d;

	exec(root.session, "CREATE USER little");
	exec(root.session, "GRANT SELECT, LOCK TABLES, TRIGGER, BINLOG ADMIN ON *.* TO little");
	d = ddl_as("little");
	expect_refused(&d, NAME, "making the sidecar database '_switchyard'");
	exec(root.session, "GRANT ALL ON " NAME ".* TO little");
	exec(root.session, "SET GLOBAL read_only=ON");
	expect_refused(&d, NAME, "read-only");
	exec(root.session, "SET GLOBAL read_only=OFF");
	expect_open(&d, NAME);
	exec(root.session, "SET GLOBAL read_only=ON");
	expect_open(&d, NAME); /* one that is in order is only read */
	exec(root.session, "SET GLOBAL read_only=OFF");
	ddl_done(&d);
	forget(root.session);
	exec(root.session, "DROP USER little");
	ddl_done(&root);
}

/* ---- Release 0.1's */

static const char *const tables_0_1[] = {
	"CREATE DATABASE _vt",
	"CREATE TABLE IF NOT EXISTS _vt.stream ("
	" workflow VARBINARY(160) NOT NULL PRIMARY KEY, phase VARBINARY(32) NOT NULL, attempt INT NOT NULL,"
	" applied_gtid VARBINARY(1024) NOT NULL, applied_file VARBINARY(256) NOT NULL,"
	" applied_offset BIGINT UNSIGNED NOT NULL,"
	" cp_gtid VARBINARY(1024) NOT NULL, cp_file VARBINARY(256) NOT NULL, cp_offset BIGINT UNSIGNED "
	"NOT NULL,"
	" dirty_gtid VARBINARY(1024) NOT NULL, dirty_file VARBINARY(256) NOT NULL,"
	" dirty_offset BIGINT UNSIGNED NOT NULL, prepared LONGBLOB NOT NULL,"
	" request LONGBLOB NOT NULL, error VARBINARY(512) NOT NULL, hint VARBINARY(200) NOT NULL) "
	"ENGINE=InnoDB",
	"CREATE TABLE IF NOT EXISTS _vt.copy_state ("
	" workflow VARBINARY(160) NOT NULL, tbl VARBINARY(256) NOT NULL, range_no INT NOT NULL,"
	" lower_key LONGBLOB, upper_key LONGBLOB, done_key LONGBLOB, row_count BIGINT NOT NULL, "
	"finished TINYINT NOT NULL,"
	" cp_file VARBINARY(256) NOT NULL, cp_offset BIGINT UNSIGNED NOT NULL,"
	" PRIMARY KEY (workflow, tbl, range_no)) ENGINE=InnoDB",
	"CREATE TABLE IF NOT EXISTS _vt.heartbeat ("
	" workflow VARBINARY(160) NOT NULL PRIMARY KEY, token VARBINARY(64) NOT NULL) ENGINE=InnoDB",
	"CREATE TABLE IF NOT EXISTS _vt.fence ("
	" workflow VARBINARY(160) NOT NULL, db VARBINARY(256) NOT NULL, tbl VARBINARY(256) NOT NULL,"
	" armed TINYINT NOT NULL, attempt INT NOT NULL, PRIMARY KEY (workflow, db, tbl)) ENGINE=InnoDB",
	"INSERT INTO _vt.stream VALUES ('new_customer/users', 'running', 3, '0-1-42,1-2-7', "
	"'binlog.000042', 4711,"
	" '0-1-40', 'binlog.000042', 4000, '', '', 0, 'x', '{\"workflow\":\"new_customer/users\"}', "
	"'e', 'h')",
	"INSERT INTO _vt.copy_state VALUES ('new_customer/users', 'new_customer.users', 1, NULL, 'u', "
	"'d', 5, 1, 'f', 9)",
	"INSERT INTO _vt.heartbeat VALUES ('another/move', 'token')",
	"INSERT INTO _vt.fence VALUES ('there/armed', 's', 'armed', 1, 5), ('there/disarmed', 's', "
	"'disarmed', 0, 2)",
};

/* As 0.1 installed them. */
static void
fence_0_1(struct mysql_client *c, const char *table)
{
	static const char *const verbs[][2] = { { "ins", "INSERT" }, { "upd", "UPDATE" },
		{ "del", "DELETE" } };
	struct ctx cx = ctx();
	struct ddl d = { .session = c };

	expect_ok(ddl_runf(&cx, &d, "CREATE TABLE s.%s (id INT PRIMARY KEY, v INT)", table), &err);
	expect_ok(ddl_runf(&cx, &d, "INSERT INTO s.%s VALUES (1,1)", table), &err);
	for (int v = 0; v < 3; v++)
		expect_ok(
		    ddl_runf(&cx, &d,
			"CREATE TRIGGER IF NOT EXISTS `s`.`_vt_fence_%s_%s0123456789abcdef` BEFORE %s ON "
			"`s`.`%s` FOR EACH ROW"
			" BEGIN DECLARE fence_armed INT DEFAULT 1; IF LEFT(USER(), 10) <> 'vt_stream@' THEN "
			"SELECT armed INTO"
			" fence_armed FROM _vt.fence WHERE workflow='there/%s' AND db='s' AND tbl='%s' LOCK "
			"IN SHARE MODE;"
			" IF fence_armed THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO=%d, "
			"MESSAGE_TEXT='" FENCE_TEXT "table ''s.%s'' has moved'; END IF; END IF; END",
			verbs[v][0], table, verbs[v][1], table, table, table, FENCE_ERRNO, table),
		    &err);
}

static void
make_0_1(struct mysql_client *c)
{
	for (size_t i = 0; i < sizeof(tables_0_1) / sizeof(tables_0_1[0]); i++)
		exec(c, tables_0_1[i]);
	exec(c, "CREATE DATABASE s");
	fence_0_1(c, "armed");
	fence_0_1(c, "disarmed");
}

/* What a client meets: neither a write that passes an armed fence, nor an error at a disarmed one. */
static void
expect_guarded(struct mysql_client *client)
{
	static const char *const passing[] = { "INSERT INTO s.disarmed VALUES (2,2)",
		"UPDATE s.disarmed SET v=v+1 WHERE id=1", "DELETE FROM s.disarmed WHERE id=2" };
	static const char *const refused[] = { "INSERT INTO s.armed VALUES (2,2)",
		"UPDATE s.armed SET v=v+1 WHERE id=1", "DELETE FROM s.armed WHERE id=1" };
	struct ctx cx = ctx();

	for (int i = 0; i < 3; i++) {
		expect_ok(mysql_exec(&cx, client, slice_str(passing[i]), NULL), &err);
		expect(mysql_exec(&cx, client, slice_str(refused[i]), NULL) != 0);
		expect_eq(err.mysql_errno, FENCE_ERRNO);
		expect(strstr(err.text, "table 's.armed' has moved") != NULL);
		err_clear(&err);
	}
}

static void
expect_taken_over(struct mysql_client *c, const char *name)
{
	struct ctx cx = ctx();
	struct stream_state *state = arena_new(&arena, struct stream_state);
	struct stream_id id = { name, "new_customer/users", 1 };
	SCOPED(buf) struct buf sql = BUF_INIT;

	expect_ok(state_load(&cx, c, id, state), &err);
	expect(state->phase == STREAM_RUNNING && state->attempt == 3);
	expect_str(state->applied.gtid, "0-1-42,1-2-7");
	expect_str(state->applied.file, "binlog.000042");
	expect_eq(state->applied.offset, 4711);
	expect_str(state->request, "{\"workflow\":\"new_customer/users\"}");
	buf_addf(&sql,
	    "SELECT CONCAT_WS(',', (SELECT GROUP_CONCAT(workflow, tbl, row_count) FROM "
	    "`%s`.copy_state),"
	    " (SELECT GROUP_CONCAT(workflow, token) FROM `%s`.heartbeat),"
	    " (SELECT GROUP_CONCAT(workflow, armed, attempt ORDER BY workflow) FROM `%s`.fence))",
	    name, name, name);
	expect_str(ask(c, sql.data),
	    "new_customer/usersnew_customer.users5,another/movetoken,there/armed15,"
	    "there/disarmed02");
	expect_str(ask(c,
		       "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_name LIKE "
		       "'\\_vt%'"),
	    "0");
	expect_str(ask(c,
		       "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_name LIKE"
		       " '\\_switchyard\\_fence\\_%'"),
	    "6");
}

static void
taken_over(void *arg)
{
	struct ddl d = ddl_as("root");
	struct mysql_client *client = connect_as("root");

	make_0_1(d.session);
	expect_guarded(client);
	expect_open(&d, NAME);
	expect_taken_over(d.session, NAME);
	expect_guarded(client);
	expect_str(ask(d.session,
		       "SELECT COUNT(*) FROM information_schema.tables WHERE "
		       "table_schema='_vt'"),
	    "0");
	/* 0.1 once more, and its streams: nobody would look at them. */
	exec(d.session, tables_0_1[1]);
	expect_open(&d, NAME);
	exec(d.session, tables_0_1[5]);
	expect_refused(&d, NAME, "1 rows are in '_vt.stream'");
	forget(d.session);
	/* Somebody who wants to keep the name. */
	make_0_1(d.session);
	expect_open(&d, "_vt");
	expect_taken_over(d.session, "_vt");
	expect_guarded(client);
	expect_open(&d, "_vt");
	forget(d.session);
	mysql_close(client);
	ddl_done(&d);
}

/* Cut off at each step, once by an error and once with 0.1 at work again before the next try. */
static void
cut_off(void *arg)
{
	static const char *const points[] = { "sidecar.fences.after=error",
		"sidecar.trigger.after=error@2", "sidecar.trigger.after=error@5",
		"sidecar.triggers.after=error", "sidecar.rename.after=error" };
	struct ddl d = ddl_as("root");
	struct mysql_client *client = connect_as("root");

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct ctx cx = ctx();

		make_0_1(d.session);
		expect_ok(fault_arm(points[i], &err), &err);
		expect(sidecar_open(&cx, &d, NAME) != 0);
		expect_eq(err.kind, ERR_RETRY);
		err_clear(&err);
		fault_disarm_all();
		expect_guarded(client);
		expect_open(&d, NAME);
		expect_taken_over(d.session, NAME);
		expect_guarded(client);
		forget(d.session);
	}
	mysql_close(client);
	ddl_done(&d);
}

/* ---- Version 2's, which had no rounds and no guard */

static const char *const to_version_2[] = {
	"ALTER TABLE " NAME
	".stream DROP PRIMARY KEY, DROP round, DROP known_file, DROP known_offset, DROP deltas,"
	" DROP last_begin, DROP last_mark, ADD PRIMARY KEY (workflow)",
	"ALTER TABLE " NAME
	".copy_state DROP PRIMARY KEY, DROP round, ADD PRIMARY KEY (workflow, tbl, range_no)",
	"ALTER TABLE " NAME ".heartbeat DROP PRIMARY KEY, DROP round, ADD PRIMARY KEY (workflow)",
	"DROP TABLE " NAME ".guard, " NAME ".vdiff, " NAME ".vdiff_table, " NAME ".xa_rows, " NAME
	".proof, " NAME ".ddl, " NAME ".run_part",
	"UPDATE " NAME ".schema_version SET version=2",
};

/* From release 0.1's rows, which version 2 took over as they were. */
static void
make_version_2(struct ddl *d)
{
	make_0_1(d->session);
	expect_open(d, NAME);
	for (size_t i = 0; i < sizeof(to_version_2) / sizeof(to_version_2[0]); i++)
		exec(d->session, to_version_2[i]);
}

static void
brought_up(void *arg)
{
	struct ddl d = ddl_as("root");
	const char *made;

	expect_open(&d, NAME);
	made = whole(d.session);
	forget(d.session);
	/* Cut off behind each of the three tables that are altered, or not at all. */
	for (int i = 1; i <= 4; i++) {
		char point[64];
		struct ctx cx = ctx();

		make_version_2(&d);
		snprintf(point, sizeof(point), "sidecar.alter.after=error@%d", i);
		expect_ok(fault_arm(point, &err), &err);
		expect_eq(sidecar_open(&cx, &d, NAME) == 0, i == 4);
		err_clear(&err);
		fault_disarm_all();
		expect_str(ask(d.session, "SELECT version FROM " NAME ".schema_version"),
		    i == 4 ? "9" : "2");
		expect_open(&d, NAME);
		expect_str(ask(d.session, "SELECT version FROM " NAME ".schema_version"), "9");
		expect_taken_over(d.session, NAME);
		exec(d.session, "DROP DATABASE s");
		exec(d.session, "DROP DATABASE _vt");
		expect_str(whole(d.session), made);
		forget(d.session);
	}
	make_version_2(&d);
	exec(d.session, "ALTER TABLE " NAME ".copy_state DROP cp_file");
	expect_refused(&d, NAME, "'copy_state' is not as version 2 has it");
	forget(d.session);
	ddl_done(&d);
}

/* Versions 3 and 4 kept no rows of XA transactions, nor the place where a stream began; 5 had no proofs, 6
 * stopped at any DDL, 7 wrote each run by one session, 8 did not know a place by its last group. */
static void
to_version(struct ddl *d, int version)
{
	char sql[100];

	exec(d->session, "ALTER TABLE " NAME ".stream DROP last_begin, DROP last_mark");
	if (version < 8)
		exec(d->session, "DROP TABLE " NAME ".run_part");
	if (version < 7)
		exec(d->session, "DROP TABLE " NAME ".ddl");
	if (version < 6) {
		exec(d->session, "ALTER TABLE " NAME ".stream DROP deltas");
		exec(d->session, "DROP TABLE " NAME ".proof");
	}
	if (version < 5) {
		exec(d->session, "ALTER TABLE " NAME ".stream DROP known_file, DROP known_offset");
		exec(d->session, "DROP TABLE " NAME ".xa_rows");
	}
	snprintf(sql, sizeof(sql), "UPDATE " NAME ".schema_version SET version=%d", version);
	exec(d->session, sql);
}

static void
kept(void *arg)
{
	struct ddl d = ddl_as("root");
	const char *made;

	expect_open(&d, NAME);
	made = whole(d.session);
	exec(d.session,
	    "INSERT INTO " NAME ".stream SET workflow='s/t', round=1, phase='running', attempt=0,"
	    " applied_gtid='', applied_file='b.1', applied_offset=7, cp_gtid='', cp_file='', cp_offset=0,"
	    " dirty_gtid='', dirty_file='', dirty_offset=0, prepared='', request='', error='', hint=''");
	to_version(&d, 4);
	expect_open(&d, NAME);
	expect_str(whole(d.session), made);
	expect_str(ask(d.session, "SELECT version FROM " NAME ".schema_version"), "9");
	made = ask(d.session, "SELECT CONCAT(applied_offset, known_file) FROM " NAME ".stream");
	expect_str(made, "7");
	made = whole(d.session);
	for (int version = 5; version < SIDECAR_VERSION; version++) {
		to_version(&d, version);
		expect_open(&d, NAME);
		expect_str(whole(d.session), made);
	}
	to_version(&d, 4);
	exec(d.session, "ALTER TABLE " NAME ".stream DROP hint");
	expect_refused(&d, NAME, "'stream' is not as version 4 has it");
	forget(d.session);
	ddl_done(&d);
}

/* Version 3 had no comparisons: two tables more. */
static void
compared(void *arg)
{
	struct ddl d = ddl_as("root");
	const char *made;

	expect_open(&d, NAME);
	made = whole(d.session);
	exec(d.session, "INSERT INTO " NAME ".fence VALUES ('s/t', 's', 't', 1, 3)");
	exec(d.session, "DROP TABLE " NAME ".vdiff, " NAME ".vdiff_table");
	to_version(&d, 3);
	expect_open(&d, NAME);
	expect_str(whole(d.session), made);
	expect_str(ask(d.session, "SELECT version FROM " NAME ".schema_version"), "9");
	expect_str(ask(d.session, "SELECT COUNT(*) FROM " NAME ".fence WHERE armed"), "1");
	to_version(&d, 3);
	exec(d.session, "ALTER TABLE " NAME ".guard DROP finding");
	expect_refused(&d, NAME, "'guard' is not as version 3 has it");
	forget(d.session);
	ddl_done(&d);
}

TEST(sidecar_database)
{
	mariadb_start(&server, test_dir(), 1);
	in_task(made_and_found, &arena);
	in_task(two_at_once, &arena);
	in_task(not_as_known, &arena);
	in_task(somebody_elses, &arena);
	in_task(without_rights, &arena);
	in_task(taken_over, &arena);
	in_task(cut_off, &arena);
	in_task(brought_up, &arena);
	in_task(compared, &arena);
	in_task(kept, &arena);
	mariadb_kill(&server);
}
