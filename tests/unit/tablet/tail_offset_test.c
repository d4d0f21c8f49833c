/* Where a tail goes on by file and offset, and what it leaves to GTIDs (read/tail_offset.h). */
#include "binlog/event.h"
#include "tablet/read/tail_offset.h"
#include "task/sim.h"
#include "test.h"
#include "unit/tablet/tails.h"

#define BY_GTIDS "@Binlog Dump :4"

/* Reads a transaction of one row, and where it ends. */
static void
read_to(struct position *end)
{
	struct source_txn *txn = next_change();

	expect_eq(txn->count, 1);
	if (end != NULL)
		position_copy(end, &txn->end);
	source_txn_free(txn);
}

/* The connection is lost once, and nothing comes twice. */
static void
lose(void)
{
	script.closing = true;
	script_wake(&script);
	expect_silence(script.offset);
	script.closing = false;
	script_wake(&script);
}

/* The script has the transactions 0-1-101 and 0-1-102, and the tail has ended behind the first. */
static struct position
stop_behind_first(void)
{
	struct position place = { 0 };

	script_txn(&script, 1, "a");
	open_tail();
	read_to(&place);
	tail_close(tail);
	script_txn(&script, 2, "b");
	script.dumps = script.offset_dumps = 0;
	return place;
}

/* It goes on from that place, with the second; the last dump that it asked for. */
static void
goes_on(const struct position *place, const char *asked)
{
	params.start = *place;
	open_tail();
	expect_str(script.asked, asked);
	read_to(NULL);
	expect_silence(script.offset);
	end();
}

static void
stored(void *arg)
{
	struct position place = stop_behind_first();

	expect_eq(place.last.begin, SCRIPT_START);
	goes_on(&place, "@Binlog Dump bin.000001:400");
	expect_eq(script.dumps, 0);
	position_done(&place);
}

TEST(a_place_is_known_again_by_its_last_group)
{
	in_sim(stored);
}

#define OTHER "the source has another history: at bin.000001:"

/* It does not, for that reason, and GTIDs are not asked: the server has them all. */
static void
is_refused(const struct position *place, const char *why)
{
	struct ctx cx = ctx();

	params.start = *place;
	script.offset_dumps = 0;
	expect_eq(tail_open(&cx, &params, &tail), -1);
	expect_eq(err.kind, ERR_REFUSED);
	expect(strstr(err.text, why) != NULL);
	expect(strstr(err.hint, "it was restored") != NULL);
	expect_eq(script.offset_dumps, 1);
	expect_eq(script.dumps, 0);
}

static void
end_refused(struct position *place)
{
	position_done(place);
	script_stop(&script);
}

static void
other_content(void *arg)
{
	struct position place = stop_behind_first();

	place.last.mark ^= 1;
	is_refused(&place, OTHER "400 there is not the transaction that was read there");
	end_refused(&place);
}

TEST(a_group_with_the_same_gtid_and_other_content_is_another)
{
	in_sim(other_content);
}

static void
other_gtid(void *arg)
{
	struct position place = stop_behind_first();

	position_set_gtid(&place, slice_str("0-1-100"));
	is_refused(&place, OTHER);
	end_refused(&place);
}

TEST(the_last_group_has_the_gtid_of_the_place)
{
	in_sim(other_gtid);
}

static void
longer(void *arg)
{
	struct position place = stop_behind_first();

	place.offset += 10;
	is_refused(&place, OTHER);
	end_refused(&place);
}

TEST(the_last_group_ends_at_the_place)
{
	in_sim(longer);
}

static void
behind(void *arg)
{
	struct position place = stop_behind_first();
	struct ctx cx = ctx();

	script.says_seq = 50; /* the server was restored, and has the bytes still */
	params.start = place;
	expect_eq(tail_open(&cx, &params, &tail), -1);
	expect_eq(err.kind, ERR_REFUSED);
	expect(strstr(err.text, "is at GTID '0-1-50', ours at") != NULL);
	expect_eq(script.offset_dumps, 0);
	position_done(&place);
	script_stop(&script);
}

TEST(a_server_that_has_not_all_gtids_is_asked_for_them)
{
	in_sim(behind);
}

static void
refused(void *arg)
{
	struct position place = stop_behind_first();

	script.offset_refusal = "A slave with the same server_id has connected";
	goes_on(&place, BY_GTIDS);
	expect_eq(script.offset_dumps, 1);
	position_done(&place);
}

TEST(what_is_refused_by_offset_is_asked_for_by_gtids)
{
	in_sim(refused);
}

static void
no_place(void *arg)
{
	static const char *const words[] = { "impossible position", "position > file size",
		"bogus data in log event", "binlog truncated in the middle of event",
		"log event entry exceeded max_allowed_packet" };
	struct position place = stop_behind_first();

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		script.offset_refusal = words[i];
		is_refused(&place, OTHER);
	}
	end_refused(&place);
}

TEST(a_server_that_has_no_event_at_our_place_has_another_history)
{
	in_sim(no_place);
}

static void
ended_before(void *arg)
{
	struct position place = stop_behind_first();

	place.last.begin = script.offset;
	place.offset = script.offset + 100;
	script_add(&script, EVENT_ROTATE, slice_of("\4\0\0\0\0\0\0\0bin.000002", 18));
	is_refused(&place, OTHER);
	end_refused(&place);
}

TEST(a_server_whose_file_ends_before_our_place_has_another_history)
{
	in_sim(ended_before);
}

