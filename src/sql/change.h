/*
 * change.h - readers of the statements that change rows or definitions. Each starts behind its
 * first word.
 */
#ifndef SQL_CHANGE_H
#define SQL_CHANGE_H

#include "sql/reader.h"

void change_insert(struct reader *r); /* INSERT, REPLACE */
void change_update(struct reader *r);
void change_delete(struct reader *r);
void change_load(struct reader *r); /* LOAD DATA, LOAD XML */

void change_create(struct reader *r);
void change_trigger(struct reader *r); /* CREATE TRIGGER, behind that word */
void change_alter(struct reader *r);
void change_drop(struct reader *r);
void change_rename(struct reader *r);
void change_truncate(struct reader *r);

#endif
