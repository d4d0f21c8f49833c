/* The tail and its connection: where it goes on, what it meets there, and when it is gone. */
#include "binlog/event.h"
#include "tablet/read/tail.h"
#include "tablet/read/tail_group.h"
#include "task/sim.h"
#include "test.h"
#include "unit/tablet/tails.h"

static void
refused(const char *text)
{
	struct ctx cx = ctx();

	err = (struct err){ 0 };
	expect_eq(tail_open(&cx, &params, &tail), -1);
	expect_eq(err.kind, ERR_REFUSED);
	expect(strstr(err.hint, "vtctlclient Workflow delete w") != NULL);
	if (strstr(err.text, text) == NULL)
		test_fail(__FILE__, __LINE__, "'%s' is not about '%s'", err.text, text);
}

static void
place(void *arg)
{
	script_txn(&script, 1, "a"); /* what comes next ends the search */
	script.says_seq = 99;
	refused("is at GTID '0-1-99', ours at bin.000001:400 at '0-1-100'");
	script.says_seq = 0;
	script.refusal = "requested GTID 0-1-100 is not in the master's binlog";
	refused("no place '0-1-100' (bin.000001:400) any more: requested GTID");
	script_stop(&script);
}

TEST(another_history_at_our_place_is_refused)
{
	in_sim(place);
}

static void
lost(void *arg)
{
	struct source_txn *txn;

	script_txn(&script, 1, "a");
	script_gtid(&script, 4);
	script_map(&script, 7, "db", "t");
	script_insert(&script, 2, "b");
	script.closing = true; /* the connection ends amid the second */
	open_tail();
	txn = next_change();
	expect_str(txn->end.gtid, "0-1-101");
	source_txn_free(txn);
	expect_silence(script.offset);
	script.closing = false;
	script_xid(&script);
	txn = next_change();
	expect_eq(txn->count, 1);
	expect_slice(txn->changes[0].after[1], slice_str("b"));
	expect_str(txn->end.gtid, "0-1-102");
	source_txn_free(txn);
	expect(script.dumps + script.offset_dumps > 1);
	end();
}

TEST(a_lost_connection_is_made_again_behind_the_last_transaction)
{
	in_sim(lost);
}

static void
shorter(void *arg)
{
	params.start.offset = SCRIPT_START + 200;
	script_txn(&script, 1, "a");
	open_tail();
	fails(ERR_REFUSED, "begins at bin.000001:400, before ours at bin.000001:600");
	end();
}

TEST(a_file_that_is_shorter_than_ours_was_is_refused)
{
	in_sim(shorter);
}

static void
beyond_4_gb(void *arg)
{
	struct source_txn *txn;
	const uint64_t far = (uint64_t)3 << 32;

	params.start.offset = far + SCRIPT_START; /* the wire has 32 bits of it */
	script_txn(&script, 1, "a");
	open_tail();
	txn = next_change();
	expect_eq(txn->end.offset, far + script.offset);
	source_txn_free(txn);
	end();
}

TEST(a_place_beyond_4_gb_keeps_its_high_bits)
{
	in_sim(beyond_4_gb);
}

static void
silent(void *arg)
{
	struct source_txn *txn;
	struct ctx cx = ctx();

	open_tail();
	sim_cut("source:1");
	cx.deadline = task_now() + 20 * SECOND;
	while (tail_next(&cx, tail, &txn) == 0)
		source_txn_free(txn);
	expect_eq(err.kind, ERR_TIMEOUT);
	sim_heal("source:1");
	script_txn(&script, 1, "a");
	txn = next_change();
	expect_eq(txn->count, 1);
	expect(script.dumps + script.offset_dumps > 1); /* the dead connection was given up */
	source_txn_free(txn);
	end();
}

TEST(a_silent_source_is_connected_to_again)
{
	in_sim(silent);
}
