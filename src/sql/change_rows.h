/*
 * change_rows.h - readers of the statements that change rows. Each starts behind its first word.
 */
#ifndef SQL_CHANGE_ROWS_H
#define SQL_CHANGE_ROWS_H

#include "sql/reader.h"

void change_insert(struct reader *r); /* INSERT, REPLACE */
void change_update(struct reader *r);
void change_delete(struct reader *r);
void change_load(struct reader *r); /* LOAD DATA, LOAD XML */

#endif
