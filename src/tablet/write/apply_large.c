#include "tablet/write/apply_large.h"

#include "tablet/table/table_row.h"
#include "tablet/write/load_checked.h"

int
apply_large_row(struct ctx *cx, struct mysql_client *c, const struct moved_table *t,
    const struct slice *row, bool fresh)
{
	SCOPED(buf) struct buf rows = BUF_INIT;
	struct load l = { .table = t, .fresh = fresh };

	TRY(load_open(cx, c, &l));
	load_add_row(&rows, t->def, row);
	const struct load_batch b = { buf_slice(&rows), 1, table_row_unsayable(t->def, row) };

	TRY(load_checked(cx, c, &l, &b));
	return load_close(cx, c, &l);
}
