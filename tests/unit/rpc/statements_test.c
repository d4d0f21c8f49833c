/*
 * statements_test.c - records of loops and gates added up.
 */
#include "rpc/statements.h"

#include "test.h"

#include <stdio.h>

static const char *users[] = { "customer.users" }, *both[] = { "customer.orders", "customer.users" };

TEST(the_same_statement_of_two_gates_is_one)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	SCOPED(buf) struct buf json = BUF_INIT;
	struct latency_bucket fast[] = { { 64, 3 }, { 256, 1 } }, slow[] = { { 256, 2 }, { 0, 1 } };
	struct statement_digest d1[] = { { "select ?", users, 1, false, 4, 1, 8, 30, 400, 200, fast,
	    2 } };
	struct statement_digest d2[] = { { "select ?", users, 1, false, 3, 0, 3, 20, 900, 500, slow,
					     2 },
		{ "select ?", both, 2, false, 9, 0, 0, 1, 9, 1, fast, 0 } };
	struct table_span s1[] = { { both, 2, false, 5, 10 } }, s2[] = { { both, 2, false, 6, 11 } };
	struct statements_record r1 = { 1000, 50, 50, 1, NULL, 0, 4, 1, 7, 2, d1, 1, s1, 1 };
	struct statements_record r2 = { 900, 60, 20, 1, NULL, 0, 12, 0, 0, 0, d2, 2, s2, 1 };
	const struct statements_record *all[] = { &r1, &r2 };
	struct statements_record sum, again;
	struct err err;

	statements_merge(&a, all, 2, &sum);
	message_write(&json, &statements_record_message, &sum);
	expect_ok(
	    message_read(&a, &statements_record_message, buf_slice(&json), &again, &err), &err);
	expect_eq(again.gates, 2);
	expect_eq(again.count, 16);
	expect_eq(again.since_us, 900);
	expect_eq(again.seen_us, 60);
	expect_eq(again.youngest_us, 20);
	expect_eq(again.left_count, 7);
	expect_eq(again.left_spans, 2);
	expect_eq(again.statements_count, 2);
	expect_eq(again.statements[0].tables_count, 2); /* the most frequent first; other tables */
	expect_eq(again.statements[1].count, 7);
	expect_eq(again.statements[1].errors, 1);
	expect_eq(again.statements[1].rows, 11);
	expect_eq(again.statements[1].ago_us, 20);
	expect_eq(again.spans[0].ago_us, 10);
	expect_eq(again.statements[1].max_us, 500);
	expect_eq(again.statements[1].latency_count, 3);
	expect_eq(again.statements[1].latency[1].count, 3);
	expect_eq(again.spans_count, 1);
	expect_eq(again.spans[0].count, 11);
}

TEST(a_sum_is_bounded_and_says_what_is_left_out)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct statements_record r = { .statements = arena_array(
					   &a, struct statement_digest, STATEMENTS_MAX + 1),
		.statements_count = STATEMENTS_MAX + 1 };
	const struct statements_record *all[] = { &r };
	struct statements_record sum;

	for (size_t i = 0; i < r.statements_count; i++)
		r.statements[i] =
		    (struct statement_digest){ .text = arena_printf(&a, "select c%zu", i),
			    .count = 10 };
	r.statements[5].count = 3;
	statements_merge(&a, all, 1, &sum);
	expect_eq(sum.statements_count, STATEMENTS_MAX);
	expect_eq(sum.left, 1);
	expect_eq(sum.left_count, 3);
}

TEST(latency_is_told_as_the_bound_of_a_bucket)
{
	struct latency_bucket b[] = { { 64, 98 }, { 1024, 1 }, { 0, 1 } };
	struct statement_digest d = {
		.count = 100, .max_us = 3600 * SECOND, .latency = b, .latency_count = 3
	};

	expect_eq(latency_bucket_of(-1), 0);
	expect_eq(latency_bucket_of(63), 0);
	expect_eq(latency_bucket_of(64), 1);
	expect_eq(latency_below(1), 128);
	expect_eq(latency_bucket_of(127), 1);
	expect_eq(latency_bucket_of(128), 2);
	expect_eq(latency_bucket_of(INT64_MAX), LATENCY_BUCKETS - 1);
	expect_eq(latency_below(LATENCY_BUCKETS - 1), 0);
	expect_eq(statement_quantile_us(&d, 500), 64);
	expect_eq(statement_quantile_us(&d, 990), 1024);
	expect_eq(statement_quantile_us(&d, 999), 3600 * SECOND);
	d.max_us = 40;
	expect_eq(statement_quantile_us(&d, 500), 40);
}
