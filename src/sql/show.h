/*
 * show.h - what a SHOW, a DESCRIBE or a CHECK TABLE shows.
 *
 * Those that list things (tables, triggers, databases) are queries on information_schema under
 * another name; like and where are their conditions, as written. Those that show one thing name it in the
 * statement's tables (statement.h).
 */
#ifndef SQL_SHOW_H
#define SQL_SHOW_H

#include "base/arena.h"
#include "base/err.h"

enum show_kind {
	SHOW_OTHER,
	SHOW_TABLES,
	SHOW_TABLE_STATUS,
	SHOW_TRIGGERS,
	SHOW_OPEN_TABLES,
	SHOW_DATABASES,
	SHOW_INDEX,        /* one row for each column of an index, with the table's name */
	SHOW_CREATE_TABLE, /* of a table, a view or a sequence */
	SHOW_CREATE_TRIGGER,
	SHOW_GRANTS, /* of the session's own account; those of others are SHOW_OTHER */
	SHOW_PROCESSLIST,
	SHOW_MAINTENANCE, /* CHECK, ANALYZE, OPTIMIZE, REPAIR, CHECKSUM TABLE: with "db.table" */
};

struct show {
	enum show_kind kind;
	bool full;
	struct slice database; /* FROM db; SLICE_NULL: not written */
	struct slice like;     /* the pattern with its quotes; SLICE_NULL: none */
	struct slice where;    /* the expression behind WHERE; SLICE_NULL: none */
	struct slice name;     /* of SHOW_CREATE_TRIGGER, in database; SLICE_NULL: none */
};

/* Slices point into the text, or into the arena. What is not one of these is SHOW_OTHER, which the server
 * answers as it is; so is one with a word that has no place here. Fails as statement_read() does. */
int show_read(
    struct arena *a, struct slice sql, unsigned modes, struct show *out, struct err *err) MUST_USE;

#endif
