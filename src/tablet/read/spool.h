/*
 * spool.h - bytes in order, however many: the newest in memory, the older ones in an unlinked file.
 *
 * Nobody else has the file's name, and a process that dies leaves none of it.
 */
#ifndef TABLET_READ_SPOOL_H
#define TABLET_READ_SPOOL_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

struct spool {
	const char *dir; /* of the file; borrowed */
	size_t memory;   /* so many bytes stay there at most */
	struct buf newest;
	int file; /* -1: none */
	uint64_t file_bytes;
};

void spool_init(struct spool *s, const char *dir, size_t memory);
void spool_done(struct spool *s);
/* Empty again, with the memory that it has. */
void spool_reset(struct spool *s);
uint64_t spool_bytes(const struct spool *s);
int spool_add(struct spool *s, struct slice bytes, struct err *err) MUST_USE;
/* What is behind its first so many bytes is forgotten. */
void spool_truncate(struct spool *s, uint64_t bytes);
/* Copies len bytes from at on; there are as many. */
int spool_read(const struct spool *s, uint64_t at, void *out, size_t len, struct err *err) MUST_USE;

#endif
