/* What a tail passes over: the changes and the DDL of a table up to where its copy has begun anew. */
#include "binlog/event.h"
#include "tablet/read/tail.h"
#include "test.h"
#include "unit/tablet/tails.h"

static struct position copied;
static struct kept kept;

/* Of the script as it is. */
static void
copied_here(void)
{
	copied = (struct position){ .file = "bin.000001", .offset = script.offset };
	script_table.copied_from = &copied;
	params.hands_ddl = true;
}

static void
open_keeping(void)
{
	kept_init(&kept, params.spill_dir);
	params.kept = &kept;
	open_tail();
}

static void
end_keeping(void)
{
	end();
	kept_done(&kept);
	script_table.copied_from = NULL;
}

/* db.t with one column, as it is no more. */
static void
older_map(void)
{
	static const uint8_t body[] = { 7, 0, 0, 0, 0, 0, 1, 0, 2, 'd', 'b', 0, 1, 't', 0, 1, 3, 0,
		1 };

	script_add(&script, EVENT_TABLE_MAP, slice_of(body, sizeof(body)));
}

static void
ddl(const char *sql)
{
	script_gtid(&script, GTID_STANDALONE);
	script_query(&script, "db", sql);
}

static void
expect_inserted(int id, enum xa_step xa)
{
	struct source_txn *txn = next_change();

	expect_eq(txn->count, 1);
	expect_eq(txn->xa, xa);
	expect_eq(txn->changes[0].kind, CHANGE_INSERT);
	expect_eq(txn->changes[0].after[0].ptr[0], '0' + id);
	source_txn_free(txn);
}

static void
before_and_behind(void *arg)
{
	script_txn(&script, 1, "a");
	ddl("ALTER TABLE t ADD v VARCHAR(200)");
	script_txn(&script, 2, "b");
	copied_here();
	script_txn(&script, 3, "c");
	ddl("ALTER TABLE t DROP v");
	open_keeping();
	/* a group without rows of its own may come */
	struct source_txn *txn = next_change();

	while (txn->count == 0) {
		expect(position_cmp(&txn->end, &copied) <= 0 && txn->ddl == NULL);
		source_txn_free(txn);
		txn = next_change();
	}
	expect_eq(txn->changes[0].after[0].ptr[0], '3');
	source_txn_free(txn);
	txn = next_change();
	expect(txn->ddl != NULL);
	expect_slice(txn->ddl->statement, slice_str("ALTER TABLE t DROP v"));
	source_txn_free(txn);
	end_keeping();
}

TEST(what_lies_before_a_copy_is_passed_over)
{
	in_sim(before_and_behind);
}

static void
another_layout(void *arg)
{
	script_gtid(&script, 4);
	older_map();
	script_insert(&script, 1, "a"); /* read by nobody */
	script_xid(&script);
	copied_here();
	script_txn(&script, 2, "b");
	open_keeping();
	expect_inserted(2, XA_NONE);
	end_keeping();
}

TEST(rows_of_another_definition_are_passed_over)
{
	in_sim(another_layout);
}

static void
another_layout_behind(void *arg)
{
	copied_here();
	script_gtid(&script, 4);
	older_map();
	open_keeping();
	fails(ERR_CONFLICT, "has 1 columns in the binlog");
	end_keeping();
}

TEST(rows_of_another_definition_behind_it_are_not)
{
	in_sim(another_layout_behind);
}

static void
prepare(int id)
{
	script_gtid(&script, 4 | GTID_PREPARED_XA);
	script_map(&script, 7, "db", "t");
	script_insert(&script, id, "x");
	script_xa_prepare(&script);
}

static void
commit(void)
{
	script_gtid(&script, GTID_STANDALONE | 4 | GTID_COMPLETED_XA);
	script_query(&script, "db", "XA COMMIT X'41',X'41',1");
}

static void
next_piece(enum xa_step xa)
{
	struct source_txn *txn = next_change();

	expect_eq(txn->xa, xa);
	expect_eq(txn->count, 0);
	source_txn_free(txn);
}

/* No view of before its COMMIT has it. */
static void
prepared_before(void *arg)
{
	prepare(1);
	copied_here();
	commit();
	open_keeping();
	next_piece(XA_KEPT);
	expect_inserted(1, XA_ENDED);
	end_keeping();
}

TEST(what_was_prepared_before_and_committed_behind_is_handed_on)
{
	in_sim(prepared_before);
}

static void
committed_before(void *arg)
{
	prepare(1);
	commit();
	copied_here();
	script_txn(&script, 2, "b");
	open_keeping();
	next_piece(XA_KEPT);
	next_piece(XA_ENDED);
	expect_inserted(2, XA_NONE);
	end_keeping();
}

TEST(what_was_prepared_and_committed_before_is_passed_over)
{
	in_sim(committed_before);
}
