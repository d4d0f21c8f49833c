#include "tablet/server/xa_rows.h"

#include "sql/quote.h"
#include "tablet/server/again.h"

static void
add_where(struct buf *out, struct stream_id id, struct slice xid)
{
	sidecar_where_stream(out, id);
	buf_add_str(out, " AND xid=");
	quote_string(out, xid);
}

void
xa_rows_add_sql(
    struct buf *out, struct stream_id id, const struct xa_piece *which, struct slice bytes)
{
	buf_add_str(out, "INSERT INTO ");
	sidecar_table(out, id.sidecar, "xa_rows");
	buf_add_str(out, " (workflow, round, xid, piece_no, piece) VALUES (");
	quote_string(out, slice_str(id.workflow));
	buf_addf(out, ", %d, ", id.round);
	quote_string(out, which->xid);
	buf_addf(out, ", %d, ", which->no);
	quote_hex(out, bytes);
	buf_add_char(out, ')');
}

void
xa_rows_end_sql(struct buf *out, struct stream_id id, struct slice xid)
{
	buf_add_str(out, "DELETE FROM ");
	sidecar_table(out, id.sidecar, "xa_rows");
	add_where(out, id, xid);
}

int
xa_rows_read(struct ctx *cx, struct mysql_client *c, struct stream_id id,
    const struct xa_piece *which, struct slice *bytes)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql, "SELECT piece FROM ");
	sidecar_table(&sql, id.sidecar, "xa_rows");
	add_where(&sql, id, which->xid);
	buf_addf(&sql, " AND piece_no=%d", which->no);
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	*bytes = rows.rows == 0 ? SLICE_NULL : rows.values[0];
	return 0;
}

int
xa_rows_delete(struct ctx *cx, struct mysql_client *c, struct stream_id id)
{
	return again_delete(cx, c, id, "xa_rows");
}
