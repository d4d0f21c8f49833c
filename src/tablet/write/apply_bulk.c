#include "tablet/write/apply_bulk.h"

#include "tablet/write/apply_sql.h"
#include "tablet/write/load.h"

enum {
	/* of an execution: thousands of small rows */
	BULK_BYTES = 512 * 1024,
};

int
apply_bulk_begin(
    struct ctx *cx, struct mysql_client *c, struct apply_bulk *b, bool updates, uint64_t packet_max)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	const struct load insert = { .table = b->table, .fresh = true };

	load_bulk_sql(&sql, &insert);
	if (updates)
		apply_sql_update_end(&sql, b->table, mysql_dialect(c));
	TRY(bulk_prepare(cx, c, buf_slice(&sql), &b->statement));
	b->room = (size_t)packet_max - bulk_overhead(&b->statement) - 1;
	if (b->room > BULK_BYTES)
		b->room = BULK_BYTES;
	return 0;
}

static int
execute(struct ctx *cx, struct mysql_client *c, struct apply_bulk *b)
{
	struct mysql_ok ok;

	if (b->rows.len == 0)
		return 0;
	TRY(bulk_execute(cx, c, &b->statement, buf_slice(&b->rows), &ok));
	b->affected += ok.affected_rows;
	b->warnings += ok.warnings;
	buf_reset(&b->rows);
	return 0;
}

int
apply_bulk_add(struct ctx *cx, struct mysql_client *c, struct apply_bulk *b, const struct slice *row)
{
	size_t before = b->rows.len;

	load_add_row(&b->rows, b->table->def, row);
	b->count++;
	if (before == 0 || b->rows.len <= b->room)
		return 0;
	/* Without the last one, which does not fit any more. */
	buf_truncate(&b->rows, before);
	TRY(execute(cx, c, b));
	load_add_row(&b->rows, b->table->def, row);
	return 0;
}

int
apply_bulk_end(struct ctx *cx, struct mysql_client *c, struct apply_bulk *b)
{
	TRY(execute(cx, c, b));
	return bulk_close(cx, c, &b->statement);
}

void
apply_bulk_done(struct apply_bulk *b)
{
	buf_done(&b->rows);
}
