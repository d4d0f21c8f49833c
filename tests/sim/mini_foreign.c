#include "sim/mini_foreign.h"

#include "base/check.h"

#include <string.h>

/* A row of t that has nothing but this value, to look for others that have it. */
static const struct slice *
probe(struct mini_txn *txn, const struct mini_table *t, int column, struct slice value)
{
	struct slice *row = arena_array(&txn->store->arena, struct slice, t->columns_count);

	row[column] = value;
	return row;
}

static enum mini_rc
find(struct mini_txn *txn, struct mini_table *t, int column, struct slice value,
    struct mini_row **found)
{
	const struct mini_index by = { .columns = { column }, .count = 1 };

	*found = NULL;
	return txn_find(txn, t, &by, probe(txn, t, column, value), found);
}

static struct mini_table *
parent_of(const struct mini_store *s, const struct mini_table *t, const struct mini_foreign *f)
{
	struct mini_table *parent = store_find(s, slice_str(t->database), slice_str(f->parent));

	check(parent != NULL);
	return parent;
}

/* ---- The child's side */

/* before: NULL of a new row. The row itself is written already: it may be its own parent. */
static enum mini_rc
check_parents(struct mini_txn *txn, struct mini_table *t, const struct slice *before,
    const struct slice *values)
{
	for (int i = 0; i < t->foreign_count; i++) {
		const struct mini_foreign *f = &t->foreign[i];
		struct mini_table *parent = parent_of(txn->store, t, f);
		struct slice v = values[f->column];
		struct mini_row *found;

		if (slice_is_null(v) ||
		    (before != NULL && sort_equal(&t->columns[f->column], before[f->column], v)))
			continue;
		if (find(txn, parent, table_column(parent, slice_str(f->refers)), v, &found) !=
		    MINI_OK)
			return MINI_BLOCKED;
		if (found == NULL)
			return MINI_NO_PARENT;
	}
	return MINI_OK;
}

enum mini_rc
foreign_insert(struct mini_txn *txn, struct mini_table *t, const struct slice *values)
{
	enum mini_rc rc = txn_insert(txn, t, values);

	return rc != MINI_OK || txn->unchecked ? rc : check_parents(txn, t, NULL, values);
}

/* ---- The parent's side */

/* A key that refers to a table. */
struct reference {
	struct mini_table *child;
	const struct mini_foreign *key;
};

/* The one of the next name. */
static bool
next_reference(const struct mini_store *s, const struct mini_table *parent, struct reference *ref)
{
	struct reference best = { 0 };

	list_each(&s->tables, n) {
		struct mini_table *t = list_item(n, struct mini_table, node);

		for (int i = 0; i < t->foreign_count; i++) {
			const struct mini_foreign *f = &t->foreign[i];

			if (strcmp(f->parent, parent->name) == 0 &&
			    strcmp(t->database, parent->database) == 0 &&
			    (ref->key == NULL || strcmp(f->name, ref->key->name) > 0) &&
			    (best.key == NULL || strcmp(f->name, best.key->name) < 0))
				best = (struct reference){ t, f };
		}
	}
	*ref = best;
	return best.key != NULL;
}

/* Real servers open, and tell, the tables that an action may change, whether it finds a row or not. */
static void
touch_children(struct mini_txn *txn, const struct mini_table *t)
{
	struct reference ref = { 0 };

	while (next_reference(txn->store, t, &ref)) {
		if (ref.key->on_delete != MINI_RESTRICT || ref.key->on_update != MINI_RESTRICT)
			txn_touch(txn, ref.child);
	}
}

/* to: NULL where the row goes. */
static enum mini_rc
act_on(struct mini_txn *txn, const struct reference *ref, struct mini_row *r, const struct slice *to)
{
	const struct slice *now = row_at(r, txn, UINT64_MAX);
	struct slice *row;

	check(now != NULL);
	if (to == NULL)
		return foreign_delete(txn, ref->child, r);
	row = values_dup(txn->store, ref->child, now);
	row[ref->key->column] = *to;
	return foreign_update(txn, ref->child, r, row);
}

/* to: the new value of what is referred to; NULL where the parent is gone. */
static enum mini_rc
act(struct mini_txn *txn, const struct reference *ref, struct slice from, const struct slice *to)
{
	enum mini_action action = to == NULL ? ref->key->on_delete : ref->key->on_update;
	const struct slice null = SLICE_NULL;
	struct mini_row *found;
	enum mini_rc rc = MINI_OK;

	if (action == MINI_SET_NULL)
		to = &null;
	while (rc == MINI_OK) {
		if (find(txn, ref->child, ref->key->column, from, &found) != MINI_OK)
			return MINI_BLOCKED;
		if (found == NULL)
			return MINI_OK;
		if (action == MINI_RESTRICT)
			return MINI_HAS_CHILD;
		txn->silent++;
		rc = act_on(txn, ref, found, to);
		txn->silent--;
	}
	return rc;
}

