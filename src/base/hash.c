#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t
hash_bytes(struct slice s)
{
	return XXH3_64bits(s.len == 0 ? "" : (const void *)s.ptr, s.len);
}

void
hash_bytes_128(struct slice s, uint64_t out[2])
{
	XXH128_hash_t h = XXH3_128bits(s.len == 0 ? "" : (const void *)s.ptr, s.len);

	out[0] = h.low64;
	out[1] = h.high64;
}
