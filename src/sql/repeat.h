/*
 * repeat.h - what a change of a table is, and whether another server that has the same rows gets the same out
 * of the same text.
 *
 * Most of DDL does. What does not gives rows values, or an order, that the text does not say: an expression
 * that differs each time, numbers by the order in which rows lie, rows of another table.
 */
#ifndef SQL_REPEAT_H
#define SQL_REPEAT_H

#include "sql/statement.h"

enum table_change {
	TABLE_CHANGE_ALTER,    /* columns, keys, options */
	TABLE_CHANGE_INDEX,    /* CREATE INDEX, DROP INDEX */
	TABLE_CHANGE_TRUNCATE, /* rows alone */
	TABLE_CHANGE_AWAY,     /* it is dropped, renamed, or made anew under its name */
};

struct repeat {
	enum table_change change;
	/* Why not, as what follows "it ...": "adds an AUTO_INCREMENT column, ..."; NULL: the same comes
	 * out. Of TABLE_CHANGE_AWAY there is always one. */
	const char *why_not;
	/* Every row is afterwards what it was: an index, a default, an option. Of what is not known to be so
	 * it is not said. */
	bool rows_stay;
};

/* Of a statement that is understood (STATEMENT_DDL, with its tokens) and whose first table is the one that
 * changes. has_time_zone: its session's is known. */
void repeat_read(
    const struct statement *s, struct slice sql, bool has_time_zone, struct repeat *out);

#endif
