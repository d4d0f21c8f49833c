/* What may be taken in a time. */
#include "base/token_bucket.h"

#include "test.h"

TEST(token_bucket_without_a_limit_never_waits)
{
	struct token_bucket b = { 0 };

	token_bucket_take(&b, 1000000, 5 * SECOND);
	expect_eq(token_bucket_wait(&b, 5 * SECOND), 0);
}

TEST(token_bucket_is_paid_for_afterwards)
{
	struct token_bucket b = { 0 };

	token_bucket_set(&b, 1000, 10 * SECOND);
	expect_eq(token_bucket_wait(&b, 10 * SECOND), 0);
	token_bucket_take(&b, 500, 10 * SECOND);
	expect_eq(token_bucket_wait(&b, 10 * SECOND), 500 * MSEC);
	expect_eq(token_bucket_wait(&b, 10 * SECOND + 400 * MSEC), 100 * MSEC);
	expect_eq(token_bucket_wait(&b, 11 * SECOND), 0);
}

/* What is saved up is a second's worth, however long nothing was taken. */
TEST(token_bucket_saves_up_a_second)
{
	struct token_bucket b = { 0 };

	token_bucket_set(&b, 1000, 0);
	token_bucket_take(&b, 1500, 3600 * SECOND);
	expect_eq(token_bucket_wait(&b, 3600 * SECOND), 500 * MSEC);
}

TEST(token_bucket_bounds_any_time_however_it_is_taken_from)
{
	struct token_bucket b = { 0 };
	int64_t taken = 0;
	usec now = 0;

	token_bucket_set(&b, 700, 0);
	while (now < 60 * SECOND) {
		usec wait = token_bucket_wait(&b, now);

		if (wait > 0) {
			now += wait;
			continue;
		}
		token_bucket_take(&b, 350, now);
		taken += 350;
		now += 3 * MSEC; /* to read them */
	}
	expect(taken <= 700 * 61 + 350);
	expect(taken >= 700 * 60 - 350);
}

TEST(token_bucket_pays_its_debt_at_the_new_rate)
{
	struct token_bucket b = { 0 };

	token_bucket_set(&b, 10, 0);
	token_bucket_take(&b, 1000, 0);
	expect_eq(token_bucket_wait(&b, 0), 100 * SECOND);
	token_bucket_set(&b, 1000, 0);
	expect_eq(token_bucket_wait(&b, 0), SECOND);
	token_bucket_set(&b, 0, 0);
	expect_eq(token_bucket_wait(&b, 0), 0);
	token_bucket_set(&b, 10, 0); /* nothing is left of it */
	expect_eq(token_bucket_wait(&b, 0), 0);
}

TEST(token_bucket_at_its_limits)
{
	struct token_bucket b = { 0 };

	token_bucket_set(&b, INT64_MAX, SECOND);
	token_bucket_take(&b, UINT64_MAX, SECOND);
	expect(token_bucket_wait(&b, SECOND) <= 3 * SECOND);
	token_bucket_set(&b, 1, SECOND);
	token_bucket_take(&b, UINT64_MAX, SECOND);
	expect_eq(token_bucket_wait(&b, SECOND) / SECOND, 24 * 3600); /* a day at most, and no wrap */
}
