/*
 * keyword.h - the words that the reader of statements acts on, reserved or not.
 *
 * Every other word is KW_NONE: rare ones are compared as text where they matter.
 *
 * A keyword here is not more than a word with a number: whether it may be a name at its place is the
 * reader's to know, since the servers reserve different ones.
 */
#ifndef SQL_KEYWORD_H
#define SQL_KEYWORD_H

#include "base/slice.h"

/* clang-format off */
enum keyword {
	KW_NONE,
	KW_ALL, KW_ALTER, KW_ANALYZE, KW_AS, KW_BEGIN, KW_CALL, KW_CHECK, KW_CHECKSUM,
	KW_COMMIT, KW_CREATE, KW_CROSS, KW_CURRENT_USER, KW_DATABASE, KW_DEALLOCATE, KW_DELAYED, KW_DELETE,
	KW_DESC, KW_DESCRIBE, KW_DISTINCT, KW_DO, KW_DROP, KW_DUAL, KW_DUPLICATE, KW_EXCEPT,
	KW_EXCHANGE, KW_EXECUTE, KW_EXISTS, KW_EXPLAIN, KW_FOR, KW_FORCE, KW_FROM, KW_FULL,
	KW_GRANT, KW_GROUP, KW_HANDLER, KW_HAVING, KW_HIGH_PRIORITY, KW_IF, KW_IGNORE, KW_IN,
	KW_INDEX, KW_INNER, KW_INSERT, KW_INTERSECT, KW_INTO, KW_JOIN, KW_KEY, KW_LATERAL,
	KW_LEFT, KW_LIKE, KW_LIMIT, KW_LOAD, KW_LOCK, KW_LOW_PRIORITY, KW_NATURAL, KW_NOT,
	KW_NULL, KW_OFFSET, KW_ON, KW_ONLINE, KW_OPTIMIZE, KW_OR, KW_ORDER, KW_OUTER,
	KW_PARTITION, KW_PREPARE, KW_PROCEDURE, KW_QUICK, KW_REFERENCES, KW_RELEASE, KW_RENAME,
	KW_REPAIR, KW_REPLACE, KW_RETURNING, KW_REVOKE, KW_RIGHT, KW_ROLLBACK, KW_SAVEPOINT,
	KW_SCHEMA, KW_SELECT, KW_SET, KW_SHOW, KW_SQL_CALC_FOUND_ROWS, KW_START, KW_STATEMENT,
	KW_STRAIGHT_JOIN, KW_TABLE, KW_TABLES, KW_TEMPORARY, KW_TO, KW_TRUNCATE, KW_UNION,
	KW_UNIQUE, KW_UNLOCK, KW_UPDATE, KW_USE, KW_USING, KW_VALUE, KW_VALUES, KW_VIEW,
	KW_WHERE, KW_WINDOW, KW_WITH, KW_WORK, KW_XA,
};
/* clang-format on */

/* By binary search; ASCII case does not matter. KW_NONE for every other word. */
enum keyword keyword_find(struct slice word);

/* A function of the servers that only computes: no effect on data, session or other sessions. Also true of
 * a keyword that may stand before a parenthesis (IN, VALUES, OVER, DECIMAL, ...). False: a stored function, a
 * loadable one, or one with effects (SLEEP, GET_LOCK, NEXTVAL, ...). */
bool keyword_is_pure_function(struct slice word);

#endif
