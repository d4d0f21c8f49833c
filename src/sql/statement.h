/*
 * statement.h - what a statement is and which tables it names.
 *
 * It is read from its tokens, without a grammar.
 * What is not surely a plain read is a write. A statement that cannot be
 * understood says so (understood == false) and still lists every identifier
 * that could be a table, with role TABLE_UNCLEAR: the caller refuses it only
 * when one of them is a moved name.
 *
 * All slices point into the statement's own text, or into the arena where a
 * name was written with doubled quotes.
 *
 * A worked example, with the roles of what is found:
 *
 *   INSERT INTO shop.orders (id) SELECT u.id FROM users u WHERE u.age > (SELECT max(age) FROM old)
 *     STATEMENT_WRITE; shop.orders TABLE_WRITE; users TABLE_READ, aliased; u TABLE_QUALIFIER, twice; old
 *     TABLE_READ
 *
 * That u is an alias is for the caller to see, who knows which names are moved at all. To rewrite, it
 * replaces the spans [start, end) from the last one to the first.
 *
 * Nothing here is an answer about what exists: names are as they were written, with no default database
 * put in front, in the session's character set, and compared by nobody yet.
 */
#ifndef SQL_STATEMENT_H
#define SQL_STATEMENT_H

#include "base/arena.h"
#include "base/err.h"
#include "sql/modes.h"

struct token;

enum statement_kind {
	STATEMENT_EMPTY,
	STATEMENT_SELECT, /* a plain read: nothing that it does is part of a transaction, or changes a row
			     (NEXTVAL(), GET_LOCK(), @x := 1 are not; DO is here as well) */
	STATEMENT_SELECT_LOCKING, /* FOR UPDATE, LOCK IN SHARE MODE, FOR SHARE */
	STATEMENT_WRITE, /* INSERT, UPDATE, DELETE, REPLACE, LOAD, and what is not surely a read */
	STATEMENT_DDL,
	STATEMENT_BEGIN, /* BEGIN, START TRANSACTION (read_only, snapshot) */
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_SAVEPOINT, /* SAVEPOINT, RELEASE, ROLLBACK TO */
	STATEMENT_SET,       /* SET of variables */
	STATEMENT_USE,
	STATEMENT_SHOW, /* SHOW, DESCRIBE, EXPLAIN, HELP: reads, and what they name is TABLE_READ */
	STATEMENT_XA,
	STATEMENT_LOCK_TABLES, /* LOCK TABLES, UNLOCK TABLES */
	STATEMENT_PREPARE, /* PREPARE, EXECUTE, DEALLOCATE in SQL: what the text inside names is not
			      listed */
	STATEMENT_CALL,    /* CALL, and DO with a stored function */
	STATEMENT_ADMIN,   /* FLUSH, KILL, GRANT, ANALYZE, OPTIMIZE, ...: no row and no definition
			      changes */
	STATEMENT_OTHER,   /* none of these: treated as a write */
};

enum table_role {
	TABLE_READ,
	TABLE_WRITE,
	TABLE_LOCK, /* read under a lock */
	TABLE_DDL,
	TABLE_SEQUENCE, /* NEXTVAL(s), NEXT VALUE FOR s: changed outside of any transaction */
	TABLE_CURRENT,  /* DATABASE(): the default database; no table, and no name */
	TABLE_ROUTINE, /* a routine that is called; before its name a database, or perhaps a package */
	TABLE_HANDLER,   /* HANDLER h READ: the table of that handler, which is not written there */
	TABLE_TRIGGER,   /* a trigger's name: of its table's database, and no table */
	TABLE_QUALIFIER, /* in front of a column or a *: users.id, customer.users.id */
	TABLE_UNCLEAR,
};

/* What the name of a result's column has to do with a TABLE_CURRENT. */
enum ref_naming {
	NAMES_NOTHING,
	NAMES_COLUMN, /* SELECT DATABASE(): the column is called as it is written */
	NAMES_PART,   /* it may be a part of such a name */
};

/* One occurrence. The span [start, end) in the text covers "db.table" or "table" as written (for
 * SHOW COLUMNS FROM t FROM db the whole "t FROM db"). table is SLICE_NULL where a whole database is
 * named (DROP DATABASE, SHOW TABLES FROM). A TABLE_QUALIFIER without a database may as well name an
 * alias, and a TABLE_UNCLEAR may name anything. Of a TABLE_ROUTINE the span is the database, or where none is
 * written the name. */
struct table_ref {
	struct slice database; /* SLICE_NULL when not written; without quotes */
	struct slice table;
	struct slice routine; /* TABLE_ROUTINE: its name; SLICE_NULL of a package's */
	enum table_role role;
	size_t start, end;
	bool aliased;        /* a name of its own follows, perhaps the same one */
	bool may_be_aliased; /* none follows, and "AS name" behind end would be one */
	bool target;    /* of a DELETE over several tables: the name is that of one in its list */
	bool made;      /* TABLE_DDL: nothing has this name before: CREATE TABLE, RENAME ... TO */
	bool looked_at; /* TABLE_DDL: its definition alone is read: LIKE t, REFERENCES t */
	enum ref_naming naming;
};

