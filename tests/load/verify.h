/*
 * verify.h - is the table what the journals and the baseline say?
 *
 * Reads the whole table once, in key order, and compares every row:
 *   lost_writes   an acknowledged write is not there (or a deleted row is)
 *   wrong_rows    a row nobody wrote differs or is missing, ids out of order,
 *                 a change without an answer that happened in part
 *   duplicates    rows that nobody can have written, or an id seen twice
 */
#ifndef LOAD_VERIFY_H
#define LOAD_VERIFY_H

#include "link.h"

struct verdict {
	uint64_t rows, checked_writes, unknown;
	uint64_t lost_writes, wrong_rows, duplicates;
	char first[FAILURES_KEPT][200];
	int first_count;
};

/* 0 when the comparison was made, whatever it found; -1 with a sentence on stderr. */
int verify_table(const struct settings *set, MYSQL *my, struct verdict *v);
bool verdict_ok(const struct verdict *v);
/* Counts one more, and keeps the sentence of the first few. */
void verdict_add(struct verdict *v, uint64_t *counter, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
