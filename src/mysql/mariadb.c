#include "mysql/mariadb.h"

#include <string.h>

/* What could end the SET itself comes first. */
static const struct role_setting mariadb_settings[] = {
	/* How long a statement and a session may be at work, and in how much memory. */
	{ ROLES_OURS, "max_statement_time", "0" },
	{ ROLES_OURS, "max_session_mem_used", "9223372036854775807" },
	{ ROLES_OURS, "idle_transaction_timeout", "0" },
	{ ROLES_OURS, "idle_readonly_transaction_timeout", "0" },
	{ ROLES_OURS, "idle_write_transaction_timeout", "0" },
	{ ROLES_OURS, "tcp_nodelay", "1" },
	{ ROLES_DDL, "lock_wait_timeout", "0" }, /* refused at once (1205): tablet/server/ddl.h */

	/* Whole answers, and the statement as it is written. */
	{ ROLES_OURS, "sql_if_exists", "0" },
	{ ROLES_OURS, "max_error_count", "64" },
	{ ROLES_OURS, "default_regex_flags", "''" },
	{ ROLES_OURS, "tmp_disk_table_size", "18446744073709551615" },
	/* Chunks and deletes go by ranges of an index. */
	{ ROLES_OURS, "optimizer_max_sel_args", "16000" },
	{ ROLES_OURS, "optimizer_max_sel_arg_weight", "32000" },
	{ ROLES_OURS, "in_predicate_conversion_threshold", "1000" },
	/* Rows that are read once do not push a client's answers out of the cache. */
	{ ROLES_OURS, "query_cache_type", "OFF" },

	{ ROLES_OURS, "old_mode", "'UTF8_IS_UTF8MB3'" },
	{ ROLES_OURS, "character_set_filesystem", "binary" },

	/* Transactions begin and end where we say so. */
	{ ROLES_OURS, "tx_read_only", "0" },
	{ ROLES_DBA | ROLES_READER | ROLES_STREAM | ROLES_PROBE, "tx_isolation",
	    "'REPEATABLE-READ'" },
	{ ROLES_WRITER, "tx_isolation", "'READ-COMMITTED'" },

	/* Rows are taken as the source has them, whether it checked them or not. */
	{ ROLES_DBA | ROLES_WRITER, "check_constraint_checks", "0" },
	/* Tables as they are defined, with what the source's server took, by the way that is open. */
	{ ROLES_OURS, "innodb_strict_mode", "0" },
	{ ROLES_OURS, "innodb_compression_default", "0" },
	{ ROLES_OURS, "innodb_default_encryption_key_id", "1" },
	{ ROLES_OURS, "alter_algorithm", "'DEFAULT'" },
	/* A versioned table's indexes are built while it has a history, which is written as it is told. */
	{ ROLES_OURS, "system_versioning_alter_history", "KEEP" },
	{ ROLES_WRITER, "system_versioning_insert_history", "1" },
	{ 0 },
};

/* What is written goes to the binlog as rows, and without their statements, which would double it. To say so
 * takes a privilege that nobody has at some managed servers: there it is enough that it is so. */
static void
state_binlog(struct buf *out, enum mysql_role role)
{
	unsigned bit = ROLE_BIT(role);
	const char *image = (bit & ROLES_STREAM) != 0 ? ", binlog_row_image='FULL'" : "",
		   *phase = (bit & ROLES_DBA) != 0 ? ", binlog_alter_two_phase=0" : "";

	if ((bit & (ROLES_DBA | ROLES_WRITER | ROLES_STREAM)) == 0)
		return;
	buf_addf(out,
	    "BEGIN NOT ATOMIC BEGIN DECLARE EXIT HANDLER FOR 1227 BEGIN END; "
	    "SET binlog_format='ROW', binlog_annotate_row_events=0%s%s; END; "
	    "IF @@session.binlog_format<>'ROW'%s%s THEN SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO=1227, "
	    "MESSAGE_TEXT='its sessions must write rows to the binlog: GRANT BINLOG ADMIN ON *.* to this "
	    "account, or SET GLOBAL binlog_format=ROW, binlog_row_image=FULL, "
	    "binlog_alter_two_phase=OFF'; END IF; END",
	    image, phase, image[0] != '\0' ? " OR @@session.binlog_row_image<>'FULL'" : "",
	    phase[0] != '\0' ? " OR @@session.binlog_alter_two_phase" : "");
}

