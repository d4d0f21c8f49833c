/* Records to JSON and back, and what is said about wrong ones. */
#include "base/rand.h"
#include "test.h"
#include "topo/json.h"
#include "topo/record.h"

#include <math.h>
#include <stdlib.h>

static struct arena arena;
static struct err err;

static struct workflow_record
a_workflow(void)
{
	/* clang-format off */
	static struct workflow_table tables[2] = {
		{ "users", "users", "copying", 1000000, 17 },
		    { "orders", "orders_new", "init", 0, 0 } };
	static struct workflow_stream streams[1] = { { "customer", "0", "zone1-1", "new_customer",
	    "0", "zone1-2" } };
	static struct workflow_event events[1] = { { 1700000000000000, 3, "fence", "done",
	    "in 5 \"ms\"\n\\" } };

	return (struct workflow_record){
		.name = "users", .type = WORKFLOW_MATERIALIZE, .state = WORKFLOW_SWITCHING,
		    .state_text = "switching",
		.hint = "wait", .source_keyspace = "customer", .target_keyspace = "new_customer",
		    .tables = tables,
		.tables_count = 2, .streams = streams, .streams_count = 1,
		    .direction = DIRECTION_REVERSE, .round = 4, .start = "0-2-7", .next_start = "0-1-9",
		    .finishing = true, .reversing = true, .closed = "TRUNCATE was found",
		    .old_tables = OLD_TABLES_RENAME, .attempt = 3,
		.step = "fence", .rolling_back = true, .cancel = true,
		    .attempts_from = 2, .position = "0-1-42", .hold_us = 12345,
		    .created_us = INT64_MAX,
		.copied_us = INT64_MIN, .switched_us = -1,
		.options = { 1, 2, 3, NEVER, ON_GRACE_KILL, 5, true, false, .reverse = true },
		    .events = events,
		    .events_count = 1 };
}

TEST(record_workflow_survives)
{
	SCOPED(buf) struct buf first = BUF_INIT, second = BUF_INIT;
	struct workflow_record r = a_workflow(), back;

	workflow_write(&first, &r);
	expect_ok(workflow_read(&arena, buf_slice(&first), &back, &err), &err);
	workflow_write(&second, &back);
	expect_str(second.data, first.data);
	expect(back.type == WORKFLOW_MATERIALIZE && back.state == WORKFLOW_SWITCHING &&
	    back.rolling_back && back.cancel && back.attempts_from == 2);
	expect(back.direction == DIRECTION_REVERSE && back.options.max_lag == NEVER &&
	    back.options.no_switch);
	expect(back.options.on_grace == ON_GRACE_KILL && back.copied_us == INT64_MIN &&
	    back.attempt == 3);
	expect(back.round == 4 && back.finishing && back.reversing && back.options.reverse &&
	    back.old_tables == OLD_TABLES_RENAME);
	expect_str(back.start, "0-2-7");
	expect_str(back.next_start, "0-1-9");
	expect_str(back.closed, "TRUNCATE was found");
	expect_str(back.tables[1].target_table, "orders_new");
	expect_str(back.events[0].text, "in 5 \"ms\"\n\\");
	expect_str(back.streams[0].target_tablet, "zone1-2");
	arena_done(&arena);
}

/* Release 0.1 turned nothing round. */
TEST(record_workflow_without_rounds_has_switched_once_or_not_yet)
{
	static const char form[] = "{\"name\":\"users\",\"state\":\"%s\",\"direction\":\"forward\"}";
	static const char *const switched[] = { "Switched", "Complete" };
	static const char *const others[] = { "Running", "Switching", "Cancelled", "Error" };
	struct workflow_record r;

	for (int i = 0; i < 2; i++) {
		const char *json = arena_printf(&arena, form, switched[i]);

		expect_ok(workflow_read(&arena, slice_str(json), &r, &err), &err);
		expect(r.round == 2 && r.direction == DIRECTION_REVERSE && r.start[0] == '\0');
	}
	for (int i = 0; i < 4; i++) {
		const char *json = arena_printf(&arena, form, others[i]);

		expect_ok(workflow_read(&arena, slice_str(json), &r, &err), &err);
		expect(r.round == 1 && r.direction == DIRECTION_FORWARD);
	}
	arena_done(&arena);
}

