/*
 * statement.h - what a statement is and which tables it names: the one door to this floor.
 *
 * Works on the token stream; the grammar may come later behind the same door.
 * What is not surely a plain read is a write. A statement that cannot be
 * understood says so (understood == false) and still lists every identifier
 * that could be a table, with role TABLE_UNCLEAR: the caller refuses it only
 * when one of them is a moved name.
 *
 * All slices point into the statement's own text.
 */
#ifndef SQL_STATEMENT_H
#define SQL_STATEMENT_H

#include "base/arena.h"
#include "base/err.h"

enum statement_kind {
	STATEMENT_EMPTY,
	STATEMENT_SELECT,          /* a plain read: no lock, no INTO, no function with effects */
	STATEMENT_SELECT_LOCKING,  /* FOR UPDATE, LOCK IN SHARE MODE, FOR SHARE */
	STATEMENT_WRITE,           /* INSERT, UPDATE, DELETE, REPLACE, LOAD, and what is not surely a read */
	STATEMENT_DDL,
	STATEMENT_BEGIN,           /* BEGIN, START TRANSACTION (read_only, snapshot) */
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_SAVEPOINT,       /* SAVEPOINT, RELEASE, ROLLBACK TO */
	STATEMENT_SET,             /* SET of session variables */
	STATEMENT_USE,
	STATEMENT_SHOW,            /* SHOW, DESCRIBE, EXPLAIN, HELP */
	STATEMENT_XA,
	STATEMENT_LOCK_TABLES,     /* LOCK TABLES, UNLOCK TABLES */
	STATEMENT_PREPARE,         /* PREPARE, EXECUTE, DEALLOCATE in SQL */
	STATEMENT_CALL,            /* CALL, DO */
	STATEMENT_ADMIN,           /* FLUSH, KILL, ANALYZE, OPTIMIZE, ... */
	STATEMENT_OTHER,           /* none of these: treated as a write */
};

enum table_role {
	TABLE_READ,
	TABLE_WRITE,
	TABLE_LOCK,                /* read under a lock */
	TABLE_DDL,
	TABLE_QUALIFIER,           /* in front of a column or a *: users.id, customer.users.id */
	TABLE_UNCLEAR,
};

/* One occurrence. The span [start, end) in the text covers "db.table" or "table" as written. */
struct table_ref {
	struct slice    database;  /* SLICE_NULL when not written; without quotes */
	struct slice    table;
	enum table_role role;
	size_t          start, end;
};

struct statement {
	enum statement_kind kind;
	bool                understood;
	/* leaves state behind on the connection: user variables, temporary tables, GET_LOCK, ... */
	bool                changes_session;
	bool                implicit_commit;
	bool                read_only;        /* START TRANSACTION READ ONLY */
	/* more than one statement in the text: first one described only */
	bool                multiple;
	struct table_ref   *tables;
	size_t              tables_count;
	struct slice        use_database;     /* STATEMENT_USE */
};

enum {
	SQL_ANSI_QUOTES          = 1 << 0,
	SQL_NO_BACKSLASH_ESCAPES = 1 << 1,
	SQL_TEXT_MAX             = 1 << 30,   /* the servers' max_allowed_packet ends there */
};

/* Fails (ERR_REFUSED) only on text that no server accepts: an unended string or comment. */
int statement_read(struct arena *a, struct slice sql, unsigned modes, struct statement *out,
    struct err *err) MUST_USE;

const char *statement_kind_name(enum statement_kind kind);

#endif
