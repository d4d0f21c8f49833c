#include "mysql/role.h"

#include "base/check.h"
#include "base/mutant.h"

#include <string.h>

/* Statements are utf8mb4; of rows the stored bytes are read and written. */
static const struct role_setting role_charsets[] = {
	{ ROLES_DBA | ROLES_STREAM | ROLES_PROBE, "character_set_client", "utf8mb4" },
	{ ROLES_DBA | ROLES_STREAM | ROLES_PROBE, "collation_connection", "utf8mb4_general_ci" },
	{ ROLES_DBA | ROLES_STREAM | ROLES_PROBE, "character_set_results", "utf8mb4" },
	{ ROLES_READER | ROLES_WRITER, "character_set_client", "binary" },
	{ ROLES_READER | ROLES_WRITER, "character_set_connection", "binary" },
	{ ROLES_READER | ROLES_WRITER, "character_set_results", "NULL" },
	{ 0 },
};

/* The order matters once: sql_big_selects comes behind max_join_size, which turns it off. */
static const struct role_setting role_common[] = {
	{ ROLES_OURS, "wait_timeout", "28800" },
	/* A stream of rows or events stops while its other end has no room: ten minutes, as a chunk has. */
	{ ROLES_OURS, "net_read_timeout", "600" },
	{ ROLES_OURS, "net_write_timeout", "600" },
	/* A day and 50 s are the servers' defaults; a caller that wants to wait less has a deadline. */
	{ ROLES_OURS & ~ROLES_DDL, "lock_wait_timeout", "86400" },
	{ ROLES_OURS, "innodb_lock_wait_timeout", "50" },

	/* Whole answers, and the statement as it is written. */
	{ ROLES_OURS, "sql_select_limit", "18446744073709551615" },
	{ ROLES_OURS, "max_join_size", "18446744073709551615" },
	{ ROLES_OURS, "sql_big_selects", "1" },
	{ ROLES_OURS, "sql_safe_updates", "0" },
	{ ROLES_OURS, "sql_auto_is_null", "0" },
	{ ROLES_OURS, "sql_buffer_result", "0" },
	{ ROLES_OURS, "sql_quote_show_create", "1" },
	/* An answer's counts and what they are made of; texts that are read, such as a load's counts. */
	{ ROLES_OURS, "sql_notes", "1" },
	{ ROLES_OURS, "sql_warnings", "0" },
	{ ROLES_OURS, "lc_messages", "'en_US'" },
	{ ROLES_OURS, "group_concat_max_len", "1048576" },
	{ ROLES_OURS, "max_sort_length", "1024" },
	/* Temporary tables of catalogue reads and sorts: room as the server has it by default. */
	{ ROLES_OURS, "tmp_table_size", "16777216" },
	{ ROLES_OURS, "max_heap_table_size", "16777216" },
	{ ROLES_OURS, "sort_buffer_size", "2097152" },
	/* Chunks and deletes go by ranges of an index: without them each would read the whole table. */
	{ ROLES_OURS, "optimizer_switch", "'default'" },
	{ ROLES_OURS, "eq_range_index_dive_limit", "200" },
	{ ROLES_OURS, "optimizer_trace", "'enabled=off'" },
	{ ROLES_OURS, "profiling", "0" },

	/* Strict and without substitution: a value that does not fit is an error. Zero dates pass because
	 * NO_ZERO_DATE and NO_ZERO_IN_DATE are absent; ALLOW_INVALID_DATES lets stored oddities through. */
	{ ROLES_OURS, "sql_mode", "'" STRICT_MODE "'" },
	{ ROLES_OURS, "time_zone", "'+00:00'" },
	{ ROLES_OURS, "explicit_defaults_for_timestamp", "1" },
	/* A next value that the table did not have where the rows come from. */
	{ ROLES_OURS, "auto_increment_increment", "1" },
	{ ROLES_OURS, "auto_increment_offset", "1" },

	/* Transactions begin and end where we say so. */
	{ ROLES_OURS, "autocommit", "1" },
	{ ROLES_OURS, "completion_type", "'NO_CHAIN'" },
	/* LOCK TABLES waits for rows that transactions without a metadata lock have locked. */
	{ ROLES_OURS, "innodb_table_locks", "1" },

	/* Rows are taken as the source has them. But a value that is there twice is always an error. */
	{ ROLES_DBA | ROLES_WRITER, "foreign_key_checks", "0" },
	{ ROLES_OURS, "unique_checks", "1" },
	{ ROLES_OURS, "default_storage_engine", "InnoDB" },
	{ 0 },
};

void
role_tables(const struct role_setting *own, const struct role_setting *out[ROLE_TABLES])
{
	out[0] = role_charsets;
	out[1] = own;
	out[2] = role_common;
}

static bool
is_stated(const struct role_setting *s, enum mysql_role role)
{
	return (s->roles & ROLE_BIT(role)) != 0 &&
	    !(mutant("mysql_answers_whole") && strcmp(s->name, "sql_select_limit") == 0);
}

static const char *
value_of(const struct role_setting *s, enum mysql_role role)
{
	if (mutant("tablet_ddl_waits") && role == ROLE_DDL &&
	    strcmp(s->name, "lock_wait_timeout") == 0)
		return "1";
	return s->value;
}

bool
role_next(const struct role_setting **at, enum mysql_role role, struct buf *sql)
{
	const struct role_setting *s = *at;

	buf_reset(sql);
	for (; s->name != NULL; s++) {
		const char *value = value_of(s, role);
		size_t more = strlen(", ") + strlen(s->name) + strlen("=") + strlen(value);

		if (!is_stated(s, role))
			continue;
		if (sql->len > 0 && sql->len + more > ROLE_SQL_MAX)
			break;
		buf_addf(sql, "%s%s=%s", sql->len > 0 ? ", " : "SET ", s->name, value);
		check(sql->len <= ROLE_SQL_MAX);
	}
	*at = s;
	return sql->len > 0;
}
