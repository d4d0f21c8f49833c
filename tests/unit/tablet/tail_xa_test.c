/* XA transactions of a scripted source: what is prepared is kept, and handed on when it ends. */
#include "tablet/read/tail.h"
#include "test.h"
#include "unit/tablet/tails.h"

static void
xa_prepare(int id, const char *v)
{
	script_gtid(&script, 4 | GTID_PREPARED_XA);
	script_map(&script, 7, "db", "t");
	script_insert(&script, id, v);
	script_xa_prepare(&script);
}

static void
xa_end(const char *verb)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_addf(&sql, "XA %s X'41',X'41',1", verb);
	script_gtid(&script, GTID_STANDALONE | 4 | GTID_COMPLETED_XA);
	script_query(&script, "db", sql.data);
}

#define XID "X'41',X'41',1"

static struct kept kept;

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
	params.kept = NULL;
}

static void
xa_not_kept(void *arg)
{
	xa_prepare(1, "a");
	open_tail();
	fails(ERR_REFUSED, "XA PREPARE of changes of a moved table in transaction 0-1-101");
	end();
}

TEST(prepared_changes_stop_a_tail_that_keeps_none)
{
	in_sim(xa_not_kept);
}

static void
expect_kept(void)
{
	struct source_txn *txn = next_change();

	expect_eq(txn->xa, XA_KEPT);
	expect_eq(txn->count, 0);
	expect(txn->first && txn->last);
	expect_slice(txn->xid, slice_str(XID));
	expect_eq(txn->piece_no, 0);
	expect(txn->piece.len > 0);
	expect_slice(txn->prepared, slice_str(XID "+;"));
	source_txn_free(txn);
}

static void
xa_committed(void *arg)
{
	struct source_txn *txn;

	xa_prepare(1, "a");
	script_txn(&script, 2, "b");
	xa_end("COMMIT");
	open_keeping();
	expect_kept();
	txn = next_change();
	expect_eq(txn->xa, XA_NONE);
	expect_slice(txn->changes[0].after[1], slice_str("b"));
	expect(tail_settling(tail)->all.count == 0);
	source_txn_free(txn);
	txn = next_change();
	expect_eq(txn->xa, XA_ENDED);
	expect(txn->by_xa);
	expect_slice(txn->xid, slice_str(XID));
	expect_eq(txn->count, 1);
	expect_slice(txn->changes[0].after[1], slice_str("a"));
	expect_eq(txn->end.offset, script.offset);
	expect_slice(txn->prepared, slice_str(""));
	expect(kept_find(&kept, slice_str(XID)) == NULL);
	expect_eq(tail_settling(tail)->all.count, 1);
	source_txn_free(txn);
	end_keeping();
}

TEST(rows_that_are_prepared_are_handed_on_at_their_commit)
{
	in_sim(xa_committed);
}

static void
xa_rolled_back(void *arg)
{
	struct source_txn *txn;

	xa_prepare(1, "a");
	xa_end("ROLLBACK");
	xa_prepare(2, "b"); /* the xid again */
	open_keeping();
	expect_kept();
	txn = next_change();
	expect_eq(txn->xa, XA_ENDED);
	expect_eq(txn->count, 0);
	expect(txn->first && txn->last);
	expect_slice(txn->prepared, slice_str(""));
	source_txn_free(txn);
	expect_kept();
	end_keeping();
}

TEST(rows_that_are_rolled_back_are_forgotten)
{
	in_sim(xa_rolled_back);
}

