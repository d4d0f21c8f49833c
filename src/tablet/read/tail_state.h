/*
 * tail_state.h - what tail.c and tail_connect.c share: the tail itself. What it promises is in tail.h;
 * nobody else includes this.
 */
#ifndef TABLET_READ_TAIL_STATE_H
#define TABLET_READ_TAIL_STATE_H

#include "binlog/dump.h"
#include "binlog/group.h"
#include "tablet/read/tail_group.h"
#include "tablet/read/tail_params.h"
#include "tablet/read/tail_xa.h"

enum {
	TAIL_BACKOFF_MS = 200,    /* a restarted server is met soon */
	TAIL_HEARTBEAT_MS = 1000, /* of a silent source: lag is judged by the second */
};

/*
 * A group is what one GTID covers. read is the place behind the last group and
 * all that is not in one; returned is how far the caller was told.
 *   (1) handing: the group that ended at read has fragments that were not returned.
 *   (2) in_group: the dump's own position lies inside a group and is stored nowhere.
 *   (3) xa: what XA has prepared, at read. What it hands on is a kind of handing.
 *   (4) ddl: met at read, and not handed on yet; that is a kind of handing too. ended: it was, and the tail
 *       reads no further.
 *   (5) by_offset: the dump was asked for by file and offset, and no group has ended since. by_gtids: such
 *       a one was given up, and no group has ended since.
 */
struct tail {
	const struct tail_params *params;
	struct passed passed;
	struct tail_group group;
	struct mysql_client *client; /* NULL: not connected */
	struct dump dump;
	struct gtids gtids;       /* of all groups up to read */
	struct group_begin begin; /* of this group */
	struct tail_xa xa;        /* (3) */
	struct source_txn *ddl;   /* (4) */
	struct last_group at;     /* of this group: what its place will have */
	bool in_group, handing, ended;
	bool by_offset, by_gtids; /* (5) */
	bool sought;              /* read is not the place yet, but one that is not before it */
	bool frozen;              /* of one that guards: what the stream's row said last */
	struct position read, returned;
	bool unprinted; /* gtids have gone on beyond read's text: read_place() */
	int64_t committed_s;
	usec returned_at;
	int backoff_ms;
};

/* read, with the text of its GTIDs: made where it is wanted, not for each group that goes by. */
const struct position *tail_read_place(struct tail *t);
void tail_disconnect(struct tail *t);
/* To an error, that the place is none any more; -1. */
int tail_hint_anew(const struct tail *t, struct err *err) MUST_USE;
/* Of an error of the dump: a refusal where the server has not what was asked for; -1. */
int tail_refused_place(struct tail *t, struct err *err) MUST_USE;
int tail_connect_once(struct ctx *cx, struct tail *t) MUST_USE;
/* Is it a lost connection, which is waited out, and not the caller's own deadline? */
bool tail_error_passes(const struct ctx *cx);
/* Of an error: the dump was asked for by file and offset, and GTIDs have the last word. Then it is given up,
 * and what comes next is a dump by GTIDs. Not where the connection was lost, or the caller wants no more. */
bool tail_gives_up_offset(const struct ctx *cx, struct tail *t);
int tail_stay_connected(struct ctx *cx, struct tail *t) MUST_USE;

#endif
