/* Sums of rows, by how much transactions change them, and what of that is stored with which place. */
#include "base/mem.h"
#include "tablet/write/ledger.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

static struct column columns[] = {
	{ .name = "id", .type = { .kind = COLUMN_INT }, .key_index = 0 },
	{ .name = "s", .type = { .kind = COLUMN_STRING }, .nullable = true, .key_index = -1 },
	{ .name = "g", .type = { .kind = COLUMN_INT, .generated = true }, .key_index = -1 },
	{ .name = "f", .type = { .kind = COLUMN_DOUBLE }, .nullable = true, .key_index = -1 },
};
static const struct table_def def = {
	.database = "db", .name = "t", .columns = columns, .columns_count = 4
};
static const struct moved_table items[] = { { .index = 0, .def = &def },
	{ .index = 1, .def = &def } };
static const struct moved_tables tables = { .items = items, .count = 2 };

struct row {
	struct slice values[4];
};

static struct row
row(const char *id, const char *s, const char *f)
{
	return (struct row){ { slice_str(id), s == NULL ? SLICE_NULL : slice_str(s), slice_str("9"),
	    f == NULL ? SLICE_NULL : slice_str(f) } };
}

static bool
sums_same(struct row a, struct row b)
{
	struct row_sum s = { .rows = 0 };

	row_sum_add(&s, &def, a.values);
	row_sum_take(&s, &def, b.values);
	return row_sum_is_zero(&s);
}

TEST(rows_that_differ_in_a_byte_have_other_sums)
{
	expect(sums_same(row("1", "a", "0.1"), row("1", "a", "0.10")));
	expect(!sums_same(row("1", "a", "0.1"), row("1", "A", "0.1")));
	expect(!sums_same(row("1", "a", "0.1"), row("1", "a ", "0.1")));
	expect(!sums_same(row("1", "", "0.1"), row("1", NULL, "0.1")));
	expect(!sums_same(row("1", "a", "0.1"), row("1", "a", NULL)));
	expect(!sums_same(row("1", "1a", NULL), row("11", "a", NULL)));
	expect(!sums_same(row("1", "a", "0"), row("1", "a", "-0")));
}

TEST(what_is_generated_is_in_no_sum)
{
	struct row a = row("1", "a", NULL), b = row("1", "a", NULL);

	b.values[2] = slice_str("10");
	expect(sums_same(a, b));
}

TEST(a_sum_forgets_the_order_and_counts_what_is_there_twice)
{
	struct row a = row("1", "a", NULL), b = row("2", "b", NULL);
	struct row_sum one = { .rows = 0 }, other = { .rows = 0 };

	row_sum_add(&one, &def, a.values);
	row_sum_add(&one, &def, b.values);
	row_sum_add(&one, &def, a.values);
	row_sum_add(&other, &def, b.values);
	row_sum_add(&other, &def, a.values);
	row_sum_part(&one, &other);
	expect(!row_sum_is_zero(&one));
	expect_eq(one.rows, 1);
	row_sum_take(&one, &def, a.values);
	expect(row_sum_is_zero(&one));
}

/* ---- Transactions */

static struct source_txn *
change(int table, struct row *before, struct row *after, unsigned end)
{
	struct source_txn *txn = source_txn_new();

	txn->changes = mem_zalloc(sizeof(struct change));
	txn->changes[0] = (struct change){ .table = table,
		.before = before == NULL ? NULL : before->values,
		.after = after == NULL ? NULL : after->values };
	txn->count = 1;
	txn->first = txn->last = true;
	txn->end.offset = end;
	snprintf(txn->end.file, sizeof(txn->end.file), "b.000001");
	return txn;
}

static void
take(struct ledger *l, struct source_txn *txn)
{
	ledger_take(l, txn);
	source_txn_free(txn);
}

static struct placed_deltas
due(struct ledger *l, unsigned at)
{
	SCOPED(buf) struct buf bytes = BUF_INIT;
	struct placed_deltas out = { .end = { .offset = 0 } };
	struct position end = { .file = "b.000001", .offset = at };
	struct err err = { 0 };

	ledger_pack(l, &end, &bytes);
	expect_ok(deltas_unpack(buf_slice(&bytes), tables.count, &out, &err), &err);
	expect_eq(position_cmp(&out.end, &end), 0);
	return out;
}

