/*
 * tail.h - the source's binlog as whole transactions of row images.
 *
 * The tail starts at a position fixed before the first chunk is read and never
 * stops. It hands on whole transactions (rule 1), at their COMMIT (rule 2), of
 * full images (rule 3); hands on DDL of a moved table and ends there, or stops by
 * name on it (rule 4); stops by name on an XA COMMIT of what was not
 * prepared before its eyes (rule 2), on gaps (rule 5). Triggers of clients are none of its business, but
 * where it guards a side that does not serve: one that is made there, but for the switch, stops it. A
 * transaction larger than GROUP_MEMORY (tail_group.h) spills to an unlinked file
 * in the data folder and comes back in order, so memory is bounded.
 *
 * It reconnects by itself after ERR_RETRY, at the position of the last
 * transaction handed on, and compares file, offset and the checks of rule 5.
 */
#ifndef TABLET_READ_TAIL_H
#define TABLET_READ_TAIL_H

#include "tablet/read/tail_params.h"

struct tail;

/* borrows params */
int tail_open(struct ctx *cx, const struct tail_params *params, struct tail **out) MUST_USE;
/* The next transaction that changes a moved table or carries our heartbeat. Others only move the
 * position: one with count 0 is returned whenever the tail would else wait for the network having
 * read beyond what it last returned (a cutover waits for such a position, each millisecond counts),
 * and at least each second of a busy source. */
int tail_next(struct ctx *cx, struct tail *t, struct source_txn **out) MUST_USE;
/* It has handed on DDL: tail_next() is not to be called any more. */
bool tail_has_ended(const struct tail *t);
/* Where the tail has read to: A of rule 8 when a window opens. Everything up to here has been
 * returned by tail_next(). */
const struct position *tail_position(const struct tail *t);
/* What it has handed on and a view may not show yet: to be waited for by whoever opens one (rule 8). */
struct settling *tail_settling(struct tail *t);
/* Of one that guards: the stream's row is frozen there. A tail that is opened in between does not know. */
bool tail_frozen(const struct tail *t);
void tail_close(struct tail *t);

#endif
