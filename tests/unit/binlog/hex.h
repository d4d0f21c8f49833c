/* hex.h - golden bytes. */
#ifndef TESTS_UNIT_BINLOG_HEX_H
#define TESTS_UNIT_BINLOG_HEX_H

#include "base/arena.h"
#include "test.h"

/* The bytes of a text of hex digits, in the arena. */
static inline struct slice
hex_bytes(struct arena *a, const char *hex)
{
	size_t n = strlen(hex) / 2;
	uint8_t *out = arena_alloc(a, n + 1);

	for (size_t i = 0; i < n; i++) {
		int high = hex[2 * i] % 32 + (hex[2 * i] > '9' ? 9 : -16);
		int low = hex[2 * i + 1] % 32 + (hex[2 * i + 1] > '9' ? 9 : -16);
		out[i] = (uint8_t)(high << 4 | low);
	}
	return slice_of(out, n);
}

#endif
