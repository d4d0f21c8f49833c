/*
 * ahead.h - the source's side of the next look, read while the present one is at the target: so both servers
 * are busy.
 *
 *          ahead_begin()               ahead_take()
 *   IDLE ----------------> UNDER WAY ----------------> IDLE, and its look is the taker's
 *     ^                        |
 *     +------ ahead_drop() ----+   it is not wanted: the present look ended somewhere else
 *
 * Its window is open from its own beginning on, so what is true of a look is true of this one (look.h); it
 * is only longer between steps 2 and 4. It begins at once, whether the stream is abreast or not: the present
 * look waits for what the source has committed, and this window is open for that wait once more, at most.
 */
#ifndef TABLET_COMPARE_AHEAD_H
#define TABLET_COMPARE_AHEAD_H

#include "tablet/compare/look.h"
#include "task/group.h"

/* All zero is idle. */
struct ahead {
	struct looker looker; /* its source alone is connected, with the first */
	struct buf after;     /* where it began */
	size_t limit;
	struct look look;
	struct group group;
	bool under_way;
};

/* Of one that is idle. params and table live until ahead_close(). */
int ahead_begin(struct ctx *cx, struct ahead *a, const struct looker *of, struct slice after,
    size_t limit) MUST_USE;
/* Does it begin behind that key? */
bool ahead_is_behind(const struct ahead *a, struct slice after);
/* Waits for it: into one that is all zero. -1: its error; it is idle then too. */
int ahead_take(struct ctx *cx, struct ahead *a, struct look *out) MUST_USE;
void ahead_drop(struct ahead *a);
void ahead_close(struct ahead *a);

#endif
