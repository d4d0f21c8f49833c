/*
 * status.h - what is told of a stream: its row, its pass, its guard and what it waits for, as one reply.
 */
#ifndef TABLET_STREAM_STATUS_H
#define TABLET_STREAM_STATUS_H

#include "tablet/stream/run.h"

struct guard;

/* Borrowed. */
struct status_of {
	const struct stream_state *state;
	enum stream_phase phase; /* as it is told: STREAM_ERROR where an error has stopped it */
	const struct move_request *request;
	const struct run *run;
	const struct guard *guard; /* NULL: it has none */
	const struct waiting *waiting;
	const struct throttle *throttle;
	const struct ddl_list *ddl;
	const int64_t *rows_copied; /* by table, as last known while there is no pass */
};

/* Texts live in the arena. */
void status_fill(const struct status_of *s, struct arena *a, struct stream_status_reply *reply);

#endif
