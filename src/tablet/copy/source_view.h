/*
 * source_view.h - a transaction at the source with one read view, and where in the binlog that is.
 */
#ifndef TABLET_COPY_SOURCE_VIEW_H
#define TABLET_COPY_SOURCE_VIEW_H

#include "mysql/client.h"
#include "tablet/read/settling.h"
#include "tablet/server/position.h"
#include "tablet/table/table_def.h"

/* What a view is to contain, as of the step in which that is looked at. */
struct view_least {
	const struct position *tail;
	struct settling *settling; /* the tail's (settling.h); NULL: none */
};

/*
 * It contains all that the tail has handed on (rule 8 of docs/architecture.md). In a group commit the
 * binlog can be sent before its transactions are visible: such a view is given up and another one
 * opened. view: what it shows, or, where that is not told, the least that it does. File and offset alone.
 */
int source_view_open(struct ctx *cx, struct mysql_client *source, const struct view_least *least,
    struct position *view) MUST_USE;

/*
 * The same of a table whose engine has no views (engine.h): a transaction, so that the definition stays, in
 * which the first read of the table shows all that the tail has handed on, and what others have written
 * since. A statement is in the binlog before it lets go of the table, and not to be seen before that: so
 * whoever writes is waited for, as by an UPDATE of a client's, and nothing is locked once this returns.
 */
int source_view_of_table(struct ctx *cx, struct mysql_client *source, const struct table_def *def,
    const struct position *tail, struct position *view) MUST_USE;

/* Does a server of that dialect tell what a view shows? */
bool source_view_is_told(const struct dialect *d);

#endif
