/*
 * digest_test.c - what is kept of clients' statements, and what is not.
 */
#include "gate/digest.h"
#include "sql/statement_cache.h"
#include "test.h"
#include "unit/gate/world.h"

#include <stdio.h>

static const struct temporary_tables none;

/* A statement of a session in keyspace customer, without a transaction unless there is one. */
static void
note(struct digests *d, struct statement_cache *cache, const char *sql, struct touched *touched)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct statement st;
	struct err err;
	struct statement_text text = { slice_str(sql), 0 };
	struct digest_statement s = { &st, text.sql, slice_str("customer"), 0, &none, false };
	struct digest_outcome o = { .took = 100, .rows = 2 };

	expect_eq(statement_cache_read(cache, &arena, &text, &st, &err), 0);
	digests_done(d, digests_begin(d, &arena, &s), &o, touched);
}

static void
copy(const struct digests *d, struct arena *a, const char *keyspace, struct statements_record *out)
{
	struct statements_request what = { keyspace };
	struct statements_record one;
	const struct statements_record *all[] = { &one };

	digests_copy(d, a, &what, &one);
	statements_merge(a, all, 1, out);
}

TEST(statements_that_differ_in_literals_are_one_and_no_literal_is_kept)
{
	struct digests *d = digests_new(0);
	struct statement_cache *cache = statement_cache_new();
	SCOPED(arena) struct arena a = ARENA_INIT;
	SCOPED(buf) struct buf json = BUF_INIT;
	struct statements_record r;

	for (int i = 0; i < 3; i++) { /* the second and third are found by their number */
		note(d, cache, "SELECT * FROM users WHERE name = 'secret' AND id = 4711", NULL);
		note(d, cache, "SELECT * FROM users WHERE name = 'geheim' AND id = 18", NULL);
	}
	note(d, NULL, "select *  from users where name='secret' and id in (4711, 4712)", NULL);
	note(d, NULL,
	    "insert into users values (x'5ec4e7', 0x5ec4e7, \"secret\", -4711, 47.11e5), (1,2,3,4,5)",
	    NULL);
	copy(d, &a, "", &r);
	expect_eq(r.count, 8);
	expect_eq(r.statements_count, 3);
	expect_str(r.statements[0].text, "select * from users where name = ? and id = ?");
	expect_eq(r.statements[0].count, 6);
	expect_eq(r.statements[0].rows, 12);
	expect_eq(r.statements[0].tables_count, 1);
	expect_str(r.statements[0].tables[0], "customer.users");
	expect_eq(statement_quantile_us(&r.statements[0], 990), 100);
	message_write(&json, &statements_record_message, &r);
	expect(strstr(json.data, "secret") == NULL && strstr(json.data, "4711") == NULL);
	expect(strstr(json.data, "5ec4e7") == NULL && strstr(json.data, "47.11") == NULL);
	statement_cache_free(cache);
	digests_free(d);
}

TEST(the_same_text_in_another_keyspace_names_other_tables)
{
	struct digests *d = digests_new(0);
	struct statement_cache *cache = statement_cache_new();
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct statement st;
	struct err err;
	struct statement_text text = { slice_str("SELECT * FROM users, archive.orders AS o"), 0 };
	const char *const keyspaces[] = { "customer", "shop", "customer", "shop", "shop" };
	struct statements_record r;

	for (size_t i = 0; i < 5; i++) {
		struct digest_statement s = { &st, text.sql, slice_str(keyspaces[i]), 0, &none,
			false };
		struct digest_outcome o = { .failed = i == 0 };

		expect_eq(statement_cache_read(cache, &a, &text, &st, &err), 0);
		digests_done(d, digests_begin(d, &a, &s), &o, NULL);
	}
	copy(d, &a, "", &r);
	expect_eq(r.statements_count, 2);
	expect_eq(r.statements[0].count, 3);
	expect_str(r.statements[0].tables[0], "archive.orders");
	expect_str(r.statements[0].tables[1], "shop.users");
	expect_str(r.statements[1].tables[1], "customer.users");
	expect_eq(r.statements[1].errors, 1);
	copy(d, &a, "shop", &r);
	expect_eq(r.statements_count, 1);
	copy(d, &a, "archive", &r);
	expect_eq(r.statements_count, 2);
	statement_cache_free(cache);
	digests_free(d);
}

