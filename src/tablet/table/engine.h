/*
 * engine.h - tables of engines without transactions, and what InnoDB makes of them.
 *
 * MyISAM and Aria have no view that stands still, and keep what a statement wrote whatever becomes of its
 * transaction. Their changes are in the binlog all the same, row by row, in the order of the table's own
 * locks: so such a table can be followed into one of InnoDB, read as copy/source_view.h says. It cannot
 * follow: rows and position would not be one transaction.
 */
#ifndef TABLET_TABLE_ENGINE_H
#define TABLET_TABLE_ENGINE_H

#include "tablet/table/create_table.h"

/* Of an engine, as the catalogue calls it: is it one of these? */
bool engine_may_convert(struct slice engine);
/* Makes of the options, those of its partitions too, what InnoDB takes: what only these engines have is left
 * out. */
void engine_to_innodb(struct arena *a, struct create_table *create);

#endif
