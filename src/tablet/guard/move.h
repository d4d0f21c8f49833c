/*
 * move.h - a workflow's move, as this tablet knows it: which attempt is the present one.
 *
 * Calls outlive the vtctld that sent them. One that makes a stream after the workflow was cancelled, or arms
 * the fence for an attempt that was rolled back, would do harm that nobody looks for. So each call that
 * changes something carries the number that the workflow's record had, and where a higher one was seen
 * before, it is outdated. That is decided here and nowhere else: a move has one struct for each side of the
 * workflow, and a tablet is one side of it. (Rounds exchange `from` and `to`; the sides stay where they are.)
 *
 * What belongs to the move hangs on its struct, by a pointer, and asks it:
 *
 *   tablet_api.c       before a call that changes something begins
 *   lock.h             again when it has waited, before it arms the fence
 *   fence.h            when it has read its rows; each keeps the number that it was changed under
 *   stream.h, guard.h  again after each wait; a stream's row keeps the number too, a guard is its stream's
 *
 * A move is in memory alone. What is on disk is in those rows, and whoever reads them tells the move: when
 * the program starts (fence_open(), engine_open()) and later. One for each workflow that was ever at work
 * here; a tablet that ends takes the calls it was answering with it.
 *
 * Invariants (move_check() looks at those with a *)
 *   (1)  The highest number seen never falls. A call is seen when it comes, before it waits for anything, so
 *        that one which is waiting is outdated by a higher one behind it.
 *   (2)* Whoever acts was seen: no call, lock or stream has a higher number than its move.
 *   (3)  An outdated call changes nothing. It is told so (ERR_CONFLICT), but for what ends a lock or disarms
 *        a fence: somebody has done that.
 *   (4)  Of the calls that make or take away a stream or a fence one has the turn, and the others wait.
 *   (5)  The fence's rows are changed under the condition attempt <= n all the same: a statement of a program
 *        that was killed goes on at the server, and asks no move.
 *
 * An example: attempt 5 is given up while it waits for its lock.
 *
 *     0 ms  lock(5): seen is 5. A client's transaction keeps the table.
 *   900 ms  "rolling back" is in the record, under 6. disarm(6): seen is 6. It waits for whoever is taking a
 *           lock for less.
 *   905 ms  lock(5) has its READ lock and asks again: outdated. The lock goes, nothing is armed, and
 *           disarm(6) goes on; the fence's row has 6.
 *   990 ms  lock(5) once more, from a vtctld that had slept: outdated.
 *           The tablet is killed and started again: fence_open() reads 6. lock(5) is outdated still.
 */
#ifndef TABLET_GUARD_MOVE_H
#define TABLET_GUARD_MOVE_H

#include "base/list.h"
#include "tablet/server/ddl.h"
#include "task/waitlist.h"

#include <stdbool.h>

struct moves {
	struct list all;
	struct waitlist ended; /* woken when a call ends, or a number was seen */
};

struct move {
	struct list_node node;
	struct moves *home;
	char *workflow;
	int seen;             /* the highest number */
	int acting;           /* of the call that has the turn (4); -1: none */
	struct ddl_room room; /* of the calls that make or remove its fence */
};

void moves_init(struct moves *m);
void moves_done(struct moves *m); /* nothing hangs on any any more */
/* The workflow's, for as long as the program lives. */
struct move *move_of(struct moves *m, const char *workflow);
/* That number was seen: a row has it. */
void move_saw(struct move *m, int attempt);
/* Was a higher number seen? */
bool move_outdates(const struct move *m, int attempt);
/* A call of that attempt comes, or goes on after a wait. ERR_CONFLICT: it is outdated. */
int move_admit(struct move *m, int attempt, struct err *err) MUST_USE;
/* The same, and waits until nobody else has the turn. */
int move_begin(struct ctx *cx, struct move *m, int attempt) MUST_USE;
/* Of a call that was begun: the next one goes on. */
void move_end(struct move *m);
/* Aborts where (2) does not hold for the call that has the turn. */
void move_check(const struct move *m);

#endif
