/* The tail against a scripted source. */
#include "binlog/event.h"
#include "mysql/wire.h"
#include "tablet/read/tail.h"
#include "tablet/read/tail_group.h"
#include "tablet/server/sidecar.h"
#include "task/sim.h"
#include "test.h"
#include "unit/tablet/tails.h"

static void
whole(void *arg)
{
	struct source_txn *txn;

	script_gtid(&script, 4);
	script_map(&script, 7, "db", "t");
	script_insert(&script, 1, "a");
	open_tail();
	expect_silence(SCRIPT_START); /* not before its end (rule 1) */
	tail_close(tail);
	script_update(&script, 1, "a", 2, "b");
	script_delete(&script, 3, "c");
	script_xid(&script);
	open_tail();
	txn = next_change();
	expect(txn->first && txn->last);
	expect_eq(txn->count, 3);
	expect_eq(txn->changes[0].kind, CHANGE_INSERT);
	expect(txn->changes[0].before == NULL);
	expect_slice(txn->changes[0].after[0], slice_str("1"));
	expect_slice(txn->changes[0].after[1], slice_str("a"));
	expect_eq(txn->changes[1].kind, CHANGE_UPDATE);
	expect_slice(txn->changes[1].key_before, txn->changes[0].key_after);
	expect(!slice_eq(txn->changes[1].key_before, txn->changes[1].key_after));
	expect_eq(txn->changes[2].kind, CHANGE_DELETE);
	expect(slice_is_null(txn->changes[2].key_after));
	expect_str(txn->end.gtid, "0-1-101");
	expect_eq(txn->end.offset, script.offset);
	expect_eq(tail_position(tail)->offset, script.offset);
	source_txn_free(txn);
	end();
}

TEST(a_transaction_is_handed_on_whole_at_its_end)
{
	in_sim(whole);
}

static void
others(void *arg)
{
	struct source_txn *txn;

	script_gtid(&script, 4);
	script_map(&script, 7, "db", "other");
	script_insert(&script, 1, "a");
	script_xid(&script);
	open_tail();
	txn = next();
	while (txn->end.offset < script.offset) {
		source_txn_free(txn);
		txn = next();
	}
	expect_eq(txn->count, 0);
	expect_str(txn->end.gtid, "0-1-101");
	source_txn_free(txn);
	end();
}

TEST(what_others_do_moves_the_position_at_once)
{
	in_sim(others);
}

static void
savepoints(void *arg)
{
	struct source_txn *txn;
	int spilled = GROUP_MEMORY / 50000 + 2; /* rows that overflow into the file */

	script_gtid(&script, 4);
	script_map(&script, 7, "db", "t");
	script_insert(&script, 1, "stays");
	script_query(&script, "db", "SAVEPOINT `a`");
	script_insert(&script, 2, "undone");
	script_query(&script, "db", "SAVEPOINT `b`");
	for (int i = 0; i < spilled; i++)
		script_insert(&script, 100 + i, NULL);
	script_query(&script, "db", "ROLLBACK TO `b`");
	script_query(&script, "db", "ROLLBACK TO `a`");
	script_insert(&script, 3, "stays too");
	script_xid(&script);
	open_tail();
	txn = next_change();
	expect(txn->last);
	expect_eq(txn->count, 2);
	expect_slice(txn->changes[0].after[1], slice_str("stays"));
	expect_slice(txn->changes[1].after[1], slice_str("stays too"));
	source_txn_free(txn);
	end();
}

TEST(what_a_savepoint_undid_is_not_handed_on)
{
	in_sim(savepoints);
}

static void
unknown_savepoint(void *arg)
{
	script_gtid(&script, 4);
	script_map(&script, 7, "db", "t");
	script_insert(&script, 4, "x");
	script_query(&script, "db", "ROLLBACK TO `a`");
	open_tail();
	fails(ERR_REFUSED, "unknown SAVEPOINT");
	end();
}

TEST(a_savepoint_that_was_not_seen_stops)
{
	in_sim(unknown_savepoint);
}

static void
not_done(void *arg)
{
	struct source_txn *txn;

	script_gtid(&script, 0);
	script_map(&script, 7, "db", "t");
	script_insert(&script, 1, "rolled back");
	script_query(&script, "db", "ROLLBACK");
	script_gtid(&script, 4);
	script_map(&script, 7, "db", "t");
	script_insert(&script, 2, "cut off by a crash");
	script_add(&script, EVENT_ROTATE, slice_of("\x90\x01\0\0\0\0\0\0bin.000001", 18));
	script.seq--;
	script_txn(&script, 3, "done");
	open_tail();
	txn = next_change();
	expect_eq(txn->count, 1);
	expect_slice(txn->changes[0].after[1], slice_str("done"));
	source_txn_free(txn);
	end();
}