TEST(record_rules_survive)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct routing_rule rules[2] = {
		{ "customer", "users", "new_customer", "users", RULE_SWITCHED, "new_customer/users",
		    "new_customer/users", 4, SECOND, 2 * SECOND, ON_GRACE_WAIT, false },
		{ "customer", "orders", "customer", "orders", RULE_OPEN, "", "", 0, 0, 0,
		    ON_GRACE_ABORT, false } };
	struct rules_record r = { 17, rules, 2 }, back;

	rules_write(&out, &r);
	expect_ok(rules_read(&arena, buf_slice(&out), &back, &err), &err);
	expect(back.version == 17 && back.count == 2 && back.rules[0].phase == RULE_SWITCHED);
	expect(back.rules[0].attempt == 4 && back.rules[0].grace == 2 * SECOND &&
	    back.rules[0].reader_wait == SECOND);
	expect(strcmp(back.rules[0].maker, "new_customer/users") == 0 && back.rules[1].maker[0] == '\0');
	expect(back.rules[0].on_grace == ON_GRACE_WAIT && back.rules[1].on_grace == ON_GRACE_ABORT);
	expect(rules_find(&back, "customer", "orders") == &back.rules[1]);
	expect(rules_find(&back, "customer", "Orders") == NULL &&
	    rules_find(&back, "c", "users") == NULL);
	arena_done(&arena);
}

TEST(record_small_ones_survive)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct keyspace_record k = { "customer", "cust", "side", "there", "mysql-9.7", 5 }, k2;
	struct tablet_record t = { "zone1-100", "zone1", 100, "customer", "0", TABLET_RDONLY, "h:1",
	    "h:2", "side" }, t2;
	struct health_record h = { true, "SERVING", "", -1, "10.11.6-MariaDB" }, h2;
	struct gate_record g = { "gate1", "h:3", "h:4", 99 }, g2;
	struct combo_record c = { "mariadb, mysql" }, c2;
	struct ack_record a = { "gate1", 12, "c/users", 40, 3, RULE_HOLD }, a2;

	keyspace_write(&out, &k);
	expect_ok(keyspace_read(&arena, buf_slice(&out), &k2, &err), &err);
	expect(strcmp(k2.name, "customer") == 0 && strcmp(k2.database, "cust") == 0 &&
	    strcmp(k2.sidecar, "side") == 0 && strcmp(k2.follows, "there") == 0 &&
	    strcmp(k2.server_kind, "mysql-9.7") == 0 &&
	    k2.created_us == 5);
	buf_reset(&out);
	combo_write(&out, &c);
	expect_ok(combo_read(&arena, buf_slice(&out), &c2, &err), &err);
	expect(strcmp(c2.server_kinds, c.server_kinds) == 0);
	expect(combo_has_kind(c2.server_kinds, "mysql") && combo_has_kind(c2.server_kinds, "mariadb"));
	expect(!combo_has_kind(c2.server_kinds, "mysql-9.7") && !combo_has_kind("", "mysql"));
	buf_reset(&out);
	tablet_write(&out, &t);
	expect_ok(tablet_read(&arena, buf_slice(&out), &t2, &err), &err);
	expect(strcmp(t2.alias, t.alias) == 0 && strcmp(t2.cell, t.cell) == 0 && t2.uid == 100);
	expect(strcmp(t2.keyspace, t.keyspace) == 0 && strcmp(t2.shard, "0") == 0 &&
	    t2.type == TABLET_RDONLY);
	expect(strcmp(t2.server, "h:1") == 0 && strcmp(t2.http, "h:2") == 0 &&
	    strcmp(t2.sidecar, "side") == 0);
	buf_reset(&out);
	health_write(&out, &h);
	expect_ok(health_read(&arena, buf_slice(&out), &h2, &err), &err);
	expect(h2.healthy && strcmp(h2.state, "SERVING") == 0 && h2.reason[0] == '\0' &&
	    h2.lag_ms == -1);
	expect_str(h2.version, h.version);
	buf_reset(&out);
	gate_write(&out, &g);
	expect_ok(gate_read(&arena, buf_slice(&out), &g2, &err), &err);
	expect(strcmp(g2.id, "gate1") == 0 && strcmp(g2.http, "h:3") == 0 &&
	    strcmp(g2.mysql, "h:4") == 0);
	expect_eq(g2.lease, 99);
	buf_reset(&out);
	ack_write(&out, &a);
	expect_ok(ack_read(&arena, buf_slice(&out), &a2, &err), &err);
	expect(strcmp(a2.id, "gate1") == 0 && a2.version == 12);
	arena_done(&arena);
}

TEST(record_absent_members_are_zero_and_unknown_ones_ignored)
{
	struct workflow_record w;
	struct tablet_record t;

	expect_ok(workflow_read(&arena,
	    slice_str("{\"name\":\"x\",\"state\":\"Copying\",\"later\":[{}],\"step\":null}"),
	    &w, &err), &err);
	expect(w.state == WORKFLOW_COPYING && w.tables_count == 0 && w.events_count == 0);
	expect(w.step[0] == '\0' && w.hint[0] == '\0' && w.position[0] == '\0' &&
	    w.options.grace_period == 0);
	expect_ok(tablet_read(&arena, slice_str("{\"alias\":\"z-1\"}"), &t, &err), &err);
	expect(t.server[0] == '\0' && t.type == TABLET_PRIMARY);
	arena_done(&arena);
}

