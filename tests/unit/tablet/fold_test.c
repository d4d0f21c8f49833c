/* Folding: a run's end is the same as the end of its changes one by one. */
#include "tablet/write/fold.h"

#include "base/rand.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

static struct err err;
static struct source_txn *txn;
static struct fold fold;

static struct slice *
image(int key, int version)
{
	struct slice *row = arena_array(&txn->arena, struct slice, 2);

	row[0] = slice_str(arena_printf(&txn->arena, "%d", key));
	row[1] = slice_str(arena_printf(&txn->arena, "%d", version));
	return row;
}

static struct change *
add(enum change_kind kind)
{
	txn->changes = realloc(txn->changes, sizeof(struct change) * (txn->count + 1));
	txn->changes[txn->count] = (struct change){ .kind = kind };
	return &txn->changes[txn->count++];
}

static void
insert(int key, int version)
{
	struct change *c = add(CHANGE_INSERT);

	c->after = image(key, version);
	c->key_after = c->after[0];
}

static void delete (int key, int version)
{
	struct change *c = add(CHANGE_DELETE);

	c->before = image(key, version);
	c->key_before = c->before[0];
}

static void
update(int key, int version, int new_key, int new_version)
{
	struct change *c = add(CHANGE_UPDATE);

	c->before = image(key, version);
	c->key_before = c->before[0];
	c->after = image(new_key, new_version);
	c->key_after = c->after[0];
}

static void
begin(void)
{
	txn = source_txn_new();
	fold_init(&fold);
}

static void
end(void)
{
	source_txn_free(txn);
	fold_done(&fold);
}

static const struct fold_row *
row(const char *key)
{
	for (const struct fold_row *r = fold.first; r != NULL; r = r->next) {
		struct slice *any = r->after != NULL ? r->after : r->before;
		if (slice_eq_str(any[0], key))
			return r;
	}
	return NULL;
}

TEST(of_each_key_the_first_and_the_last_count)
{
	begin();
	insert(1, 1), update(1, 1, 1, 2);                /* no, yes */
	delete (2, 1), insert(2, 2), update(2, 2, 2, 3); /* yes, yes */
	update(3, 1, 3, 2), delete (3, 2);               /* yes, no */
	insert(4, 1), delete (4, 1);                     /* no, no */
	update(5, 1, 6, 2);                              /* yes, no and no, yes */
	expect_ok(fold_add(&fold, txn, FOLD_ALL, &err), &err);
	expect_eq(fold.count, 6);
	expect_eq(fold.changes, 10);
	expect(!row("1")->existed && row("1")->exists);
	expect_slice(row("1")->after[1], slice_str("2"));
	expect(row("2")->existed && row("2")->exists);
	expect_slice(row("2")->before[1], slice_str("1"));
	expect_slice(row("2")->after[1], slice_str("3"));
	expect(row("3")->existed && !row("3")->exists);
	expect_slice(row("3")->before[1], slice_str("1"));
	expect(!row("4")->existed && !row("4")->exists);
	expect(row("4")->after != NULL); /* its key is needed to delete it */
	expect(row("5")->existed && !row("5")->exists);
	expect(!row("6")->existed && row("6")->exists);
	end();
}

TEST(what_no_binlog_says_is_an_error)
{
	begin();
	insert(1, 1), insert(1, 2);
	expect_eq(fold_add(&fold, txn, FOLD_ALL, &err), -1);
	expect_eq(err.kind, ERR_CORRUPT);
	end();
	begin();
	delete (1, 1), update(1, 1, 1, 2);
	expect_eq(fold_add(&fold, txn, FOLD_ALL, &err), -1);
	expect_eq(err.kind, ERR_CORRUPT);
	end();
}

TEST(changes_that_are_kept_in_order_are_not_folded)
{
	begin();
	insert(1, 1), update(1, 1, 1, 2), delete (1, 2);
	expect_ok(fold_add(&fold, txn, FOLD_ORDERED, &err), &err);
	expect_eq(fold.count, 0);
	expect_eq(fold.changes, 3);
	expect(fold.ordered->change == &txn->changes[0]);
	expect(fold.ordered_last->change == &txn->changes[2]);
	end();
}