static const struct demand mariadb_demands[] = {
	{ "tx_isolation is REPEATABLE-READ", "@@global.tx_isolation", "REPEATABLE-READ",
	    "tx_isolation is not REPEATABLE-READ",
	    "SET GLOBAL tx_isolation='REPEATABLE-READ', and let clients reconnect" },
	{ "enforce_storage_engine is none but InnoDB",
	    "COALESCE(@@global.enforce_storage_engine, 'InnoDB')", "InnoDB",
	    "enforce_storage_engine is another than InnoDB",
	    "SET GLOBAL enforce_storage_engine=NULL" },
	{ 0 },
};

static const struct demand mariadb_session_demands[] = {
	{ "tx_isolation is REPEATABLE-READ in clients' sessions", "@@session.tx_isolation",
	    "REPEATABLE-READ", "tx_isolation is not REPEATABLE-READ in clients' sessions",
	    DEMAND_GREETED },
	{ 0 },
};

static const struct privilege mariadb_privileges[] = {
	{ PRIVILEGE_STREAM, PRIVILEGE_SERVER, "BINLOG MONITOR", "SHOW MASTER STATUS", NULL, 0, NULL },
	{ PRIVILEGE_STREAM, PRIVILEGE_SERVER, "BINLOG ADMIN", "SET SESSION binlog_format='ROW'",
	    "to keep statements out of the binlog that has their rows", 0, NULL },
	{ PRIVILEGE_DBA, PRIVILEGE_SERVER, "BINLOG MONITOR", "SHOW MASTER STATUS", NULL, 0, NULL },
	{ PRIVILEGE_DBA, PRIVILEGE_SERVER, "BINLOG ADMIN", "SET SESSION binlog_format='ROW'",
	    "to keep statements out of the binlog that has their rows", 0, NULL },
	{ PRIVILEGE_DBA, PRIVILEGE_SERVER, "REPLICATION MASTER ADMIN", "SHOW SLAVE HOSTS",
	    "to see the replicas that follow the server", 0, NULL },
	/* Routines' bodies. */
	{ PRIVILEGE_DBA, "mysql.proc", "SELECT", "SELECT 1 FROM mysql.proc WHERE FALSE", NULL, 0,
	    NULL },
	{ 0 },
};

/* Rows Variable_name, Value. */
static void
snapshot_place(const struct slice *values, size_t count, struct slice *file, struct slice *offset)
{
	for (size_t i = 0; i + 1 < count; i += 2) {
		if (slice_eq_nocase(values[i], slice_str("binlog_snapshot_file")))
			*file = values[i + 1];
		else if (slice_eq_nocase(values[i], slice_str("binlog_snapshot_position")))
			*offset = values[i + 1];
	}
}

static void
proposed(struct buf *out, struct slice column)
{
	buf_addf(out, "VALUES(%.*s)", SLICE_ARG(column));
}

static void
lenient(struct buf *out, struct slice sql)
{
	buf_add_str(out, "SET STATEMENT sql_mode='" LENIENT_MODE "' FOR ");
	buf_add_slice(out, sql);
}

static void
whole(struct buf *out, struct slice sql)
{
	buf_add_str(out,
	    "SET STATEMENT sql_select_limit = 18446744073709551615, max_statement_time = 0 FOR ");
	buf_add_slice(out, sql);
}

static void
bound_time(struct buf *out, int ms)
{
	buf_addf(out, "SET max_statement_time=%d.%03d", ms / 1000, ms % 1000);
}