static void
workflow_wrong(const char *json, const char *text)
{
	struct workflow_record w;

	err_clear(&err);
	expect_eq(workflow_read(&arena, slice_str(json), &w, &err), -1);
	expect_str(err.text, text);
	expect_eq(err.kind, ERR_CORRUPT);
	arena_done(&arena);
}

#define HEAD "{\"name\":\"x\",\"state\":\"Copying\","

TEST(record_errors_name_the_member)
{
	workflow_wrong("{}", "workflow record: 'name' is missing");
	workflow_wrong("{\"name\":\"x\"}", "workflow record: 'state' is missing");
	workflow_wrong("{\"name\":7,\"state\":8}", "workflow record: 'name' is not a string");
	workflow_wrong("{\"name\":\"x\",\"state\":\"Sleeping\"}",
	    "workflow record: 'state' is none of the known values");
	workflow_wrong(HEAD "\"attempt\":-1}",
	    "workflow record: 'attempt' is not between 0 and 2147483647");
	workflow_wrong(HEAD "\"attempt\":1.5}", "workflow record: 'attempt' is not a whole number");
	workflow_wrong(HEAD "\"rolling_back\":1}",
	    "workflow record: 'rolling_back' is not true or false");
	workflow_wrong(HEAD "\"tables\":{}}", "workflow record: 'tables' is not an array");
	workflow_wrong(HEAD "\"tables\":[{},5]}", "workflow record: 'tables[1]' is not an object");
	workflow_wrong(HEAD "\"tables\":[{},{\"state\":[]}]}",
	    "workflow record: 'tables[1].state' is not a string");
	workflow_wrong(HEAD "\"options\":{\"no_switch\":\"y\"}}",
	    "workflow record: 'options.no_switch' is not true or false");
	workflow_wrong("[]", "workflow record: not a JSON object");
}

TEST(record_refuses_what_is_not_json)
{
	static const char *const wrong[] = { "", "{",
	    "{\"name\":\"x\",\"name\":\"y\",\"state\":\"Copying\"}", "{}x",
		"{\"name\":\"\xff\"}", "{\"name\":\"\\u0000\",\"state\":\"Copying\"}", "nul" };
	struct workflow_record w;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		err_clear(&err);
		expect_eq(workflow_read(&arena, slice_str(wrong[i]), &w, &err), -1);
		expect_eq(err.kind, ERR_CORRUPT);
	}
	/* clang-format on */
	expect_eq(workflow_read(&arena, SLICE_NULL, &w, &err), -1);
	arena_done(&arena);
}

TEST(record_nesting_is_bounded)
{
	SCOPED(buf) struct buf deep = BUF_INIT;
	struct json_doc d;

	/* the object is one more */
	for (int depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX; depth++) {
		buf_reset(&deep);
		buf_add_str(&deep, "{\"a\\\"[[[\":");
		for (int i = 0; i < depth; i++)
			buf_add_char(&deep, '[');
		for (int i = 0; i < depth; i++)
			buf_add_char(&deep, ']');
		buf_add_char(&deep, '}');
		int rc = json_open(&d, "x", buf_slice(&deep), &arena, &err);

		expect_eq(rc, depth < JSON_DEPTH_MAX ? 0 : -1);
		if (rc == 0)
			expect_eq(json_close(&d), 0);
	}
	expect_str(err.text, "x: nested deeper than 32");
	arena_done(&arena);
}

/* Damaged records are read or refused, never more than that (with the sanitizers watching). */
TEST(record_reader_survives_damage)
{
	SCOPED(buf) struct buf good = BUF_INIT, bad = BUF_INIT;
	struct workflow_record r = a_workflow(), back;
	struct rand rand;
	int refused = 0;

	rand_seed(&rand, test_seed());
	workflow_write(&good, &r);
	for (int i = 0; i < 20000; i++) {
		buf_reset(&bad);
		buf_add_slice(&bad, buf_slice(&good));
		for (uint64_t n = rand_below(&rand, 4); n > 0; n--)
			bad.data[rand_below(&rand, bad.len)] =
			    "{}[]\",:0a\\-\xff"[rand_below(&rand, 12)];
		if (rand_below(&rand, 4) == 0)
			buf_truncate(&bad, rand_below(&rand, bad.len));
		refused += workflow_read(&arena, buf_slice(&bad), &back, &err) != 0;
		arena_reset(&arena);
	}
	expect(refused > 10000 && refused < 20000);
	arena_done(&arena);
}

