/*
 * query.h - expressions, FROM lists and whole queries, over a reader.
 *
 * The functions call one another as the parts of SQL contain one another, READER_DEPTH_MAX deep at most:
 * a text of parentheses must not use up a task's stack. Deeper ones are unclear.
 *
 *   query_read()         WITH names; query_term(), then UNION and its like
 *   query_tables()       between FROM and the next clause: commas and joins of table_factor()s
 *   query_expressions()  everything else; a '(' with SELECT behind it is query_read() again
 *
 * A query leaves r->writes when it has an effect (INTO, a stored function) and r->locked when it locks
 * what it reads; the caller decides what kind of statement that makes.
 */
#ifndef SQL_QUERY_H
#define SQL_QUERY_H

#include "sql/reader.h"

/* Over an expression or a list of them, subqueries included, to the first token of this level that
 * cannot belong to it: the end, ')', '}', or a keyword that opens a clause. With comma false also
 * to a ','. Notes functions, variables and qualifiers on the way. */
void query_expressions(struct reader *r, bool comma);
/* Is this a keyword that ends an expression? LEFT and RIGHT are functions before a parenthesis. */
bool query_ends_expression(const struct reader *r);
/* A table list: commas, joins, aliases, index hints, derived tables. */
void query_tables(struct reader *r, enum table_role role);
/* SELECT, WITH, VALUES, TABLE or a query in parentheses, with its UNIONs, to the first token that
 * is not its own. */
void query_read(struct reader *r);
/* Behind its first part: UNION and its like with the queries behind them, ORDER BY, LIMIT, INTO,
 * FOR UPDATE of the whole. */
void query_continue(struct reader *r);
/* Is this SELECT, WITH, TABLE, VALUES with a '(' behind it, or a '('? A query may begin here. */
bool query_starts(const struct reader *r);
/* Unclear unless a clause begins here, or what is being read ends. */
void query_expect_clause(struct reader *r);
/* The rest of a statement: expressions behind WHERE, ORDER BY, LIMIT, RETURNING; anything else is
 * unclear. */
void query_rest(struct reader *r);

#endif
