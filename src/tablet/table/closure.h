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
};

struct closure {
	const char *text, *hint; /* why the set is not closed, and what would close it; "" */
	const char *dropped; /* a sentence: what becomes of those keys when the set goes on without; "" */
	struct closure_key
	    *inward; /* to be dropped then: before the switch, or their tables cannot be written */
	size_t inward_count;
};

/* Of the server that the set is at; the answer is in cx->arena. ERR_REFUSED: a key changes rows of the
 * set. */
int closure_find(struct ctx *cx, struct mysql_client *c, const struct table_set *set,
    struct closure *out) MUST_USE;

/* Drops the keys that lead into the set: tables that stay could not be written any more, since what
 * they refer to is elsewhere. */
int closure_drop_inward(struct ctx *cx, struct ddl *d, const struct closure *open) MUST_USE;

#endif
