#include "tablet/write/gone_rows.h"

#include "base/mutant.h"

void
gone_rows_init(struct gone_rows *g)
{
	map_init(&g->rows);
}

void
gone_rows_done(struct gone_rows *g)
{
	map_done(&g->rows);
}

static void
add_row(struct buf *out, const struct moved_tables *tables, int table, const struct slice *row)
{
	buf_add(out, &table, sizeof(table));
	for (int i = 0; i < tables->items[table].def->columns_count; i++) {
		size_t len = slice_is_null(row[i]) ? SIZE_MAX : row[i].len;

		buf_add(out, &len, sizeof(len));
		if (!slice_is_null(row[i]))
			buf_add_slice(out, row[i]);
	}
}

bool
gone_rows_repeats(struct gone_rows *g, const struct moved_tables *tables, const struct change *c)
{
	SCOPED(buf) struct buf row = BUF_INIT;
	bool by_action = c->kind == CHANGE_DELETE && c->unchecked;

	if (!by_action && (g->rows.count == 0 || c->after == NULL))
		return false;
	add_row(&row, tables, c->table, by_action ? c->before : c->after);
	if (!by_action) {
		(void)map_take(&g->rows, buf_slice(&row)); /* it is there again */
		return false;
	}
	return map_put(&g->rows, buf_slice(&row), g) != NULL && !mutant("tablet_circle_twice");
}
