/*
 * name.h - names inside expressions: columns and their qualifiers, functions, variables.
 *
 * An expression is gone over without being understood; what is noted of it are the qualifiers, which
 * may name a table, and what a function or a variable says or changes of the connection.
 */
#ifndef SQL_NAME_H
#define SQL_NAME_H

#include "sql/reader.h"

/* At a word or a quoted name: over "a", "a.b", "a.b.c", "a.*", or over a call's head, up to its '('. */
void name_read(struct reader *r);
/* At a system variable. */
void name_variable(struct reader *r);

#endif
