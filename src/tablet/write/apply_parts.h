/*
 * apply_parts.h - a large run of the mode EXACT (apply.h), written by several sessions at once.
 *
 * One session uses one core of the target. So the rows of a large run, which fold_group() has in order, are
 * cut into parts of about as many rows, each a transaction of its own by a session of its own:
 *
 *   session 0   rows of part 0 ......... waits for the others           | position | COMMIT
 *   session 1   rows of part 1 .. its row of run_part | waits .. COMMIT |
 *   session 2   rows of part 2 ..... its row of run_part | .. COMMIT    |
 *                                                     all counts are right
 *
 *           parts_load()                 applied >= until
 *   NONE ------------------> PENDING ----------------------> NONE
 *
 * (1) Nothing is committed before every row of every part is written, and counted: an error until then rolls
 *     all of them back, and the run may be repeated.
 * (2) The position is committed last. A process that ends between the COMMITs leaves parts that are ahead of
 *     the position applied. Their rows of run_part say which (server/run_parts.h), and up to which change.
 * (3) Up to that change the next applier passes over what those parts have, in runs of one session (PENDING).
 *     It takes no run beyond it, and stands for nobody who wants the target to be the source at a position:
 *     it is not, until all parts are there.
 * (4) No row of one part is in the way of a row of another: tables with a unique index beside their key, or
 *     whose collation has one key in several forms, are whole in one part. Tables in which rows must be
 *     written in the order of the source are in no such run, nor is what is being given its indexes or keys.
 *     Were one in the way all the same, its wait would end soon, and (1) hold: the run is one session's then.
 *
 * An example, of a run of rows 1 to 6 of table a from 100 to 200, in two parts:
 *
 *   step  session 0             session 1                          on disk: applied, run_part
 *   1     a 1, 2, 3             a 4, 5, 6; (1, until 200, a 4)         100, -
 *   2                           COMMIT                                 100, 1 until 200 from a 4
 *   3     applied=200; COMMIT                                          200, (says nothing)
 *
 * Killed between 2 and 3, the next applier reads the run's transactions again, however they come: in runs up
 * to 150 and up to 200, say. In both it passes over the keys from 4 on.
 */
#ifndef TABLET_WRITE_APPLY_PARTS_H
#define TABLET_WRITE_APPLY_PARTS_H

#include "tablet/server/run_parts.h"
#include "tablet/write/apply_kinds.h"
#include "tablet/write/apply_write.h"

/* Rows for which a session is worth its COMMIT and its row of run_part. */
enum { PART_ROWS = 1000 };

/* Of a former process: what is there already, beyond the position applied. All zero: nothing. */
struct parts {
	struct arena arena;
	struct position until; /* of all of them; unset: NONE */
	struct run_parts committed;
};

void parts_done(struct parts *p);
/* What is on disk, where applied is. */
int parts_load(struct ctx *cx, struct mysql_client *c, struct stream_id id,
    const struct position *applied, struct parts *out) MUST_USE;
/* PENDING */
bool parts_pending(const struct parts *p, const struct position *applied);

/* How a run may be written. */
struct exact_run {
	const struct fold *fold;
	/* Of the last transaction that changes something. Of others the tail hands on one or another, and not
	 * the same ones when it reads them again. */
	const struct position *end;
	const struct parts *committed; /* those that are PENDING; NULL: none are */
	bool alone;                    /* by one session */
};

/* All of its rows, and nothing committed: (1). As writers_exact(). The position is to follow. */
int writers_exact_run(struct ctx *cx, struct writers *w, const struct exact_run *run) MUST_USE;
/* All parts but the first; nothing to do where the run has none. After -1 it is not known which are there:
 * the stream goes on from what is on disk. */
int writers_commit_parts(struct ctx *cx, struct writers *w) MUST_USE;

#endif