TEST(what_a_transaction_has_named_is_a_span_when_it_ends)
{
	struct digests *d = digests_new(0);
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct touched t = { 0 };
	struct statements_record r;

	note(d, NULL, "SELECT * FROM users", &t);
	note(d, NULL, "UPDATE orders SET n = 1", &t);
	note(d, NULL, "SELECT * FROM users", &t);
	digests_transaction(d, &t);
	note(d, NULL, "UPDATE orders SET n = 1", &t);
	note(d, NULL, "INSERT INTO users VALUES (1)", &t);
	digests_transaction(d, &t);
	note(d, NULL, "UPDATE orders SET n = 1", &t); /* one table alone */
	digests_transaction(d, &t);
	digests_transaction(d, &t);
	copy(d, &a, "", &r);
	expect_eq(r.spans_count, 1);
	expect_eq(r.spans[0].count, 2);
	expect_eq(r.spans[0].tables_count, 2);
	expect_str(r.spans[0].tables[0], "customer.orders");
	expect_str(r.spans[0].tables[1], "customer.users");
	digests_free(d);
}

TEST(those_that_are_used_least_leave_and_are_counted)
{
	struct digests *d = digests_new(0);
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct statements_record r;
	char sql[64];

	for (int i = 0; i < 50; i++)
		note(d, NULL, "SELECT often FROM users", NULL);
	for (int i = 0; i < DIGESTS_MAX - 1; i++) {
		(void)snprintf(sql, sizeof sql, "SELECT c%d FROM users", i);
		note(d, NULL, sql, NULL);
	}
	copy(d, &a, "", &r);
	expect_eq(r.statements_count, DIGESTS_MAX);
	expect_eq(r.left, 0);
	note(d, NULL, "SELECT once_more FROM users", NULL);
	copy(d, &a, "", &r);
	expect_eq(r.left, DIGESTS_MAX / 4);
	expect_eq(r.left_count, DIGESTS_MAX / 4);
	expect_eq(r.statements_count, DIGESTS_MAX - DIGESTS_MAX / 4 + 1);
	expect_eq(r.count, 50 + DIGESTS_MAX);
	expect_str(r.statements[0].text, "select often from users");
	digests_free(d);
}

TEST(a_statement_that_is_under_way_does_not_leave)
{
	struct digests *d = digests_new(0);
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct statement st;
	struct err err;
	struct slice sql = slice_str("SELECT slow FROM users");
	struct digest_statement s = { &st, sql, slice_str("customer"), 0, &none, false };
	struct digest_outcome o = { .took = SECOND };
	struct statements_record r;
	struct digest *slow;
	char text[64];
	bool found = false;

	expect_eq(statement_read(&a, sql, 0, &st, &err), 0);
	slow = digests_begin(d, &a, &s);
	for (int i = 0; i < 2 * DIGESTS_MAX; i++) {
		(void)snprintf(text, sizeof text, "SELECT c%d FROM users", i);
		note(d, NULL, text, NULL);
	}
	digests_done(d, slow, &o, NULL);
	copy(d, &a, "", &r);
	for (size_t i = 0; i < r.statements_count; i++)
		found = found || strcmp(r.statements[i].text, "select slow from users") == 0;
	expect(found);
	digests_free(d);
}

