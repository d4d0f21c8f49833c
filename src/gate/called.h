/*
 * called.h - what a statement calls a table that has another name at its server.
 *
 * "FROM users" becomes "FROM `new_customer`.`people` AS `users`" there, so that users.id and what EXPLAIN
 * answers go on meaning the table. Where no alias can stand, users.id is written out:
 *   DELETE FROM `new_customer`.`people` WHERE `new_customer`.`people`.id = 1
 * but only in a statement that gives no names of its own: users could be one of them, and which is meant
 * where cannot be told without a grammar. The targets of DELETE users FROM users JOIN ... are the aliases
 * then. LOCK TABLES locks the table by both names, since later statements may use either.
 */
#ifndef GATE_CALLED_H
#define GATE_CALLED_H

#include "base/buf.h"
#include "sql/statement.h"

enum called {
	CALLED_AS_THERE, /* nothing stands for it */
	CALLED_BY_ALIAS,
	CALLED_IN_FRONT,
	CALLED_UNCLEAR,
};

/* name: the table's, as the statement has it. */
enum called called_in(const struct statement *s, struct slice name);

struct called_place {
	const struct statement *statement;
	struct slice sql;
	const struct table_ref *ref; /* of a table that is called database.table there */
	struct slice database, table;
};
/* What stands instead of the ref in the text to be sent; by: called_in() of its name. */
void called_put(struct buf *text, const struct called_place *at, enum called by);

#endif
