/*
 * mention.h - views, routines, events and triggers that name a table that is to be moved.
 *
 * They would go on looking for it at its old place: a view would show what is no more, a routine would
 * meet the fence. They are found by reading their bodies as SQL (sql/program.h).
 */
#ifndef TABLET_TABLE_MENTION_H
#define TABLET_TABLE_MENTION_H

#include "mysql/client.h"
#include "tablet/table/table_set.h"

struct mentions {
	const char *text,
	    *hint; /* a sentence with the first few of them, what to do; "": there is none */
};

/* Looks through all databases of the server, once for all of the set; the answer is in cx->arena. */
/* views: of the set's database, that move with the tables. They are not told of, and what
 * names one of them is. */
int mention_find(struct ctx *cx, struct mysql_client *c, const struct table_set *set,
    const struct table_set *views, struct mentions *out) MUST_USE;

#endif
