/*
 * apply_write.h - the applier's connections to the target, and runs written through them.
 *
 * Slot i's session holds a named lock of the server, "vt <hash of workflow and round> <i>", as long
 * as it lives. A connection that broke may have left a statement running at the
 * server; its successor waits for the lock, so that no statement of a former
 * session can land behind one of ours. Therefore too a statement's error waits
 * for the answers of all that run beside it, and any failure closes all connections.
 *
 * With them the slots' locks are let go, and the run may be tried again: meanwhile the copy of the
 * same pass goes on. So one more session, the guard, holds a lock of the pass from before the first
 * slot is opened to writers_done(): nobody else gets a slot in between.
 */
#ifndef TABLET_WRITE_APPLY_WRITE_H
#define TABLET_WRITE_APPLY_WRITE_H

#include "tablet/write/apply_sql.h"
#include "tablet/write/apply_versioned.h"
#include "tablet/write/fold.h"

enum { WRITERS_MAX = 16 }; /* more than the cores of a target that also serves */

struct writers_params {
	const struct mysql_params *target;
	struct stream_id id;
	const struct moved_tables *tables;
	int parallel;     /* 1 to WRITERS_MAX */
	size_t part_rows; /* in an exact run, for each session that writes; 0: as apply_parts.h says */
};

struct writers {
	struct writers_params params;
	struct mysql_client *conns[WRITERS_MAX]; /* opened as they are needed */
	struct mysql_client *guard;              /* NULL: this pass has not had its turn yet */
	bool in_txn;                             /* conns[0] has an open transaction */
	int open_parts; /* so many of the other sessions have one, which is complete (apply_parts.h) */
	bool parts_may_be_there; /* they were to be committed, and the position behind them is not */
	uint64_t packet_max;     /* max_allowed_packet of the newest session */
	/* Between two fragments of a source's transaction. The arena has what it points to. */
	struct versioned_last last;
	struct arena last_arena;
	bool checked; /* conns[0] checks foreign keys */
	/* The count that was wrong was of several rows; careful writes them one by one. */
	bool several, careful;
};

/* borrows what params points to */
void writers_init(struct writers *w, const struct writers_params *params);
void writers_done(struct writers *w);
void writers_close(struct writers *w); /* a transaction that is open is rolled back */
/* Closes all but conns[0], of which no statement is under way: exact runs need no other. */
void writers_keep_first(struct writers *w);

/* conns[slot], logged in and alone. */
int writers_open(struct ctx *cx, struct writers *w, int slot) MUST_USE;
/* All of them, behind the guard. */
int writers_open_all(struct ctx *cx, struct writers *w) MUST_USE;

/* *warnings: values in it that strict mode refuses (column.h); then, if there are any, how many warnings the
 * answer is to have. */
int writers_send(
    struct ctx *cx, struct writers *w, int slot, const struct buf *sql, size_t *warnings) MUST_USE;
/* Of the answer. ERR_REFUSED: it warns of something else as well. */
int writers_check_warnings(const struct mysql_ok *ok, size_t warnings, struct err *err) MUST_USE;

/* Is it an error after which the same run may succeed? */
bool writers_lost_a_lock(const struct err *err);

/* Catching up: all deletes, then all upserts, in parallel. Repeating it does no harm. */
int writers_converge(struct ctx *cx, struct writers *w, const struct fold *f) MUST_USE;
/* One more statement of the open transaction, which it begins where none is. */
int writers_in_txn(
    struct ctx *cx, struct writers *w, struct slice sql, struct mysql_ok *ok) MUST_USE;
/* A statement on the stream's row that must find its row; then commits what is open. */
int writers_commit(struct ctx *cx, struct writers *w, struct slice position_sql) MUST_USE;

#endif
