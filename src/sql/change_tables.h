/*
 * change_tables.h - readers of the statements that change definitions. Each starts behind its first word.
 *
 * A definition is gone over token by token: only the few words behind which a table can stand are known
 * (definition_token() in the .c file), so new kinds of columns and options need no rule. What may have a
 * program in it, and is none that change_trigger.h reads, is unclear: every identifier of its text is
 * then listed.
 */
#ifndef SQL_CHANGE_TABLES_H
#define SQL_CHANGE_TABLES_H

#include "sql/reader.h"

/* FUNCTION f, PROCEDURE IF EXISTS d.p, EVENT e, PACKAGE [BODY] p: over the name, which it notes. False: none
 * of these is next. */
bool change_program(struct reader *r);
void change_create(struct reader *r);
void change_alter(struct reader *r);
void change_drop(struct reader *r);
void change_rename(struct reader *r);
void change_truncate(struct reader *r);

#endif
