#include "sim/mini_store.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/parse.h"

#include <ctype.h>
#include <stdlib.h>

void
store_init(struct mini_store *s)
{
	*s = (struct mini_store){ .next_table = 100 };
	arena_init(&s->arena);
	list_init(&s->tables);
}

void
store_done(struct mini_store *s)
{
	list_each(&s->tables, n)
		store_drop(s, list_item(n, struct mini_table, node));
	arena_done(&s->arena);
}

struct mini_table *
store_find(const struct mini_store *s, struct slice database, struct slice name)
{
	list_each(&s->tables, n) {
		struct mini_table *t = list_item(n, struct mini_table, node);

		if (slice_eq_str(database, t->database) && slice_eq_str(name, t->name))
			return t;
	}
	return NULL;
}

void
store_add(struct mini_store *s, struct mini_table *t)
{
	t->number = s->next_table++;
	list_push(&s->tables, &t->node);
}

void
store_drop(struct mini_store *s, struct mini_table *t)
{
	list_remove(&t->node);
	free(t->rows);
	t->rows = NULL;
	t->count = 0;
}

int
table_column(const struct mini_table *t, struct slice name)
{
	for (int i = 0; i < t->columns_count; i++) {
		if (slice_eq_str(name, t->columns[i].name))
			return i;
	}
	return -1;
}

/* ---- Keys */

static void
sort_int(struct buf *out, struct slice value)
{
	struct err err;
	int64_t v;
	uint64_t u;

	if (parse_i64(value, &v, &err) == 0)
		u = (uint64_t)v ^ (UINT64_C(1) << 63);
	else
		check(parse_u64(value, &u, &err) == 0); /* above 2^63: unsigned, and sorts last */
	for (int i = 56; i >= 0; i -= 8)
		buf_add_char(out, (char)(u >> i));
}

/* General case folding of what the worlds write, and trailing spaces that do not count. */
static void
sort_text(struct buf *out, struct slice value)
{
	while (value.len > 0 && value.ptr[value.len - 1] == ' ')
		value.len--;
	for (size_t i = 0; i < value.len; i++)
		buf_add_char(out, (char)toupper(value.ptr[i]));
	buf_add_char(out, '\0');
}

void
sort_bytes(struct buf *out, const struct mini_column *c, struct slice value)
{
	if (slice_is_null(value))
		return;
	if (c->kind == MINI_INT) {
		sort_int(out, value);
	} else if (c->kind == MINI_TEXT_CI) {
		sort_text(out, value);
	} else {
		buf_add_slice(out, value);
		buf_add_char(out, '\0');
	}
}

static struct slice
part_of(const struct mini_index *index, int part, const struct slice *values)
{
	struct slice v = values[index->columns[part]];

	return index->prefix[part] > 0 && !slice_is_null(v) ? slice_cut(v, 0, index->prefix[part])
							    : v;
}

bool
index_equal(const struct mini_table *t, const struct mini_index *index, const struct slice *a,
    const struct slice *b)
{
	for (int i = 0; i < index->count; i++) {
		if (!sort_equal(
			&t->columns[index->columns[i]], part_of(index, i, a), part_of(index, i, b)))
			return false;
	}
	return true;
}

bool
sort_equal(const struct mini_column *c, struct slice a, struct slice b)
{
	SCOPED(buf) struct buf x = BUF_INIT, y = BUF_INIT;

	if (slice_is_null(a) || slice_is_null(b))
		return false; /* NULLs are never equal in a unique index */
	sort_bytes(&x, c, a);
	sort_bytes(&y, c, b);
	return slice_eq(buf_slice(&x), buf_slice(&y));
}

void
table_key(struct buf *out, const struct mini_table *t, const struct slice *values)
{
	for (int i = 0; i < t->key.count; i++)
		sort_bytes(out, &t->columns[t->key.columns[i]], part_of(&t->key, i, values));
}

