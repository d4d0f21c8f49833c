/*
 * xids.h - XA transactions that are prepared at the source, by xid.
 *
 * XA COMMIT carries no rows: they came with XA PREPARE, maybe long before. So a
 * stream remembers which were prepared before its eyes, durably beside its position,
 * and stops at the COMMIT of any other (rule 2). Rows of moved tables are kept (kept.h).
 *
 * The set is its text, as it lies in the stream's row: each xid as the server writes it
 * in the binlog's XA statements, X'gtrid',X'bqual',format, then a '+' where rows are kept,
 * and a ';' behind it.
 */
#ifndef TABLET_READ_XIDS_H
#define TABLET_READ_XIDS_H

#include "binlog/control.h"
#include "mysql/client.h"

enum {
	/* over 900 of the longest: each is a session, or a coordinator's that has forgotten it */
	XIDS_BYTES_MAX = 256 * 1024,
};

/* Of a row of XA RECOVER: formatID, gtrid_length, bqual_length, data. Borrows. */
int xid_of_recover(const struct slice *row, struct xid *out, struct err *err) MUST_USE;
/* Without the ';'. */
void xid_print(struct buf *out, const struct xid *x);

/* Twice is once: what is said of its rows is new then. xid as xid_print() writes it. ERR_REFUSED beyond
 * XIDS_BYTES_MAX. */
int xids_add(struct buf *set, struct slice xid, bool with_rows, struct err *err) MUST_USE;
/* False: it was not there. */
bool xids_remove(struct buf *set, struct slice xid);
/* Takes the first one off the front of a set; what it returns is the rest. */
struct slice xids_split(struct slice set, struct slice *xid, bool *with_rows);
/* Is one of them in both? */
bool xids_meet(const struct buf *a, const struct buf *b);

/* What is prepared at a server now, added to a set; none with rows. */
int xids_recover(struct ctx *cx, struct mysql_client *c, struct buf *set) MUST_USE;
/* Of an error that says that tables could not be locked: adds what is prepared at the server, which may hold
 * them until a person or a coordinator ends it. -1. */
int xids_tell(struct ctx *cx, struct mysql_client *c) MUST_USE;

#endif
