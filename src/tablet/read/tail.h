/*
 * tail.h - the source's binlog as whole transactions of row images.
 *
 * The tail starts at a position fixed before the first chunk is read and never
 * stops. It hands on whole transactions (rule 1), at their COMMIT (rule 2), of
 * full images (rule 3); stops by name on DDL that may touch a moved table
 * (rule 4), on an XA COMMIT of what was not
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

#include "tablet/read/kept.h"
#include "tablet/read/settling.h"
#include "tablet/read/txn.h"

struct tail_params {
	struct mysql_params source;        /* as vt_stream, its ROLE_STREAM */
	struct stream_id id;               /* of our heartbeat, at the source */
	const struct moved_tables *tables; /* each table map is checked against their definitions */
	struct position start;             /* borrowed, by tail_open() alone */
	struct slice prepared; /* there: XA transactions (xids.h); those with rows are in kept */
	/* Whose rows are handed on when they end; it goes on with the tail. NULL: an XA PREPARE of rows of
	 * ours stops it by name. */
	struct kept *kept;
	/* Nobody has read a row before this place: so up to there the COMMIT of one that is not known changes
	 * nothing. */
	struct position known;
	/* No XA transaction that was prepared before start has rows of the tables, which nobody could
	 * write then: so the COMMIT of one that is not known changes nothing here. */
	bool none_prepared;
	/* It reads the server that the stream writes: the stream's own transactions are marked (txn.h), and
	 * the statement that sets a table's next AUTO_INCREMENT value changes nothing. */
	bool guards;
	uint32_t server_id; /* unique at the source for our COM_REGISTER_SLAVE */
	const char *spill_dir;
};

struct tail;

/* borrows params */
int tail_open(struct ctx *cx, const struct tail_params *params, struct tail **out) MUST_USE;
/* The next transaction that changes a moved table or carries our heartbeat. Others only move the
 * position: one with count 0 is returned whenever the tail would else wait for the network having
 * read beyond what it last returned (a cutover waits for such a position, each millisecond counts),
 * and at least each second of a busy source. */
int tail_next(struct ctx *cx, struct tail *t, struct source_txn **out) MUST_USE;
/* Where the tail has read to: A of rule 8 when a window opens. Everything up to here has been
 * returned by tail_next(). */
const struct position *tail_position(const struct tail *t);
/* What it has handed on and a view may not show yet: to be waited for by whoever opens one (rule 8). */
struct settling *tail_settling(struct tail *t);
/* Of one that guards: the stream's row is frozen there. A tail that is opened in between does not know. */
bool tail_frozen(const struct tail *t);
void tail_close(struct tail *t);

#endif
