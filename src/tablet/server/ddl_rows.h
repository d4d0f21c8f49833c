/*
 * ddl_rows.h - what is on disk of the DDL that a stream has met: one row for each statement, at its
 * place in the source's binlog.
 *
 *   MET <----> RUNNING -----> EXECUTED     it ran at the target
 *    |            +---------> FAILED       it ran, and the target's error was ignored
 *    +----------------------> IGNORED      it was stepped over
 *    +----------------------> COPIED       its table is copied again, as it is behind the statement
 *
 * MET       All that is before it is applied, and nothing behind it. The stream's position is before it.
 * RUNNING   The row has the definition that the table had at the target before. After a crash the statement
 *           has been done where that is another one; where it is still this one, running it (again)
 *           makes what running it once makes: servers do one table's DDL whole or not at all.
 * the others  are ends: written in the transaction that moves the stream's position behind the statement.
 */
#ifndef TABLET_SERVER_DDL_ROWS_H
#define TABLET_SERVER_DDL_ROWS_H

#include "base/fsm.h"
#include "tablet/server/position.h"

enum ddl_state { DDL_MET, DDL_RUNNING, DDL_EXECUTED, DDL_FAILED, DDL_IGNORED, DDL_COPIED };
extern const struct fsm ddl_states; /* "met", "running", ... */

/* All that is read is in the arena it was read into. */
struct ddl_row {
	struct position place; /* behind it */
	struct slice prepared; /* XA transactions there (xids.h) */
	enum ddl_state state;
	const char *table; /* the source's name of what it changes */
	bool away;         /* the name has no table any more, or another one */
	bool several;      /* it changes another table of the stream, too */
	bool rows_stay;    /* it changes no row */
	struct slice statement, repeated, session; /* as in txn_ddl */
	const char *why_not;
	/* Of RUNNING: the definition that the target's table had. Of MET: that it had when it was asked for
	 * first, to step over the statement; "": it was not asked for. */
	const char *before;
	const char *error; /* of FAILED: what the target said */
	/* Of COPIED: what lies before this place in the binlog is in the copy. Of MET: the same of a copy
	 * whose ranges are gone, and whose table may be half made; unset: nothing was done. */
	struct position copied_from;
	int64_t met_us, done_us;
};

/* Appended, for the transaction that stores it; where it is there already nothing changes. */
void ddl_rows_met_sql(struct buf *out, struct stream_id id, const struct ddl_row *row);
/* Those that are not at an end: one at most. *out: in cx->arena; its state is DDL_EXECUTED where
 * there is none. */
int ddl_rows_open(
    struct ctx *cx, struct mysql_client *c, struct stream_id id, struct ddl_row *out) MUST_USE;
/* MET, with the definition that the target's table has now. */
int ddl_rows_seen(struct ctx *cx, struct mysql_client *c, struct stream_id id,
    const struct ddl_row *row) MUST_USE;
/* MET -> RUNNING */
int ddl_rows_run(struct ctx *cx, struct mysql_client *c, struct stream_id id,
    const struct ddl_row *row) MUST_USE;
/* RUNNING -> MET: the target has refused it. */
int ddl_rows_back(struct ctx *cx, struct mysql_client *c, struct stream_id id,
    const struct ddl_row *row) MUST_USE;
/* Appended: MET, of a table that is about to be made anew, with copied_from. */
void ddl_rows_copies_sql(struct buf *out, struct stream_id id, const struct ddl_row *row);
/* Appended: to an end, for the transaction that moves the position. */
void ddl_rows_end_sql(struct buf *out, struct stream_id id, const struct ddl_row *row);
struct ddl_rows {
	struct ddl_row *items; /* the newest first */
	size_t count;
};
enum { DDL_ROWS_LISTED = 20 }; /* a screen of lines */
/* The last ones. */
int ddl_rows_list(
    struct ctx *cx, struct mysql_client *c, struct stream_id id, struct ddl_rows *out) MUST_USE;
/* Those of tables that were copied again, in no order. */
int ddl_rows_copied(
    struct ctx *cx, struct mysql_client *c, struct stream_id id, struct ddl_rows *out) MUST_USE;
int ddl_rows_delete(struct ctx *cx, struct mysql_client *c, struct stream_id id) MUST_USE;

#endif