static void
row_wait(struct buf *out, int seconds, struct slice sql)
{
	buf_addf(out, "SET STATEMENT innodb_lock_wait_timeout=%d FOR ", seconds);
	buf_add_slice(out, sql);
}

static bool
may_be_view(int error)
{
	enum { ER_IT_IS_A_VIEW = 1965 };

	return error == ER_IT_IS_A_VIEW;
}

/* Other _bin collations pad with spaces: 'a' and 'a ' are equal there. */
static bool
is_bytewise(struct slice collation)
{
	return slice_contains(collation, "_nopad_bin");
}

/* A period's columns have no expression. */
static bool
is_generated(struct slice extra, struct slice expression)
{
	return slice_contains(extra, "GENERATED") || expression.len > 0;
}

/* The engine's names are a folder's and a file's. */
#define DECODED(name, half)                                                                        \
	"CONVERT(CONVERT(CONVERT(SUBSTRING_INDEX(" name ",'/'," half                               \
	") USING binary) USING filename) USING utf8mb4)"
#define FOREIGN_CHILDREN                                                                           \
	"SELECT DISTINCT d, t FROM (SELECT " DECODED("for_name", "1") " AS d, " DECODED(           \
	    "for_name", "-1") " AS t, " DECODED("ref_name",                                        \
	    "1") " AS p "                                                                          \
		 "FROM information_schema.innodb_sys_foreign) AS k WHERE"

const struct dialect mariadb_dialect = {
	.name = "MariaDB",
	.kills_triggers = true,
	.position_sql = "SHOW MASTER STATUS",
	.gtid_sql = "SELECT @@global.gtid_binlog_pos",
	.gtid_form = GTID_FORM_LIST,
	.json_kept = "CAST(",
	.json_kept_end = " AS BINARY)",
	.snapshot_sql = "START TRANSACTION WITH CONSISTENT SNAPSHOT",
	.snapshot_position_sql = "SHOW STATUS LIKE 'binlog\\_snapshot\\_%'",
	.snapshot_place = snapshot_place,
	.proposed_sql = "",
	.proposed = proposed,
	.lenient = lenient,
	.whole = whole,
	.bound_time = bound_time,
	.time_is_over = 1969, /* ER_STATEMENT_TIMEOUT */
	.history_sql = "SHOW GLOBAL STATUS LIKE 'Innodb\\_history\\_list\\_length'",
	.execute_sql = "EXECUTE IMMEDIATE ",
	.row_wait = row_wait,
	.processes = "information_schema.processlist",
	.lock_at_once_sql = " NOWAIT",
	/* A trigger's time is kept in hundredths of a second, rounded down. */
	.clock_ahead_sql = "EXECUTE IMMEDIATE CONCAT('SET timestamp=', "
			   "(CEIL(UNIX_TIMESTAMP(SYSDATE(6))*100)+1)/100)",
	.may_be_view = may_be_view,
	.engine_next_sql = "SELECT name, autoinc FROM information_schema.innodb_sys_tablestats WHERE "
			   "autoinc > 0 AND name IN ",
	.is_bytewise = is_bytewise,
	.is_generated = is_generated,
	.unknown_type = 4161, /* ER_UNKNOWN_DATA_TYPE */
	.foreign_children_sql = FOREIGN_CHILDREN,
	.foreign_algorithm = "INSTANT",
	.old_temporal = { "/* mariadb-5.3 */", "MariaDB 5.3", "mysql56_temporal_format=ON" },
	.kill_soft = "SOFT ",
	.kill_hard = "HARD ",
	.shows_progress = true,
	.table_status_columns = 20,
	.numbers_in_root = true,
	.replicas_sql = "SHOW SLAVE HOSTS",
	.privileges = mariadb_privileges,
	.demands = mariadb_demands,
	.session_demands = mariadb_session_demands,
	.settings = mariadb_settings,
	.state_privileged = state_binlog,
};
