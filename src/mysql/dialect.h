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

struct old_temporal {
	const char *mark; /* in a column's type; NULL: there is none */
	const char *name; /* who kept them so */
	const char *cure; /* of a table: which setting ALTER TABLE ... FORCE takes it out with */
};

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
	/* Makes of a statement one that waits for each row lock so many seconds at most (1 or more; then it
	 * fails with 1205), whatever its session says. */
	void (*row_wait)(struct buf *out, int seconds, struct slice sql);
	/* Suffix of LOCK TABLES: gets all of them, or fails with 1205 at once and has let none wait. */
	const char *lock_at_once_sql;
	/* Sets a session's clock so far ahead that a trigger which it makes is younger than whatever the
	 * server had prepared before (tablet/server/write_lock.h). SET timestamp=DEFAULT takes it back. */
	const char *clock_ahead_sql;
	/* DROP TABLE has failed with this error: may there be a view of that name? */
	bool (*may_be_view)(int error);
	/* Prefix, then a list of names in brackets: the next values of tables ("database/table" with plain
	 * letters), as the engine has them in memory. Tables that were not opened yet are left out. */
	const char *engine_next_sql;
	/* What a catalogue says of a column: does its collation tell all texts apart that have different
	 * bytes, 'a' from 'a ' too; is it computed from others. Either text may be NULL. */
	bool (*is_bytewise)(struct slice collation);
	bool (*is_generated)(struct slice extra, struct slice expression);
	/* A form of temporal columns that is still read and is made no more. */
	struct old_temporal old_temporal;
	/* What our own sessions state (role.h). */
	const struct role_setting *settings;
};

#endif