TEST(what_did_not_happen_is_not_handed_on)
{
	in_sim(not_done);
}

static void
large(void *arg)
{
	enum { ROWS = 1000 }; /* of 50 kB: three times what is kept in memory */
	struct source_txn *txn;
	int rows = 0, fragments = 0;
	bool last;

	script_gtid(&script, 4);
	script_map(&script, 7, "db", "t");
	for (int i = 0; i < ROWS; i++)
		script_insert(&script, i, NULL);
	script_xid(&script);
	uint64_t end_offset = script.offset;
	script_txn(&script, 5000, "behind it");
	open_tail();
	do {
		txn = next_change();
		expect_eq(txn->first, fragments++ == 0);
		expect(txn->bytes < 2 * GROUP_PART);
		for (size_t i = 0; i < txn->count; i++) {
			int64_t id;
			expect_ok(parse_i64(txn->changes[i].after[0], &id, &err), &err);
			expect_eq(id, rows++);
			expect_eq(txn->changes[i].after[1].len, 50000);
		}
		expect_eq(txn->end.offset, end_offset);
		/* a view that a chunk opens from now on must contain all of it */
		expect_eq(tail_position(tail)->offset, end_offset);
		last = txn->last;
		source_txn_free(txn);
	} while (!last);
	expect_eq(rows, ROWS);
	expect(fragments > 2);
	txn = next_change();
	expect_slice(txn->changes[0].after[1], slice_str("behind it"));
	source_txn_free(txn);
	end();
}

TEST(a_large_transaction_comes_in_fragments_of_bounded_size)
{
	in_sim(large);
}

/* A statement that deletes a row of db.other, by this number. */
static void
other_statement(struct source_script *s, uint64_t id)
{
	uint8_t body[] = { (uint8_t)id, (uint8_t)(id >> 8), 0, 0, 0, 0, 1, 0, 2, 0xff, 3 };

	script_map(s, id, "db", "other");
	script_add(s, EVENT_DELETE_ROWS_V1, slice_of(body, sizeof(body)));
}

static void
many_tables(void *arg)
{
	struct source_txn *txn;

	script_gtid(&script, 4);
	script_map(&script, 7, "db", "t");
	script_insert(&script, 1, "a");
	for (uint64_t id = 0; id < 2 * GROUP_MAPS_MAX; id++)
		other_statement(&script, 100 + id);
	script_map(&script, 7, "db", "t");
	script_insert(&script, 2, "b");
	script_xid(&script);
	open_tail();
	txn = next_change();
	expect_eq(txn->count, 2);
	expect_slice(txn->changes[1].after[1], slice_str("b"));
	source_txn_free(txn);
	end();
}

TEST(a_transaction_goes_through_any_number_of_tables)
{
	in_sim(many_tables);
}

static void
beat(struct source_script *s, const char *workflow, const char *token)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	size_t w = strlen(workflow), t = strlen(token);

	script_gtid(s, 4);
	/* workflow VARBINARY(513), token VARBINARY(64) */
	script_add(s, EVENT_TABLE_MAP,
	    slice_of(
		"\x08\0\0\0\0\0\0\0\x0b_switchyard\0\x09heartbeat\0\2\x0f\x0f\4\1\2\x40\0\0", 41));
	buf_add(&b, "\x08\0\0\0\0\0\1\0\2\xff\xff", 11);
	for (int i = 0; i < 2; i++) {
		buf_add_char(&b, 0);
		buf_add_char(&b, (char)w);
		buf_add_char(&b, 0);
		buf_add_str(&b, workflow);
		buf_add_char(&b, (char)t);
		buf_add_str(&b, i == 0 ? &"old-token!"[10 - t] : token);
	}
	script_add(s, EVENT_UPDATE_ROWS_V1, buf_slice(&b));
	script_xid(s);
}

static void
heartbeats(void *arg)
{
	struct source_txn *txn;

	beat(&script, "another", "t1");
	beat(&script, "w", "t2");
	open_tail();
	txn = next_change();
	expect_str(txn->heartbeat, "t2");
	expect_eq(txn->count, 0);
	expect_str(txn->end.gtid, "0-1-102");
	source_txn_free(txn);
	end();
}

TEST(our_own_heartbeat_is_handed_on)
{
	in_sim(heartbeats);
}

static void
ddl(void *arg)
{
	script_gtid(&script, 1);
	script_query(&script, "db",
	    "CREATE TRIGGER IF NOT EXISTS `db`.`_switchyard_fence_ins_1` BEFORE INSERT ON `db`.`t` "
	    "FOR EACH ROW SET @a = 1");
	script_gtid(&script, 1);
	script_query(&script, "elsewhere", "ALTER TABLE t ADD c INT");
	script_gtid(&script, 1);
	script_query(&script, "db", "ALTER TABLE t ADD c INT");
	open_tail();
	fails(ERR_REFUSED, "'db.t'");
	expect(strstr(err.text, "ALTER TABLE t ADD c INT") != NULL);
	end();
}

