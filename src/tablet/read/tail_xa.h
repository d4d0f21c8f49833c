/*
 * tail_xa.h - the XA transactions of a tail: what is prepared, and the rows that are kept until they end
 * (rule 2).
 *
 *   tail_xa_begin()                        at each GTID
 *   tail_xa_prepare()                      the group's rows are kept: as pieces
 *   tail_xa_commit(), tail_xa_rollback()   the rows are the group's now, or are forgotten
 *   tail_xa_next()                         while tail_xa_handing(), behind the end of the group
 *
 * All of it is as of the end of the last group.
 */
#ifndef TABLET_READ_TAIL_XA_H
#define TABLET_READ_TAIL_XA_H

#include "binlog/control.h"
#include "tablet/read/kept.h"
#include "tablet/read/settling.h"
#include "tablet/read/tail_group.h"

struct tail_xa {
	struct kept *kept;   /* NULL: none are kept */
	struct buf prepared; /* xids.h */
	struct settling settling;
	struct buf xid; /* of the group: one that is kept, or has ended with rows; else empty */
	const struct spool *keeping; /* whose pieces are to be handed on; NULL: none */
	uint64_t kept_at;            /* of these, handed on */
	int piece_no;
};

/* borrows kept */
void tail_xa_init(struct tail_xa *x, struct kept *kept, struct slice prepared);
void tail_xa_done(struct tail_xa *x);
void tail_xa_begin(struct tail_xa *x);
/* Of a group without rows where none are kept. */
int tail_xa_prepare(
    struct tail_xa *x, struct tail_group *g, const struct xid *xid, struct err *err) MUST_USE;
/* xid: as the server writes it. known: it was prepared. */
int tail_xa_commit(struct tail_xa *x, struct tail_group *g, struct slice xid, bool *known,
    struct err *err) MUST_USE;
void tail_xa_rollback(struct tail_xa *x, struct slice xid);
bool tail_xa_handing(const struct tail_xa *x);
/* What group_next() gives of a group of whatever kind, or a piece of what is kept; with its step of XA. */
int tail_xa_next(
    struct tail_xa *x, struct tail_group *g, struct source_txn **out, struct err *err) MUST_USE;

#endif