static void
xa_large(void *arg)
{
	SCOPED(spool) struct spool pieces = { 0 };
	struct source_txn *txn;
	int rows = 50;
	bool last;

	script_gtid(&script, 4 | GTID_PREPARED_XA);
	script_map(&script, 7, "db", "t");
	for (int i = 0; i < rows; i++)
		script_insert(&script, i, NULL);
	script_xa_prepare(&script);
	open_keeping();
	spool_init(&pieces, params.spill_dir, 1);
	for (int i = 0;; i++) {
		txn = next_change();
		last = txn->last;
		expect_eq(txn->piece_no, i);
		expect_eq(txn->first, i == 0);
		expect(txn->piece.len <= 256 * 1024);
		expect_ok(spool_add(&pieces, txn->piece, &err), &err);
		source_txn_free(txn);
		if (last)
			break;
	}
	tail_close(tail);
	kept_done(&kept);

	/* as a process that begins behind it is given them */
	kept_init(&kept, params.spill_dir);
	SCOPED(buf) struct buf all = BUF_INIT;
	buf_grow(&all, (size_t)spool_bytes(&pieces));
	expect_ok(spool_read(&pieces, 0, all.data, all.len, &err), &err);
	expect_ok(spool_add(kept_new(&kept, slice_str(XID)), buf_slice(&all), &err), &err);
	params.start.gtid = "0-1-101";
	params.start.offset = script.offset;
	params.prepared = slice_str(XID "+;");
	xa_end("COMMIT");
	open_tail();
	txn = next_change();
	expect_eq(txn->count, rows);
	expect_slice(txn->changes[rows - 1].after[0], slice_str("49"));
	expect_eq(txn->xa, XA_ENDED);
	source_txn_free(txn);
	end_keeping();
}

TEST(what_is_prepared_comes_in_pieces_and_is_taken_from_them)
{
	in_sim(xa_large);
}

static void
xa_torn(void *arg)
{
	params.prepared = slice_str(XID "+;");
	xa_end("COMMIT");
	open_keeping();
	expect_ok(
	    spool_add(kept_new(&kept, slice_str(XID)), slice_of("\2\0\0\0\27a", 6), &err), &err);
	fails(ERR_CORRUPT, "rows of a prepared XA transaction end early");
	end_keeping();
}

TEST(pieces_that_are_cut_short_are_an_error)
{
	in_sim(xa_torn);
}

static void
xa_known(void *arg)
{
	struct source_txn *txn;

	xa_end("COMMIT");
	params.known = script_position();
	params.known.offset = script.offset;
	script_txn(&script, 1, "a");
	xa_end("COMMIT");
	open_tail();
	txn = next_change();
	expect_eq(txn->count, 1);
	source_txn_free(txn);
	fails(ERR_REFUSED, "XA COMMIT X'41',X'41',1, prepared before the move");
	end();
}

TEST(what_ended_before_a_row_was_read_is_of_no_concern)
{
	in_sim(xa_known);
}

static void
xa_unknown(void *arg)
{
	struct source_txn *txn;

	xa_end("ROLLBACK"); /* whatever it was, it is no change */
	script_txn(&script, 1, "a");
	xa_end("COMMIT");
	open_tail();
	txn = next_change();
	expect_slice(txn->prepared, slice_str(""));
	source_txn_free(txn);
	fails(ERR_REFUSED, "XA COMMIT X'41',X'41',1, prepared before the move");
	end();
}

TEST(the_commit_of_an_unknown_xid_stops_the_tail_by_name)
{
	in_sim(xa_unknown);
}

static void
xa_of_others(void *arg)
{
	struct source_txn *txn;

	script_gtid(&script, 4 | GTID_PREPARED_XA);
	script_map(&script, 8, "db", "other");
	script_xa_prepare(&script);
	script_txn(&script, 1, "a");
	xa_end("COMMIT");
	script_txn(&script, 2, "b");
	open_tail();
	txn = next_change();
	expect_slice(txn->prepared, slice_str("X'41',X'41',1;"));
	expect(txn->bytes > txn->prepared.len);
	source_txn_free(txn);
	txn = next_change();
	expect_slice(txn->prepared, slice_str(""));
	source_txn_free(txn);
	end();
}

TEST(what_was_prepared_without_our_rows_is_told_with_each_position)
{
	in_sim(xa_of_others);
}

static void
xa_before(void *arg)
{
	struct source_txn *txn;

	params.prepared = slice_str("X'40',X'',1;X'41',X'41',1;");
	xa_end("COMMIT");
	script_txn(&script, 1, "a");
	open_tail();
	txn = next_change();
	expect_slice(txn->prepared, slice_str("X'40',X'',1;"));
	source_txn_free(txn);
	end();
}

TEST(what_was_prepared_at_the_start_is_known)
{
	in_sim(xa_before);
}
