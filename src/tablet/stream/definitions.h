/*
 * definitions.h - what a stream's tables are, at its position in the source's binlog.
 *
 * The source tells what they are now. Somebody may have altered one since that position, and the rows
 * in between are as they were before: they are read by the definition of their time. That is the one
 * which the table at the target has, since every statement that is met is done there before what
 * follows it is read. So:
 *
 *   - as the source tells, where both have the same columns;
 *   - as the target's table is, where they have not, and the binlog between here and now has a statement that
 *     alters the table. The pass is *behind* then: it ends at that statement.
 *   - An error by name where there is no such statement: rows would be read by a definition that is not
 * theirs.
 */
#ifndef TABLET_STREAM_DEFINITIONS_H
#define TABLET_STREAM_DEFINITIONS_H

#include "tablet/server/ddl_rows.h"
#include "tablet/stream/pass.h"
#include "tablet/table/definition.h"
#include "tablet/table/moved_table.h"

struct definitions {
	struct moved_tables tables;
	struct ddl_rows copied; /* of tables whose copy has begun anew (copy_anew.h) */
	bool common;            /* the servers are of different flavours (schema.h) */
	bool behind;
	/* Of a pass that is not: a table at the target is not defined as its source; NULL: all are. */
	const char *differs;
};

/* In cx->arena. ERR_REFUSED: by name. */
int definitions_read(struct ctx *cx, const struct pass *p, struct definitions *out) MUST_USE;
/* ERR_REFUSED: one differs. What was stepped over may have made a difference that rows do not have, and
 * nobody is to be served that. */
int definitions_check(const struct definitions *d, struct err *err) MUST_USE;
/* Of table i as its server tells it, at either end; with the names of the source. */
int definitions_at(struct ctx *cx, const struct pass *p, size_t i, enum move_side side,
    struct table_def **out) MUST_USE;
/* Are both defined the same, by their own names? */
int definitions_equal(struct ctx *cx, const struct pass *p, const struct table_def *from,
    const struct table_def *to, bool *equal) MUST_USE;

#endif
