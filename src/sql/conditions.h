/*
 * conditions.h - which constants the columns of a table must be equal to, as far as the text shows it.
 *
 * Of the query that a table is named in, the WHERE is cut at its ANDs. What is exactly
 * "column = 'text'", "'text' = column", "column = DATABASE()" or "column IN ('a', 'b')" is a condition;
 * everything else is passed over, and a WHERE with an OR, a CASE or a BETWEEN outside of parentheses has
 * none. So rows for which a condition is false can be left out of the table: the query would not show them.
 *
 *   SELECT * FROM information_schema.tables AS t WHERE t.table_schema = 'shop' AND (engine = 'InnoDB')
 *   AND rows > 5
 *      alias "t"; t.table_schema = 'shop'; engine = 'InnoDB'; the third is passed over
 *   ... WHERE table_schema = 'a' OR table_schema = 'b'        none
 *   ... WHERE table_schema IN ('a', 'b') LIMIT 3              table_schema: a or b
 *
 * It may say too little and never too much: a column that it takes for another table's costs rows that
 * were fetched for nothing, a condition that is not there would lose rows.
 */
#ifndef SQL_CONDITIONS_H
#define SQL_CONDITIONS_H

#include "base/arena.h"
#include "base/err.h"

enum { CONDITIONS_TEXT_MAX = 64 * 1024 }; /* a longer rest is not looked into */

/* Slices point into the text. */
struct condition {
	struct slice qualifier; /* in front of the column; SLICE_NULL: none */
	struct slice column;
	struct slice *values; /* texts without quotes */
	size_t values_count;
	bool is_database; /* the value is DATABASE() instead */
};

struct conditions {
	struct slice alias; /* the word behind the table's name and an AS: an alias, if it has one */
	struct condition *items;
	size_t count;
};

/* rest: the text from where the table's name ends; a ')' that was opened before it ends the query. A text
 * that is too long has no conditions, and is no error. Fails as lexer_next() does. Only in the arena. */
int conditions_read(struct arena *a, struct slice rest, unsigned modes, struct conditions *out,
    struct err *err) MUST_USE;

#endif
