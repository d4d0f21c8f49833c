/*
 * hash.h - a fast hash of bytes (XXH3, 64 bits): tables and fingerprints, never secrets.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/slice.h"

uint64_t hash_bytes(struct slice s);

#endif
