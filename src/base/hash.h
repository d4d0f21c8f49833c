/*
 * hash.h - fast hashes of bytes (XXH3, 64 and 128 bits): tables, fingerprints, sums of rows; never secrets.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/slice.h"

uint64_t hash_bytes(struct slice s);
/* Two halves, for what must not be met by chance however many are hashed. */
void hash_bytes_128(struct slice s, uint64_t out[2]);

#endif