TEST(tables_do_not_share_keys)
{
	begin();
	insert(1, 1), insert(1, 1);
	txn->changes[1].table = 1;
	expect_ok(fold_add(&fold, txn, FOLD_ALL, &err), &err);
	expect_eq(fold.count, 2);
	end();
}

/* The second of them twice, of another table than one with keys. */
static void
without_keys(void)
{
	insert(1, 1), insert(2, 1), insert(2, 1), delete (2, 1), update(2, 1, 2, 2);
	for (size_t i = 1; i < txn->count; i++)
		txn->changes[i].key_before = txn->changes[i].key_after = SLICE_NULL;
}

TEST(what_has_no_key_keeps_its_order)
{
	const struct fold_change *c;
	size_t n = 1;

	begin();
	without_keys();
	expect_ok(fold_add(&fold, txn, FOLD_ALL, &err), &err);
	expect_eq(fold.count, 1);
	expect_eq(fold.changes, 5);
	for (c = fold.ordered; c != NULL; c = c->next)
		expect(c->change == &txn->changes[n++]);
	expect_eq(n, 5);
	fold_reset(&fold);
	expect_ok(fold_add(&fold, txn, FOLD_KEYED, &err), &err);
	expect(fold.count == 1 && fold.changes == 1 && fold.ordered == NULL);
	end();
}

enum { KEYS = 8 };

/* One change that the table as it stands allows; version 0 is "not there". */
static void
random_change(struct rand *r, int table[KEYS], int version)
{
	int key = (int)rand_below(r, KEYS), other = (int)rand_below(r, KEYS);

	if (table[key] == 0) {
		insert(key, version);
		table[key] = version;
	} else if (rand_below(r, 3) == 0) {
		delete (key, table[key]);
		table[key] = 0;
	} else if (table[other] == 0) {
		update(key, table[key], other, version);
		table[key] = 0;
		table[other] = version;
	} else {
		update(key, table[key], key, version);
		table[key] = version;
	}
}

static void
apply_row(int table[KEYS], const struct fold_row *r)
{
	int64_t key, version = 0;

	expect_ok(parse_i64((r->after != NULL ? r->after : r->before)[0], &key, &err), &err);
	expect_eq(r->existed, table[key] != 0);
	if (r->existed)
		expect_ok(parse_i64(r->before[1], &version, &err), &err);
	expect_eq(version, table[key]);
	version = 0;
	if (r->exists)
		expect_ok(parse_i64(r->after[1], &version, &err), &err);
	table[key] = (int)version;
}

TEST(any_run_ends_where_its_changes_end)
{
	struct rand r;

	rand_seed(&r, test_seed());
	for (int round = 0; round < 2000; round++) {
		int before[KEYS] = { 0 }, after[KEYS];
		for (int i = 0; i < KEYS; i++)
			before[i] = (int)rand_below(&r, 2) * (1000 + i);
		memcpy(after, before, sizeof(after));
		begin();
		for (int i = 1; i <= 20; i++)
			random_change(&r, after, i);
		expect_ok(fold_add(&fold, txn, FOLD_ALL, &err), &err);
		for (const struct fold_row *f = fold.first; f != NULL; f = f->next)
			apply_row(before, f);
		expect_eq(memcmp(before, after, sizeof(after)), 0);
		end();
	}
}

TEST(rows_by_table_keep_their_order)
{
	static const int tables[] = { 2, 0, 2, 4, 0, 2 };
	static const char *const wanted[] = { "1", "4", "0", "2", "5", "3" };
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct fold_by_table rows;

	begin();
	for (int i = 0; i < 6; i++) {
		insert(i, 1);
		txn->changes[i].table = tables[i];
	}
	expect_ok(fold_add(&fold, txn, FOLD_ALL, &err), &err);
	rows = fold_group(&arena, &fold, 5);
	for (int i = 0; i < 6; i++)
		expect(slice_eq_str(rows.rows[i]->after[0], wanted[i]));
	expect(rows.ends[0] == 2 && rows.ends[1] == 2 && rows.ends[2] == 5);
	expect(rows.ends[3] == 5 && rows.ends[4] == 6);
	end();
}
