/*
 * copy_params.h - what a copy is of, from where to where.
 *
 * Everything is borrowed, and must live as long as the copier.
 */
#ifndef TABLET_COPY_COPY_PARAMS_H
#define TABLET_COPY_COPY_PARAMS_H

#include "tablet/copy/throttle.h"
#include "tablet/read/tail.h"
#include "tablet/read/window.h"

enum { COPY_PARALLEL_MAX = 16 }; /* more than the cores of a target that also serves */

struct copy_params {
	struct mysql_params source, target; /* as vt_stream, its ROLE_READER and ROLE_WRITER */
	const struct moved_tables *tables;
	struct stream_id id; /* of the rows in copy_state */
	struct windows *windows;
	struct tail *tail;         /* for rule 8's A */
	bool complete;             /* all is copied: a table without ranges has none to come */
	int parallel;              /* chunks in flight over all tables */
	size_t chunk_rows;         /* at most; 0: as chunk.h says */
	struct throttle *throttle; /* whoever runs a copy begins and ends it there; NULL: none */
};

#endif
