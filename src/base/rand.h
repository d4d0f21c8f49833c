/*
 * rand.h - random numbers: seeded streams for tests and jitter, the kernel's for secrets.
 */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

/* xoshiro256**; all zero is not a valid state: call rand_seed(). */
struct rand {
	uint64_t s[4];
};

void rand_seed(struct rand *r, uint64_t seed); /* splitmix64 of the seed */
uint64_t rand_u64(struct rand *r);
uint64_t rand_below(struct rand *r, uint64_t n); /* uniform in [0, n), n > 0 */
void rand_secret(void *out, size_t len);         /* getrandom(2); aborts if the kernel has none */
/* RFC 4122, version 4, as text. */
enum { RAND_UUID_SIZE = 37 };
void rand_uuid(char out[RAND_UUID_SIZE]);

#endif
