#include "mysql/mysql.h"

#include <string.h>

/*
 * What could end the SET itself comes first. What takes SESSION_VARIABLES_ADMIN is not stated: of
 * binlog_format, binlog_row_image and binlog_row_value_options the GLOBAL values are demanded;
 * innodb_strict_mode, sql_require_primary_key and sql_generate_invisible_primary_key can only make DDL
 * fail, before anything is copied.
 */
static const struct role_setting mysql_settings[] = {
	{ ROLES_OURS, "max_execution_time", "0" },
	{ ROLES_DDL, "lock_wait_timeout", "1" }, /* the least; tablet/server/ddl.h */

	/* Whole answers, and the statement as it is written. */
	{ ROLES_OURS, "show_create_table_verbosity", "0" },
	{ ROLES_OURS, "show_create_table_skip_secondary_engine", "0" },
	{ ROLES_OURS, "show_gipk_in_create_table_and_information_schema", "1" },
	/* What a catalogue tells of a table is what it is now, not what it was a day ago. */
	{ ROLES_OURS, "information_schema_stats_expiry", "0" },
	{ ROLES_OURS, "parser_max_mem_size", "18446744073709551615" },
	/* Chunks and deletes go by ranges of an index. */
	{ ROLES_OURS, "range_optimizer_max_mem_size", "0" },
	{ ROLES_OURS, "max_seeks_for_key", "18446744073709551615" },
	{ ROLES_OURS, "use_secondary_engine", "OFF" },

	/* What a definition means that names a character set alone. */
	{ ROLES_OURS, "default_collation_for_utf8mb4", "utf8mb4_0900_ai_ci" },

	/* Transactions begin and end where we say so. */
	{ ROLES_OURS, "transaction_read_only", "0" },
	{ ROLES_DBA | ROLES_READER | ROLES_STREAM | ROLES_PROBE, "transaction_isolation",
	    "'REPEATABLE-READ'" },
	{ ROLES_WRITER, "transaction_isolation", "'READ-COMMITTED'" },
	{ 0 },
};

static const struct demand mysql_demands[] = {
	{ "transaction_isolation is REPEATABLE-READ", "@@global.transaction_isolation",
	    "REPEATABLE-READ", "transaction_isolation is not REPEATABLE-READ",
	    "SET PERSIST transaction_isolation='REPEATABLE-READ', and let clients reconnect" },
	{ "gtid_mode is ON", "@@global.gtid_mode", "ON", "gtid_mode is not ON",
	    "SET PERSIST enforce_gtid_consistency=ON, then gtid_mode=OFF_PERMISSIVE, ON_PERMISSIVE, ON" },
	{ "binlog_row_value_options is empty", "@@global.binlog_row_value_options", "",
	    "binlog_row_value_options is set, and partial JSON in the binlog is not understood",
	    "SET PERSIST binlog_row_value_options='', and let clients reconnect" },
	{ 0 },
};

static const struct demand mysql_session_demands[] = {
	{ "transaction_isolation is REPEATABLE-READ in clients' sessions",
	    "@@session.transaction_isolation", "REPEATABLE-READ",
	    "transaction_isolation is not REPEATABLE-READ in clients' sessions", DEMAND_GREETED },
	{ "binlog_row_value_options is empty in clients' sessions",
	    "@@session.binlog_row_value_options", "",
	    "binlog_row_value_options is set in clients' sessions", DEMAND_GREETED },
	{ 0 },
};

enum {
	ER_SP_DOES_NOT_EXIST = 1305,
	ER_XAER_RMERR = 1401,
};

static const struct privilege mysql_privileges[] = {
	/* Of foreign keys. */
	{ PRIVILEGE_DBA, PRIVILEGE_DATABASE, "REFERENCES",
	    "CREATE TABLE {} (a INT, a INT, FOREIGN KEY (a) REFERENCES {} (a))", NULL, 0, "CREATE" },
	{ PRIVILEGE_STREAM, PRIVILEGE_SERVER, "REPLICATION CLIENT", "SHOW BINARY LOG STATUS", NULL,
	    0, NULL },
	{ PRIVILEGE_STREAM, PRIVILEGE_SERVER, "XA_RECOVER_ADMIN", "XA RECOVER", NULL, ER_XAER_RMERR,
	    NULL },
	{ PRIVILEGE_STREAM, PRIVILEGE_SERVER, "PROCESS",
	    "SELECT 1 FROM information_schema.innodb_metrics LIMIT 1",
	    "to limit a copy by the source's history list (--max-load)", 0, NULL },
	{ PRIVILEGE_DBA, PRIVILEGE_SERVER, "REPLICATION CLIENT", "SHOW BINARY LOG STATUS", NULL, 0,
	    NULL },
	{ PRIVILEGE_DBA, PRIVILEGE_SERVER, "XA_RECOVER_ADMIN", "XA RECOVER", NULL, ER_XAER_RMERR,
	    NULL },
	/* A routine of the server's own stands for others' bodies. */
	{ PRIVILEGE_DBA, PRIVILEGE_SERVER, "SHOW_ROUTINE", "SHOW CREATE FUNCTION sys.version_major",
	    NULL, ER_SP_DOES_NOT_EXIST, NULL },
	{ PRIVILEGE_DBA, PRIVILEGE_SERVER, "REPLICATION SLAVE", "SHOW REPLICAS",
	    "to see the replicas that follow the server", 0, NULL },
	{ PRIVILEGE_DBA, "performance_schema.*", "SELECT",
	    "SELECT 1 FROM performance_schema.metadata_locks WHERE FALSE", NULL, 0, NULL },
	{ 0 },
};

