/*
 * passed.h - what lies before the place that a table's copy began anew at (table_def's copied_from): the copy
 * has it, so the tail passes over it.
 *
 * A place of a binlog that a server has told is never inside of a group: so where a group begins says of all
 * of it on which side it lies. Rows that XA has prepared are a change at the place of their COMMIT.
 */
#ifndef TABLET_READ_PASSED_H
#define TABLET_READ_PASSED_H

#include "tablet/server/position.h"
#include "tablet/table/moved_table.h"

struct passed {
	const struct moved_tables *tables;
	bool *of; /* by table, of the group under way */
	bool any; /* the present group or a later one may lie before such a place */
};

void passed_init(struct passed *p, const struct moved_tables *tables);
void passed_done(struct passed *p);
/* A group begins behind that place. */
void passed_begin(struct passed *p, const struct position *at);
bool passed_is(const struct passed *p, int table);

#endif
