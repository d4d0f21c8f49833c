#include "tablet/read/deltas.h"

#include "base/mem.h"
#include "base/mutant.h"
#include "mysql/wire.h"

#include <stdlib.h>

enum { PACKED_FORM = 1 };

void
deltas_done(struct deltas *d)
{
	free(d->items);
	*d = (struct deltas){ 0 };
}

void
deltas_reset(struct deltas *d)
{
	d->count = 0;
}

/* Changes of one table come one after another. */
static size_t
find(const struct deltas *d, int table)
{
	size_t i = d->count;

	while (i > 0 && d->items[i - 1].table != table)
		i--;
	return i;
}

const struct table_delta *
deltas_find(const struct deltas *d, int table)
{
	size_t i = find(d, table);

	return i == 0 ? NULL : &d->items[i - 1];
}

struct table_delta *
deltas_of(struct deltas *d, int table)
{
	size_t i = find(d, table);

	if (i > 0)
		return &d->items[i - 1];
	d->items = mem_grow(d->items, &d->cap, d->count + 1, sizeof(d->items[0]));
	d->items[d->count] = (struct table_delta){ .table = table };
	return &d->items[d->count++];
}

void
deltas_add(struct deltas *d, const struct moved_tables *tables, const struct source_txn *txn)
{
	for (size_t i = 0; i < txn->count; i++) {
		const struct change *c = &txn->changes[i];
		const struct table_def *def = tables->items[c->table].def;
		struct table_delta *t = deltas_of(d, c->table);

		t->changes++;
		if (c->before != NULL)
			row_sum_take(&t->sum, def, c->before);
		if (c->after != NULL)
			row_sum_add(&t->sum, def, c->after);
	}
}

void
deltas_join(struct deltas *d, const struct deltas *more)
{
	for (size_t i = 0; i < more->count; i++) {
		struct table_delta *t = deltas_of(d, more->items[i].table);

		t->changes += more->items[i].changes;
		row_sum_join(&t->sum, &more->items[i].sum);
	}
}

uint64_t
deltas_changes(const struct deltas *d)
{
	uint64_t changes = 0;

	for (size_t i = 0; i < d->count; i++)
		changes += d->items[i].changes;
	return changes;
}

/* ---- As bytes */

void
placed_deltas_done(struct placed_deltas *g)
{
	position_done(&g->end);
	deltas_done(&g->deltas);
}

void
deltas_pack(struct buf *out, const struct position *end, const struct deltas *d)
{
	wire_put_int(out, PACKED_FORM, 1);
	wire_put_lenenc_str(out, slice_str(end->file));
	wire_put_lenenc(out, end->offset);
	wire_put_lenenc(out, d->count);
	for (size_t i = 0; i < d->count; i++) {
		const struct table_delta *t = &d->items[i];

		wire_put_lenenc(out, (uint64_t)t->table);
		wire_put_lenenc(out, t->changes);
		wire_put_int(out, (uint64_t)t->sum.rows, 8);
		wire_put_int(out, t->sum.halves[0], 8);
		wire_put_int(out, t->sum.halves[1], 8);
	}
}

static int
read_table(struct wire_reader *r, int tables, struct deltas *d, struct err *err)
{
	uint64_t table = wire_lenenc(r);

	if (table >= (uint64_t)tables)
		return err_set(
		    err, ERR_CORRUPT, "packed deltas are of a table that the stream has not");
	struct table_delta *t = deltas_of(d, (int)table);
	t->changes = wire_lenenc(r);
	t->sum.rows = (int64_t)wire_u64(r);
	t->sum.halves[0] = wire_u64(r);
	t->sum.halves[1] = wire_u64(r);
	return 0;
}

int
deltas_unpack(struct slice bytes, int tables, struct placed_deltas *out, struct err *err)
{
	struct wire_reader r = wire_reader(bytes);
	uint8_t form = wire_u8(&r);
	struct slice file = wire_lenenc_str(&r);

	if (form != PACKED_FORM || file.len >= sizeof(out->end.file))
		return err_set(err, ERR_CORRUPT, "packed deltas have an unknown form");
	memcpy(out->end.file, file.ptr, file.len);
	out->end.offset = wire_lenenc(&r);
	for (uint64_t left = wire_lenenc(&r); left > 0 && !r.failed; left--)
		TRY(read_table(&r, tables, &out->deltas, err));
	return wire_done(&r, "packed deltas", err);
}
