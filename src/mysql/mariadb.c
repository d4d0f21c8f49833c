#include "mysql/mariadb.h"

#include <string.h>

enum {
	DDL = ROLE_BIT(ROLE_DDL),
	DBA = ROLE_BIT(ROLE_DBA) | DDL, /* they differ in how long they wait for a lock */
	WRITER = ROLE_BIT(ROLE_WRITER),
	READER = ROLE_BIT(ROLE_READER),
	STREAM = ROLE_BIT(ROLE_STREAM),
	PROBE = ROLE_BIT(ROLE_PROBE),
	OURS = DBA | WRITER | READER | STREAM | PROBE,
};

/*
 * The order matters in two places: what could end the SET itself comes first, and sql_big_selects comes
 * behind max_join_size, which turns it off.
 */
static const struct role_setting mariadb_settings[] = {
	/* How long a statement and a session may be at work, and in how much memory. */
	{ OURS, "max_statement_time", "0" },
	{ OURS, "max_session_mem_used", "9223372036854775807" },
	{ OURS, "idle_transaction_timeout", "0" },
	{ OURS, "idle_readonly_transaction_timeout", "0" },
	{ OURS, "idle_write_transaction_timeout", "0" },
	{ OURS, "wait_timeout", "28800" },
	/* A stream of rows or events stops while its other end has no room: ten minutes, as a chunk has. */
	{ OURS, "net_read_timeout", "600" },
	{ OURS, "net_write_timeout", "600" },
	{ OURS, "tcp_nodelay", "1" },
	/* A day and 50 s are the servers' defaults; a caller that wants to wait less has a deadline. */
	{ OURS & ~DDL, "lock_wait_timeout", "86400" },
	{ DDL, "lock_wait_timeout", "0" }, /* refused at once (1205): tablet/server/ddl.h */
	{ OURS, "innodb_lock_wait_timeout", "50" },

	/* Whole answers, and the statement as it is written. */
	{ OURS, "sql_select_limit", "18446744073709551615" },
	{ OURS, "max_join_size", "18446744073709551615" },
	{ OURS, "sql_big_selects", "1" },
	{ OURS, "sql_safe_updates", "0" },
	{ OURS, "sql_auto_is_null", "0" },
	{ OURS, "sql_if_exists", "0" },
	{ OURS, "sql_buffer_result", "0" },
	{ OURS, "sql_quote_show_create", "1" },
	/* An answer's counts and what they are made of; texts that are read, such as a load's counts. */
	{ OURS, "sql_notes", "1" },
	{ OURS, "sql_warnings", "0" },
	{ OURS, "max_error_count", "64" },
	{ OURS, "lc_messages", "'en_US'" },
	{ OURS, "default_regex_flags", "''" },
	{ OURS, "group_concat_max_len", "1048576" },
	{ OURS, "max_sort_length", "1024" },
	/* Temporary tables of catalogue reads and sorts: room as the server has it by default. */
	{ OURS, "tmp_disk_table_size", "18446744073709551615" },
	{ OURS, "tmp_memory_table_size", "16777216" },
	{ OURS, "max_heap_table_size", "16777216" },
	{ OURS, "sort_buffer_size", "2097152" },
	/* Chunks and deletes go by ranges of an index: without them each would read the whole table. */
	{ OURS, "optimizer_switch", "'default'" },
	{ OURS, "optimizer_max_sel_args", "16000" },
	{ OURS, "optimizer_max_sel_arg_weight", "32000" },
	{ OURS, "eq_range_index_dive_limit", "200" },
	{ OURS, "in_predicate_conversion_threshold", "1000" },
	{ OURS, "optimizer_trace", "'enabled=off'" },
	{ OURS, "profiling", "0" },
	/* Rows that are read once do not push a client's answers out of the cache. */
	{ OURS, "query_cache_type", "OFF" },

	/* Strict and without substitution: a value that does not fit is an error. Zero dates pass because
	 * NO_ZERO_DATE and NO_ZERO_IN_DATE are absent; ALLOW_INVALID_DATES lets stored oddities through. */
	{ OURS, "sql_mode", "'" STRICT_MODE "'" },
	{ OURS, "old_mode", "'UTF8_IS_UTF8MB3'" },
	{ OURS, "time_zone", "'+00:00'" },
	{ OURS, "explicit_defaults_for_timestamp", "1" },
	/* A next value that the table did not have where the rows come from. */
	{ OURS, "auto_increment_increment", "1" },
	{ OURS, "auto_increment_offset", "1" },

	/* Statements are utf8mb4; of rows the stored bytes are read and written. */
	{ DBA | STREAM | PROBE, "character_set_client", "utf8mb4" },
	{ DBA | STREAM | PROBE, "collation_connection", "utf8mb4_general_ci" },
	{ DBA | STREAM | PROBE, "character_set_results", "utf8mb4" },
	{ READER | WRITER, "character_set_client", "binary" },
	{ READER | WRITER, "character_set_connection", "binary" },
	{ READER | WRITER, "character_set_results", "NULL" },
	{ OURS, "character_set_filesystem", "binary" },

	/* Transactions begin and end where we say so. */
	{ OURS, "autocommit", "1" },
	{ OURS, "completion_type", "'NO_CHAIN'" },
	{ OURS, "tx_read_only", "0" },
	{ DBA | READER | STREAM | PROBE, "tx_isolation", "'REPEATABLE-READ'" },
	{ WRITER, "tx_isolation", "'READ-COMMITTED'" },
	/* LOCK TABLES waits for rows that transactions without a metadata lock have locked. */
	{ OURS, "innodb_table_locks", "1" },

	/* Rows are taken as the source has them, whether it checked them or not. But a value that is
	 * there twice is always an error. */
	{ DBA | WRITER, "foreign_key_checks", "0" },
	{ DBA | WRITER, "check_constraint_checks", "0" },
	{ OURS, "unique_checks", "1" },
	/* Tables as they are defined, with what the source's server took, by the way that is open. */
	{ OURS, "innodb_strict_mode", "0" },
	{ OURS, "innodb_compression_default", "0" },
	{ OURS, "innodb_default_encryption_key_id", "1" },
	{ OURS, "default_storage_engine", "InnoDB" },
	{ OURS, "alter_algorithm", "'DEFAULT'" },

	/* What is written goes to the binlog as rows. */
	{ DBA | WRITER | STREAM, "binlog_format", "'ROW'" },
	{ STREAM, "binlog_row_image", "'FULL'" },
	{ DBA | WRITER | STREAM, "binlog_annotate_row_events", "0" },
	{ DBA, "binlog_alter_two_phase", "0" },
	{ 0 },
};

