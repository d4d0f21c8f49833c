#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t
hash_bytes(struct slice s)
{
	return XXH3_64bits(s.len == 0 ? "" : (const void *)s.ptr, s.len);
}
