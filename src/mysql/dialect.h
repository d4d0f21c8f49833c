/*
 * dialect.h - what differs between servers, as rows.
 *
 * One row for each family. Code asks the row and never the version: what MySQL does
 * otherwise comes as a second row. A NULL text means that the family has no such thing.
 */
#ifndef MYSQL_DIALECT_H
#define MYSQL_DIALECT_H

#include "base/err.h"
#include "base/slice.h"

struct dialect {
	const char *name;             /* "MariaDB" */
	const char *auth_plugin;      /* of accounts that we make */
	/* The server's present position: a row (file, position, ...), and a GTID text. */
	const char *position_sql, *gtid_sql;
	/* A transaction with one read view; then, in it, the binlog place that it shows exactly
	 * (rows Variable_name, Value: binlog_snapshot_file, binlog_snapshot_position). */
	const char *snapshot_sql, *snapshot_position_sql;
	/* Prefix: bounds the next wait for a metadata lock, in whole seconds. */
	const char *lock_wait_sql;
	/* Session settings of everything that writes a target (design section 4, rule 13). */
	const char *writer_sql;
	/* Session settings of everything that reads rows to be copied: stored bytes, UTC. */
	const char *reader_sql;
};

/* By a server's version string. ERR_REFUSED, by name, for a server that is not supported yet. */
int dialect_find(const char *version, const struct dialect **out, struct err *err) MUST_USE;

#endif
