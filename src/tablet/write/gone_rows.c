#include "tablet/write/gone_rows.h"

#include "base/mutant.h"
#include "tablet/write/load.h"

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

bool
gone_rows_repeats(struct gone_rows *g, const struct moved_tables *tables, const struct change *c)
{
	SCOPED(buf) struct buf row = BUF_INIT;
	bool by_action = c->kind == CHANGE_DELETE && c->unchecked;

	if (!by_action && (g->rows.count == 0 || c->after == NULL))
		return false;
	buf_add(&row, &c->table, sizeof(c->table));
	load_add_row(&row, tables->items[c->table].def, by_action ? c->before : c->after);
	if (!by_action) {
		(void)map_take(&g->rows, buf_slice(&row)); /* it is there again */
		return false;
	}
	return map_put(&g->rows, buf_slice(&row), g) != NULL && !mutant("tablet_circle_twice");
}
