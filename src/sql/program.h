/*
 * program.h - what is stored at a server and run later: a view's query, the body of a routine, an
 * event or a trigger. Which tables does it name?
 *
 * A body is cut into statements and expressions at the words of the servers' compound statements,
 * and each is read as statement.h reads it, so that a variable, an alias, a column or a word in a
 * string is no table. What is not understood is one statement at most: its identifiers are listed as
 * TABLE_UNCLEAR, those of the others keep their roles.
 *
 *   BEGIN DECLARE n INT DEFAULT (SELECT count(*) FROM a); IF n > 0 THEN UPDATE b SET x = 1; END IF; END
 *      block_begin()   BEGIN
 *      variables()     reads "(SELECT count(*) FROM a)" as an expression: a, TABLE_READ
 *      then_behind()   reads "n > 0"
 *      statement       "UPDATE b SET x = 1": b, TABLE_WRITE
 *      block_end()     END IF; END
 *
 * Blocks are not matched: whether a body is well formed is the server's to say, which has stored it.
 */
#ifndef SQL_PROGRAM_H
#define SQL_PROGRAM_H

#include "sql/statement.h"

struct program {
	struct table_ref *tables; /* of all its statements */
	size_t tables_count;
	unsigned uses;          /* enum statement_uses, of all of them */
	unsigned leaves;        /* enum statement_leaves */
	struct slice *literals; /* as they are written; lists of them as one */
	size_t literals_count;
	bool runs_strings; /* PREPARE or EXECUTE IMMEDIATE: what is in a string may be SQL */
};

/* Everything is in the arena or points into sql. Fails (ERR_REFUSED) on text that no server accepts. */
int program_read(struct arena *a, struct slice sql, unsigned modes, struct program *out,
    struct err *err) MUST_USE;

/* Does it name that table, when default_database is what a name without one means? Perhaps: in a
 * statement that is not understood, or in a string of a body that runs strings. A name that such a body
 * is given from outside, or puts together from pieces, is not seen. */
enum mention { MENTION_NONE, MENTION_PERHAPS, MENTION_SURE };
enum mention program_mentions(const struct program *p, struct slice default_database,
    struct slice database, struct slice table);
/* The same of a routine, by its small ASCII letters or others. */
enum mention program_calls(const struct program *p, struct slice default_database,
    struct slice database, struct slice routine);

#endif