struct mini_row *
table_find(const struct mini_table *t, struct slice key, size_t *at)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (slice_cmp(t->rows[middle]->key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return low < t->count && slice_eq(t->rows[low]->key, key) ? t->rows[low] : NULL;
}

static struct mini_row *
place_of(struct mini_store *s, struct mini_table *t, const struct slice *values)
{
	SCOPED(buf) struct buf key = BUF_INIT;
	struct mini_row *r;
	size_t at;

	if (t->key.count > 0)
		table_key(&key, t, values);
	else
		sort_int(&key,
		    slice_str(arena_printf(&s->arena, "%llu", (unsigned long long)++t->rows_made)));
	r = table_find(t, buf_slice(&key), &at);
	if (r != NULL)
		return r;
	r = arena_new(&s->arena, struct mini_row);
	r->key = arena_dup(&s->arena, buf_slice(&key));
	t->rows = mem_grow(t->rows, &t->cap, t->count + 1, sizeof(t->rows[0]));
	memmove(t->rows + at + 1, t->rows + at, (t->count - at) * sizeof(t->rows[0]));
	t->rows[at] = r;
	t->count++;
	return r;
}

struct slice *
values_dup(struct mini_store *s, const struct mini_table *t, const struct slice *values)
{
	struct slice *copy = arena_array(&s->arena, struct slice, t->columns_count);

	for (int i = 0; i < t->columns_count; i++)
		copy[i] = arena_dup(&s->arena, values[i]);
	return copy;
}

/* ---- Transactions */

void
txn_init(struct mini_txn *txn, struct mini_store *s)
{
	*txn = (struct mini_txn){ .store = s };
}

void
txn_done(struct mini_txn *txn)
{
	txn_end(txn, 0);
	free(txn->writes);
	free(txn->locks);
	free(txn->changes);
}

const struct slice *
row_at(const struct mini_row *r, const struct mini_txn *txn, uint64_t seq)
{
	for (const struct mini_version *v = r->newest; v != NULL; v = v->older) {
		if (v->seq == 0 ? txn != NULL && v->writer == txn : v->seq <= seq)
			return v->values;
	}
	return NULL;
}

const struct slice *
row_logged(const struct mini_row *r, uint64_t seq)
{
	for (const struct mini_version *v = r->newest; v != NULL; v = v->older) {
		uint64_t logged = v->seq != 0 ? v->seq : v->writer->logged;

		if (logged != 0 && logged <= seq)
			return v->values;
	}
	return NULL;
}

enum mini_rc
row_lock(struct mini_txn *txn, struct mini_row *r, const struct slice **values)
{
	if (r->locked_by != NULL && r->locked_by != txn) {
		txn->waits_for = r->locked_by;
		return MINI_BLOCKED;
	}
	if (r->locked_by == NULL) {
		txn->locks = mem_grow(
		    txn->locks, &txn->locks_cap, txn->locks_count + 1, sizeof(txn->locks[0]));
		txn->locks[txn->locks_count++] = r;
		r->locked_by = txn;
	}
	*values = row_at(r, txn, UINT64_MAX);
	return MINI_OK;
}

static void
add_version(struct mini_txn *txn, struct mini_row *r, const struct slice *values)
{
	struct mini_version *v = arena_new(&txn->store->arena, struct mini_version);

	check(r->locked_by == txn);
	*v = (struct mini_version){ .older = r->newest, .writer = txn, .values = values };
	r->newest = v;
	txn->writes =
	    mem_grow(txn->writes, &txn->writes_cap, txn->writes_count + 1, sizeof(txn->writes[0]));
	txn->writes[txn->writes_count++] = r;
}

static void
add_change(struct mini_txn *txn, struct mini_change change)
{
	if (txn->silent > 0)
		return;
	change.unchecked = txn->unchecked;
	txn->changes = mem_grow(
	    txn->changes, &txn->changes_cap, txn->changes_count + 1, sizeof(txn->changes[0]));
	txn->changes[txn->changes_count++] = change;
}

void
txn_touch(struct mini_txn *txn, struct mini_table *t)
{
	add_change(txn, (struct mini_change){ .kind = MINI_TOUCH, .table = t });
}

/* Has any version that may yet be the row's present one these values? */
static bool
may_have(const struct mini_row *r, const struct mini_table *t, const struct mini_index *index,
    const struct slice *values)
{
	for (const struct mini_version *v = r->newest; v != NULL; v = v->older) {
		if (v->values != NULL && index_equal(t, index, v->values, values))
			return true;
		if (v->seq != 0)
			return false;
	}
	return false;
}

enum mini_rc
txn_find(struct mini_txn *txn, struct mini_table *t, const struct mini_index *index,
    const struct slice *values, struct mini_row **found)
{
	for (size_t i = 0; i < t->count; i++) {
		struct mini_row *r = t->rows[i];
		const struct slice *there;
		const struct slice *now = r->locked_by == txn ? row_at(r, txn, UINT64_MAX) : NULL;

		if (r == *found || !may_have(r, t, index, values))
			continue;
		if (r->locked_by == txn && (now == NULL || !index_equal(t, index, now, values)))
			continue; /* it was ours, and is free again */
		if (row_lock(txn, r, &there) != MINI_OK)
			return MINI_BLOCKED;
		*found = r;
		return MINI_OK;
	}
	*found = NULL;
	return MINI_OK;
}

enum mini_rc
txn_conflict(struct mini_txn *txn, struct mini_table *t, const struct slice *values,
    const struct mini_row *self, struct mini_row **found)
{
	struct mini_row *r = t->key.count > 0 ? place_of(txn->store, t, values) : NULL;
	const struct slice *there = NULL;

	if (r != NULL && row_lock(txn, r, &there) != MINI_OK)
		return MINI_BLOCKED;
	*found = r;
	if (there != NULL && r != self)
		return MINI_OK;
	for (int i = 0; i < t->indexes_count; i++) {
		*found = self != NULL ? (struct mini_row *)(uintptr_t)self : r;
		if (!t->indexes[i].unique)
			continue;
		if (txn_find(txn, t, &t->indexes[i], values, found) != MINI_OK)
			return MINI_BLOCKED;
		if (*found != NULL)
			return MINI_OK;
	}
	*found = NULL;
	return MINI_OK;
}

enum mini_rc
txn_insert(struct mini_txn *txn, struct mini_table *t, const struct slice *values)
{
	struct slice *copy = values_dup(txn->store, t, values);
	struct mini_row *found, *to;
	const struct slice *there;

	if (txn_conflict(txn, t, values, NULL, &found) != MINI_OK)
		return MINI_BLOCKED;
	if (found != NULL)
		return MINI_DUPLICATE;
	to = place_of(txn->store, t, values);
	check(row_lock(txn, to, &there) == MINI_OK && there == NULL);
	add_version(txn, to, copy);
	add_change(txn, (struct mini_change){ .kind = MINI_INSERT, .table = t, .after = copy });
	return MINI_OK;
}

enum mini_rc
txn_delete(struct mini_txn *txn, struct mini_table *t, struct mini_row *r)
{
	const struct slice *values;

	if (row_lock(txn, r, &values) != MINI_OK)
		return MINI_BLOCKED;
	check(values != NULL);
	add_version(txn, r, NULL);
	add_change(txn, (struct mini_change){ .kind = MINI_DELETE, .table = t, .before = values });
	return MINI_OK;
}

enum mini_rc
txn_update(
    struct mini_txn *txn, struct mini_table *t, struct mini_row *r, const struct slice *values)
{
	struct slice *copy = values_dup(txn->store, t, values);
	const struct slice *before;
	struct mini_row *found, *to;

	if (row_lock(txn, r, &before) != MINI_OK || txn_conflict(txn, t, copy, r, &found) != MINI_OK)
		return MINI_BLOCKED;
	check(before != NULL);
	if (found != NULL)
		return MINI_DUPLICATE;
	to = t->key.count > 0 ? place_of(txn->store, t, copy) : r;
	if (to != r)
		add_version(txn, r, NULL);
	add_version(txn, to, copy);
	add_change(txn,
	    (struct mini_change){ .kind = MINI_UPDATE, .table = t, .before = before, .after = copy });
	return MINI_OK;
}

void
txn_undo(struct mini_txn *txn, size_t writes, size_t changes)
{
	while (txn->writes_count > writes) {
		struct mini_row *r = txn->writes[--txn->writes_count];

		check(r->newest->writer == txn && r->newest->seq == 0);
		r->newest = r->newest->older;
	}
	txn->changes_count = changes;
}

void
txn_end(struct mini_txn *txn, uint64_t seq)
{
	if (seq == 0)
		txn_undo(txn, 0, 0);
	for (size_t i = 0; i < txn->writes_count; i++) {
		for (struct mini_version *v = txn->writes[i]->newest; v != NULL && v->seq == 0;
		     v = v->older) {
			v->seq = seq;
			v->writer = NULL;
		}
	}
	for (size_t i = 0; i < txn->locks_count; i++)
		txn->locks[i]->locked_by = NULL;
	if (seq > txn->store->visible)
		txn->store->visible = seq;
	txn->writes_count = txn->locks_count = txn->changes_count = 0;
	txn->begun = txn->snapshot = false;
	txn->logged = 0;
	txn->waits_for = NULL;
}
