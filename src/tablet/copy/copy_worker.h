/*
 * copy_worker.h - one range of a table after another, the next chunk being read while the last is
 * loaded.
 *
 *   reader   wait for room ; throttle_wait ; chunk_read ; wait until the loader has taken the one before ;
 *            hand over
 *   loader   take ; chunk_load
 *
 * Chunks of a range are read and committed in key order: progress never has a hole. A worker has its
 * own connection to either side. What a lost connection or a deadlock interrupts begins again at
 * what is committed; a chunk that overflowed is read again, smaller. Any other error ends
 * the worker.
 */
#ifndef TABLET_COPY_COPY_WORKER_H
#define TABLET_COPY_COPY_WORKER_H

#include "tablet/copy/chunk_load.h"
#include "tablet/copy/copy_params.h"

/* Where a worker gets its work and tells what it did. */
struct copy_worker_work {
	const struct copy_params *params;
	struct rows_room *room; /* of all workers of the copy */
	struct chunk_job job;
	struct copy_range *range;
	int64_t *rows;          /* of the table; grows with each commit */
	const char **loaded_by; /* load_way_name(), once it is known */
};

/* Copies the range to its end: 0. -1: an error that neither waiting nor a smaller chunk mends, or
 * cancelled. */
int copy_worker_run(struct ctx *cx, const struct copy_worker_work *work) MUST_USE;
/*
 * Behind -1, with its error. A chunk sees at once that its table was altered, and the tail, which may be
 * far behind, tells by what: then the pass ends, and with it this wait. So it waits until the tail has read
 * all that the source's binlog has by now: nothing there has altered the table, and the error is what it
 * seemed. -1
 */
int copy_altered_wait(struct ctx *cx, const struct copy_params *p) MUST_USE;
/* Does waiting and connecting anew help? */
bool copy_error_passes(const struct ctx *cx);

#endif
