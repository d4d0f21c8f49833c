/*
 * schema_common.h - the common form (common_form.h) of a table that schema.h reads.
 */
#ifndef TABLET_TABLE_SCHEMA_COMMON_H
#define TABLET_TABLE_SCHEMA_COMMON_H

#include "tablet/table/create_table.h"
#include "tablet/table/table_def.h"

/* Of a definition with its columns. ERR_REFUSED, by the column's name, with a hint. */
int schema_common(struct arena *a, const struct table_def *def, const struct create_table *create,
    const char **out, struct err *err) MUST_USE;

/* What the catalogue calls int(11) at one end and int at the other is told as the common form has it; what
 * it calls a long text, and the other end is to have as JSON, is JSON. create: of the common form. */
void schema_take_types(struct arena *a, struct table_def *def, const struct create_table *create);

#endif
