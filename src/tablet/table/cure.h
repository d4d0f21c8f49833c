/*
 * cure.h - the ALTER that takes out of a table what cannot be moved, as the hint of its refusal.
 *
 * Where there is none, or it is longer than a hint, the hint says it in general. Each sets the hint of an err
 * that is set already, and returns -1 as that does.
 */
#ifndef TABLET_TABLE_CURE_H
#define TABLET_TABLE_CURE_H

#include "tablet/table/create_table.h"

/* As a catalogue tells a column of a type that is not carried, or is kept in a way that is not. */
struct cure_column {
	const char *table;
	struct slice name, data_type, column_type;
	bool nullable, virtual; /* virtual: computed when it is read, and can be nothing else */
};

/* To a type that keeps its values. */
int cure_type(struct err *err, const struct cure_column *c) MUST_USE;
/* Of a compressed or generated one: to the type itself. */
int cure_plain(struct err *err, const struct cure_column *c) MUST_USE;
/* A clause that has no common form, its err with the general hint. */
int cure_clause(struct err *err, struct slice table, const struct clause *clause) MUST_USE;
/* The options behind the clauses. */
int cure_options(struct err *err, struct slice table, struct slice options) MUST_USE;
/* A column's collation, in whichever column it is. */
int cure_collation(struct err *err, struct slice table) MUST_USE;

#endif
