/*
 * xa_rows.h - table xa_rows of the sidecar database: the rows of a source's prepared XA transactions.
 *
 * They come and go in the transactions of the stream that store its position, so that they are there
 * exactly when the stream's row says so of the xid (read/xids.h). Each is cut into pieces, which are
 * numbered from 0; together they are what read/tail_group.h packs.
 */
#ifndef TABLET_SERVER_XA_ROWS_H
#define TABLET_SERVER_XA_ROWS_H

#include "mysql/client.h"
#include "tablet/server/sidecar.h"

struct xa_piece {
	struct slice xid; /* as the stream's row has it */
	int no;
};

/* Appended, to run inside the applier's transaction. */
void xa_rows_add_sql(
    struct buf *out, struct stream_id id, const struct xa_piece *which, struct slice bytes);
/* Changes a row at least where they are there. */
void xa_rows_end_sql(struct buf *out, struct stream_id id, struct slice xid);
/* SLICE_NULL behind the last. In cx->arena. */
int xa_rows_read(struct ctx *cx, struct mysql_client *c, struct stream_id id,
    const struct xa_piece *which, struct slice *bytes) MUST_USE;
/* All of a stream's. */
int xa_rows_delete(struct ctx *cx, struct mysql_client *c, struct stream_id id) MUST_USE;

#endif
