/*
 * token_bucket.h - so much a second, on average, with a second's worth saved up at most.
 *
 * What is taken is known when it has been taken (rows of an answer), so a bucket may be overdrawn: whoever
 * wants more waits until the debt is paid. With pieces that are small beside a second's worth, what is taken
 * in any T seconds is at most T + 1 seconds' worth and one piece of each that takes.
 *
 * An example: 1,000 a second.
 *
 *   at     what                        free_at  wait
 *   10.0   token_bucket_set(1000)      10.0     0
 *   10.0   take 500                    10.5     0.5
 *   10.5   take 500                    11.0     0.5
 *   15.0   (nothing since)             11.0     0: a second's worth is saved up, and no more
 *   15.0   take 1500                   15.5     0.5
 *
 * The clock is the caller's (task_now()).
 */
#ifndef BASE_TOKEN_BUCKET_H
#define BASE_TOKEN_BUCKET_H

#include "base/parse.h"

/* All zero: no limit. */
struct token_bucket {
	int64_t per_second; /* 0: no limit */
	usec free_at;       /* when what was taken is paid for */
};

/* Another limit, or none; the debt is paid at the new one. Nothing is saved up. */
void token_bucket_set(struct token_bucket *b, int64_t per_second, usec now);
void token_bucket_take(struct token_bucket *b, uint64_t tokens, usec now);
/* For so long nothing more is to be taken; 0: now. */
usec token_bucket_wait(const struct token_bucket *b, usec now);

#endif
