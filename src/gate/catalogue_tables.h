/*
 * catalogue_tables.h - the tables of information_schema that show databases and tables, and in which columns.
 */
#ifndef GATE_CATALOGUE_TABLES_H
#define GATE_CATALOGUE_TABLES_H

#include "base/slice.h"

enum { CATALOGUE_OTHERS = 2 }; /* further columns of one kind */

struct catalogue_table {
	const char *name;
	/* The object that a row is about; table is NULL where that is a database, or of a database only. */
	const char *schema, *table;
	/* More columns that have the same database, or the same table, in every row. */
	const char *schemas[CATALOGUE_OTHERS], *tables[CATALOGUE_OTHERS];
	/* Another table that the row's refers to. */
	const char *to_schema, *to_table;
	/* The database is written as GRANT has it, a pattern: new\_customer. */
	bool pattern;
	/* The columns, where not all of a row is shown as it is. NULL: *. */
	const char *columns;
	/* Servers differ in where it has the table: dialect.h, check_constraints_sql. */
	bool by_dialect;
	bool clients; /* rows are the gate's clients (processes.h) */
	bool grantee; /* GRANTEE, perhaps the gate's account, in front of columns */
	/* A text of SQL in which tables stand with their databases. */
	const char *text;
};

/* Letters' case is ignored, as servers do; NULL: no table of theirs, or one that shows no tables. */
const struct catalogue_table *catalogue_table(struct slice name);
/* Is this column one that has the row's database, or table? */
bool catalogue_is_schema(const struct catalogue_table *t, struct slice column);
bool catalogue_is_table(const struct catalogue_table *t, struct slice column);

#endif
