/*
 * change_trigger.h - CREATE TRIGGER: its name, its table, and the tables that its body names.
 *
 * All are names of the trigger's own database. What cannot be read of the body makes all of it unclear.
 *
 * The body is a program (program.h), whose statements run at the server and never pass a gate: so what
 * they name has to be known when the trigger is made. Places in the body become places in the whole text.
 */
#ifndef SQL_CHANGE_TRIGGER_H
#define SQL_CHANGE_TRIGGER_H

#include "sql/reader.h"

void change_trigger(struct reader *r); /* behind the word TRIGGER */

#endif
