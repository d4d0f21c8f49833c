/*
 * baseline.h - the table as it was before the clients began: id and hash of each row.
 *
 * Kept in baseline.bin beside the journals (16 bytes a row), so that rows that
 * no client has touched can be checked against any server later.
 */
#ifndef LOAD_BASELINE_H
#define LOAD_BASELINE_H

#include <mysql.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct base_row {
	uint64_t id, hash;
};

struct baseline {
	struct base_row *rows; /* ascending ids */
	size_t count, cap;
};

/* 0, or -1 with a sentence on stderr. */
int baseline_read(struct baseline *b, MYSQL *my);
int baseline_save(const struct baseline *b, const char *dir);
int baseline_load(struct baseline *b, const char *dir);
void baseline_done(struct baseline *b);
/* Index of id, or -1. */
int64_t baseline_find(const struct baseline *b, uint64_t id);

#endif
