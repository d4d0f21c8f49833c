/*
 * moved_table.h - a table that moves: what it is at one end, what becomes of it at the other.
 *
 * One value for each table, made when a pass of a stream has read the definitions, and never changed: who
 * copies, reads the binlog, writes or builds takes it by pointer, and adds nothing to what a table is.
 *
 * The row plan says which columns of which rows go to the other end: today all of them, so that it is the
 * list of what is selected. A condition (a shard's range of keys) will stand there beside it.
 */
#ifndef TABLET_TABLE_MOVED_TABLE_H
#define TABLET_TABLE_MOVED_TABLE_H

#include "tablet/table/referrers.h"
#include "tablet/table/schema.h"
#include "tablet/table/table_set.h"

struct row_plan {
	const char *columns; /* "`id`,`f`*1e0": they come as column.h has values */
};

struct moved_table {
	int index;                   /* among its stream's tables: changes and windows have it */
	const struct table_def *def; /* where it moves from: its names there, columns, key, definition */
	const char *database, *name; /* where it moves to */
	const char *full_name;       /* "database.name" there: in the rows of copy_state */
	struct row_plan plan;
	const char *bare_sql;       /* makes it there as it is while it is copied (bare_sql.h) */
	const char *complete_sql;   /* gives it the indexes that it lacks then; "": none */
	struct referrers referrers; /* where the stream's tables are ordered */
};

/* A stream's. */
struct moved_tables {
	const struct moved_table *items;
	int count;
	struct table_set from, to; /* their names at either end */
	/* One of them is silent (cascade.h): from its copy on all changes are applied in the order of the
	 * source, by sessions that check foreign keys where those at the source did. */
	bool ordered;
};

/* In the arena, of what lives as long. to has as many names as defs. */
void moved_tables_make(
    struct arena *a, struct table_def *const *defs, struct table_set to, struct moved_tables *out);
/* Of one that reads a server, and moves nothing: def is all that is known of each. */
void moved_tables_of(
    struct arena *a, struct table_def *const *defs, int count, struct moved_tables *out);

#endif
