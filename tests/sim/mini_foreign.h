/*
 * mini_foreign.h - rows as foreign keys let them be, and what their actions change.
 *
 * As InnoDB does: a key is looked at row by row, an action's changes belong to the statement's transaction,
 * and the binlog has the child's Table_map and none of its rows. Keys of one parent are taken in the order
 * of their names. Sessions with foreign_key_checks=0 (txn->unchecked) do none of it.
 */
#ifndef TESTS_SIM_MINI_FOREIGN_H
#define TESTS_SIM_MINI_FOREIGN_H

#include "sim/mini_exec.h"

/* As txn_insert(), txn_delete() and txn_update(); MINI_NO_PARENT, MINI_HAS_CHILD: undo what was written. */
enum mini_rc foreign_insert(struct mini_txn *txn, struct mini_table *t, const struct slice *values);
enum mini_rc foreign_delete(struct mini_txn *txn, struct mini_table *t, struct mini_row *r);
enum mini_rc foreign_update(
    struct mini_txn *txn, struct mini_table *t, struct mini_row *r, const struct slice *values);

/* SELECT <the row> FROM child c LEFT JOIN parent p ON p.`x`=c.`y` WHERE p.`x` IS NULL AND c.`y` IS NOT NULL
 * LIMIT 1. false: sql is no such question. */
bool foreign_answer_orphan(
    struct mini_store *s, struct arena *a, struct slice sql, struct mini_result *out);

#endif
