/*
 * change_tables.h - readers of the statements that change definitions. Each starts behind its first word.
 */
#ifndef SQL_CHANGE_TABLES_H
#define SQL_CHANGE_TABLES_H

#include "sql/reader.h"

void change_create(struct reader *r);
void change_alter(struct reader *r);
void change_drop(struct reader *r);
void change_rename(struct reader *r);
void change_truncate(struct reader *r);

#endif
