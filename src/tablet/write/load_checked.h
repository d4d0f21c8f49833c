/*
 * load_checked.h - a load that took all of its rows, each as it is, or an error (rule 13).
 */
#ifndef TABLET_WRITE_LOAD_CHECKED_H
#define TABLET_WRITE_LOAD_CHECKED_H

#include "tablet/write/load.h"

struct load_batch {
	struct slice rows; /* as load_add_row() makes them */
	size_t count;
	size_t unsayable; /* values in them of which the load warns (table_row_unsayable()) */
};

/* Into the transaction that is open; nothing where there is no row. ERR_REFUSED: a row was skipped or, of
 * a fresh load, replaced; or there was another warning than the unsayable values'. */
int load_checked(struct ctx *cx, struct mysql_client *target, const struct load *l,
    const struct load_batch *b) MUST_USE;

#endif
