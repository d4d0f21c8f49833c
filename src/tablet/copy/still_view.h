/*
 * still_view.h - a view of the source of which the place is known, for tables that no window can be kept of.
 *
 *      applier                     who opens the view
 *      is suspended, at 120
 *                                  A is where the tail is: 140
 *                                  view of the source, which contains A; its place is 150
 *                                  writes a heartbeat, met at 170
 *                                  nothing of these tables stands between 140 and 170, where that counts
 *                                  the view is the source at 150
 *
 * What the view has is in the binlog before the heartbeat. So if no change of a strict table stands between
 * A and the heartbeat, these tables are what the source was at either, and the place is the heartbeat's;
 * else it is tried again, with another view. Some servers tell the place of a view, and only XA COMMITs
 * behind A may be missing from it (settling.h): there these alone must not stand in between.
 */
#ifndef TABLET_COPY_STILL_VIEW_H
#define TABLET_COPY_STILL_VIEW_H

#include "tablet/server/env.h"
#include "tablet/write/apply.h"

struct still_view {
	const struct tablet_env *env;
	const char *from; /* the source's address */
	struct stream_id id;
	struct tail *tail;
	struct applier *applier; /* suspended */
	usec within;             /* it tries so long */
};

/* On source, in whose session a transaction with the view is open then; *at: its place, file and offset.
 * ERR_RETRY: the tables are written so often that none was met between two changes. */
int still_view_open(struct ctx *cx, const struct still_view *v, struct mysql_client *source,
    struct position *at) MUST_USE;

#endif
