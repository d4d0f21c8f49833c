/*
 * rows_room.h - how many bytes of rows the workers of a copy may hold at once.
 *
 * A row that is read is in memory twice for a moment, in the packet and among the chunk's rows, and then once
 * until it is loaded. Chunks of usual rows are small beside ROWS_ROOM_BYTES, and nobody waits. Where rows are
 * so large that a few chunks would be more than that, the next one is read when those before are loaded.
 *
 * Whoever reads says before how large the chunk may become, and afterwards how large it is. The first large
 * rows are not known before they are read: so much more there may be.
 *
 * Belongs to the tasks of one loop. Who waits here has no window and no view open, and whoever has taken room
 * gets on without any more: a reader that has read waits for a loader at most, which waits for no room.
 */
#ifndef TABLET_COPY_ROWS_ROOM_H
#define TABLET_COPY_ROWS_ROOM_H

#include "task/waitlist.h"

#include <stddef.h>

enum {
	ROWS_ROOM_BYTES = 64 * 1024 * 1024, /* a quarter of vttablet's 256 MB */
	/* No more is asked for at once: beside chunks of usual rows the largest one finds room. */
	ROWS_ROOM_MOST = ROWS_ROOM_BYTES / 4 * 3,
};

/* All zero: nobody holds anything. */
struct rows_room {
	size_t held;
	struct waitlist freed;
};

/* Until there is room for so many bytes beside what is held: *taken are they, or ROWS_ROOM_MOST. */
int rows_room_take(struct ctx *cx, struct rows_room *r, size_t bytes, size_t *taken) MUST_USE;
/* Who has taken so much holds bytes from here on; 0: nothing any more. Never waits. */
void rows_room_change(struct rows_room *r, size_t *taken, size_t bytes);

#endif