TEST(json_writer_makes_any_bytes_readable)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);
	struct json_doc d;
	char all[256];

	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	json_put_open(&w, NULL, '{');
	json_put_slice(&w, "all", slice_of(all + 1, 127));
	json_put_slice(&w, "bad", slice_str("a\xff\xc0\x80z\xed\xa0\x80\xf5"));
	json_put_slice(&w, "good", slice_str("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
	json_put_slice(&w, "cut", slice_of("\xe2\x82\xac", 2));
	json_put_str(&w, "null", NULL);
	json_put_u64(&w, "big", UINT64_MAX);
	json_put_u64(&w, "small", 7);
	json_put_i64(&w, "low", INT64_MIN);
	json_put_open(&w, "list", '[');
	json_put_str(&w, NULL, "a");
	json_put_str(&w, NULL, "b");
	json_put_close(&w, ']');
	json_put_double(&w, "half", 0.5);
	json_put_bool(&w, "yes", true);
	json_put_raw(&w, "raw", slice_str("{\"x\":1}"));
	json_put_close(&w, '}');
	expect_ok(json_open(&d, "test", buf_slice(&out), &arena, &err), &err);
	struct json j = json_root(&d), list = json_get_array(&j, "list"),
		    raw = json_get_object(&j, "raw");

	expect_slice(slice_str(json_get_str(&j, "all")), slice_of(all + 1, 127));
	expect_str(json_get_str(&j, "bad"),
	    "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz"
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	expect_str(json_get_str(&j, "good"), "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	expect_str(json_get_str(&j, "cut"), "\xef\xbf\xbd\xef\xbf\xbd");
	expect_str(json_get_str(&j, "null"), "");
	expect(json_get_u64(&j, "big") == UINT64_MAX && json_get_u64(&j, "small") == 7);
	expect(json_get_i64(&j, "low") == INT64_MIN && json_get_bool(&j, "yes"));
	expect_eq(json_count(&list), 2);
	expect_str(json_item_str(&list, 1), "b");
	expect_eq(json_get_int(&raw, "x", 0, 1), 1);
	expect(json_has(&j, "half") && !json_has(&j, "nothing"));
	expect_ok(json_close(&d), &err);
	arena_done(&arena);
}

TEST(json_numbers_are_as_short_as_they_can_be)
{
	struct buf out = BUF_INIT;
	struct json_writer w = { .out = &out };

	json_put_open(&w, NULL, '[');
	json_put_double(&w, NULL, 5934441 / 1e6);
	json_put_double(&w, NULL, 0.1 + 0.2);
	json_put_double(&w, NULL, INFINITY);
	json_put_close(&w, ']');
	expect_slice(buf_slice(&out), slice_str("[5.934441,0.30000000000000004,null]"));
	buf_done(&out);
}

TEST(record_events_keep_the_last)
{
	struct workflow_record r = { .name = "x" };
	char text[] = "n 000";

	for (int i = 0; i < WORKFLOW_EVENTS_MAX + 5; i++) {
		text[2] = (char)('0' + i / 100);
		text[3] = (char)('0' + i / 10 % 10);
		text[4] = (char)('0' + i % 10);
		workflow_add_event(&arena, &r,
		    &(struct workflow_event){ .attempt = i, .step = "hold", .text = text });
		expect_eq(r.events_count, i < WORKFLOW_EVENTS_MAX ? i + 1 : WORKFLOW_EVENTS_MAX);
	}
	expect_str(r.events[0].text, "n 005");
	expect_str(r.events[WORKFLOW_EVENTS_MAX - 1].text, "n 204");
	expect_str(r.events[0].what, "");
	arena_done(&arena);
}

static void
prunes(const char *text, const char *left)
{
	struct buf out = BUF_INIT;
	struct err why = { 0 };

	expect_ok(json_prune(&out, slice_str(text), &why), &why);
	expect_str(out.data, left);
	buf_done(&out);
}

TEST(json_without_what_says_nothing)
{
	prunes("{\"a\":\"\",\"b\":0,\"c\":\"0\",\"d\":null,\"e\":false,\"f\":[],\"g\":{}}", "{}");
	prunes("{\"a\":{\"b\":{\"c\":\"\"}},\"d\":1}", "{\"d\":1}");
	prunes("{\"a\":[{\"b\":\"\"},0,\"\"],\"z\":true,\"k\":\"00\"}",
	    "{\"a\":[{},0,\"\"],\"z\":true,\"k\":\"00\"}");
	struct buf out = BUF_INIT;
	struct err why = { 0 };
	expect(json_prune(&out, slice_str("{\"a\":"), &why) == -1 && why.kind == ERR_CORRUPT);
	buf_done(&out);
}
