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

/* What leaves a server: tables, and of their database the views and routines that name nothing else. */
struct leaving {
	struct table_set tables, views;
	struct routine_list routines;
};

/* Looks through all databases of the server, once for all of it; the answer is in cx->arena. What leaves is
 * not told of, and what names it is; a routine that stands at both ends does not leave. */
int mention_find(struct ctx *cx, struct mysql_client *c, const struct leaving *leaving,
    struct mentions *out) MUST_USE;

#endif