/* after: NULL: the row is gone. */
static enum mini_rc
act_on_children(struct mini_txn *txn, const struct mini_table *t, const struct slice *before,
    const struct slice *after)
{
	struct reference ref = { 0 };
	enum mini_rc rc = MINI_OK;

	while (rc == MINI_OK && next_reference(txn->store, t, &ref)) {
		int column = table_column(t, slice_str(ref.key->refers));
		const struct slice *to = after == NULL ? NULL : &after[column];

		if (slice_is_null(before[column]) ||
		    (to != NULL && sort_equal(&t->columns[column], before[column], *to)))
			continue;
		rc = act(txn, &ref, before[column], to);
	}
	return rc;
}

enum mini_rc
foreign_delete(struct mini_txn *txn, struct mini_table *t, struct mini_row *r)
{
	const struct slice *before;
	enum mini_rc rc;

	if (txn->unchecked)
		return txn_delete(txn, t, r);
	if (row_lock(txn, r, &before) != MINI_OK)
		return MINI_BLOCKED;
	touch_children(txn, t);
	rc = txn_delete(txn, t, r);
	return rc == MINI_OK ? act_on_children(txn, t, before, NULL) : rc;
}

enum mini_rc
foreign_update(
    struct mini_txn *txn, struct mini_table *t, struct mini_row *r, const struct slice *values)
{
	const struct slice *before;
	enum mini_rc rc;

	if (txn->unchecked)
		return txn_update(txn, t, r, values);
	if (row_lock(txn, r, &before) != MINI_OK)
		return MINI_BLOCKED;
	touch_children(txn, t);
	rc = txn_update(txn, t, r, values);
	if (rc == MINI_OK)
		rc = check_parents(txn, t, before, values);
	return rc == MINI_OK ? act_on_children(txn, t, before, values) : rc;
}

/* ---- Rows without the one that they refer to */

static bool
has_parent(const struct mini_table *child, const struct mini_table *parent,
    const struct mini_foreign *f, struct slice v)
{
	int refers = table_column(parent, slice_str(f->refers));

	for (size_t i = 0; i < parent->count; i++) {
		const struct slice *row = row_at(parent->rows[i], NULL, UINT64_MAX);

		if (row != NULL && sort_equal(&child->columns[f->column], row[refers], v))
			return true;
	}
	return false;
}

static bool
is_orphan(const struct mini_store *s, const struct mini_table *child, const struct mini_foreign *f,
    const struct slice *row)
{
	return row != NULL && !slice_is_null(row[f->column]) &&
	    !has_parent(child, parent_of(s, child, f), f, row[f->column]);
}

/* `database`.`name` and one blank behind it. */
static struct slice
take_table(struct slice s, struct slice *database, struct slice *name)
{
	struct slice part;

	s = slice_split(s, '`', &part);
	s = slice_split(slice_split(s, '`', database), '`', &part);
	return slice_split(s, '`', name);
}

bool
foreign_answer_orphan(
    struct mini_store *s, struct arena *a, struct slice sql, struct mini_result *out)
{
	static const char head[] = "SELECT CONCAT_WS(', ', ", from[] = ") FROM ", on[] = " p ON p.`";
	struct slice rest, database, name, parent, refers, column, skipped;
	const uint8_t *at = memmem(sql.ptr, sql.len, from, strlen(from));

	if (!slice_starts(sql, head) || at == NULL)
		return false;
	at += strlen(from);
	rest = take_table(slice_of(at, sql.len - (size_t)(at - sql.ptr)), &database, &name);
	check(slice_starts(rest, " c LEFT JOIN `"));
	rest = take_table(slice_cut(rest, strlen(" c LEFT JOIN "), rest.len), &skipped, &parent);
	check(slice_starts(rest, on));
	rest = slice_split(slice_cut(rest, strlen(on), rest.len), '`', &refers);
	check(slice_starts(rest, "=c.`"));
	slice_split(slice_cut(rest, strlen("=c.`"), rest.len), '`', &column);

	struct mini_table *child = store_find(s, database, name);

	check(child != NULL && store_find(s, database, parent) != NULL);
	const struct mini_foreign f = { .parent = arena_slice_str(a, parent),
		.refers = arena_slice_str(a, refers),
		.column = table_column(child, column) };

	result_begin(out, a, 1, "row");
	for (size_t i = 0; i < child->count && out->rows == 0; i++) {
		if (is_orphan(s, child, &f, row_at(child->rows[i], NULL, UINT64_MAX)))
			result_add(out, slice_str("an orphan"));
	}
	return true;
}
