/*
 * apply_params.h - what an applier is given (apply.h).
 */
#ifndef TABLET_WRITE_APPLY_PARAMS_H
#define TABLET_WRITE_APPLY_PARAMS_H

#include "tablet/read/tail.h"
#include "tablet/read/window.h"
#include "tablet/write/apply_queue.h"
#include "tablet/write/apply_write.h"

struct apply_params {
	struct mysql_params target; /* as vt_stream, its ROLE_WRITER */
	const struct moved_tables *tables;
	int appliers;     /* 1 to WRITERS_MAX */
	size_t part_rows; /* writers_params' */
	struct windows *windows;
	struct tail *tail;
	bool keeps_deltas; /* from the beginning: applier_keep_deltas() was called in an earlier pass */
	/* Of a table that is altered ahead the definition of before is known, and its indexes are not: it is
	 * not completed first. */
	bool behind;
	/* applied, dirty_until are kept up to date here and on disk */
	struct stream_state *state;
	/* before each run; may wait; NULL: none */
	int (*throttle)(struct ctx *cx, void *arg);
	void *throttle_arg;
};

#endif
