/*
 * own_rows.h - rows of our own tables (server/sidecar.h) as a binlog has them.
 *
 * Their definitions are not read: the table map alone tells what is in a row, and sidecar.c which column is
 * which. Each of our statements writes one row.
 */
#ifndef TABLET_READ_OWN_ROWS_H
#define TABLET_READ_OWN_ROWS_H

#include "binlog/rows.h"

struct own_heartbeat {
	struct slice workflow, token;
};

struct own_stream {
	struct slice workflow, phase;
	uint64_t round;
	struct slice deltas; /* packed (deltas.h); SLICE_NULL: none */
};

struct own_run_part {
	struct slice workflow;
	uint64_t round;
};

/* What the row is then; in the arena. False: it is deleted, or none of ours. */
bool own_heartbeat_read(
    struct rows *rows, const struct tablemap *map, struct arena *a, struct own_heartbeat *out);
bool own_stream_read(
    struct rows *rows, const struct tablemap *map, struct arena *a, struct own_stream *out);
bool own_run_part_read(
    struct rows *rows, const struct tablemap *map, struct arena *a, struct own_run_part *out);

#endif