static void
purged(void *arg)
{
	struct ctx cx = ctx();

	script.offset_refusal = script.refusal = "Could not find first log file name";
	expect_eq(tail_open(&cx, &params, &tail), -1);
	expect_eq(err.kind, ERR_REFUSED);
	expect(strstr(err.text, "any more") != NULL);
	expect_str(script.asked, BY_GTIDS);
	script_stop(&script);
}

TEST(what_is_refused_both_ways_is_refused_by_gtids)
{
	in_sim(purged);
}

static void
reconnects(void *arg)
{
	struct position place = { 0 };

	script_txn(&script, 1, "a");
	open_tail();
	expect_str(script.asked, BY_GTIDS);
	read_to(NULL);
	script_add(&script, EVENT_BINLOG_CHECKPOINT, slice_of("\0\0\0\0", 4)); /* in no group */
	lose();
	script_txn(&script, 2, "b");
	read_to(&place);
	expect_str(script.asked, "@Binlog Dump bin.000001:400");
	expect_eq(script.dumps, 1);
	expect(script.offset_dumps > 0);
	lose();
	script_txn(&script, 3, "c");
	read_to(NULL);
	expect_eq(script.dumps, 1);
	position_done(&place);
	end();
}

TEST(a_lost_connection_is_made_again_at_the_last_group)
{
	in_sim(reconnects);
}

static void
next_file(void *arg)
{
	script_txn(&script, 1, "a");
	open_tail();
	read_to(NULL);
	script_add(&script, EVENT_ROTATE, slice_of("\4\0\0\0\0\0\0\0bin.000002", 18));
	script.offset = SCRIPT_START + 300; /* of that file */
	script_add(&script, EVENT_GTID_LIST, slice_of("\0\0\0\0", 4));
	expect_silence(script.offset);
	script.offset_dumps = 0;
	script.closing = true;
	script_wake(&script);
	fails(ERR_REFUSED, "ours at bin.000002:"); /* the script knows of one file */
	expect_eq(script.offset_dumps, 0);
	end();
}

TEST(a_group_of_the_file_before_is_no_last_group)
{
	in_sim(next_file);
}

static void
large(void *arg)
{
	struct position place = { 0 };
	struct source_txn *txn;

	script_gtid(&script, 4);
	script_map(&script, 7, "db", "t");
	for (int i = 0; i < 22; i++)
		script_insert(&script, i, NULL);
	script_xid(&script);
	open_tail();
	txn = next_change();
	position_copy(&place, &txn->end);
	source_txn_free(txn);
	tail_close(tail);
	script_txn(&script, 99, "b");
	script.offset_dumps = 0;
	goes_on(&place, BY_GTIDS);
	expect_eq(script.offset_dumps, 0);
	position_done(&place);
}

TEST(a_large_group_is_not_read_again)
{
	in_sim(large);
}

static void
far(void *arg)
{
	const uint64_t wide = (uint64_t)1 << 32;
	struct position place = stop_behind_first();

	place.offset += wide;
	place.last.begin += wide;
	goes_on(&place, BY_GTIDS);
	expect_eq(script.offset_dumps, 0);
	position_done(&place);
}

TEST(a_place_of_4_gb_is_asked_for_by_gtids)
{
	in_sim(far);
}

static void
still_there(void *arg)
{
	open_tail();
	expect_str(script.asked, "@Binlog Dump bin.000001:400");
	script_txn(&script, 1, "a");
	read_to(NULL);
	expect_eq(script.dumps, 0);
	end();
}

TEST(a_place_where_nothing_was_written_since_is_asked_for_by_offset)
{
	in_sim(still_there);
}

static void
written_since(void *arg)
{
	script_txn(&script, 1, "a");
	open_tail();
	expect_str(script.asked, BY_GTIDS);
	read_to(NULL);
	expect_eq(script.offset_dumps, 0);
	end();
}

TEST(a_place_behind_which_something_was_written_is_asked_for_by_gtids)
{
	in_sim(written_since);
}

static void
gone_by(void *arg)
{
	open_tail();
	expect_eq(script.offset_dumps, 1);
	script.seq = 50; /* RESET MASTER, just before the dump */
	script_txn(&script, 1, "a");
	fails(ERR_CORRUPT, "0-1-51");
	expect_str(script.asked, BY_GTIDS);
	end();
}

TEST(gtids_have_the_last_word)
{
	in_sim(gone_by);
}

static void
sought(void *arg)
{
	struct position place = stop_behind_first();

	params.start = script_position();
	params.start.gtid = "0-1-101";
	params.start.offset = script.offset; /* of now, where more is in the binlog */
	params.start_is_sought = true;
	open_tail();
	expect_str(script.asked, BY_GTIDS);
	expect_eq(tail_position(tail)->offset, place.offset);
	expect_str(position_gtid(tail_position(tail)), "0-1-101");
	read_to(NULL);
	end();
	position_done(&place);
}

TEST(a_place_of_which_only_gtids_are_known_is_where_the_server_finds_them)
{
	in_sim(sought);
}

static void
sought_elsewhere(void *arg)
{
	struct position place = stop_behind_first();
	struct ctx cx = ctx();

	params.start = place;
	params.start_is_sought = true;
	script.says_seq = 50;
	expect_eq(tail_open(&cx, &params, &tail), -1);
	expect_eq(err.kind, ERR_REFUSED);
	position_done(&place);
	script_stop(&script);
}

TEST(what_a_server_has_not_is_not_found)
{
	in_sim(sought_elsewhere);
}
