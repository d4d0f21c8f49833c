/*
 * cure.h - the ALTER that takes out of a table what cannot be moved, as the hint of its refusal.
 *
 * Where there is none, or it is longer than a hint, the hint says it in general. Each sets the hint of an err
 * that is set already, and returns -1 as that does.
 */
#ifndef TABLET_TABLE_CURE_H
#define TABLET_TABLE_CURE_H

#include "tablet/table/create_table.h"

/* Of a table, one clause of it: of a column, a key or a constraint that cannot be moved as it is. */
struct cure {
	struct slice table;
	const struct create_table *create;
	const struct clause *clause;
};

/* err has the general hint, if any. */
int cure_clause(struct err *err, const struct cure *c) MUST_USE;
/* Of a check, whose name is to be another one. */
int cure_check_name(struct err *err, struct slice table, const struct clause *clause) MUST_USE;
/* The options behind the clauses. */
int cure_options(struct err *err, struct slice table, struct slice options) MUST_USE;
/* A column's collation, in whichever column it is. */
int cure_collation(struct err *err, struct slice table) MUST_USE;

#endif
