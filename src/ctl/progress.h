/*
 * progress.h - how far the tables of a copy are, from the tablet's answer into the record.
 */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include "ctl/workflow.h"

/* Does it say something new? Then the record is to be saved. */
bool progress_take(struct workflow *w, const struct stream_status_reply *r);

/* Since when a stream is seen in its phase; all zero: never looked. */
struct progress_look {
	enum stream_phase phase;
	usec since;
};

/*
 * When to look again: after a twentieth of what the phase has taken so far, so that its end is seen
 * soon by what was waited for, 10 ms at least and a quarter of a second at most.
 */
usec progress_next_look(struct progress_look *l, enum stream_phase phase, usec now);

#endif
