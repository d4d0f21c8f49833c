/*
 * generated.h - columns whose values each server makes for itself.
 *
 * None of their values travels: the target's server makes them anew, from the columns that do, in a session
 * of ours. So they are the same only where the expression gives the same in every session. Of one that is
 * kept (STORED, or in a key) and depends on the time zone or the language of whoever wrote the row,
 * neither server forbids it, and the two tables would differ.
 *
 * MySQL looks for NULLs before it makes the values, where a table has a BEFORE INSERT trigger: of a column
 * that is generated and NOT NULL it then refuses each INSERT (1048; settled on 9.7). A fence is such a
 * trigger.
 */
#ifndef TABLET_TABLE_GENERATED_H
#define TABLET_TABLE_GENERATED_H

#include "tablet/table/create_table.h"
#include "tablet/table/table_def.h"

/* ERR_REFUSED, by the column's name, with a hint. */
int generated_check(
    const struct table_def *def, const struct create_table *create, struct err *err) MUST_USE;

#endif
