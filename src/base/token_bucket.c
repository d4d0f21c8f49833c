#include "base/token_bucket.h"

#include "base/check.h"

/* A day: no chunk is worth more to anybody who sets a limit, and all sums fit. */
static const double debt_max = 24.0 * 3600 * 1e6;

static double
bounded(double debt)
{
	return debt < debt_max ? debt : debt_max;
}

void
token_bucket_set(struct token_bucket *b, int64_t per_second, usec now)
{
	double debt = b->per_second > 0 && b->free_at > now
	    ? (double)(b->free_at - now) * (double)b->per_second
	    : 0;

	check(per_second >= 0);
	b->per_second = per_second;
	b->free_at = per_second > 0 ? now + (usec)bounded(debt / (double)per_second) : 0;
}

void
token_bucket_take(struct token_bucket *b, uint64_t tokens, usec now)
{
	usec saved = now - SECOND;

	if (b->per_second == 0)
		return;
	if (b->free_at < saved)
		b->free_at = saved;
	double debt = (double)(b->free_at - now) + (double)tokens * 1e6 / (double)b->per_second;
	b->free_at = now + (usec)bounded(debt);
}

usec
token_bucket_wait(const struct token_bucket *b, usec now)
{
	return b->per_second > 0 && b->free_at > now ? b->free_at - now : 0;
}
