/*
 * differ.h - the comparisons of a stream, one after another, as a task of its passes.
 *
 *          the stream is in step,            every table is at its end
 *   IDLE -------------------------> COMPARING --------------------------> IDLE
 *     ^    and one waits on disk      |     |
 *     |                               |     +-- an error that waiting mends: BACK-OFF, and again
 *     +---- it was stopped, deleted; an error that waiting does not mend
 *
 * IDLE       Nothing waits: the task sleeps until somebody gives an order (orders.h).
 * COMPARING  The oldest that is pending or started, table by table (table_diff.h).
 * BACK-OFF   A server went away. What is on disk is read again.
 *
 * Invariants
 *   (1)  What is to be done is what is on disk (diff_rows.h). An order is told by orders.h and read there
 *        between two looks, so a command never waits for a look, and one that dies changes nothing else.
 *   (2)  Progress is stored at most SAVE_MS behind, of whole looks alone: after a kill, an error or the end
 *        of a pass the comparison goes on from what is stored.
 *   (3)  A comparison never ends its stream's pass: its errors are its own.
 *   (4)  Rows are compared only while the stream is RUNNING and its applier exact (look.h).
 *   (5)  An error that may come of an alteration at the source is one only where the stream has applied what
 *        the source has, and has met none: else the pass ends, and the next one begins the table anew.
 *
 * An example: the program is killed.
 *
 *   vdiff       started; users at key 4711, 4711 rows compared
 *   (killed)    looks up to key 5000 were made, and not stored
 *   next pass   the stream is RUNNING: the oldest that is started goes on behind 4711
 */
#ifndef TABLET_COMPARE_DIFFER_H
#define TABLET_COMPARE_DIFFER_H

#include "tablet/compare/compare_params.h"
#include "tablet/compare/orders.h"

/* Until it is cancelled: -1. */
int differ_run(struct ctx *cx, const struct compare_params *params) MUST_USE;

#endif
