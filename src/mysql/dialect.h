/*
 * dialect.h - what differs between servers, as rows.
 *
 * One row for each family, found by the greeting when a connection is made (mysql_dialect()).
 * Code asks the row and never the version: what MySQL does otherwise comes as a second row.
 */
#ifndef MYSQL_DIALECT_H
#define MYSQL_DIALECT_H

#include "base/err.h"
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

/* In front of the version in greetings of MariaDB before 11, for replicas that know MySQL 5 only; and for
 * clients, some of which take a server without it for a MySQL of that number. */
#define GREETING_PREFIX "5.5.5-"
/* GREETING_PREFIX, or "" where a server of this version greets without it. */
const char *dialect_greeting_prefix(const char *version);

/* By a server's version string. ERR_REFUSED, by name, with a hint, for a server that is not
 * supported yet. */
int dialect_find(const char *version, const struct dialect **out, struct err *err) MUST_USE;

#endif
