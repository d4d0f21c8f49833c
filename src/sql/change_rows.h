/*
 * change_rows.h - readers of the statements that change rows. Each starts behind its first word.
 *
 * Each adds the tables that it finds, what is written as TABLE_WRITE and what a subquery reads as
 * TABLE_READ, and goes to the end of the statement, or is unclear. The clauses may come in any order:
 * which are allowed together the server judges.
 */
#ifndef SQL_CHANGE_ROWS_H
#define SQL_CHANGE_ROWS_H

#include "sql/reader.h"

void change_insert(struct reader *r); /* INSERT, REPLACE */
void change_update(struct reader *r);
void change_delete(struct reader *r);
void change_load(struct reader *r); /* LOAD DATA, LOAD XML */

#endif
