/*
 * throttle.h - how fast the copy of a stream may go, and whether it may go on now.
 *
 * Whoever reads rows of the stream's tables in bulk, to copy or to compare them, asks before each chunk, and
 * says afterwards what it was.
 * The tail and the applier never ask: what is behind would only become more.
 *
 *            a sign of load is told that is too high, or cannot be told;
 *            or the limits are others, and a sign of theirs is not told yet
 *   OPEN  ---------------------------------------------------------------> CLOSED
 *         <---------------------------------------------------------------
 *            every sign that the limits ask for is told, and none is too high
 *
 * OPEN    A chunk may begin, once what was read before is paid for: rows and bytes each have a bucket
 *         (base/token_bucket.h), which all workers of the copy share.
 * CLOSED  None begins. What has begun goes on to its end, which is a moment (chunk.h).
 *
 * Signs are told by load_signs.h, which asks the servers as long as somebody copies. There are three: the
 * status of the source, that of the target, and what the query of the user's own gives.
 *
 * Invariants (throttle_check() looks at those with a *)
 *   (1)  Who waits here has no window, no view, no lock and no transaction open.
 *   (2)* Nobody copies a negative number of times, and nobody waits who does not copy.
 *   (3)  What was asked for other limits than the present ones is not believed: throttle_tell() takes the
 *        version that it was asked for.
 *   (4)  A wait ends with its deadline or its task, as any; limits that change wake it.
 *
 * An example: limits of 1,000 rows a second and Threads_running=25.
 *
 *    0.0 s  throttle_begin(). Nothing is told: CLOSED
 *    0.0 s  load_signs asks both servers; 7 and 3 threads are running: OPEN
 *    0.1 s  a chunk of 500 rows
 *    0.6 s  the next one: what the first took is paid for
 *    1.0 s  60 threads are running at the source: CLOSED, "Threads_running of the source is 60, at most 25"
 *    1.1 s  throttle_wait() waits
 *    3.0 s  throttle_set(): Threads_running=100. Nothing is told for these limits; it is asked at once: OPEN
 */
#ifndef TABLET_COPY_THROTTLE_H
#define TABLET_COPY_THROTTLE_H

#include "base/token_bucket.h"
#include "task/waitlist.h"
#include "topo/throttle_limits.h"

enum throttle_sign { SIGN_SOURCE, SIGN_TARGET, SIGN_QUERY, THROTTLE_SIGNS };

/* What keeps a chunk from beginning: a sign, what is not paid for, or that signs are not told yet. */
enum throttle_cause {
	CAUSE_NONE,
	CAUSE_SOURCE, /* in the order of the signs */
	CAUSE_TARGET,
	CAUSE_QUERY,
	CAUSE_UNTOLD,
	CAUSE_ROWS,
	CAUSE_BYTES,
};

struct throttle {
	struct throttle_limits limits; /* its query is the one below */
	char *query;                   /* owned */
	uint64_t version;              /* of the limits */
	struct token_bucket rows, bytes;
	struct {
		bool told;     /* for these limits */
		char why[300]; /* it is too high, or cannot be told; "": go on */
	} signs[THROTTLE_SIGNS];
	int copying, waiting;
	struct waitlist changed; /* woken when the limits, a sign or copying changed */
	/* What has kept it waiting, and when. */
	enum throttle_cause cause;
	usec since_wall, seen; /* seen: task_now(), when somebody last waited for it */
};

void throttle_init(struct throttle *t);
void throttle_done(struct throttle *t);
/* Copied. Waits are looked at again, and signs are not told any more. */
void throttle_set(struct throttle *t, const struct throttle_limits *limits);

/* Around a copy, or a comparison: signs are asked for meanwhile. NULL: nothing. */
void throttle_begin(struct throttle *t);
void throttle_end(struct throttle *t);
/* Until a chunk may begin; of one that copies. NULL: at once. */
int throttle_wait(struct ctx *cx, struct throttle *t) MUST_USE;
/* Does a sign keep it waiting, or that none is told yet? Then it may be for long. NULL: no. */
bool throttle_is_closed(const struct throttle *t);
/* What was read, also of a chunk that is read again. NULL is fine. */
void throttle_took(struct throttle *t, size_t rows, size_t bytes);
/* How many rows a chunk may have, of limit, so that half a second's worth is not exceeded; 1 at least. Rows
 * came out at row_bytes each; 0: not known. NULL: limit. */
size_t throttle_chunk(const struct throttle *t, size_t limit, size_t row_bytes);

/* Do they ask for that sign? */
bool throttle_wants(const struct throttle_limits *l, enum throttle_sign sign);
/* What was asked for while version was the limits'; "": go on. Cut to fit. (3) */
void throttle_tell(struct throttle *t, enum throttle_sign sign, uint64_t version, const char *why);

/* Appends by what it is kept waiting now, and since when by the wall clock; nothing and 0: it is not. */
void throttle_print(const struct throttle *t, struct buf *out, int64_t *since_us);
/* Aborts where (2) does not hold. */
void throttle_check(const struct throttle *t);

#endif
