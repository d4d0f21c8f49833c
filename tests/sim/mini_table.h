/*
 * mini_table.h - a table's definition as text: CREATE TABLE both ways, ALTER TABLE ... ADD index.
 *
 * Clauses are kept as they were written, so that SHOW CREATE TABLE of a table made from another's
 * gives the other's text, as real servers do with texts in their own form.
 */
#ifndef TESTS_SIM_MINI_TABLE_H
#define TESTS_SIM_MINI_TABLE_H

#include "sim/mini_store.h"

/* body: from the parenthesis on. Not yet in the store. */
struct mini_table *mini_table_read(
    struct mini_store *s, struct slice database, struct slice name, struct slice body);
/* "DROP KEY `u`, ADD UNIQUE KEY `u` (`u`)", "ADD CONSTRAINT ...": 0, or ER_DUP_KEYNAME or ER_DUP_ENTRY and
 * nothing is changed. A foreign key is added without a look at the rows. */
int mini_alter(struct mini_store *s, struct mini_table *t, struct slice changes);
void mini_table_show(struct buf *out, const struct mini_table *t);
/* "UNIQUE KEY `u` (`u`)" */
void mini_index_read(
    struct mini_store *s, const struct mini_table *t, struct slice clause, struct mini_index *out);
/* "CONSTRAINT `f` FOREIGN KEY (`p`) REFERENCES `parent` (`id`) ON DELETE CASCADE" */
void mini_foreign_read(struct mini_store *s, const struct mini_table *t, struct slice clause,
    struct mini_foreign *out);

#endif
