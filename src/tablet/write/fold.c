#include "tablet/write/fold.h"

#include <stdlib.h>

void
fold_init(struct fold *f)
{
	*f = (struct fold){ 0 };
	arena_init(&f->arena);
	map_init(&f->by_key);
}

void
fold_done(struct fold *f)
{
	map_done(&f->by_key);
	arena_done(&f->arena);
}

void
fold_reset(struct fold *f)
{
	map_clear(&f->by_key);
	arena_reset(&f->arena);
	f->first = f->last = NULL;
	f->ordered = f->ordered_last = NULL;
	f->count = 0;
	f->changes = 0;
}

static struct fold_row *
add_row(struct fold *f, int table, struct slice key, struct slice map_key)
{
	struct fold_row *row = arena_new(&f->arena, struct fold_row);

	row->table = table;
	row->key = key;
	if (f->last != NULL)
		f->last->next = row;
	else
		f->first = row;
	f->last = row;
	f->count++;
	map_put(&f->by_key, map_key, row);
	return row;
}

/*
 * The row of a key, made on first sight; NULL when the key does not exist now
 * although it must, or the other way round.
 */
static struct fold_row *
find_row(struct fold *f, int table, struct slice key, bool must_exist, struct err *err)
{
	SCOPED(buf) struct buf map_key = BUF_INIT;
	struct fold_row *row;

	buf_add(&map_key, &table, sizeof(table));
	buf_add_slice(&map_key, key);
	row = map_get(&f->by_key, buf_slice(&map_key));
	if (row == NULL) {
		row = add_row(f, table, key, buf_slice(&map_key));
		row->existed = row->exists = must_exist;
	}
	if (row->exists == must_exist)
		return row;
	err_set(err, ERR_CORRUPT, "the binlog %s",
	    must_exist ? "changes a row that it has deleted" : "inserts a row that it has inserted");
	return NULL;
}

static int
remove_key(struct fold *f, const struct change *c, struct err *err)
{
	struct fold_row *row = find_row(f, c->table, c->key_before, true, err);

	if (row == NULL)
		return -1;
	if (row->existed && row->before == NULL)
		row->before = c->before;
	row->exists = false;
	return 0;
}

static int
insert_key(struct fold *f, const struct change *c, struct err *err)
{
	struct fold_row *row = find_row(f, c->table, c->key_after, false, err);

	if (row == NULL)
		return -1;
	row->exists = true;
	row->after = c->after;
	return 0;
}

static int
change_key(struct fold *f, const struct change *c, struct err *err)
{
	struct fold_row *row;

	if (!slice_eq(c->key_before, c->key_after)) {
		TRY(remove_key(f, c, err));
		return insert_key(f, c, err);
	}
	row = find_row(f, c->table, c->key_after, true, err);
	if (row == NULL)
		return -1;
	if (row->existed && row->before == NULL)
		row->before = c->before;
	row->after = c->after;
	return 0;
}

static void
add_ordered(struct fold *f, const struct change *c)
{
	struct fold_change *o = arena_new(&f->arena, struct fold_change);

	o->change = c;
	if (f->ordered_last != NULL)
		f->ordered_last->next = o;
	else
		f->ordered = o;
	f->ordered_last = o;
}

static int
add_change(struct fold *f, const struct change *c, enum fold_how how, struct err *err)
{
	bool keyless = slice_is_null(c->key_before) && slice_is_null(c->key_after);

	if (keyless && how == FOLD_KEYED)
		return 0;
	f->changes++;
	if (keyless || how == FOLD_ORDERED) {
		add_ordered(f, c);
		return 0;
	}
	switch (c->kind) {
	case CHANGE_INSERT: return insert_key(f, c, err);
	case CHANGE_UPDATE: return change_key(f, c, err);
	case CHANGE_DELETE: return remove_key(f, c, err);
	}
	return err_set(err, ERR_CORRUPT, "a change of no kind");
}

int
fold_add(struct fold *f, const struct source_txn *txn, enum fold_how how, struct err *err)
{
	for (size_t i = 0; i < txn->count; i++)
		TRY(add_change(f, &txn->changes[i], how, err));
	return 0;
}

int
fold_place_cmp(int table_a, struct slice key_a, int table_b, struct slice key_b)
{
	size_t len = key_a.len < key_b.len ? key_a.len : key_b.len;
	int way = table_a - table_b;

	if (way == 0 && len > 0)
		way = memcmp(key_a.ptr, key_b.ptr, len);
	if (way == 0)
		way = (key_a.len > key_b.len) - (key_a.len < key_b.len);
	return way;
}

static int
by_place(const void *a, const void *b)
{
	const struct fold_row *l = *(const struct fold_row *const *)a;
	const struct fold_row *r = *(const struct fold_row *const *)b;

	return fold_place_cmp(l->table, l->key, r->table, r->key);
}

struct fold_by_table
fold_group(struct arena *a, const struct fold *f, int tables)
{
	struct fold_by_table out = { arena_array(a, const struct fold_row *, f->count),
		arena_array(a, size_t, (size_t)tables) };
	size_t at = 0;

	for (const struct fold_row *row = f->first; row != NULL; row = row->next) {
		out.rows[at++] = row;
		out.ends[row->table]++;
	}
	for (int t = 1; t < tables; t++)
		out.ends[t] += out.ends[t - 1];
	qsort(out.rows, at, sizeof(struct fold_row *), by_place);
	return out;
}
