/*
 * xids.h - XA transactions that are prepared at the source, by xid.
 *
 * XA COMMIT carries no rows: they came with XA PREPARE, maybe long before. So a
 * stream remembers which were prepared before its eyes and had no row of a moved
 * table, durably beside its position, and stops at the COMMIT of any other (rule 2).
 *
 * The set is its text, as it lies in the stream's row: each xid as the server writes it
 * in the binlog's XA statements, X'gtrid',X'bqual',format, and a ';' behind it.
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

/* Twice is once. ERR_REFUSED beyond XIDS_BYTES_MAX. */
int xids_add(struct buf *set, const struct xid *x, struct err *err) MUST_USE;
/* xid as xid_print() writes it. False: it was not there. */
bool xids_remove(struct buf *set, struct slice xid);
/* Is one of them in both? */
bool xids_meet(const struct buf *a, const struct buf *b);

/* ERR_RETRY, with a hint: transactions are prepared at the server. They may hold rows of any table, and end
 * at any time. */
int xids_check_none(struct ctx *cx, struct mysql_client *c) MUST_USE;

#endif
