/*
 * name.h - names inside expressions: columns and their qualifiers, functions, variables.
 *
 * An expression is gone over without being understood; what is noted of it are the qualifiers, which
 * may name a table, and what a function or a variable says or changes of the connection.
 *
 *   a            passed over: a column, an alias, a word of an operator
 *   a.b          TABLE_QUALIFIER a: a table, or an alias that another part of the text gives
 *   d.a.b        TABLE_QUALIFIER d.a: a table for sure
 *   d.f(         TABLE_ROUTINE d.f: a stored function, which may do anything
 *   f(           one of the servers' own (keyword.h), or else TABLE_ROUTINE f: of the default database
 *   nextval(s    TABLE_SEQUENCE s
 */
#ifndef SQL_NAME_H
#define SQL_NAME_H

#include "sql/reader.h"

/* At a word or a quoted name: over "a", "a.b", "a.b.c", "a.*", or over a call's head, up to its '('. */
void name_read(struct reader *r);
/* At "p", "d.p" or "d.package.p" behind CALL: over it. */
void name_called(struct reader *r);
/* At a system variable. */
void name_variable(struct reader *r);

#endif
