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

static void
add_row(struct buf *out, const struct moved_tables *tables, int table, const struct slice *row)
{
	buf_reset(out);
	buf_add(out, &table, sizeof(table));
	load_add_row(out, tables->items[table].def, row);
}

/* Follows it from image to image, the last of which nothing has become of. NULL: it is gone. */
static struct slice *
row_now(const struct gone_rows *g, const struct moved_tables *tables, int table, struct slice *row,
    struct buf *key)
{
	void *became;

	add_row(key, tables, table, row);
	while ((became = map_get(&g->rows, buf_slice(key))) != NULL) {
		if (became == &g->rows)
			return NULL;
		row = became;
		add_row(key, tables, table, row);
	}
	return row;
}

static const struct change *
note_delete(struct gone_rows *g, const struct moved_tables *tables, const struct change *c,
    struct change *own)
{
	SCOPED(buf) struct buf key = BUF_INIT;
	struct slice *now = row_now(g, tables, c->table, c->before, &key);

	if (now == NULL)
		return mutant("tablet_circle_twice") ? c : NULL;
	map_put(&g->rows, buf_slice(&key), &g->rows);
	if (now == c->before || mutant("tablet_circle_null"))
		return c;
	*own = *c;
	own->before = now;
	return own;
}

static void
note_update(struct gone_rows *g, const struct moved_tables *tables, const struct change *c)
{
	SCOPED(buf) struct buf before = BUF_INIT, after = BUF_INIT;

	add_row(&before, tables, c->table, c->before);
	add_row(&after, tables, c->table, c->after);
	if (!slice_eq(buf_slice(&before), buf_slice(&after)))
		map_put(&g->rows, buf_slice(&before), c->after);
}

/* It is there again, or for the first time. */
static void
note_made(struct gone_rows *g, const struct moved_tables *tables, const struct change *c)
{
	SCOPED(buf) struct buf key = BUF_INIT;

	if (g->rows.count == 0 || tables->items[c->table].referrers.count == 0)
		return;
	add_row(&key, tables, c->table, c->after);
	(void)map_take(&g->rows, buf_slice(&key));
}

const struct change *
gone_rows_note(struct gone_rows *g, const struct moved_tables *tables, const struct change *c,
    struct change *own)
{
	const struct moved_table *t = &tables->items[c->table];
	bool by_action =
	    c->unchecked && c->before != NULL && referrers_may_have(&t->referrers, c->before);

	if (c->after != NULL)
		note_made(g, tables, c);
	if (!by_action)
		return c;
	if (c->kind == CHANGE_DELETE)
		return note_delete(g, tables, c, own);
	note_update(g, tables, c);
	return c;
}
