/*
 * mini_exec.h - one statement on rows, at once: done, blocked by a lock, or failed.
 */
#ifndef TESTS_SIM_MINI_EXEC_H
#define TESTS_SIM_MINI_EXEC_H

#include "sim/mini_sql.h"

/* What a statement answers: an error, rows (columns > 0), or counts. Memory is an arena's. */
struct mini_result {
	int error;
	const char *text; /* of the error */
	size_t columns, rows;
	size_t count, cap;            /* of values */
	struct slice *names, *values; /* values: owned, see result_done() */
	uint64_t affected;
	char info[160];
};

void result_done(struct mini_result *r);
int result_error(struct mini_result *r, int error, const char *text);
/* Names of columns first; then values, row by row. */
void result_begin(struct mini_result *r, struct arena *a, size_t columns, ...);
void result_add(struct mini_result *r, struct slice value);

/*
 * MINI_BLOCKED: nothing was done but locks taken, txn->waits_for has one that is in the way.
 * found_rows: an UPDATE counts the rows that it matched. file: of MINI_LOAD.
 */
struct mini_run {
	struct mini_txn *txn;
	struct mini_stmt *stmt;
	struct arena *arena;
	struct slice file;
	bool found_rows;
};

enum mini_rc mini_run(const struct mini_run *run, struct mini_result *out);

#endif
