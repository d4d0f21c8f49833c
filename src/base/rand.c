#include "base/rand.h"

#include "base/check.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

/* Both generators after Blackman and Vigna, https://prng.di.unimi.it/ (public domain). */

static uint64_t
splitmix64(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint64_t
rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

void
rand_seed(struct rand *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		r->s[i] = splitmix64(&seed);
}

uint64_t
rand_u64(struct rand *r)
{
	uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	check((s[0] | s[1] | s[2] | s[3]) != 0); /* seeded */
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/* Values in the last, incomplete run of n are drawn again, so that none is likelier. */
uint64_t
rand_below(struct rand *r, uint64_t n)
{
	check(n > 0);
	uint64_t skip = -n % n, x; /* 2^64 mod n */

	do
		x = rand_u64(r);
	while (x < skip);
	return x % n;
}

void
rand_secret(void *out, size_t len)
{
	unsigned char *at = out;

	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		check(got > 0); /* guessable secrets are worse than none */
		at += got;
		len -= (size_t)got;
	}
}

void
rand_uuid(char out[RAND_UUID_SIZE])
{
	unsigned char b[16];

	rand_secret(b, sizeof(b));
	b[6] = (unsigned char)(0x40 | (b[6] & 0x0f));
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
	snprintf(out, RAND_UUID_SIZE,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
	    b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}
