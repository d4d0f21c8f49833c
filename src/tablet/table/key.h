/*
 * key.h - the key of a table: what tells its rows apart, and the order in which they are copied.
 *
 * It is the primary key. Where there is none, a unique one stands in for it: the first, as the definition
 * lists them, whose columns are all NOT NULL, whole, in rising order, not generated, and of types whose
 * values can be written as bounds (bounds.h). InnoDB itself keeps rows in the order of the first unique
 * key that is NOT NULL, which is the same one but where that has an odd column. A primary key with such a
 * column is none either. Where nothing is left the table is strict (table_def.h).
 */
#ifndef TABLET_TABLE_KEY_H
#define TABLET_TABLE_KEY_H

#include "mysql/client.h"
#include "tablet/table/create_table.h"
#include "tablet/table/table_def.h"

/* Fills in what def has of its key, or why it has none; its columns are there, create is its definition as
 * its server prints it. */
int key_read(struct ctx *cx, struct mysql_client *c, const struct create_table *create,
    struct table_def *def) MUST_USE;

#endif
