/*
 * closure.h - does a set of tables hold all that its foreign keys connect?
 *
 * A foreign key lives in one server. One between two tables of the set moves with them; one that
 * points out of the set would have nothing to refer to at the target, and one that points into it
 * would keep clients from writing the table that stays. And where an action of a key changes rows (ON
 * DELETE CASCADE, SET NULL, ON UPDATE ...) of a table of the set, InnoDB writes that into no binlog
 * (settled on MariaDB 10.11: the child's Table_map is there, its rows are not), so that the copy would
 * differ in silence.
 */
#ifndef TABLET_TABLE_CLOSURE_H
#define TABLET_TABLE_CLOSURE_H

#include "mysql/client.h"
#include "tablet/server/ddl.h"
#include "tablet/table/table_set.h"

/* A foreign key of a table that stays, which refers to one of the set. */
struct closure_key {
	const char *name, *database, *table;
	const char *clause; /* as SHOW CREATE TABLE prints it */
};

struct closure {
	const char *text, *hint; /* why the set is not closed, and what would close it; "" */
	const char *lost; /* a sentence: a table of the set refers to one that has left this server; "" */
	const char *dropped; /* a sentence: what becomes of those keys when the set goes on without; "" */
	const char *restore; /* SQL that makes those again which are dropped then; "" */
	struct closure_key
	    *inward; /* to be dropped then: before the switch, or their tables cannot be written */
	size_t inward_count;
};

/* Of the server that the set is at; the answer is in cx->arena. away: tables there that nobody is
 * served from, since earlier moves have left them; their keys into the set keep nobody from anything.
 * ERR_REFUSED: a key changes rows of the set. */
int closure_find(struct ctx *cx, struct mysql_client *c, const struct table_set *set,
    const struct table_set *away, struct closure *out) MUST_USE;

/* Of the server that the tables come to: may the keys between them be made there? Their names are one
 * database's, not one table's. definitions: SHOW CREATE TABLE of each table, in the order of both sets.
 * ERR_REFUSED: another table has a key of such a name. */
int closure_check_names(struct ctx *cx, struct mysql_client *c, const struct table_set *from,
    const struct table_set *to, const char *const *definitions) MUST_USE;

/* Drops the keys that lead into the set: tables that stay could not be written any more, since what
 * they refer to is elsewhere. */
int closure_drop_inward(struct ctx *cx, struct ddl *d, const struct closure *open) MUST_USE;

#endif
