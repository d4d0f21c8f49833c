/*
 * dialect.h - what differs between servers, as rows.
 *
 * One row for each family, found by the greeting when a connection is made (flavour.h,
 * mysql_dialect()). Code asks the row and never the version.
 */
#ifndef MYSQL_DIALECT_H
#define MYSQL_DIALECT_H

#include "base/slice.h"
#include "mysql/gtids.h"
#include "mysql/privilege.h"
#include "mysql/role.h"

/* Of a server: what is demanded, an expression and the value that it must have; else why that will not do,
 * and a hint. A table of them ends with an empty row. */
struct demand {
	const char *what, *sql, *wanted, *why, *hint;
};

/* The hint where a server's init_connect says otherwise than its GLOBAL values. */
#define DEMAND_GREETED "SET GLOBAL init_connect='' or without it, and let clients reconnect"

/* In VALUES before each row in brackets: MySQL wants the word, and MariaDB, which does not take it,
 * executes no comment of such a version. For texts that are made before it is known who will read them.
 */
#define DIALECT_ROW "/*!80019 ROW*/"

struct old_temporal {
	const char *mark; /* in a column's type; NULL: there is none */
	const char *name; /* who kept them so */
	const char *cure; /* of a table: which setting ALTER TABLE ... FORCE takes it out with */
};

struct dialect {
	const char *name; /* "MariaDB", "MySQL" */
	/* The server's present position: a row (file, position, ...), and a GTID text. */
	const char *position_sql, *gtid_sql;
	enum gtid_form gtid_form; /* of that text, and of its binlog */
	/* Prefix, then a quoted text of GTIDs and ", seconds)": waits until what was read in the binlog can
	 * be seen too by transactions that begin, and answers 0; 1 when it cannot after those seconds. NULL
	 * where a view itself tells what it shows. */
	const char *wait_visible_sql;
	/* A transaction with one read view; then, in it, a question for the binlog place that it shows
	 * exactly (NULL: see wait_visible_sql); and of the answer's values, row after row, the file and the
	 * offset: what it does not tell stays as it is. */
	const char *snapshot_sql, *snapshot_position_sql;
	void (*snapshot_place)(
	    const struct slice *values, size_t count, struct slice *file, struct slice *offset);
	/* Of an INSERT ... ON DUPLICATE KEY UPDATE: what stands behind its rows, and a column of the row that
	 * it would have made, by its quoted name. It has no warning: see lenient. */
	const char *proposed_sql;
	void (*proposed)(struct buf *out, struct slice column);
	/* Makes of an INSERT, UPDATE, DELETE or REPLACE of a writer's session one for which what strict mode
	 * refuses is a warning. */
	void (*lenient)(struct buf *out, struct slice sql);
	/* Of character sets whose literals ("_ucs2'...'") have a warning each, by itself; NULL-terminated, or
	 * NULL: there are none. */
	const char *const *warned_charsets;
	/* Makes of a SELECT one whose answer is whole, however long it takes, whatever a session's limits. */
	void (*whole)(struct buf *out, struct slice sql);
	/* A statement that bounds how long a SELECT of the session may be at work, in milliseconds (0: not at
	 * all), and the error that ends it then. */
	void (*bound_time)(struct buf *out, int ms);
	int time_is_over;
	/* A row (name, number): InnoDB's history list length. */
	const char *history_sql;
	/* Prefix, then a quoted statement and " USING " its values: prepared, run and forgotten in one. NULL:
	 * there is no such statement. */
	const char *execute_sql;
	/* Makes of a statement one that waits for each row lock so many seconds at most (1 or more; then it
	 * fails with 1205), whatever its session says. NULL: its session has to say it. */
	void (*row_wait)(struct buf *out, int seconds, struct slice sql);
	/* Suffix of LOCK TABLES: gets all of them, or fails with 1205 at once and has let none wait. NULL:
	 * a request that cannot be met waits, for a second at least, and DDL too. */
	const char *lock_at_once_sql;
	/* The error of LOCK TABLES ... WRITE of tables with and without transactions; 0: there is none. */
	int lock_mixed;
	/* Where it waits: prefix, then a quoted database, " AND object_name IN " and tables' names: how many
	 * locks on these others have or want. */
	const char *users_sql;
	/* The table of who is connected: id, user, host, db, command, state. */
	const char *processes;
	/* Sets a session's clock so far ahead that a trigger which it makes is younger than whatever the
	 * server had prepared before (tablet/server/write_lock.h). SET timestamp=DEFAULT takes it back. */
	const char *clock_ahead_sql;
	/* Names of CHECK constraints are a database's; else a table's. */
	bool checks_of_database;
	/* The error of a definition that names a type which the server does not have; 0: it is no other than
	 * that of any text that is no SQL. */
	int unknown_type;
	/* DROP TABLE has failed with this error: may there be a view of that name? */
	bool (*may_be_view)(int error);
	/* Prefix, then a list of names in brackets: the next values of tables ("database/table" with plain
	 * letters), as the engine has them in memory. Tables that were not opened yet are left out. */
	const char *engine_next_sql;
	/* What a catalogue says of a column: does its collation tell all texts apart that have different
	 * bytes, 'a' from 'a ' too; is it computed from others. Either text may be NULL. */
	bool (*is_bytewise)(struct slice collation);
	bool (*is_generated)(struct slice extra, struct slice expression);
	/* Prefix, then a condition of d, t and p: the tables (database d, name t) that have a foreign key to
	 * one of database p. It opens none of them. NULL: no question about keys opens tables. */
	const char *foreign_children_sql;
	/* Of an ALTER TABLE that adds a foreign key without looking at the rows that are there. */
	const char *foreign_algorithm;
	/* A form of temporal columns that is still read and is made no more. */
	struct old_temporal old_temporal;
	/* Behind KILL: to let a statement come to an end where breaking it off could hurt, and not to. */
	const char *kill_soft, *kill_hard;
	/* What to read in the place of information_schema.CHECK_CONSTRAINTS, which does not name tables,
	 * and its own columns. NULL: it does. */
	const char *check_constraints_sql, *check_constraints_columns;
	/* What stands around a JSON text for the bytes as which a column keeps it. */
	const char *json_kept, *json_kept_end;
	/* SHOW PROCESSLIST says how far each is; so many columns has SHOW TABLE STATUS. */
	bool shows_progress;
	size_t table_status_columns;
	/* A row for each replica that follows the server now. */
	const char *replicas_sql;
	/* Beside those that all flavours have in the same way. */
	const struct privilege *privileges;
	/* What must be so at both ends, and in clients' sessions, beside what all flavours say in the same
	 * way. */
	const struct demand *demands, *session_demands;
	/* Many rows come by LOAD DATA, or else slowly: it knows no bulk execution (bulk.h). */
	bool wants_files;
	/* The clustered index of a table with AUTO_INCREMENT has the last value in its root page, which each
	 * row that is inserted holds for that: connections that insert wait for one another. */
	bool numbers_in_root;
	/* A statement that is killed while it opens a table with triggers leaves that table to other sessions
	 * with a trigger that has "an error in its body" (1064). It runs BEGIN NOT ATOMIC ... END. */
	bool kills_triggers;
	/* GRANT makes no account by the way, and there is no mode that forbids it. */
	bool grants_make_no_account;
	/* What our own sessions state beside what all servers are told (role.h). */
	const struct role_setting *settings;
	/* Appends a statement that states what takes a privilege, or fails with 1227 where the account lacks
	 * it and the server's GLOBAL values are not so. Nothing for a role without such. NULL: for none. */
	void (*state_privileged)(struct buf *out, enum mysql_role role);
};

#endif
