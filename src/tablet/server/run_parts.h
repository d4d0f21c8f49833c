/*
 * run_parts.h - table run_part of the sidecar database: which rows of a run are there already, when it is
 * written by several sessions (write/apply_parts.h).
 *
 * A run's rows have an order: by table, in the order of the stream, then by the bytes of their keys. A part
 * is what lies between two places of that order. Each part but the first is a transaction of its own, which
 * writes its row here; the first, which is committed last, moves the stream's position to the end of the run.
 * A row whose end is not beyond the position applied says nothing any more.
 */
#ifndef TABLET_SERVER_RUN_PARTS_H
#define TABLET_SERVER_RUN_PARTS_H

#include "tablet/server/position.h"

/* All of a table's rows with a key not below that, and all of later tables. */
struct run_place {
	const char *table; /* the source's name; "": behind all rows */
	struct slice key;  /* canonical bytes (column.h); empty: all of the table's rows */
};

struct run_part {
	int no;                /* from 1 */
	struct position until; /* where the run's last change ends */
	struct run_place from, to;
};

/* Appended, for the part's own transaction. */
void run_parts_set_sql(struct buf *out, struct stream_id id, const struct run_part *part);
struct run_parts {
	struct run_part *items;
	size_t count;
};
/* Those whose end is beyond applied. In cx->arena. ERR_CORRUPT: they are not of one run. */
int run_parts_read(struct ctx *cx, struct mysql_client *c, struct stream_id id,
    const struct position *applied, struct run_parts *out) MUST_USE;
/* All of a stream's. */
int run_parts_delete(struct ctx *cx, struct mysql_client *c, struct stream_id id) MUST_USE;

#endif
