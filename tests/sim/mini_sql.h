/*
 * mini_sql.h - the statements on rows and tables that a stream sends, as trees.
 *
 * What is not understood ends the test with the statement's text: that is how a change
 * of what the product sends is noticed.
 */
#ifndef TESTS_SIM_MINI_SQL_H
#define TESTS_SIM_MINI_SQL_H

#include "sim/mini_words.h"
#include "sim/mini_store.h"

enum {
	ER_TABLE_EXISTS = 1050,
	ER_DUP_KEYNAME = 1061,
	ER_DUP_ENTRY = 1062,
	ER_NO_SUCH_TABLE = 1146,
	ER_LOCK_WAIT = 1205,
	ER_DEADLOCK = 1213,
	ER_ROW_IS_REFERENCED = 1451,
	ER_NO_REFERENCED_ROW = 1452,
};

/* MINI_SAME_OR_NULL: <=>, MINI_SAME_BYTES: CAST(column AS BINARY)<=>_binary'...' */
enum mini_op {
	MINI_AND,
	MINI_OR,
	MINI_EQ,
	MINI_LT,
	MINI_LE,
	MINI_GT,
	MINI_GE,
	MINI_IS_NULL,
	MINI_SAME_OR_NULL,
	MINI_SAME_BYTES,
};

struct mini_cond {
	enum mini_op op;
	struct mini_cond *first, *next; /* AND, OR: members; next: sibling */
	int column;                     /* comparisons */
	struct slice sort; /* the literal as sort_bytes(); as it is for MINI_SAME_BYTES */
};

enum mini_source { MINI_LITERAL, MINI_VALUES, MINI_SAME, MINI_PLUS };

/* column = literal, VALUES(from), or from + literal. MINI_SAME: VALUES(from), which the row must have already
 * (apply_sql_update_end()). */
struct mini_assign {
	int column, from;
	enum mini_source source;
	struct slice value;
};

enum mini_stmt_kind {
	MINI_SELECT,
	MINI_PUT,
	MINI_CHANGE,
	MINI_REMOVE,
	MINI_LOAD,
	MINI_CREATE,
	MINI_DROP,
	MINI_EMPTY, /* TRUNCATE */
	MINI_ALTER,
};

enum { MINI_ONE = -1, MINI_MIN = -2, MINI_MAX = -3 }; /* SELECT 1, MIN(first key), MAX() */

struct mini_stmt {
	enum mini_stmt_kind kind;
	struct mini_table *table;      /* MINI_CREATE: a new one, or NULL: it exists and may */
	int columns[MINI_COLUMNS_MAX]; /* SELECT, INSERT, LOAD */
	int columns_count;
	struct slice **rows; /* INSERT: in table order */
	size_t rows_count, rows_cap;
	struct mini_assign assigns[MINI_COLUMNS_MAX]; /* UPDATE, ON DUPLICATE KEY */
	int assigns_count;
	bool replace, for_update;
	struct mini_cond *where;
	size_t limit;
	const char *alter; /* its text behind the table's name */
};

/* 0, ER_NO_SUCH_TABLE or ER_TABLE_EXISTS. Rows are freed by stmt_done(). */
int stmt_read(
    struct arena *a, struct mini_store *store, struct slice sql, struct mini_stmt *out) MUST_USE;
void stmt_done(struct mini_stmt *s);
#endif
