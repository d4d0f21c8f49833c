/*
 * cascade.h - rows that the actions of foreign keys change (ON DELETE CASCADE, SET NULL, ON UPDATE ...).
 *
 * Where InnoDB carries such an action out, the binlog has the change of the parent alone: the child's
 * Table_map may be there, its rows are not (settled on MariaDB 10.11). MySQL from 9.6 on carries
 * them out itself and logs each row before the parent's, but not always (settled on 9.7): in a session
 * that was reset (COM_RESET_CONNECTION, as pools do) InnoDB does. Flags of each event tell:
 * ROWS_NO_FK_CHECKS, nothing was carried out; ROWS_SQL_FK, it is logged.
 *
 * A table whose rows change without a trace is strict (table_def.h), since no window can tell which of
 * them have changed; and all changes of its stream are applied in the order of the source, by a session
 * that checks foreign keys where InnoDB did at the source, so that the target's server carries out the
 * same actions.
 */
#ifndef TABLET_TABLE_CASCADE_H
#define TABLET_TABLE_CASCADE_H

#include "tablet/table/table_def.h"

/* Marks a definition that was read from its server as silent, and strict, where that is so; its texts are in
 * the arena. ERR_REFUSED: it also keeps its history, which would be made at other times. */
int cascade_mark(struct arena *a, struct table_def *def, struct err *err) MUST_USE;

#endif