static const struct demand mariadb_demands[] = {
	{ "@@global.tx_isolation", "REPEATABLE-READ", "tx_isolation is not REPEATABLE-READ",
	    "SET GLOBAL tx_isolation='REPEATABLE-READ', and let clients reconnect" },
	{ "COALESCE(@@global.enforce_storage_engine, 'InnoDB')", "InnoDB",
	    "enforce_storage_engine is another than InnoDB",
	    "SET GLOBAL enforce_storage_engine=NULL" },
	{ 0 },
};

static const struct demand mariadb_session_demands[] = {
	{ "@@session.tx_isolation", "REPEATABLE-READ",
	    "tx_isolation is not REPEATABLE-READ in clients' sessions", DEMAND_GREETED },
	{ 0 },
};

static const struct demand mariadb_source_demands[] = {
	{ "@@global.log_bin_compress", "0",
	    "log_bin_compress is on, and compressed events are not understood yet",
	    "SET GLOBAL log_bin_compress=OFF" },
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

static bool
contains(struct slice s, const char *part)
{
	return s.len > 0 && memmem(s.ptr, s.len, part, strlen(part)) != NULL;
}

/* Other _bin collations pad with spaces: 'a' and 'a ' are equal there. */
static bool
is_bytewise(struct slice collation)
{
	return contains(collation, "_nopad_bin");
}

/* A period's columns have no expression. */
static bool
is_generated(struct slice extra, struct slice expression)
{
	return contains(extra, "GENERATED") || expression.len > 0;
}

const struct dialect mariadb_dialect = {
	.name = "MariaDB",
	.position_sql = "SHOW MASTER STATUS",
	.gtid_sql = "SELECT @@global.gtid_binlog_pos",
	.gtid_form = GTID_FORM_LIST,
	.snapshot_sql = "START TRANSACTION WITH CONSISTENT SNAPSHOT",
	.snapshot_position_sql = "SHOW STATUS LIKE 'binlog\\_snapshot\\_%'",
	.snapshot_place = snapshot_place,
	.lenient = lenient,
	.whole = whole,
	.execute_sql = "EXECUTE IMMEDIATE ",
	.row_wait = row_wait,
	.lock_at_once_sql = " NOWAIT",
	/* A trigger's time is kept in hundredths of a second, rounded down. */
	.clock_ahead_sql = "EXECUTE IMMEDIATE CONCAT('SET timestamp=', "
			   "(CEIL(UNIX_TIMESTAMP(SYSDATE(6))*100)+1)/100)",
	.may_be_view = may_be_view,
	.engine_next_sql = "SELECT name, autoinc FROM information_schema.innodb_sys_tablestats WHERE "
			   "autoinc > 0 AND name IN ",
	.is_bytewise = is_bytewise,
	.is_generated = is_generated,
	.foreign_algorithm = "INSTANT",
	.old_temporal = { "/* mariadb-5.3 */", "MariaDB 5.3", "mysql56_temporal_format=ON" },
	.replicas_sql = "SHOW SLAVE HOSTS",
	.reader_rights =
	    "SELECT, INSERT, UPDATE, DELETE, REPLICATION SLAVE, BINLOG MONITOR, BINLOG ADMIN",
	.writer_rights = "SELECT, INSERT, UPDATE, DELETE, BINLOG ADMIN",
	.demands = mariadb_demands,
	.session_demands = mariadb_session_demands,
	.source_demands = mariadb_source_demands,
	.settings = mariadb_settings,
};