TEST(a_changed_definition_stops_the_tail_by_name)
{
	in_sim(ddl);
}

static void
unknown(void *arg)
{
	script_add(&script, 99, slice_of("?", 1));
	open_tail();
	fails(ERR_REFUSED, "type 99");
	end();
}

TEST(an_unknown_event_stops_the_tail)
{
	in_sim(unknown);
}

static void
compressed(void *arg)
{
	script_gtid(&script, 4);
	script_map(&script, 7, "db", "t");
	script_add(&script, 166, slice_of("\7\0\0\0\0\0\1\0\2\xff", 10));
	open_tail();
	fails(ERR_CORRUPT, "Write_rows_compressed_v1");
	end();
}

TEST(a_compressed_event_that_is_none_stops_the_tail_by_name)
{
	in_sim(compressed);
}

/* ---- What a tail must never be in */

static void
hand_on_what_was_not_read(void *arg)
{
	struct position *returned;

	script_txn(&script, 1, "a");
	open_tail();
	returned = (struct position *)(uintptr_t)tail_position(tail);
	returned->offset = UINT64_MAX;
	next();
}

static void
ahead(void)
{
	in_sim(hand_on_what_was_not_read);
}

TEST(a_tail_that_has_handed_on_more_than_it_read_ends_the_process)
{
	expect_check_fails(ahead, "position_cmp(&t->returned, &t->read) <= 0");
}

/* ---- What the stream's own row says */

enum { STREAM_TABLE = 8, DELTAS = 3000 };

static void
map_stream(size_t columns)
{
	SCOPED(buf) struct buf b = BUF_INIT;

	wire_put_int(&b, STREAM_TABLE, 6);
	wire_put_int(&b, 1, 2);
	wire_put_lenenc_str(&b, slice_str(SIDECAR_DEFAULT));
	buf_add_char(&b, '\0');
	wire_put_lenenc_str(&b, slice_str("stream"));
	buf_add_char(&b, '\0');
	wire_put_int(&b, columns, 1);
	for (size_t i = 0; i < columns; i++)
		wire_put_int(&b, i == 1 ? BINLOG_LONG : BINLOG_VARCHAR, 1);
	wire_put_int(&b, 2 * (columns - 1), 1);
	for (size_t i = 0; i < columns - 1; i++)
		wire_put_int(&b, 60000, 2);
	for (size_t i = 0; i < columns; i += 8)
		wire_put_int(&b, 0xff, 1);
	script_add(&script, EVENT_TABLE_MAP, buf_slice(&b));
}

/* All columns between the first three and the deltas are NULL. */
static void
insert_stream(size_t columns, struct slice deltas)
{
	SCOPED(buf) struct buf b = BUF_INIT;
	uint8_t nulls[8] = { 0 };

	wire_put_int(&b, STREAM_TABLE, 6);
	wire_put_int(&b, 1, 2);
	wire_put_int(&b, columns, 1);
	for (size_t i = 0; i < columns; i += 8)
		wire_put_int(&b, 0xff, 1);
	for (size_t i = 3; i + 1 < columns; i++)
		nulls[i / 8] |= (uint8_t)(1 << i % 8);
	buf_add(&b, nulls, (columns + 7) / 8);
	wire_put_int(&b, 1, 2);
	buf_add_char(&b, 'w');
	wire_put_int(&b, 1, 4);
	wire_put_int(&b, strlen("running"), 2);
	buf_add_str(&b, "running");
	wire_put_int(&b, deltas.len, 2);
	buf_add_slice(&b, deltas);
	script_add(&script, EVENT_WRITE_ROWS_V1, buf_slice(&b));
}

static void
stream_row(void *arg)
{
	size_t columns = (size_t)sidecar_column_no(SIDECAR_STREAM, "deltas") + 1;
	char bytes[DELTAS];
	struct slice deltas = slice_of(bytes, sizeof(bytes));
	struct source_txn *txn;

	memset(bytes, 'd', sizeof(bytes));
	params.guards = true;
	script_gtid(&script, 4);
	map_stream(columns);
	insert_stream(columns, deltas);
	open_tail();
	expect_silence(SCRIPT_START);
	/* What comes later lies where that event lay. */
	for (int i = 0; i < 3; i++) {
		script_map(&script, 7, "db", "other");
		script_insert(&script, i, NULL);
	}
	script_xid(&script);
	script_wake(&script);
	txn = next();
	while (!txn->by_stream) {
		source_txn_free(txn);
		txn = next();
	}
	expect_slice(txn->deltas, deltas);
	source_txn_free(txn);
	end();
}

TEST(deltas_are_kept_until_their_transaction_ends)
{
	in_sim(stream_row);
}
