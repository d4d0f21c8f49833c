/*
 * mini_catalog.h - what a server says of its tables: information_schema and SHOW CREATE TABLE.
 */
#ifndef TESTS_SIM_MINI_CATALOG_H
#define TESTS_SIM_MINI_CATALOG_H

#include "sim/mini_exec.h"

/* rows that information_schema claims a table has: an estimate, as large as a world wants */
enum { MINI_ROWS_ESTIMATE = 1000 * 1000 };

/* false: it is not a question of this kind. */
bool mini_catalog_answer(
    struct mini_store *s, struct arena *a, struct slice sql, struct mini_result *out);

#endif
