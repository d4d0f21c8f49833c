/*
 * foreign_catalog.h - the foreign keys that a server has, as its catalogue tells them.
 *
 * MariaDB opens every table of a database to answer from referential_constraints, which takes minutes where
 * there are tens of thousands, and milliseconds where the table is named. So its engine is asked first
 * which tables have a key that touches the database (mysql/dialect.h), and then each of these.
 */
#ifndef TABLET_TABLE_FOREIGN_CATALOG_H
#define TABLET_TABLE_FOREIGN_CATALOG_H

#include "mysql/client.h"

/* Of a row. The rules are as "CASCADE", "RESTRICT". */
enum {
	FOREIGN_SCHEMA,
	FOREIGN_NAME,
	FOREIGN_CHILD,
	FOREIGN_PARENT_SCHEMA,
	FOREIGN_PARENT,
	FOREIGN_UPDATE,
	FOREIGN_DELETE,
	FOREIGN_COLUMNS
};

/* Those of the database's tables, and those that refer to one of them, of which the condition holds (SQL
 * that begins with AND; ""). A name is found by a collation, to which `Users` and `üsers` are the same. Rows
 * in the order of their tables. */
int foreign_catalog_read(struct ctx *cx, struct mysql_client *c, const char *database,
    const char *condition, struct mysql_rows *out) MUST_USE;

#endif
