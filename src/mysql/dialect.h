/*
 * dialect.h - what differs between servers, as rows.
 *
 * One row for each family, found by the greeting when a connection is made (flavour.h,
 * mysql_dialect()).
 * Code asks the row and never the version: what MySQL does otherwise comes as a second row.
 */
#ifndef MYSQL_DIALECT_H
#define MYSQL_DIALECT_H

#include "base/slice.h"
#include "mysql/role.h"

struct dialect {
	const char *name; /* "MariaDB" */
	/* The server's present position: a row (file, position, ...), and a GTID text. */
	const char *position_sql, *gtid_sql;
	/* A transaction with one read view; then, in it, the binlog place that it shows exactly
	 * (rows Variable_name, Value: binlog_snapshot_file, binlog_snapshot_position). */
	const char *snapshot_sql, *snapshot_position_sql;
	/* Before a dump: says what we understand. Prefix: then a quoted GTID text to begin behind. */
	const char *dump_sql, *dump_gtid_sql;
	/* Prefix of one statement of a writer's session: what strict mode refuses is a warning. */
	const char *lenient_sql;
	/* What our own sessions state (role.h). */
	const struct role_setting *settings;
};

#endif
