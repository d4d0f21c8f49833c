/*
 * change_trigger.h - CREATE TRIGGER: its name, its table, and the tables that its body names.
 *
 * All are names of the trigger's own database. What cannot be read of the body makes all of it unclear.
 */
#ifndef SQL_CHANGE_TRIGGER_H
#define SQL_CHANGE_TRIGGER_H

#include "sql/reader.h"

void change_trigger(struct reader *r); /* behind the word TRIGGER */

#endif
