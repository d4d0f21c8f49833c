/*
 * definitions.h - the tables of a stream, as its source defines them now.
 */
#ifndef TABLET_STREAM_DEFINITIONS_H
#define TABLET_STREAM_DEFINITIONS_H

#include "mysql/client.h"
#include "rpc/tablet.h"
#include "tablet/table/moved_table.h"

/* Borrowed. */
struct definitions_of {
	const struct move_request *request;
	struct mysql_client *source;
	bool common; /* both ends are of different flavours */
	int round;
};

/* cx->arena is a, which owns all of out. ERR_REFUSED: as schema_read(), or foreign keys from outside of the
 * set change rows of one. */
int definitions_read(struct ctx *cx, const struct definitions_of *of, struct arena *a,
    struct moved_tables *out) MUST_USE;

#endif