TEST(with_too_many_tables_it_begins_anew_and_says_so)
{
	struct digests *d = digests_new(-SECOND);
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct statement st;
	struct err err;
	struct slice sql = slice_str("SELECT slow FROM users");
	struct digest_statement s = { &st, sql, slice_str("customer"), 0, &none, false };
	struct digest_outcome o = { .took = SECOND };
	struct touched t = { 0 };
	struct statements_record r;
	struct digest *slow;
	char text[64];

	note(d, NULL, "SELECT * FROM a", &t);
	expect_eq(statement_read(&a, sql, 0, &st, &err), 0);
	slow = digests_begin(d, &a, &s); /* ends after it has begun anew */
	for (int i = 0; i < DIGEST_NAMES_MAX - 1; i++) {
		(void)snprintf(text, sizeof text, "SELECT * FROM t%d", i);
		note(d, NULL, text, NULL);
	}
	digests_done(d, slow, &o, &t);
	note(d, NULL, "SELECT * FROM b", &t);
	digests_transaction(d, &t);
	copy(d, &a, "", &r);
	expect(r.count < DIGESTS_MAX && r.count >= 2);
	expect_eq(r.spans_count, 0); /* the numbers of before mean other tables now */
	digests_free(d);
}

TEST(a_long_statement_is_cut_and_one_with_many_tables_says_so)
{
	struct digests *d = digests_new(0);
	SCOPED(arena) struct arena a = ARENA_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct statements_record r;

	buf_add_str(&sql, "SELECT 1 FROM t0");
	for (int i = 1; i <= DIGEST_TABLES_MAX; i++)
		buf_addf(&sql, " JOIN table_with_a_rather_long_name_%d", i);
	note(d, NULL, sql.data, NULL);
	copy(d, &a, "", &r);
	expect_eq(r.statements[0].tables_count, DIGEST_TABLES_MAX);
	expect(r.statements[0].more_tables);
	expect_eq(strlen(r.statements[0].text), DIGEST_TEXT_MAX + strlen(" ..."));
	digests_free(d);
}

/* ---- In a gate */

static const struct statement_digest *
find(const struct statements_record *r, const char *text)
{
	for (size_t i = 0; i < r->statements_count; i++) {
		if (strcmp(r->statements[i].text, text) == 0)
			return &r->statements[i];
	}
	return NULL;
}

static void
kept_story(struct ctx *cx, struct world *w)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct mysql_client *c = world_client(cx, "customer");
	struct statements_record r;
	const struct statement_digest *one;
	uint32_t id;

	w->slow = 3 * MSEC;
	expect_str(world_ask(cx, c, "SELECT slow FROM t WHERE a = 'secret'"), "db1");
	id = world_prepare(cx, c, "insert into t values ('secret')");
	expect_eq(world_execute(cx, c, id), 0);
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_eq(world_do(cx, c, "insert into t values ('geheim')"), 0);
	expect_eq(world_do(cx, c, "update orders set a = 'secret'"), 0);
	expect_eq(world_do(cx, c, "insert into new_customer.t values ('secret')"), 1235);
	expect_eq(world_do(cx, c, "commit"), 0);
	expect_eq(world_do(cx, c, "set transaction isolation level read committed"), 0);
	expect_eq(world_do(cx, c, "begin"), 0);
	expect_str(world_ask(cx, c, "SELECT * FROM t"), "db1");
	expect_str(world_ask(cx, c, "SELECT * FROM t2"), "db1"); /* could go on elsewhere */
	expect_eq(world_do(cx, c, "rollback"), 0);
	copy(w->gate_loop.digests, &a, "", &r);
	one = find(&r, "select slow from t where a = ?");
	expect(one != NULL && one->count == 1 && one->rows == 1 && one->total_us >= 3 * MSEC);
	one = find(&r, "insert into t values ( ? )");
	expect(one != NULL && one->count == 2 && one->errors == 0);
	one = find(&r, "insert into new_customer . t values ( ? )");
	expect(one != NULL && one->count == 1 && one->errors == 1);
	expect(find(&r, "begin") == NULL && find(&r, "commit") == NULL);
	expect_eq(r.spans_count, 1);
	expect_str(r.spans[0].tables[0], "customer.orders");
	expect_str(r.spans[0].tables[1], "customer.t");
	mysql_close(c);
}

TEST(a_gate_keeps_what_its_clients_run)
{
	world_run(kept_story);
}
