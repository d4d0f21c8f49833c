/*
 * apply.h - source transactions into the target, in two modes.
 *
 * CATCHING UP  A run of whole transactions is folded (fold.h) to one final image per key;
 *              dirty_until is stored; all deletes; when all are done all upserts (every column, key
 *              columns too), in parallel over keys on appliers connections; when all are done the
 *              position. A replay converges.
 * EXACT        From applied >= max(cp, dirty_until) on. A run is one target transaction with the
 *              position in it; every statement's row count is checked; deletes first. A count that
 *              differs stops the stream with the key in the message: from here on replication
 *              verifies itself.
 *
 * The applier takes transactions from the tail, calls windows_touch() in the same step, queues
 * at most
 * APPLY_QUEUE_BYTES, and never waits for a window while it holds an open target transaction.
 */
#ifndef TABLET_WRITE_APPLY_H
#define TABLET_WRITE_APPLY_H

#include "tablet/read/tail.h"
#include "tablet/read/window.h"
#include "tablet/write/apply_queue.h"
#include "tablet/write/apply_write.h"

enum {
	/* rows folded together: some milliseconds of the target's time */
	APPLY_RUN_ROWS    = 2000,
};

struct apply_params {
	struct mysql_params target;             /* as vt_stream, its ROLE_WRITER */
	struct table_def  **tables;             /* source definitions */
	const char        **target_databases, **target_tables;   /* by table index */
	int                 tables_count;
	int                 appliers;           /* 1 to WRITERS_MAX */
	struct windows     *windows;
	struct tail        *tail;
	/* applied, dirty_until are kept up to date here and on disk */
	struct stream_state *state;
	/* before each run; may wait; NULL: none */
	int               (*throttle)(struct ctx *cx, void *arg);
	void               *throttle_arg;
};

struct applier;

/* borrows params */
int  applier_new(const struct apply_params *params, struct applier **out, struct err *err) MUST_USE;
void applier_free(struct applier *a);
/* Runs until cancelled, an error, or frozen: 0 when frozen at the position asked for. Also drives
 * the tail. */
int  applier_run(struct ctx *cx, struct applier *a) MUST_USE;

/* Called by other tasks of the loop: */
/* past the last chunk: exact may begin */
void applier_set_cp(struct applier *a, const struct position *cp);
bool applier_exact(const struct applier *a);
/* Apply all changes up to this position and none beyond, and stop: stored as FROZEN with the attempt,
 * in the transaction that stores the position (or in one of its own when already there). The position
 * stored may be beyond it by what others did at the source; ERR_CONFLICT when a change is. */
int  applier_freeze_at(struct applier *a, const char *gtid, int attempt, struct err *err) MUST_USE;
/* Waits until it has all of its slots (apply_write.h): another process's applier has none then, so
 * that nobody hands on changes past the windows of a chunk that begins from here on. */
int  applier_wait_alone(struct ctx *cx, struct applier *a) MUST_USE;
/* Waits until a heartbeat with this token has been handed on: its position. */
int  applier_wait_heartbeat(struct ctx *cx, struct applier *a, const char *token,
    struct position *at) MUST_USE;
/* Waits until applied changes, the mode changes or the applier ends. */
int  applier_wait_change(struct ctx *cx, struct applier *a) MUST_USE;
int64_t applier_changes(const struct applier *a);         /* rows applied */
/* source clock of the last applied transaction; 0: none */
int64_t applier_last_commit_s(const struct applier *a);

#endif