/* A hint stands behind the first word, which must be the statement's verb. */
static void
put_hint(struct buf *out, const char *hint, struct slice sql)
{
	struct slice verb, rest = slice_split(sql, ' ', &verb);

	buf_add_slice(out, verb);
	buf_addf(out, " /*+ %s */ ", hint);
	buf_add_slice(out, rest);
}

/* VALUES() works too, with a warning for each. */
static void
proposed(struct buf *out, struct slice column)
{
	buf_addf(out, "_switchyard_proposed.%.*s", SLICE_ARG(column));
}

static void
lenient(struct buf *out, struct slice sql)
{
	put_hint(out, "SET_VAR(sql_mode='" LENIENT_MODE "')", sql);
}

/* Error 1287. Their columns and bytes in a file have none. */
static const char *const deprecated_charsets[] = { "utf8mb3", "ucs2", "macroman", "macce", "dec8",
	"hp8", NULL };

static void
whole(struct buf *out, struct slice sql)
{
	put_hint(out, "SET_VAR(sql_select_limit=18446744073709551615) MAX_EXECUTION_TIME(0)", sql);
}

static void
bound_time(struct buf *out, int ms)
{
	buf_addf(out, "SET max_execution_time=%d", ms);
}

/* It says of a view that there is no such table. */
static bool
may_be_view(int error)
{
	enum { ER_BAD_TABLE_ERROR = 1051 };

	return error == ER_BAD_TABLE_ERROR;
}

/* The others named _bin pad with spaces: 'a' and 'a ' are equal there. */
static bool
is_bytewise(struct slice collation)
{
	return slice_eq_str(collation, "utf8mb4_0900_bin");
}

/* DEFAULT_GENERATED is a default that is an expression. */
static bool
is_generated(struct slice extra, struct slice expression)
{
	return slice_contains(extra, "VIRTUAL GENERATED") ||
	    slice_contains(extra, "STORED GENERATED") || expression.len > 0;
}

const struct dialect mysql_server_dialect = {
	.name = "MySQL",
	.position_sql = "SHOW BINARY LOG STATUS",
	.gtid_sql = "SELECT @@global.gtid_executed",
	.gtid_form = GTID_FORM_SET,
	/* It is visible before it is in gtid_executed, and in the binlog before that. */
	.wait_visible_sql = "SELECT WAIT_FOR_EXECUTED_GTID_SET(",
	.json_kept = "CAST(CAST(",
	.json_kept_end = " AS JSON) AS BINARY)",
	.snapshot_sql = "START TRANSACTION WITH CONSISTENT SNAPSHOT",
	.proposed_sql = " AS _switchyard_proposed",
	.proposed = proposed,
	.lenient = lenient,
	.warned_charsets = deprecated_charsets,
	.whole = whole,
	.bound_time = bound_time,
	.time_is_over = 3024, /* ER_QUERY_TIMEOUT */
	.history_sql = "SELECT name, count FROM information_schema.innodb_metrics WHERE "
		       "name = 'trx_rseg_history_len' AND status = 'enabled'",
	/* That of information_schema cannot be read while anybody's statement holds bytes that are no UTF-8:
	 * error 3854, whichever columns are asked for. */
	.processes = "performance_schema.processlist",
	.users_sql =
	    "SELECT COUNT(*) FROM performance_schema.metadata_locks WHERE object_type='TABLE' AND "
	    "owner_thread_id<>PS_CURRENT_THREAD_ID() AND object_schema=",
	.clock_ahead_sql = "SET timestamp=(CEIL(UNIX_TIMESTAMP(SYSDATE(6))*100)+1)/100",
	.lock_mixed = 1785, /* ER_GTID_UNSAFE_NON_TRANSACTIONAL_TABLE */
	.may_be_view = may_be_view,
	.engine_next_sql = "SELECT name, autoinc FROM information_schema.innodb_tablestats WHERE "
			   "autoinc > 0 AND name IN ",
	.is_bytewise = is_bytewise,
	.is_generated = is_generated,
	.checks_of_database = true,
	.foreign_algorithm = "INPLACE",
	.kill_soft = "",
	.kill_hard = "",
	.check_constraints_sql =
	    "(SELECT c.*, t.TABLE_NAME FROM information_schema.CHECK_CONSTRAINTS AS c JOIN "
	    "information_schema.TABLE_CONSTRAINTS AS t USING (CONSTRAINT_SCHEMA, CONSTRAINT_NAME)) AS "
	    "CHECK_CONSTRAINTS",
	.check_constraints_columns =
	    "CONSTRAINT_CATALOG, CONSTRAINT_SCHEMA, CONSTRAINT_NAME, CHECK_CLAUSE",
	.table_status_columns = 18,
	.replicas_sql = "SHOW REPLICAS",
	.privileges = mysql_privileges,
	.demands = mysql_demands,
	.session_demands = mysql_session_demands,
	.wants_files = true,
	.grants_make_no_account = true,
	.settings = mysql_settings,
};