static struct row a, b, c;

TEST(folding_changes_nothing_of_what_transactions_come_to)
{
	struct deltas each = { .count = 0 }, at_once = { .count = 0 };
	struct source_txn *txns[3] = { change(0, NULL, &a, 1), change(0, &a, &b, 2),
		change(0, &b, &c, 3) };
	struct source_txn *folded = change(0, NULL, &c, 3);

	a = row("1", "a", NULL), b = row("1", "b", NULL), c = row("1", "c", NULL);
	for (int i = 0; i < 3; i++) {
		deltas_add(&each, &tables, txns[i]);
		source_txn_free(txns[i]);
	}
	deltas_add(&at_once, &tables, folded);
	source_txn_free(folded);
	row_sum_part(&deltas_of(&each, 0)->sum, &deltas_find(&at_once, 0)->sum);
	expect(row_sum_is_zero(&deltas_find(&each, 0)->sum));
	expect_eq(deltas_changes(&each), 3);
	expect(deltas_find(&each, 1) == NULL);
	deltas_done(&each);
	deltas_done(&at_once);
}

TEST(what_is_not_stored_yet_is_due_again_and_what_is_stored_is_not)
{
	struct ledger l = { .tables = NULL };
	struct placed_deltas d;
	struct position one = { .file = "b.000001", .offset = 1 };

	a = row("1", "a", NULL), b = row("2", "b", NULL);
	take(&l, change(0, NULL, &a, 1)); /* it is closed */
	ledger_begin(&l, &tables);
	take(&l, change(0, NULL, &a, 1));
	take(&l, change(1, NULL, &b, 2));
	for (int i = 0; i < 2; i++) { /* a run that was rolled back is written again */
		d = due(&l, 1);
		expect_eq(d.deltas.count, 1);
		expect_eq(deltas_of(&d.deltas, 0)->sum.rows, 1);
		placed_deltas_done(&d);
	}
	ledger_forget(&l, &one);
	d = due(&l, 2);
	expect_eq(d.deltas.count, 1);
	row_sum_take(&deltas_of(&d.deltas, 1)->sum, &def, b.values);
	expect(row_sum_is_zero(&deltas_find(&d.deltas, 1)->sum));
	placed_deltas_done(&d);
	ledger_done(&l);
}

TEST(fragments_of_a_transaction_are_due_together)
{
	struct ledger l = { .tables = NULL };
	struct placed_deltas d;
	struct source_txn *more = change(0, NULL, &b, 5);

	a = row("1", "a", NULL), b = row("2", "b", NULL);
	more->first = false;
	ledger_begin(&l, &tables);
	take(&l, change(0, NULL, &a, 5));
	take(&l, more);
	expect_eq(l.entries.count, 1);
	d = due(&l, 4);
	expect_eq(d.deltas.count, 0);
	placed_deltas_done(&d);
	d = due(&l, 5);
	expect_eq(deltas_of(&d.deltas, 0)->sum.rows, 2);
	expect_eq(deltas_changes(&d.deltas), 2);
	placed_deltas_done(&d);
	ledger_done(&l);
}

TEST(deltas_that_are_none_are_refused)
{
	SCOPED(buf) struct buf bytes = BUF_INIT;
	struct deltas d = { .count = 0 };
	struct position end = { .file = "b.000001", .offset = 7 };
	struct err err = { 0 };

	deltas_of(&d, 1)->changes = 3;
	deltas_pack(&bytes, &end, &d);
	for (size_t len = 0; len < bytes.len; len++) {
		struct placed_deltas out = { .end = { .offset = 0 } };

		expect(deltas_unpack(slice_cut(buf_slice(&bytes), 0, len), 2, &out, &err) != 0);
		placed_deltas_done(&out);
	}
	struct placed_deltas out = { .end = { .offset = 0 } };
	expect(deltas_unpack(buf_slice(&bytes), 1, &out, &err) != 0);
	placed_deltas_done(&out);
	deltas_done(&d);
}
