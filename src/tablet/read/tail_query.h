/*
 * tail_query.h - what a Query event means to a stream (rule 4).
 *
 * With row format a Query is the frame of a group (COMMIT, SAVEPOINT, XA) or
 * DDL; from a session with another binlog_format it may be a change of rows as
 * text. Whatever may name a moved table or its database, or cannot be
 * read, is something that happens to it, our own fence's triggers excepted, and what only looks at it:
 * a table that is made LIKE it, a key of another table that REFERENCES it, a view. Those of clients are
 * too: what they do to rows is in the binlog as rows. Whether a table may get one at this side a guard says.
 */
#ifndef TABLET_READ_TAIL_QUERY_H
#define TABLET_READ_TAIL_QUERY_H

#include "binlog/control.h"
#include "tablet/table/moved_table.h"

enum tail_query {
	TAIL_QUERY_OTHER, /* nobody's business */
	TAIL_QUERY_COMMIT,
	TAIL_QUERY_ROLLBACK,
	TAIL_QUERY_SAVEPOINT,
	TAIL_QUERY_ROLLBACK_TO, /* what is behind the savepoint did not happen */
	TAIL_QUERY_XA_COMMIT,   /* of what XA PREPARE had ended, with its rows, before */
	TAIL_QUERY_XA_ROLLBACK,
	TAIL_QUERY_TRIGGER, /* a moved table gets a trigger */
	TAIL_QUERY_DDL,     /* a moved table is changed, or is so no more (tail_ddl.h) */
	TAIL_QUERY_TOUCHES, /* a moved table: not as rows */
};

/* The name in a SAVEPOINT or ROLLBACK TO, with its quotes: the server writes it the same way in both. */
struct slice tail_query_savepoint(struct slice sql);

/* The xid in an XA COMMIT or XA ROLLBACK, as xids.h has it. */
struct slice tail_query_xid(struct slice sql);

/* ALTER TABLE `db`.`t` AUTO_INCREMENT=n and nothing else, as table/auto_increment.h writes it? */
bool tail_query_sets_next_value(struct slice sql);

/* How the text is to be lexed: sql/modes.h. */
unsigned tail_query_modes(const struct query_event *q);

/* *table is the index of the first one touched; of a text that cannot be read, 0. */
enum tail_query tail_query_read(
    const struct query_event *q, const struct moved_tables *tables, int *table);

#endif
