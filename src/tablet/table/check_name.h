/*
 * check_name.h - the names of CHECK constraints: a table's at one flavour, a database's at another.
 *
 * A name that a server has made up says nothing: MariaDB's CONSTRAINT_1 is in each table that has a check
 * without a name, MySQL's t_chk_1 has the table's name in it. What the other end is told has none of them,
 * and its server makes up its own. A name that somebody has given stays, so where names are a database's it
 * must be free there, and not another one's of the set.
 */
#ifndef TABLET_TABLE_CHECK_NAME_H
#define TABLET_TABLE_CHECK_NAME_H

#include "mysql/client.h"
#include "tablet/table/create_table.h"
#include "tablet/table/table_set.h"

/* Does a server call a check of that table so by itself? */
bool check_name_is_made_up(struct slice name, struct slice table);
/* Is the clause a check with a name? Of its text that of the check: "CHECK (...)". */
bool check_name_read(const struct clause *c, struct slice *check);
/* Takes the names that were made up out of the clauses, or all; the text keeps them. */
void check_names_drop(struct create_table *t, struct slice table, bool all);

/* Of the server that the tables come to, as closure_check_names(). ERR_REFUSED, by name, with a hint. */
int check_names_free(struct ctx *cx, struct mysql_client *c, const struct table_set *from,
    const struct table_set *to, const char *const *definitions) MUST_USE;

#endif
