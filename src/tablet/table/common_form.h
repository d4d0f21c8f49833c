/*
 * common_form.h - a table's definition in words that servers of all flavours take, and mean the same by.
 *
 * What SHOW CREATE TABLE prints is its server's own: int(11) here and int there, DEFAULT 0 and DEFAULT '0',
 * current_timestamp() and CURRENT_TIMESTAMP, a collation that goes without saying at one and is another
 * one's default. The common form says everything that goes without saying and leaves out what means
 * nothing, so that
 *   (1) each server takes it, and
 *   (2) two tables have the same common form if and only if they are defined the same.
 * What has no words in common is refused, by the column's name: expressions that may mean something else
 * (expression.h), checks of a column, options of one engine only, and types that the other side does not
 * have or keeps otherwise.
 * JSON is the type that each server makes of the word: MariaDB a long text with a check.
 *
 *   MariaDB    `n` int(11) NOT NULL DEFAULT 0
 *   MySQL      `n` int NOT NULL DEFAULT '0'
 *   common     `n` int NOT NULL DEFAULT '0'
 */
#ifndef TABLET_TABLE_COMMON_FORM_H
#define TABLET_TABLE_COMMON_FORM_H

#include "tablet/table/create_table.h"

/* What the catalogue says of it, beside its clause. */
struct common_column {
	struct slice name, charset, collation; /* NULL where it has none */
	bool in_unique;                        /* a part of the primary key or a unique one */
};

struct common_table {
	const struct create_table *create;
	struct slice name;
	struct slice collation;              /* the table's default */
	const struct common_column *columns; /* in order */
	int columns_count;
};

/* As SHOW CREATE TABLE is laid out. ERR_REFUSED, with a hint. */
int common_form(
    struct arena *a, const struct common_table *t, const char **out, struct err *err) MUST_USE;

#endif
