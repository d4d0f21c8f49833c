/*
 * sim_same.h - whether a table of one small server is another one's as it was at some time.
 */
#ifndef TESTS_SIM_SIM_SAME_H
#define TESTS_SIM_SIM_SAME_H

#include "sim/mini_store.h"

/* NULL: b, at this moment, has the rows that a had as of group seq of its binlog, byte for byte; of tables
 * without a key as often, in any order. Else how they differ, in the arena. */
const char *sim_same(
    const struct mini_table *a, uint64_t seq, const struct mini_table *b, struct arena *arena);

#endif
