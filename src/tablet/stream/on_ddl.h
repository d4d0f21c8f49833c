/*
 * on_ddl.h - DDL that a stream has met: at its exact place, once.
 *
 * The applier has stored a row for it (server/ddl_rows.h), with all that is before it, and its pass has
 * ended. The next pass, of this process or of its successor, begins here:
 *
 *   1  Nobody else is at it: the session that runs it holds a lock of the stream's, also when the
 *      process that opened it is dead, and this one waits for that.
 *   2  The source's table is looked at: what cannot move is refused, by name, before anything is done.
 *   3  The row says "running", with the definition that the target's table has.
 *   4  It runs at the target, as in the session that it ran in at the source, with the target's names.
 *   5  One transaction: the position goes behind it, and the row says what was done.
 *
 * After a crash between 3 and 5 the definition at the target tells: another one than the row has, and
 * it was done; the same, and it is run (again). MariaDB from 10.6 on and MySQL from 8.0 on do the DDL
 * of one table whole or not at all, so there is no third. A statement that leaves the definition as it
 * is (TRUNCATE, a table that is made anew as it was) comes out the same when it is run twice, since
 * nothing else writes the table meanwhile.
 *
 * What changes several tables at once, or takes one away, is refused.
 *
 * While rows are still copied nothing runs at the target: the copy of that one table begins anew
 * (copy_anew.h).
 */
#ifndef TABLET_STREAM_ON_DDL_H
#define TABLET_STREAM_ON_DDL_H

#include "tablet/server/ddl_rows.h"
#include "tablet/stream/pass.h"

/* What a stream says of the DDL that it has met (rpc/tablet.h). */
struct ddl_list {
	struct arena arena;
	struct ddl_status *items; /* the newest first */
	size_t count;
};

/* Does what the request says with the statement that was met, if one was. told begins as zero; it has all
 * that was met then, whatever the outcome. cx has an arena. ERR_REFUSED:
 * it stops here, by name; what waiting mends is tried again by the next pass. */
int on_ddl_do(struct ctx *cx, const struct pass *p, struct ddl_list *told) MUST_USE;

#endif