/* A routine or an event whose definition a statement is about. The span covers "db.name" or "name". */
struct program_ref {
	struct slice name; /* without quotes; SLICE_NULL: none */
	size_t start, end;
	bool event;
};

/* What a statement asks of the connection it runs on, beyond tables. */
enum statement_uses {
	USES_LAST_INSERT_ID = 1 << 0, /* LAST_INSERT_ID(), @@identity, @@last_insert_id */
	USES_FOUND_ROWS = 1 << 1,     /* FOUND_ROWS() */
	USES_ROW_COUNT = 1 << 2,      /* ROW_COUNT() */
	USES_WARNINGS =
	    1 << 3, /* SHOW WARNINGS, SHOW ERRORS, GET DIAGNOSTICS, @@warning_count, @@error_count */
	USES_DATABASE = 1 << 4,   /* DATABASE(), SCHEMA() */
	USES_IDENTITY = 1 << 5,   /* who asks: identity.h */
	USES_CALC_ROWS = 1 << 6,  /* SQL_CALC_FOUND_ROWS: a FOUND_ROWS() is likely to follow */
	USES_LOCAL_FILE = 1 << 7, /* LOAD DATA LOCAL: the client sends a file */
	USES_VARIABLES = 1 << 8,  /* names a user variable */
	USES_RETURNING = 1 << 9,  /* a write that answers with rows: no OK tells of an insert id */
	/* names something of the default database that is in no list: SHOW TABLES, a trigger */
	USES_DEFAULT = 1 << 10,
	USES_ROUTINE = 1 << 11, /* calls a routine of the default database: it may do anything */
	USES_LOCKS = 1 << 12,   /* GET_LOCK(), RELEASE_LOCK(), IS_FREE_LOCK(), ... */
	USES_TRANSACTION = 1 << 13, /* @@in_transaction */
};

/* What a statement leaves on its connection. */
enum statement_leaves {
	LEAVES_VARIABLES = 1 << 0, /* values of user variables: they can be asked for */
	LEAVES_TABLES = 1 << 1,    /* a temporary table */
	LEAVES_LOCKS = 1 << 2,     /* GET_LOCK() */
	LEAVES_SEQUENCE = 1 << 3,  /* what LASTVAL() gives */
	LEAVES_INSERT_ID = 1 << 4, /* LAST_INSERT_ID(5) */
	LEAVES_OTHER = 1 << 5,     /* anything */
};

struct statement {
	enum statement_kind kind;
	bool understood;
	bool changes_session; /* leaves state behind: what is in leaves, LOCK TABLES, XA, SET, ... */
	bool implicit_commit;
	bool read_only; /* START TRANSACTION READ ONLY */
	bool read_write;
	bool snapshot;      /* START TRANSACTION WITH CONSISTENT SNAPSHOT */
	bool drops;         /* DROP TABLE */
	bool renames;       /* RENAME TABLE, ALTER TABLE ... RENAME */
	bool if_not_exists; /* CREATE TABLE or VIEW IF NOT EXISTS */
	bool replaces;      /* CREATE OR REPLACE */
	bool chain;         /* COMMIT or ROLLBACK AND CHAIN: the next transaction begins at once */
	bool release;       /* COMMIT or ROLLBACK RELEASE: the connection ends */
	bool no_chain, no_release; /* NO CHAIN, NO RELEASE, whatever completion_type says */
	bool locks; /* a query in it locks what it reads, or may write: also in SET and EXPLAIN */
	bool multiple;   /* more than one statement in the text: first one described only */
	unsigned uses;   /* enum statement_uses */
	unsigned leaves; /* enum statement_leaves */
	struct table_ref *tables;
	size_t tables_count;
	size_t aliases;            /* names that it gives to tables and queries of its own */
	struct slice use_database; /* STATEMENT_USE */
	struct slice in_database; /* of the routine, trigger or event that DDL names; or SLICE_NULL */
	struct program_ref program; /* what DDL, or SHOW CREATE, names of these */
	size_t query_at;            /* CREATE TABLE ... SELECT: where its query begins; or 0 */
	size_t body_at;             /* CREATE TRIGGER: where what it does begins; or 0 */
	struct slice handler;       /* HANDLER: its name; or SLICE_NULL */
	bool closes;                /* HANDLER h CLOSE */
	struct slice savepoint;     /* SAVEPOINT name, and nothing else; or SLICE_NULL */
	/* Another one for each statement that a statement_cache.h keeps, the same whenever it is found again;
	 * 0: it is not kept */
	uint64_t number;
	const struct token *tokens; /* what it was read from, in the arena; NULL: it was not read now */
	size_t tokens_count;
};

/* Only the first of several statements is described (multiple). Takes time and memory by the number of
 * tokens, a list of literals being one. Fails (ERR_REFUSED) only on text that no server accepts: an
 * unended string or comment. */
int statement_read(struct arena *a, struct slice sql, unsigned modes, struct statement *out,
    struct err *err) MUST_USE;

const char *statement_kind_name(enum statement_kind kind);

#endif
